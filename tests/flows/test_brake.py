"""A run whose input is mostly refused stops: the mapping is wrong, and going on would make it worse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

pytestmark = pytest.mark.long

SERIAL = {"batch_size_rows": 50, "max_in_flight": 1}


@pytest.mark.parametrize("refused_by", ["the mapping", "the API"])
def test_it_stops_long_before_the_end(scene: Scene, refused_by: str) -> None:
    """From 200 settled actions on; not after the last of 20,000."""
    scene.server.set(reject=[{"field": "city", "value": "nowhere"}])
    bad = {"city": "nowhere"} if refused_by == "the API" else {"phone_number": "1"}
    messages = (contact(number, **bad) for number in range(20_000))
    result = scene.run([CONTACTS, contact(-1), *messages, singer.state("the end")], **SERIAL)
    assert result.status == 1
    assert "More than 50 % of the actions were rejected" in result.stderr
    assert "the end" not in result.states
    assert 199 <= len(scene.rejects()) < 7_000


def test_it_judges_the_end_from_20_actions_on(scene: Scene) -> None:
    """Of 19 actions any share may be refused; of 20 it is judged, and what was settled stays covered."""
    bad = [contact(number, phone_number="1") for number in range(10)]
    assert scene.run([CONTACTS, *bad, contact(99), singer.state(1)]).status == 0
    bad = [contact(number, phone_number="1") for number in range(19)]
    result = scene.run([CONTACTS, *bad, contact(99), singer.state(1)])
    assert (result.status, result.states) == (1, [1])
    assert "(invalid_phone 19)" in result.stderr
    assert scene.run([CONTACTS, *bad, contact(99), singer.state(1)], max_reject_percent=95).status == 0


def test_what_is_so_already_is_no_reason_to_stop(scene: Scene) -> None:
    """Leads that exist, are converted or deleted, and unknown ones of convert and disable, do not count."""
    scene.server.seed("main", [json.loads(contact(number))["record"] for number in range(30)])
    there = [contact(number) for number in range(30)]
    create = scene.run([CONTACTS, *there, singer.state(1)], mappings=[{**upsert(), "action": "create"}])
    disable = scene.run(
        [CONTACTS, *(contact(number) for number in range(100, 130)), singer.state(2)],
        mappings=[{"stream": "*", "action": "disable", "include": ["lead_id"]}],
    )
    update = scene.run(
        [CONTACTS, *(contact(number) for number in range(100, 130)), singer.state(2)],
        mappings=[{**upsert(), "action": "update"}],
    )
    assert (create.status, disable.status, update.status) == (0, 0, 1)
    assert [run.summary and run.summary["by_reason"] for run in (create, disable, update)] == [
        {"already_exists": 30},
        {"unknown_lead": 30},
        {"unknown_lead": 30},
    ]
