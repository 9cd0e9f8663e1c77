"""The look inside, which SquadStack does not offer."""

from __future__ import annotations

import time

from sandbox.driving import Caller, person


def test_calls(caller: Caller) -> None:
    """Every call to a documented endpoint is listed with what it asked and was answered."""
    before = time.time()
    caller.send("upsert", [person("x"), person("y")])
    caller.send("delete", {"lead_id": "nobody"}, "cards")
    caller.send("create", person("z"), headers={"Authorization": ""})
    calls = caller.get("/sandbox/calls")
    assert all(before <= call.pop("at") <= time.time() for call in calls)
    assert calls == [
        {"ref_id": "loans", "action": "upsert", "leads": 2, "status": 200},
        {"ref_id": "cards", "action": "delete", "leads": 1, "status": 404},
        {"ref_id": "loans", "action": "create", "leads": 0, "status": 401},
    ]


def test_judge(caller: Caller) -> None:
    """Only an active lead can be judged; its lead_id may hold a slash."""
    caller.given("active", "a/b")
    assert caller.post("/sandbox/judge/loans/a/b").json() == {"state": "judged"}
    assert caller.lead("a/b")["state"] == "judged"
    assert caller.post("/sandbox/judge/loans/a/b").status_code == 409
    assert caller.post("/sandbox/judge/loans/nobody").status_code == 404
    assert caller.post("/sandbox/judge/cards/nobody").status_code == 404


def test_health(caller: Caller) -> None:
    """Whoever waits for the sandbox can ask it; looking inside uses up no budget and is no call."""
    for _ in range(150):
        assert caller.get("/health") == {"status": "ok"}
    assert caller.get("/sandbox/calls") == []
    assert caller.send("create", person("x")).status_code == 200
