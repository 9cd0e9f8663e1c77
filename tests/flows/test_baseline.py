"""A campaign that is filled already: what is noted as accepted is not sent, and nobody is woken."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flows.planning import command
from flows.scene import CAMPAIGN, CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

pytestmark = pytest.mark.any_ledger

RULES = [
    upsert(),
    {"stream": "orders", "action": "convert", "include": ["lead_id", "detail"]},
    {"stream": "opt_outs", "action": "disable", "include": ["lead_id"]},
    {"stream": "erasures", "action": "delete", "include": ["lead_id"]},
]
SCHEMAS = [
    CONTACTS,
    singer.schema("orders", ["lead_id", "detail"], key=["lead_id"]),
    singer.schema("opt_outs", ["lead_id"], key=["lead_id"]),
    singer.schema("erasures", ["lead_id"], key=["lead_id"]),
]
ALL = [
    *SCHEMAS,
    singer.record("contacts", lead_id="lead-1", city="Pune"),  # whose number SquadStack has
    *map(contact, range(10)),
    *(contact(number, phone_number="12") for number in range(20, 23)),
    singer.record("orders", lead_id="lead-3", detail="paid"),
    singer.record("opt_outs", lead_id="lead-4"),
    *(singer.record("erasures", lead_id=f"gone-{number}") for number in range(101)),
    singer.state(1),
]


def baseline(scene: Scene, lines: list[str], **settings: object) -> dict[str, Any]:
    result = command(scene, "baseline", lines, "--json", **settings)
    assert result.status == 0, result.stderr
    books: dict[str, Any] = json.loads(result.stdout)
    return books


def test_the_first_run_calls_nothing(scene: Scene) -> None:
    """Every action is noted, deletes beyond max_actions too; rejections of the mapping are not kept."""
    scene.server.seed(CAMPAIGN, [json.loads(contact(number))["record"] for number in range(10)])
    books = baseline(scene, ALL, mappings=RULES)
    assert (books["accepted"], books["coalesced"], books["rejected"], books["calls"]) == (113, 1, 3, 0)
    assert scene.rejects() == []
    result = scene.run(ALL, mappings=RULES)
    assert (result.status, result.states) == (0, [1])
    assert result.summary is not None
    assert (result.summary["calls"], result.summary["accepted"], result.summary["unchanged"]) == (0, 0, 113)
    assert scene.server.calls() == []
    assert baseline(scene, ALL, mappings=RULES)["unchanged"] == 113


def test_what_changed_since_is_sent(scene: Scene) -> None:
    baseline(scene, [CONTACTS, *map(contact, range(5))])
    result = scene.run([CONTACTS, *map(contact, range(4)), contact(4, city="Agra"), contact(5), singer.state(1)])
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["unchanged"]) == (2, 4)


def test_it_says_so_and_writes_no_state(scene: Scene) -> None:
    result = command(scene, "baseline", [CONTACTS, contact(1), singer.state(1)])
    assert result.status == 0
    assert result.stdout.startswith("1 records: 1 actions noted as accepted, 0 were known")
    assert scene.server.calls() == []
