"""What one lead of a call is told, alone and among others."""

from __future__ import annotations

import json

import pytest
from sandbox.driving import CAMPAIGN, Caller, person


def error(message: str) -> dict[str, str]:
    return {"error_msg": message}


UNJUDGED = "Unjudged leads cannot be re-activated"
NO_LEAD = "lead_id:x doesn't exist on our platform."
NO_MORE_UPDATES = "We cannot accept this request as the lead_id: x has already been marked as converted."
CONVERTED = "lead_id:x has been marked as converted from our platform."
DUPLICATE = (
    "Duplicate Lead ID shared: A lead with the given Lead ID: 'x' is already present in this campaign, "
    "please use a different Lead ID, or reach out to us at support@squadstack.com."
)
EITHER = (
    "Either lead with given lead_id does not exist in SquadIQ system or lead has already been processed by SquadIQ!"
)
NOT_WITH_US = {"detail": '"lead_id" provided does not exist with us.'}
DELETED = "lead_id:x has been deleted from our platform."
EXISTS = error('{"error_type":1,"detail":"Internal ID already exists"}')
DETAIL = {"lead_id": "x", "detail": "paid"}


@pytest.mark.parametrize(
    ("state", "action", "among_others", "alone"),
    [
        ("active", "create", (409, DUPLICATE), (409, EXISTS)),
        ("converted", "create", (409, DUPLICATE), (409, EXISTS)),
        ("disabled", "create", (409, DUPLICATE), (409, EXISTS)),
        ("deleted", "update", (400, NO_LEAD), (400, error(EITHER))),
        ("converted", "update", (400, NO_MORE_UPDATES), (400, error(NO_MORE_UPDATES))),
        ("converted", "upsert", (400, NO_MORE_UPDATES), (400, error(NO_MORE_UPDATES))),
        ("deleted", "convert", (400, NO_LEAD), (400, error(f'{{"detail":"{NO_LEAD}"}}'))),
        ("converted", "convert", (400, CONVERTED), (400, error(f'{{"detail":"{CONVERTED}"}}'))),
        ("deleted", "disable", (400, NO_LEAD), (404, NOT_WITH_US)),
        ("deleted", "delete", (404, DELETED), (404, NOT_WITH_US)),
    ],
)
def test_refused_lead(
    shared: Caller, state: str, action: str, among_others: tuple[int, str], alone: tuple[int, object]
) -> None:
    """An action that the lead's state forbids has one message in a bulk call and its own in a single one."""
    shared.given(state, "x")
    row = DETAIL if action == "convert" else person("x")
    (result,) = shared.send(action, [row]).json()["result"]
    assert result == {"status_code": among_others[0], "data": error(among_others[1])}
    response = shared.send(action, row)
    assert (response.status_code, response.json()) == alone
    assert shared.lead("x")["state"] == state


@pytest.mark.parametrize("action", ["update", "convert", "disable", "delete"])
def test_unknown_lead(shared: Caller, action: str) -> None:
    """A lead that the campaign never heard of is refused with 400 in a bulk call."""
    shared.given("active", "y")
    (result,) = shared.send(action, [DETAIL]).json()["result"]
    assert result == {"status_code": 400, "data": error(NO_LEAD)}


@pytest.mark.parametrize("action", ["create", "update", "upsert"])
def test_unjudged_lead(shared: Caller, action: str) -> None:
    """A campaign that guards unjudged leads refuses them in both forms, and takes judged ones."""
    shared.given("active", "x", ref_id="loans-unjudged")
    (result,) = shared.send(action, [person("x")], "loans-unjudged").json()["result"]
    assert result == {"status_code": 400, "data": error(UNJUDGED)}
    assert shared.send(action, person("x"), "loans-unjudged").json() == error(UNJUDGED)
    assert shared.post("/sandbox/judge/loans-unjudged/x").status_code == 200
    assert shared.send(action, person("x"), "loans-unjudged").status_code == 200
    assert shared.lead("x", "loans-unjudged")["state"] == "active"


def test_unique_field(shared: Caller) -> None:
    """A campaign with unique emails refuses to create a second lead with one, and nothing else."""
    shared.given("active", "y", ref_id="loans-unique-email")
    rows = [
        person("a", email="jane@example.com"),
        person("b", email="jane@example.com"),
        person("c"),
        person("d"),
    ]
    answer = shared.send("create", rows, "loans-unique-email").json()
    taken = error("Lead with the same email is already present")
    assert [row["status_code"] for row in answer["result"]] == [200, 409, 200, 200]
    assert answer["result"][1]["data"] == taken
    assert shared.send("create", rows[1], "loans-unique-email").json() == taken


@pytest.mark.parametrize(
    ("action", "row", "errors"),
    [
        ("create", {}, {"lead_id": "required", "phone_number": "required", "contact_name": "required"}),
        ("create", person(""), {"lead_id": "blank"}),
        ("create", person("x", contact_name=" "), {"contact_name": "blank"}),
        ("create", person("x", phone_number=None), {"phone_number": "null"}),
        ("create", person("x" * 256), {"lead_id": "Invalid"}),
        ("create", person("x", contact_name="x" * 49), {"contact_name": "Invalid"}),
        ("create", person("x", rate=1.5), {"rate": "Invalid"}),
        ("create", person("x", vip=True), {"vip": "Invalid"}),
        ("create", person("x", tags=["a"], more={}), {"tags": "Invalid", "more": "Invalid"}),
        ("create", person("x") | {"lead_id": True}, {"lead_id": "Invalid"}),
        ("create", person("x", city=None), {"city": "null"}),
        ("create", person("x", **{"it's": 1.5}), {"it's": "Invalid"}),
        ("update", {"lead_id": "x", "phone_number": "+919999999999"}, {"phone_number": "Invalid"}),
        ("upsert", {"lead_id": "x"}, {"phone_number": "required", "contact_name": "required"}),
        ("upsert", {"lead_id": "x", "phone_number": "1"}, {"phone_number": "Invalid"}),
        ("convert", {"lead_id": "x", "detail": 7}, {"detail": "Invalid"}),
        ("convert", {"lead_id": "x", "detail": {}}, {"detail": "required"}),
        ("disable", {"lead_id": ""}, {"lead_id": "required"}),
        ("delete", {"lead_id": None}, {"lead_id": "null"}),
    ],
)
def test_bad_fields(shared: Caller, action: str, row: object, errors: dict[str, str]) -> None:
    """Each bad field is named with what is wrong, as a Python dict's text in a bulk call."""
    shared.given("deleted", "x")
    messages = {name: _field_message(hint) for name, hint in errors.items()}
    (result,) = shared.send(action, [row]).json()["result"]
    assert result == {"status_code": 400, "data": error(repr(messages))}
    assert shared.lead("x")["state"] == "deleted"


def _field_message(hint: str) -> str:
    if hint == "Invalid":
        return "Invalid value provided."
    return "This field is required." if hint == "required" else f"This field may not be {hint}."


def test_bad_field_alone(shared: Caller) -> None:
    """In a single call the bad fields come as JSON in a text, each with a list of messages."""
    shared.given("deleted", "x")
    response = shared.send("create", person("x", contact_name="", rate=1.5))
    assert response.status_code == 400
    assert json.loads(response.json()["error_msg"]) == {
        "contact_name": ["This field may not be blank."],
        "rate": ["Invalid value provided."],
    }


@pytest.mark.parametrize("row", [{}, {"lead_id": ""}])
def test_single_call_without_lead_id(shared: Caller, row: dict[str, str]) -> None:
    """Convert, disable and delete of one lead have their own words for a missing lead_id."""
    shared.given("active", "x")
    sentence = '"lead_id" is a required field!'
    convert = shared.send("convert", row | {"detail": "paid"})
    assert json.loads(convert.json()["error_msg"]) == {"detail": sentence}
    for action in ("disable", "delete"):
        response = shared.send(action, row)
        assert (response.status_code, response.json()) == (400, {"detail": sentence})


@pytest.mark.parametrize(
    "phone", ["9999999999", "6000000000", "8022334455", "2212345678", "1123456789", 9999999999, "919999999999"]
)
def test_valid_phone(shared: Caller, phone: object) -> None:
    """Mobile and landline numbers are taken with and without the country code."""
    shared.given("deleted", "x")
    assert shared.send("create", person("x", phone_number=phone)).status_code == 200


@pytest.mark.parametrize(
    "phone",
    [
        "999999999",
        "99999999999",
        "0999999999",
        "09999999999",
        "+919999999999",
        "99999 99999",
        "९९९९९९९९९९",
        "910234567890",
    ],
)
def test_invalid_phone(shared: Caller, phone: str) -> None:
    """What is no Indian number in ten digits is refused."""
    shared.given("deleted", "x")
    (result,) = shared.send("create", [person("x", phone_number=phone)]).json()["result"]
    assert result["data"] == error("{'phone_number': 'Invalid value provided.'}")


def test_odd_text_comes_back(shared: Caller) -> None:
    """Braces, quotes, other scripts and lone surrogates in values neither break nor change an answer."""
    shared.given("active", "y")
    row = person("{x}'\u0928\ud800", note="{0}")
    assert shared.send("create", row).json() == row
    (result,) = shared.send("create", [row]).json()["result"]
    assert "'{x}'\u0928\ud800'" in result["data"]["error_msg"]
    assert CAMPAIGN in shared.get("/sandbox/leads")["campaigns"]
