"""The server says what the documents say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests
from support.leads import lead, leads

if TYPE_CHECKING:
    from support.crm.options import Json
    from support.crm_server import CrmServer
    from support_tests.conftest import Send

REQUIRED, INVALID = "This field is required.", "Invalid value provided."


def rows(answer: requests.Response) -> list[tuple[int, str | None]]:
    """Tell status and error of each row, of an answer that is 200 whatever they are."""
    assert answer.status_code == 200
    result = answer.json()["result"]
    return [(row["status_code"], row["data"].get("error_msg")) for row in result]


def test_every_action_takes_an_array(anywhere: CrmServer, send: Send) -> None:
    created = send("create", leads(3))
    assert created.status_code == 200
    assert created.json() == {
        "status": "success",
        "message": "Bulk operation completed successfully",
        "result": [{"status_code": 200, "data": row} for row in leads(3)],
        "metadata": {"total_leads": 3, "success": 3, "failed": 0},
    }
    detail = {"order": "12", "paid": {"rupees": 1.5}}
    assert rows(send("update", [{"lead_id": "lead-1", "city": "Pune"}])) == [(200, None)]
    assert rows(send("upsert", [{"lead_id": "lead-1", "pin": 411001}, lead(4)])) == [(200, None)] * 2
    assert rows(send("convert", [{"lead_id": "lead-2", "detail": detail}])) == [(200, None)]
    assert rows(send("disable", [{"lead_id": "lead-3"}])) == [(200, None)]
    assert rows(send("delete", [{"lead_id": "lead-4"}])) == [(200, None)]

    found = anywhere.leads("ref")
    assert {lead_id: found[lead_id]["state"] for lead_id in found} == {
        "lead-1": "active",
        "lead-2": "converted",
        "lead-3": "disabled",
    }
    assert found["lead-1"]["fields"] == {
        "phone_number": "9999900001",
        "contact_name": "Canary 1",
        "city": "Pune",
        "pin": 411001,
    }
    assert found["lead-2"]["detail"] == detail
    assert anywhere.history("ref", "lead-4") == [("upsert", lead(4)), ("delete", {"lead_id": "lead-4"})]
    assert anywhere.histories("ref")["lead-1"] == [
        ("create", lead(1)),
        ("update", {"lead_id": "lead-1", "city": "Pune"}),
        ("upsert", {"lead_id": "lead-1", "pin": 411001}),
    ]
    assert anywhere.leads("other") == {}


@pytest.mark.parametrize("action", ["create", "update", "upsert", "convert", "delete"])
def test_an_object_is_answered_by_its_echo(server: CrmServer, send: Send, action: str) -> None:
    if action not in {"create", "upsert"}:
        server.seed("ref", leads(1))
    body = {**lead(1), "detail": "paid"}
    answer = send(action, body)
    assert (answer.status_code, answer.json()) == (200, body)
    assert not server.calls()[0].array


def test_disabling_an_object_is_answered_202(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    answer = send("disable", {"lead_id": "lead-1"})
    assert (answer.status_code, answer.json()) == (202, {"lead_id": "lead-1"})


def test_a_partial_success_is_spelled_as_in_the_documents(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    mixed = send("disable", [{"lead_id": "lead-1"}, {}, {"lead_id": "lead-5"}]).json()
    assert mixed["status"] == "partial_sucess"
    assert mixed["metadata"] == {"total_leads": 3, "success": 1, "failed": 2}
    assert mixed["result"][1:] == [
        {"status_code": 400, "data": {"error_msg": "{'lead_id': 'This field is required.'}"}},
        {"status_code": 400, "data": {"error_msg": "lead_id:lead-5 doesn't exist on our platform."}},
    ]
    assert send("disable", [{"lead_id": "lead-5"}]).json()["status"] == "failure"


def test_creating_again_is_a_conflict(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    text = (
        "Duplicate Lead ID shared: A lead with the given Lead ID: 'lead-1' is already present in this "
        "campaign, please use a different Lead ID, or reach out to us at support@squadstack.com."
    )
    assert rows(send("create", [lead(1), lead(2), lead(2)])) == [
        (409, text),
        (200, None),
        (409, text.replace("lead-1", "lead-2")),
    ]
    assert server.repeats == 1
    answer = send("create", lead(1))
    assert answer.status_code == 409
    assert answer.json() == {"error_msg": '{"error_type":1,"detail":"Internal ID already exists"}'}


def test_an_upsert_needs_phone_and_name_the_first_time(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    unnamed = {"lead_id": "lead-9", "phone_number": "9999900009"}
    batch = [{"phone_number": "9999900009"}, {**unnamed, "phone_number": "9"}, unnamed, {"lead_id": "lead-1"}]
    assert rows(send("upsert", batch)) == [
        (400, str({"lead_id": REQUIRED, "contact_name": REQUIRED})),
        (400, str({"contact_name": REQUIRED, "phone_number": INVALID})),
        (400, "{'contact_name': 'This field is required.'}"),
        (200, None),
    ]
    answer = send("upsert", {"lead_id": "lead-9", "contact_name": "Canary 9"})
    assert answer.status_code == 400
    assert answer.json() == {"error_msg": '{"phone_number":["This field is required."]}'}


@pytest.mark.parametrize("action", ["update", "convert", "disable", "delete"])
def test_an_unknown_lead_is_refused(server: CrmServer, send: Send, action: str) -> None:
    body = {"lead_id": "lead-1", "detail": "paid"}
    assert rows(send(action, [body])) == [(400, "lead_id:lead-1 doesn't exist on our platform.")]
    answer = send(action, body)
    match action:
        case "disable" | "delete":
            expected: Json = {"detail": '"lead_id" provided does not exist with us.'}
        case "convert":
            expected = {"error_msg": '{"detail":"lead_id:lead-1 doesn\'t exist on our platform."}'}
        case _:
            expected = {
                "error_msg": "Either lead with given lead_id does not exist in SquadIQ system "
                "or lead has already been processed by SquadIQ!"
            }
    assert answer.status_code == (404 if action in {"disable", "delete"} else 400)
    assert answer.json() == expected
    assert server.history("ref", "lead-1") == []


def test_a_converted_lead_takes_no_more(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    conversion = {"lead_id": "lead-1", "detail": "paid"}
    send("convert", [conversion])
    refused = "We cannot accept this request as the lead_id: lead-1 has already been marked as converted."
    again = "lead_id:lead-1 has been marked as converted from our platform."
    assert rows(send("update", [lead(1)])) == [(400, refused)]
    assert rows(send("upsert", [lead(1)])) == [(400, refused)]
    assert rows(send("convert", [conversion])) == [(400, again)]
    assert send("convert", conversion).json() == {"error_msg": json.dumps({"detail": again}).replace(": ", ":")}


def test_a_deleted_lead_is_gone(server: CrmServer, send: Send) -> None:
    server.seed("ref", leads(1))
    key = {"lead_id": "lead-1"}
    send("delete", [key])
    assert rows(send("delete", [key])) == [(404, "lead_id:lead-1 has been deleted from our platform.")]
    answer = send("delete", key)
    assert (answer.status_code, answer.json()["detail"]) == (
        404,
        '"lead_id" provided does not exist with us.',
    )
    assert rows(send("update", [key])) == [(400, "lead_id:lead-1 doesn't exist on our platform.")]
    assert rows(send("create", [lead(1)])) == [(200, None)]
    assert server.leads("ref")["lead-1"]["state"] == "active"


@pytest.mark.parametrize(
    ("phone", "good"),
    [
        ("9999999999", True),
        ("6000000000", True),
        ("1123456789", True),
        ("919999999999", True),
        ("999999999", False),
        ("0123456789", False),
        ("+919999999999", False),
        ("929999999999", False),
        ("99999 99999", False),
        (9999999999, False),
        ("", False),
        (None, False),
    ],
)
def test_phones_are_indian(server: CrmServer, send: Send, phone: object, *, good: bool) -> None:
    assert server.url
    status, text = rows(send("create", [{**lead(1), "phone_number": phone}]))[0]
    assert status == (200 if good else 400)
    assert good or text in {
        str({"phone_number": INVALID}),
        "{'phone_number': 'This field may not be blank.'}",
    }


@pytest.mark.parametrize("value", [1.5, None, True, ["a"], {"a": 1}])
def test_custom_values_are_text_or_integers(server: CrmServer, send: Send, value: object) -> None:
    assert rows(send("upsert", [lead(1, city=value)])) == [(400, str({"city": INVALID}))]
    server.set(accept_null=True)
    assert rows(send("upsert", [lead(1, city=value)]))[0][0] == (200 if value is None else 400)


@pytest.mark.parametrize("value", ["", None, 5, 1.5, ["a"]])
def test_a_detail_is_text_or_an_object(server: CrmServer, send: Send, value: object) -> None:
    server.seed("ref", leads(1))
    text = INVALID if value else REQUIRED
    assert rows(send("convert", [{"lead_id": "lead-1", "detail": value}])) == [(400, str({"detail": text}))]


@pytest.mark.parametrize(
    ("field", "longest"), [("lead_id", 255), ("contact_name", 48), ("phone_number", None), ("city", None)]
)
def test_sizes_are_bounded(server: CrmServer, send: Send, field: str, longest: int | None) -> None:
    assert server.url
    if longest is not None:
        assert rows(send("create", [lead(1, **{field: "x" * longest})])) == [(200, None)]
    too_long = rows(send("create", [lead(2, **{field: "x" * ((longest or 300) + 1)})]))
    assert too_long == [(200, None) if field == "city" else (400, str({field: INVALID}))]


def test_the_token_must_match(server: CrmServer, send: Send) -> None:
    answer = send("create", leads(1), token="other")
    assert (answer.status_code, answer.json()) == (401, {"error_msg": "Invalid auth token"})
    server.set(token="other")
    assert send("create", leads(1), token="other").status_code == 200
    server.set(expired=True)
    answer = send("create", leads(1), token="other")
    assert (answer.status_code, answer.json()) == (401, {"error_msg": "Token expired"})
    assert [call.counted for call in server.calls()] == [False, True, False]


def test_what_is_not_enabled_is_not_found(server: CrmServer, send: Send) -> None:
    server.set(disabled=["delete"], campaigns=["ref"])
    assert send("delete", [{"lead_id": "lead-1"}]).json() == {
        "error_msg": "This endpoint is not enabled in your Integration"
    }
    assert send("create", leads(1)).status_code == 200
    answer = send("create", leads(1), ref_id="nobody")
    assert (answer.status_code, answer.json()) == (404, {"error_msg": "No active integration found."})
    server.set(disabled=True)
    assert send("create", leads(1)).json() == {"error_msg": "No active integration found."}


def test_a_bad_call_is_refused_as_a_whole(server: CrmServer, send: Send) -> None:
    assert send("create", leads(101)).status_code == 400
    assert send("create", []).status_code == 400
    assert send("create", [lead(1), "lead"]).status_code == 400
    head = {"Authorization": "Bearer test-token", "Content-Type": "application/json"}
    url = server.endpoint("ref", "lead-created")
    for body in (b"", b"{", b'[{"lead_id": NaN}]', b"\xff"):
        assert requests.post(url, body, headers=head, timeout=10).status_code == 400
    plain = requests.post(url, json.dumps(leads(1)), headers={**head, "Content-Type": "text/plain"}, timeout=10)
    assert plain.status_code == 400
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert requests.request(method, url, json=leads(1), headers=head, timeout=10).status_code == 400
    assert requests.post(server.url, json=leads(1), headers=head, timeout=10).status_code == 404
    server.set(max_bytes=100)
    assert send("create", leads(2)).status_code == 413
    assert server.leads("ref") == {}


def test_rules_refuse_rows_and_calls(server: CrmServer, send: Send) -> None:
    server.set(reject={"field": "city", "value": "BAD", "error_msg": "{'city': 'no'}"})
    assert rows(send("create", [lead(1, city="BAD"), lead(2)])) == [(400, "{'city': 'no'}"), (200, None)]
    server.set(poison={"field": "city", "value": "POISON"})
    answer = send("create", [lead(3), lead(4, city="POISON")])
    assert (answer.status_code, answer.json()) == (400, {"error_msg": '{"city":["Invalid value provided."]}'})
    assert set(server.leads("ref")) == {"lead-2"}


def test_a_unique_field_is_taken_once(server: CrmServer, send: Send) -> None:
    server.set(unique="email")
    taken = (409, "Lead with the same email is already present")
    assert rows(send("create", [lead(1, email="a@b"), lead(2, email="a@b")])) == [(200, None), taken]
    assert rows(send("update", [lead(1, email="a@b")])) == [(200, None)]
    send("delete", [{"lead_id": "lead-1"}])
    assert rows(send("create", [lead(2, email="a@b")])) == [(200, None)]


def test_judged_leads_are_reactivated_and_unjudged_ones_may_not_be(server: CrmServer, send: Send) -> None:
    server.set(unjudged=["create", "upsert"])
    server.seed("ref", leads(2))
    server.judge("ref", "lead-1")
    assert server.leads("ref")["lead-1"]["state"] == "judged"
    refused = (400, "Unjudged leads cannot be re-activated")
    for action in ("create", "upsert"):
        assert rows(send(action, leads(2))) == [(200, None) if action == "create" else refused, refused]
    assert server.reactivated == 1
    assert rows(send("update", [lead(2)])) == [(200, None)]
