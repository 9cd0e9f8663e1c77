"""What actions make of a lead, in whatever order they come."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st
from sandbox.driving import Caller, person, seen

from squadstack.sandbox.actions import Action, Kind
from squadstack.sandbox.campaigns import Campaigns

STEPS = st.lists(st.sampled_from([*Action, "judge"]), max_size=30)


def test_journey(caller: Caller) -> None:
    """From its creation to its conversion a lead keeps its state, its fields and what was done to it."""
    caller.send("create", person("x"))
    caller.send("update", {"lead_id": "x", "city": "Mumbai"})
    caller.post("/sandbox/judge/loans/x")
    assert caller.lead("x")["state"] == "judged"
    caller.send("upsert", [{"lead_id": "x", "contact_name": "Jane Doe"}])
    assert caller.lead("x")["state"] == "active"
    caller.send("disable", {"lead_id": "x"})
    caller.send("convert", {"lead_id": "x", "detail": {"amount": "300"}})
    assert seen(caller.lead("x")) == {
        "state": "converted",
        "fields": {"phone_number": "9999999999", "contact_name": "Jane Doe", "city": "Mumbai"},
        "detail": {"amount": "300"},
        "history": ["create", "update", "upsert", "disable", "convert"],
    }


def test_delete_purges(caller: Caller) -> None:
    """A deleted lead leaves its state and history only, and can be created as a new one."""
    caller.send("create", person("x", city="Mumbai"))
    caller.judge("x")
    caller.send("convert", {"lead_id": "x", "detail": "paid"})
    caller.send("delete", {"lead_id": "x"})
    history = ["create", "convert", "delete"]
    assert caller.lead("x")["result"] is None
    assert seen(caller.lead("x")) == {"state": "deleted", "fields": {}, "detail": None, "history": history}
    assert caller.send("create", person("x")).status_code == 200
    assert caller.lead("x")["state"] == "active"
    assert "city" not in caller.lead("x")["fields"]


def test_rows_of_one_call_in_order(caller: Caller) -> None:
    """The same lead twice in one call is dealt with twice, in order."""
    answer = caller.send("upsert", [person("x", city="Delhi"), {"lead_id": "x", "city": "Mumbai"}]).json()
    assert answer["status"] == "success"
    assert caller.lead("x")["fields"]["city"] == "Mumbai"


def test_campaigns_are_apart(caller: Caller) -> None:
    """The same lead_id in two campaigns is two leads."""
    caller.send("create", person("x"), "loans")
    assert caller.send("create", person("x"), "cards").status_code == 200
    caller.send("delete", {"lead_id": "x"}, "cards")
    assert caller.lead("x", "loans")["state"] == "active"


def test_disabled_lead_stays_disabled(caller: Caller) -> None:
    """An update of a disabled lead is merged in and wakes nobody."""
    caller.given("disabled", "x")
    assert caller.send("update", {"lead_id": "x", "city": "Mumbai"}).status_code == 200
    assert caller.lead("x")["state"] == "disabled"


def test_converted_lead_stays_converted(caller: Caller) -> None:
    """Disabling a converted lead is accepted and does not open it for updates again."""
    caller.given("converted", "x")
    assert caller.send("disable", {"lead_id": "x"}).status_code == 200
    assert caller.lead("x")["state"] == "converted"


@given(STEPS)
def test_account_of_accepted_actions(steps: list[Action | str]) -> None:
    """In whatever order actions come: the accepted ones are the history, and only deleted leads are empty."""
    campaigns, accepted = Campaigns(), []
    for step in steps:
        if step == "judge":
            campaigns.judge("loans", "x")
        elif campaigns.act("loans", Action(step), _row(step)).kind is Kind.ACCEPTED:
            accepted.append(step)
    lead = campaigns.document()["campaigns"].get("loans", {}).get("x")
    assert (list(lead["history"]) if lead else []) == accepted
    if lead:
        assert (lead["state"] == "deleted") == (accepted[-1] == "delete") == (not lead["fields"])


@given(STEPS)
def test_restored_leads_answer_alike(steps: list[Action | str]) -> None:
    """Leads restored from a document meet the next action as the original ones do."""
    original, restored = Campaigns(), Campaigns()
    for step in steps:
        restored.restore(_as_json(original.document()))
        if step == "judge":
            original.judge("loans", "x")
        else:
            verdicts = [each.act("loans", Action(step), _row(step)) for each in (original, restored)]
            assert verdicts[0] == verdicts[1]


def _row(action: str) -> dict[str, object]:
    return {"lead_id": "x", "detail": "paid"} if action == "convert" else person("x")


def _as_json(document: dict[str, object]) -> object:
    return json.loads(json.dumps(document))
