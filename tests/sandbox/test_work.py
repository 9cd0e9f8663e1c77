"""The life of the leads: who is called, when, and what survives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from sandbox.driving import Caller, person

from squadstack.sandbox.actions import Action
from squadstack.sandbox.campaigns import Campaigns
from squadstack.sandbox.options import Options
from squadstack.sandbox.server import running
from squadstack.sandbox.work import Work, due_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE = 60.0
MANY = 200


class Scene:
    """Campaigns that are worked on, and a clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0
        self.campaigns = Campaigns(lambda: self.now)
        self.work = Work(self.campaigns, 60, lambda: self.now)

    def act(self, action: Action, lead_id: str) -> None:
        self.campaigns.act("loans", action, person(lead_id, detail="paid"))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.work.work()

    def times(self) -> dict[str, int]:
        """How often each lead was processed."""
        leads = self.campaigns.leads("loans")
        return {lead_id: lead.result.times if lead.result else 0 for lead_id, lead in leads.items()}


def test_when_leads_are_called() -> None:
    """Leads wait from half as long to half as long again as the mean, not all equally long."""
    scene = Scene()
    for number in range(MANY):
        scene.act(Action.CREATE, f"x{number}")
    scene.wait(29.9)
    assert set(scene.times().values()) == {0}
    scene.wait(30)
    assert MANY / 4 < sum(scene.times().values()) < MANY * 3 / 4
    scene.wait(30.2)
    assert min(scene.times().values()) == 1


def test_some_are_processed_again() -> None:
    """About a quarter is processed a second time, a few more often, and then there is peace."""
    scene = Scene()
    for number in range(MANY):
        scene.act(Action.CREATE, f"x{number}")
    for _ in range(30):
        scene.wait(90)
    times = list(scene.times().values())
    assert MANY / 8 < sum(count > 1 for count in times) < MANY / 2
    assert max(times) > 2
    changes = scene.campaigns.changes
    scene.wait(1_000_000)
    assert scene.campaigns.changes == changes


@pytest.mark.parametrize("action", [Action.DISABLE, Action.DELETE, Action.CONVERT])
def test_not_called_any_more(action: Action) -> None:
    """A lead that was disabled, deleted or converted is not called, for the first time or again."""
    scene = Scene()
    for number in range(MANY):
        scene.act(Action.CREATE, f"x{number}")
    scene.wait(60)
    before = scene.times()
    for number in range(MANY):
        scene.act(action, f"x{number}")
    scene.wait(1_000_000)
    after = scene.times()
    assert after == (dict.fromkeys(before, 0) if action is Action.DELETE else before)


def test_update_of_a_waiting_lead() -> None:
    """A lead that is updated while it waits waits no longer; re-activated, it is called once more."""
    scene = Scene()
    scene.act(Action.CREATE, "x")
    due = due_at("loans", "x", scene.campaigns.leads("loans")["x"], 60)
    scene.wait(20)
    scene.act(Action.UPDATE, "x")
    assert due_at("loans", "x", scene.campaigns.leads("loans")["x"], 60) == due
    scene.wait(due - scene.now)
    assert scene.times() == {"x": 1}
    scene.act(Action.UPDATE, "x")
    scene.wait(90)
    assert scene.times() == {"x": 2}


def test_work_of_a_running_sandbox(start: Callable[..., Caller]) -> None:
    """Leads of both APIs get their answers, which can be read; some get others later."""
    caller = start(work=0.2, rate_limit=100_000)
    caller.squadiq("create", [person(f"a{number}") for number in range(50)])
    caller.send("create", [person(f"b{number}") for number in range(50)])
    _wait_until(lambda: caller.read().json()["count"] == 100)
    _wait_until(lambda: any(lead["result"]["times"] > 1 for lead in _leads(caller).values()))
    assert {row["lead_outcome"] for row in caller.read().json()["results"]} >= {"Connected : Objective Met"}


def test_nobody_works_by_default(caller: Caller) -> None:
    """Without the option leads wait for ever."""
    caller.send("create", person("x"))
    time.sleep(0.3)
    assert caller.lead("x")["result"] is None


def test_work_goes_on_after_a_restart(start: Callable[..., Caller], tmp_path: Path) -> None:
    """A sandbox started again knows the answers, and calls who was waiting."""
    data = tmp_path / "leads.json"
    with running(Options(port=0, data=data, work=10_000)) as sandbox:
        act, campaigns = sandbox.campaigns.act, sandbox.campaigns
        for lead_id in ("x", "y"):
            act("loans", Action.CREATE, person(lead_id))
        campaigns.judge("loans", "x")
        known = campaigns.document()["campaigns"]["loans"]
    with running(Options(port=0, data=data)) as sandbox:
        assert sandbox.campaigns.document()["campaigns"]["loans"] == known
    caller = start(data=data, work=0.2)
    _wait_until(lambda: _leads(caller)["y"]["result"] is not None)
    assert _leads(caller)["y"]["created_at"] == known["y"]["created_at"]


def _leads(caller: Caller) -> dict[str, dict[str, object]]:
    return caller.get("/sandbox/leads")["campaigns"]["loans"]


def _wait_until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "it has not happened"
        time.sleep(0.05)
