"""The brake on deletes: held to the end, and sent only if all of them fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

GONE = singer.schema("gone", ["lead_id"], key=["lead_id"])
RULES = [upsert(), {"stream": "gone", "action": "delete", "include": ["lead_id"]}]
OTHERS = range(1_000, 1_300)


def tap(deletes: int) -> list[str]:
    """Write leads, then deletes with leads between them, each with its STATE."""
    messages = [CONTACTS, GONE, contact(5_000), singer.state("before the first")]
    for number in range(deletes):
        messages += [singer.record("gone", lead_id=f"lead-{number}"), contact(OTHERS[number]), singer.state(number)]
    return [*messages, *map(contact, OTHERS[deletes:]), singer.state("end")]


def test_one_too_many(scene: Scene) -> None:
    """101 deletes: none is sent, the rest is; exit 1, and STATE stays before the first of them."""
    scene.server.seed("main", [{"lead_id": f"lead-{number}"} for number in range(101)])
    result = scene.run(tap(101), mappings=RULES, batch_size_rows=20)
    assert (result.status, result.states[-1:]) == (1, ["before the first"])
    assert {call.action for call in scene.server.calls()} == {"upsert"}
    assert len(scene.leads()) == 101 + len(OTHERS) + 1
    assert result.summary is not None
    assert result.summary["undelivered"] == 101
    assert "raise max_actions" in result.stderr


def test_as_many_as_allowed(scene: Scene) -> None:
    """100 deletes: all are sent, each after all the rest was answered."""
    scene.server.seed("main", [{"lead_id": f"lead-{number}"} for number in range(101)])
    scene.server.set(answer=(0, 0.05))
    result = scene.run(tap(100), mappings=RULES, batch_size_rows=20)
    assert (result.status, result.states[-1:]) == (0, ["end"])
    calls = scene.server.calls()
    deletes = [call.arrived for call in calls if call.action == "delete"]
    others = [call.answered for call in calls if call.action != "delete"]
    assert min(deletes) >= max(answered or 0.0 for answered in others)
    assert set(scene.leads()) == {"lead-100", "lead-5000", *(f"lead-{number}" for number in OTHERS)}
    assert result.summary is not None
    assert result.summary["by_action"] == {"delete": 100, "upsert": len(OTHERS) + 1}
