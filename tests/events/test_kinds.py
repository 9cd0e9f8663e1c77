"""What an event is about, told by its type or by its fields."""

from __future__ import annotations

from typing import Any

import pytest

from squadstack.events.kinds import Kind, kind_of, occurred_at, outcome_of

PROCESSED = {"lead_outcome": "o", "processed_at": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        ({"event_type": "call"}, Kind.CALL),
        ({"event_type": "WhatsApp Message"}, Kind.WHATSAPP),
        ({"event": "sms.delivered"}, Kind.SMS),
        ({"type": "E-Mail"}, Kind.EMAIL),
        ({"event_type": "IVR"}, Kind.IVR),
        ({"event_type": "Judgment"}, Kind.JUDGEMENT),
        ({"event_type": "lead_processed"}, Kind.LEAD_PROCESSED),
        ({"event_type": "weather", "called_at": 1}, Kind.CALL),
        ({"event_type": "weather"}, Kind.OTHER),
        ({"event_type": 7, "type": "", **PROCESSED}, Kind.JUDGEMENT),
        ({"called_at": None, "lead_outcome": "o"}, Kind.CALL),
        ({**PROCESSED, "lead_responses": {}}, Kind.LEAD_PROCESSED),
        ({**PROCESSED, "additional_notes": "n"}, Kind.JUDGEMENT),
        ({"whatsapp_status": "read"}, Kind.WHATSAPP),
        ({"sms_sent_at": 1}, Kind.SMS),
        ({"email_outcome": "opened"}, Kind.EMAIL),
        ({"email": "a@example.com"}, Kind.OTHER),
        ({"ivr_outcome": "pressed 1"}, Kind.IVR),
        ({"a": 1}, Kind.OTHER),
    ],
    ids=repr,
)
def test_the_type(payload: dict[str, Any], kind: Kind) -> None:
    assert kind_of(payload) is kind


@pytest.mark.parametrize(
    ("payload", "at", "outcome"),
    [
        ({"called_at": 1_700_000_000, "processed_at": 1, "call_outcome": "a", "lead_outcome": "b"}, "2023-11-14", "a"),
        ({"called_at": "soon", "occurred_at": "2026-01-01T00:00:00", "outcome": "c"}, "2026-01-01", "c"),
        ({**PROCESSED, "latest_called_at": 1}, "2026-01-01", "o"),
        (
            {"event_type": "sms", "sms_sent_at": 1_700_000_000, "sms_status": "sent", "status": "x"},
            "2023-11-14",
            "sent",
        ),
        ({"event_type": "other", "timestamp": 1_700_000_000_000, "disposition": {"a": 1}}, "2023-11-14", {"a": 1}),
        ({"event_type": "call", "call_outcome": "", "status": "s"}, None, "s"),
        ({"created_at": 1_700_000_000}, None, None),
    ],
    ids=repr,
)
def test_when_and_how(payload: dict[str, Any], at: str | None, outcome: Any) -> None:
    kind = kind_of(payload)
    assert (occurred_at(payload, kind) or "None").startswith(str(at))
    assert outcome_of(payload, kind) == outcome
