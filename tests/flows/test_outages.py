"""What may succeed later is waited out; what nobody can know is sent again, never taken for done."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, contact, upsert
from support import singer
from support.leads import lead

if TYPE_CHECKING:
    from flows.scene import Scene

pytestmark = pytest.mark.long

ONE_BY_ONE = {"batch_size_rows": 1, "max_in_flight": 1}
UNREADABLE = ("no_result", "short", "long", "html200", "wrong_id")


def test_faults_of_the_server_are_waited_out(scene: Scene) -> None:
    """Whatever went wrong with a call, its lead arrives in the end, and nothing else waits for it."""
    faults = ["500", "502", "503", "504", "reset", "lost", "truncated", "row500", "row429", *UNREADABLE]
    scene.server.set(script=faults)
    total = len(faults)
    result = scene.run([CONTACTS, *map(contact, range(total)), singer.state("all")], **ONE_BY_ONE)
    assert (result.status, result.states) == (0, ["all"])
    assert scene.leads() == _held(total)
    assert scene.rejects() == []
    assert scene.server.overlaps == 0
    books = result.summary
    assert books is not None
    assert (books["accepted"], books["calls"], books["retried"], books["throttled"]) == (total, 2 * total, total, 0)


def test_a_429_makes_everybody_wait_and_is_no_failure(scene: Scene) -> None:
    """By its header or its text: until then no call is made, though no outage at all is allowed."""
    headed = {"status": 429, "headers": {"Retry-After": "1"}, "body": {"error_msg": "Please try after 50 seconds"}}
    worded = {"status": 429, "body": "{Request was throttled. Please try after 1 seconds}"}
    scene.server.set(script=[None, headed, worded])
    result = scene.run(
        [CONTACTS, *map(contact, range(4)), singer.state("all")],
        **ONE_BY_ONE,
        max_outage_seconds=0,
    )
    assert (result.status, result.states) == (0, ["all"])
    assert scene.leads() == _held(4)
    assert result.summary is not None
    assert (result.summary["throttled"], result.summary["retried"]) == (2, 0)
    calls = scene.server.calls()
    assert len(calls) == 6
    for refused, behind in pairwise(calls):
        assert refused.answered is not None
        assert refused.status == 200 or behind.arrived - refused.answered > 0.95


def test_an_outage_that_lasts_ends_the_run(scene: Scene) -> None:
    """After `max_outage_seconds` the run gives up: STATE for what is settled, the rest undelivered, not rejected."""
    scene.server.set(script=[{}], always="503")
    result = scene.run(
        [CONTACTS, contact(1), singer.state(1), contact(2), singer.state(2)], **ONE_BY_ONE, max_outage_seconds=0.5
    )
    assert (result.status, result.states) == (1, [1])
    assert "The API could not be used: SquadStack has a problem of its own" in result.stderr
    assert scene.rejects() == []
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (1, 1)
    assert result.seconds < 15


def test_a_host_that_is_not_there_is_told(scene: Scene) -> None:
    """No connection at all points at the address or the network: the sentence speaks of whitelisting."""
    result = scene.run([CONTACTS, contact(1), singer.state(1)], api_url="http://127.0.0.1:9", max_outage_seconds=0)
    assert (result.status, result.stdout) == (1, "")
    assert "no connection" in result.stderr
    assert "whitelist" in result.stderr


def test_a_silent_server_is_given_up_at_the_timeout(scene: Scene) -> None:
    """A call that never ends, or drips, is over after `request_timeout_seconds` and tried again."""
    scene.server.set(script=["blackhole", {"fault": "drip", "seconds": 0.1}])
    result = scene.run([CONTACTS, contact(1), singer.state(1)], request_timeout_seconds=0.5)
    assert (result.status, result.states) == (0, [1])
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["retried"]) == (1, 2)
    assert result.seconds < 20


CREATIONS = [{**upsert(), "action": "create"}]


@pytest.mark.parametrize("fault", ["lost", "truncated"])
def test_a_creation_whose_answer_was_lost_is_accepted(scene: Scene, fault: str) -> None:
    """The second try is told that the lead is there: by the first one, so this is no reject."""
    scene.server.set(script=[fault])
    result = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=CREATIONS)
    assert (result.status, result.states, scene.rejects()) == (0, [1], [])
    assert scene.done("lead-1") == ["create"]
    assert result.summary is not None
    assert result.summary["by_action"] == {"create": 1}
    assert len(scene.server.calls()) == 2


def test_a_doubt_outlives_its_run(scene: Scene) -> None:
    """A run that ended in doubt about a creation: the next one knows that "already there" means done."""
    scene.server.set(script=["lost"])
    first = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=CREATIONS, max_outage_seconds=0)
    assert (first.status, first.stdout) == (1, "")
    second = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=CREATIONS)
    assert (second.status, second.states, scene.rejects()) == (0, [1], [])
    third = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=CREATIONS, full_refresh=True)
    assert (third.status, third.states) == (0, [1])
    assert [reject["reason"] for reject in scene.rejects()] == ["already_exists"]
    assert scene.done("lead-1") == ["create"]


def _held(total: int) -> dict[str, object]:
    return {
        f"lead-{number}": {
            "state": "active",
            "fields": {name: value for name, value in lead(number).items() if name != "lead_id"},
            "detail": None,
        }
        for number in range(total)
    }
