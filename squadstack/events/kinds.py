"""What an event is about, when it occurred and how it ended, told from the fields where no type is given.

The documented shapes are that of a call and that of a judgement, and the lead that was processed, of SquadIQ v4.
"""

from __future__ import annotations

import re
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from squadstack.responses.times import as_text, moment_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Kind(StrEnum):
    """The types of events."""

    CALL = "call"
    WHATSAPP = "whatsapp"
    SMS = "sms"
    EMAIL = "email"
    IVR = "ivr"
    JUDGEMENT = "judgement"
    LEAD_PROCESSED = "lead_processed"
    OTHER = "other"


_TYPE_FIELDS: Final = ("event_type", "event", "type")
_SPELLINGS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        **{kind.value: kind for kind in Kind},
        "whatsapp_message": Kind.WHATSAPP,
        "sms_message": Kind.SMS,
        "e_mail": Kind.EMAIL,
        "mail": Kind.EMAIL,
        "judgment": Kind.JUDGEMENT,
        "lead_judgement": Kind.JUDGEMENT,
        "lead_judged": Kind.JUDGEMENT,
    }
)
_CHANNELS: Final = (Kind.WHATSAPP, Kind.SMS, Kind.EMAIL, Kind.IVR)
_OF_A_CHANNEL: Final = ("outcome", "status", "disposition", "sent_at", "delivered_at", "message_id")
_OF_A_CALL: Final = ("call_outcome", "called_at", "call_attempt_number")
_NO_WORD: Final = re.compile(r"[^a-z]+")


def kind_of(payload: Mapping[str, Any]) -> Kind:
    """The type of an event: the one that it gives, or the one whose fields it has."""
    for name in _TYPE_FIELDS:
        given = payload.get(name)
        if isinstance(given, str) and (kind := _named(given)):
            return kind
    return _by_fields(payload)


def _named(given: str) -> Kind | None:
    """The type that a text names, as a whole or by one of its words."""
    text = _NO_WORD.sub("_", given.lower()).strip("_")
    return next((_SPELLINGS[word] for word in (text, *text.split("_")) if word in _SPELLINGS), None)


def _by_fields(payload: Mapping[str, Any]) -> Kind:
    if any(name in payload for name in _OF_A_CALL):
        return Kind.CALL
    if "lead_responses" in payload and "processed_at" in payload:
        return Kind.LEAD_PROCESSED
    for channel in _CHANNELS:
        if any(f"{channel}_{name}" in payload for name in _OF_A_CHANNEL):
            return channel
    return Kind.JUDGEMENT if "processed_at" in payload or "lead_outcome" in payload else Kind.OTHER


def occurred_at(payload: Mapping[str, Any], kind: Kind) -> str | None:
    """When an event occurred, as the streams write times; None if it does not say."""
    of_channel = [f"{kind}_{name}" for name in ("sent_at", "delivered_at")] if kind in _CHANNELS else []
    own = {Kind.CALL: ["called_at"], Kind.JUDGEMENT: ["processed_at"], Kind.LEAD_PROCESSED: ["processed_at"]}
    names = ("occurred_at", *own.get(kind, of_channel), "event_time", "timestamp", "sent_at", "called_at")
    found = (time_of(payload, name) for name in (*names, "processed_at", "latest_called_at"))
    return next((moment for moment in found if moment), None)


def outcome_of(payload: Mapping[str, Any], kind: Kind) -> Any:
    """How an event ended: its disposition."""
    own = {Kind.CALL: ["call_outcome"], Kind.JUDGEMENT: ["lead_outcome"], Kind.LEAD_PROCESSED: ["lead_outcome"]}
    names = own.get(kind, [f"{kind}_outcome", f"{kind}_disposition", f"{kind}_status"])
    return _first(payload, (*names, "outcome", "disposition", "call_outcome", "lead_outcome", "status"))


def time_of(payload: Mapping[str, Any], name: str) -> str | None:
    """A time of the payload, as the streams write times; None if there is none that can be read."""
    try:
        moment = moment_of(payload.get(name))
    except ValueError:
        return None
    return as_text(moment) if moment else None


def _first(payload: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((payload[name] for name in names if payload.get(name) not in (None, "")), None)
