"""Writing by SquadIQ v4, on the same leads as CRM v2."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sandbox.driving import Caller, person, seen

from squadstack.sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Callable

EXAMPLES = sorted(Path(__file__).with_name("documented_squadiq").glob("*.json"))
NO_LEAD = {"detail": "lead_id:x doesn't exist on our platform."}
REQUIRED = ["This field is required."]
INVALID = ["Invalid value provided."]
PATHS = [
    ("POST", "create"),
    ("PATCH", "update"),
    ("POST", "convert"),
    ("POST", "disable"),
    ("POST", "delete"),
    ("GET", "responses"),
]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_documented_example(shared: Caller, path: Path) -> None:
    """The documented call is answered with the documented status, and body if there is one."""
    example = json.loads(path.read_text())
    given = {lead.pop("lead_id"): lead for lead in example["given"]}
    shared.sandbox.campaigns.restore({"campaigns": {"campaign_id": given}})
    request, answer = example["request"], example["answer"]
    response = shared.call(request["method"], request["path"], json=request.get("body"))
    assert response.status_code == answer["status"]
    assert response.json() == answer.get("body", {})


def test_journey_by_both_apis(caller: Caller) -> None:
    """What one API does to a lead the other one sees."""
    assert caller.squadiq("create", [person("x", vip=True)]).status_code == 201
    assert caller.send("update", {"lead_id": "x", "city": "Mumbai"}).status_code == 200
    assert caller.squadiq("update", {"lead_id": "x", "note": None}).status_code == 200
    assert caller.squadiq("disable", {"lead_id": "x"}).status_code == 201
    assert caller.squadiq("convert", {"lead_id": "x", "detail": "paid"}).status_code == 200
    assert caller.send("update", {"lead_id": "x"}).status_code == 400
    more = {"vip": True, "city": "Mumbai", "note": None}
    fields = {name: value for name, value in person("x", **more).items() if name != "lead_id"}
    history = ["create", "update", "update", "disable", "convert"]
    assert seen(caller.lead("x")) == {"state": "converted", "fields": fields, "detail": "paid", "history": history}
    assert caller.squadiq("delete", {"lead_id": "x"}).status_code == 202
    assert caller.lead("x")["fields"] == {}


@pytest.mark.parametrize(("action", "status"), [("update", 404), ("convert", 404), ("disable", 400), ("delete", 404)])
def test_unknown_lead(shared: Caller, action: str, status: int) -> None:
    """A lead that is not there is 404, but where the document has no 404."""
    shared.given("active", "y")
    response = shared.squadiq(action, {"lead_id": "x", "detail": "paid"})
    assert (response.status_code, response.json()) == (status, NO_LEAD)


def test_deleted_lead(shared: Caller) -> None:
    """A lead that was deleted is not there."""
    shared.given("deleted", "x")
    assert shared.squadiq("delete", {"lead_id": "x"}).status_code == 404
    assert shared.squadiq("update", {"lead_id": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("state", "action", "message"),
    [
        ("active", "create", "Duplicate Lead ID shared"),
        ("converted", "update", "already been marked as converted"),
        ("converted", "convert", "has been marked as converted"),
    ],
)
def test_refused_lead(shared: Caller, state: str, action: str, message: str) -> None:
    """What the lead's state forbids is a bad request, with the reason."""
    shared.given(state, "x")
    row = person("x", detail="paid")
    response = shared.squadiq(action, [row] if action == "create" else row)
    assert response.status_code == 400
    assert message in response.json()["detail"]


@pytest.mark.parametrize(
    ("action", "row", "errors"),
    [
        ("update", {}, {"lead_id": REQUIRED}),
        ("update", {"lead_id": "x", "phone_number": "12345"}, {"phone_number": INVALID}),
        ("convert", {"lead_id": "x"}, {"detail": REQUIRED}),
        ("convert", {"lead_id": "x", "detail": "d" * 33}, {"detail": INVALID}),
        ("convert", {"lead_id": "x", "detail": {"amount": "300"}}, {"detail": INVALID}),
        ("delete", {"lead_id": None}, {"lead_id": ["This field may not be null."]}),
        ("create", [{"lead_id": "x"}], {"phone_number": REQUIRED, "contact_name": REQUIRED}),
    ],
)
def test_bad_fields(shared: Caller, action: str, row: object, errors: dict[str, list[str]]) -> None:
    """Each bad field of a lead is named."""
    shared.given("active", "x")
    response = shared.squadiq(action, row)
    assert (response.status_code, response.json()) == (400, errors)


def test_longest_detail(shared: Caller) -> None:
    """A detail of 32 characters is taken."""
    shared.given("active", "x")
    assert shared.squadiq("convert", {"lead_id": "x", "detail": "d" * 32}).status_code == 200


def test_all_or_none(caller: Caller) -> None:
    """One bad lead among many: none is applied, and the answer tells which it is."""
    caller.given("active", "old")
    response = caller.squadiq("create", [person("a"), person("b", phone_number="1"), person("c")])
    assert response.status_code == 400
    assert response.json() == {"detail": "Lead 2 of 3: {'phone_number': 'Invalid value provided.'}"}
    assert caller.squadiq("create", [person("a"), person("a")]).status_code == 400
    assert caller.squadiq("disable", [{"lead_id": "old"}, {"lead_id": "new"}]).status_code == 400
    assert {name: lead["state"] for name, lead in caller.get("/sandbox/leads")["campaigns"]["loans"].items()} == {
        "old": "active"
    }


def test_more_leads_than_crm_takes(caller: Caller) -> None:
    """No largest number of leads is documented."""
    assert caller.squadiq("create", [person(f"x{number}") for number in range(150)]).status_code == 201


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("create", person("x")),
        ("create", []),
        ("update", [{"lead_id": "x"}]),
        ("convert", [{"lead_id": "x", "detail": "paid"}]),
        ("delete", [{"lead_id": "x"}]),
        ("disable", "x"),
    ],
)
def test_wrong_form(shared: Caller, action: str, body: object) -> None:
    """Who sends an object for an array, or the reverse, is told so, and nothing is done."""
    shared.given("active", "x")
    assert shared.squadiq(action, body).status_code == 400
    assert shared.lead("x")["history"] == []


@pytest.mark.parametrize(("method", "action"), PATHS)
def test_refused_as_a_whole(shared: Caller, method: str, action: str) -> None:
    """Strangers, and campaigns out of reach, are refused as they are by CRM v2."""
    path, stranger = f"/api/v4/leads/{action}/{{}}/", {"Authorization": "Bearer wrong"}
    assert shared.call(method, path.format("loans"), json={}, headers=stranger).status_code == 401
    assert shared.call(method, path.format("no-permission"), json={}).status_code == 403
    assert shared.call(method, path.format("no-integration"), json={}).status_code == 404
    assert shared.call(method, path.format("loans").rstrip("/"), json={}).status_code == 404


@pytest.mark.parametrize(("method", "action"), PATHS)
def test_method(shared: Caller, method: str, action: str) -> None:
    """Another method than the documented one is refused."""
    response = shared.call("PUT", f"/api/v4/leads/{action}/loans/", json={})
    assert (response.status_code, response.json()) == (405, {"detail": 'Method "PUT" not allowed.'})
    assert method in response.headers["Allow"]


def test_enabled_actions(shared: Caller) -> None:
    """A campaign has an action enabled for both APIs or for none; every one can be read."""
    assert shared.squadiq("create", [person("x")], "only-create").status_code == 201
    assert shared.squadiq("delete", {"lead_id": "x"}, "only-create").status_code == 404
    assert shared.read("only-create").status_code == 200


def test_one_budget(start: Callable[..., Caller]) -> None:
    """Calls to both APIs, reading too, use up one budget, and are listed together."""
    caller = start(rate_limit=3)
    caller.send("create", person("x"))
    caller.squadiq("create", [person("y"), person("z")])
    caller.read()
    answers = [caller.read(), caller.squadiq("delete", {"lead_id": "x"}), caller.send("delete", {"lead_id": "x"})]
    assert [answer.status_code for answer in answers] == [429] * 3
    assert answers[0].headers["Retry-After"]
    noted = [(call["action"], call["leads"], call["status"]) for call in caller.get("/sandbox/calls")]
    assert noted[:4] == [("create", 1, 200), ("create", 2, 201), ("read", 0, 200), ("read", 0, 429)]


def test_faults(start: Callable[..., Caller]) -> None:
    """What goes wrong on request goes wrong here too."""
    caller = start(faults={Fault.ERROR: 1})
    assert caller.read().status_code == 500
    assert caller.squadiq("create", [person("x")]).status_code == 500
    assert caller.get("/sandbox/leads") == {"campaigns": {}}
