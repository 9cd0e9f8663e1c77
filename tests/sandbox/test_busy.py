"""Two calls at once that name one lead."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from sandbox.driving import Caller, person

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

BUSY = "Another request for the same lead is getting processed already"


def test_busy_lead(start: Callable[..., Caller]) -> None:
    """While one call works on a lead, another gets 409 for that lead and has its other leads dealt with."""
    caller = start(latency=0.4)
    rows = [[person("x"), person("y")], [person("y"), person("z")]]
    answers = _at_once(caller, "upsert", rows)
    codes = sorted([row["status_code"] for row in answer.json()["result"]] for answer in answers)
    assert codes in ([[200, 200], [409, 200]], [[200, 200], [200, 409]], [[200, 409], [200, 200]])
    refused = [row for answer in answers for row in answer.json()["result"] if row["status_code"] == 409]
    assert [json.loads(row["data"]["error_msg"]) for row in refused] == [{"error_type": 1, "detail": BUSY}]
    assert caller.lead("y")["history"] == ["upsert"]


def test_busy_lead_of_an_update(start: Callable[..., Caller]) -> None:
    """Update has its own spelling, which names the campaign."""
    caller = start(latency=0.4)
    caller.given("active", "x")
    statuses = {answer.status_code: answer for answer in _at_once(caller, "update", [{"lead_id": "x"}] * 2)}
    assert sorted(statuses) == [200, 409]
    expected = f'{{"detail":"campaign:loans. {BUSY}","error_type":1}}'
    assert statuses[409].json() == {"error_msg": expected}


def test_same_lead_in_two_campaigns(start: Callable[..., Caller]) -> None:
    """A lead of another campaign is another lead: nobody waits."""
    caller = start(latency=0.3)
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(caller.send, "upsert", person("x"), ref_id) for ref_id in ("loans", "cards")]
    assert [call.result().status_code for call in calls] == [200, 200]


def test_lead_is_free_again(start: Callable[..., Caller]) -> None:
    """One call after the other is fine, and the second of a lead twice in one call is not busy."""
    caller = start(latency=0.05)
    caller.send("create", person("x"))
    assert caller.send("update", [{"lead_id": "x"}, {"lead_id": "x"}]).json()["status"] == "success"


def _at_once(caller: Caller, action: str, bodies: list[object]) -> list[requests.Response]:
    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(lambda body: caller.send(action, body), bodies))
