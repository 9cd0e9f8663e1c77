"""SquadIQ v4, writing: the requests, and what each answer says of the leads (SquadIQ v4's document)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from squadstack.api import squadiq_v4_writing as v4
from squadstack.api.messages import Failure, NoAnswerError, Response
from squadstack.api.retry import Disposition
from squadstack.api.verdicts import (
    Accepted,
    ActionName,
    CreateInstead,
    Denied,
    Reason,
    Refused,
    UnreadableAnswerError,
)

CREATE, UPDATE, UPSERT, CONVERT, DISABLE, DELETE = ActionName
LEAD = {"lead_id": "a", "phone_number": "9999900001", "contact_name": "Asha"}
NOT_FOUND = b'{"detail": "Not found."}'


def answer(status: int, body: bytes = b"{}") -> Response:
    return Response(status, body=body)


# -- requests --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "method", "name", "is_array"),
    [
        (CREATE, "POST", "create", True),
        (UPDATE, "PATCH", "update", False),
        (UPSERT, "PATCH", "update", False),
        (DISABLE, "POST", "disable", True),
        (DELETE, "POST", "delete", False),
    ],
)
def test_each_action_has_its_path_method_and_form(
    action: ActionName, method: str, name: str, *, is_array: bool
) -> None:
    request = v4.request("my campaign/1", action, [LEAD])
    assert (request.method, request.path) == (method, f"/api/v4/leads/{name}/my%20campaign%2F1/")
    assert json.loads(request.body) == ([LEAD] if is_array else LEAD)
    assert (action in v4.ONE_BY_ONE) != is_array


@pytest.mark.parametrize(
    ("detail", "sent"),
    [
        ("won", "won"),
        ("x" * 40, "x" * 32),
        ({"order": "#1001", "amount": "2499.5", "currency": None}, "#1001 2499.5"),
        ({"order": "#1001", "note": "y" * 40}, "#1001 " + "y" * 26),
        ({"a": "z" * 31, "b": "c"}, "z" * 31),
        (7, "7"),
    ],
)
def test_a_detail_is_a_text_of_32_characters(detail: Any, sent: str) -> None:
    request = v4.request("c", CONVERT, [{"lead_id": "a", "detail": detail}])
    assert (request.method, request.path) == ("POST", "/api/v4/leads/convert/c/")
    assert json.loads(request.body) == {"lead_id": "a", "detail": sent}


def test_the_probe_reads_where_there_is_nothing() -> None:
    request = v4.probe("c")
    assert (request.method, request.body) == ("GET", b"")
    assert request.path == "/api/v4/leads/responses/c/?processed_before=1&page=1&page_size=1"


# -- answers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ActionName)
@pytest.mark.parametrize(("status", "body"), [(200, b""), (201, b"{}"), (202, b'{"detail": "ok"}'), (204, b"OK")])
def test_a_success_proves_all_leads_of_the_call(action: ActionName, status: int, body: bytes) -> None:
    assert v4.decide(action, answer(status, body)).disposition is Disposition.JUDGE
    assert v4.judge(action, [LEAD, LEAD], answer(status, body)) == [Accepted(), Accepted()]


def test_a_page_for_people_proves_nothing() -> None:
    with pytest.raises(UnreadableAnswerError):
        v4.judge(CREATE, [LEAD], answer(200, b" <!doctype html><title>Log in</title>"))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (207, b"{}"),
        (200, b'{"errors": [{"lead_id": "b", "detail": "Invalid"}]}'),
        (201, b'{"created": 1, "failed": 1}'),
        (201, b'{"error": "Something went wrong"}'),
        (200, b'{"success": false}'),
        (200, b'{"Success": "False", "message": "no"}'),
        (200, b'{"status": "error"}'),
        (202, b'{"status": "partial_sucess"}'),
        (200, b'{"status": "partial success"}'),
        (200, b'{"status": "Failed to create", "message": "no"}'),
        (200, b'{"status": 400}'),
        (200, b'{"error_type": 1, "detail": "x"}'),
    ],
)
def test_a_success_that_tells_of_a_failure_proves_nothing(status: int, body: bytes) -> None:
    """It is sent again until it is known what became of its leads, and in the end the run says so."""
    for action in ActionName:
        assert v4.decide(action, answer(status, body)).disposition is Disposition.JUDGE
        with pytest.raises(UnreadableAnswerError):
            v4.judge(action, [LEAD], answer(status, body))


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors": [], "failed": 0, "success": true, "status": "success", "status_code": 201}',
        b'{"status": 0, "message": "2 of 2"}',
        b'{"error": null, "failed": "0", "failures": {}, "success": 2}',
        b'{"data": {"lead_id": "a", "status": "failed", "outcome": "error"}}',
        b'{"lead_id": "a", "status": "Rejected", "error": "E42"}',
        b'[{"lead_id": "a", "status": "failed"}]',
        b'{"errors": [{}, {"phone_number": []}, null], "failed": {"count": 0}}',
        b'{"status": "Open"}',
        b'"failed"',
        b"7",
        b"[" * 500 + b"]" * 500,
    ],
)
def test_a_success_that_tells_of_none_proves_all(body: bytes) -> None:
    assert v4.judge(CREATE, [LEAD, LEAD], answer(201, body)) == [Accepted(), Accepted()]


def test_a_lead_that_is_repeated_with_its_own_fields_tells_of_no_failure() -> None:
    lead = {**LEAD, "status": "failed", "error": "E42"}
    assert v4.judge(UPDATE, [lead], answer(200, json.dumps({"data": lead}).encode())) == [Accepted()]


@pytest.mark.parametrize(
    "body", [NOT_FOUND, b'{"detail": "No lead in this campaign"}', b"Lead not found", b"", b"{}", b'{"detail": ""}']
)
@pytest.mark.parametrize(
    ("action", "verdict"),
    [(UPSERT, CreateInstead()), (DELETE, Accepted(absent=True)), (UPDATE, None), (CONVERT, None)],
)
def test_a_404_where_one_lead_is_sent_is_the_leads(action: ActionName, verdict: Any, body: bytes) -> None:
    assert v4.decide(action, answer(404, body)).disposition is Disposition.HALVE
    found = v4.judge_alone(action, LEAD, answer(404, body))
    assert found == verdict or (verdict is None and isinstance(found, Refused) and found.reason is Reason.UNKNOWN_LEAD)


@pytest.mark.parametrize("body", [b"[]", b"Not Found", b"default backend - 404"])
@pytest.mark.parametrize("action", [DELETE, UPSERT, UPDATE, CONVERT])
def test_a_404_that_is_not_the_apis_speaks_of_no_lead(action: ActionName, body: bytes) -> None:
    """What counts as gone is never asked for again: with a wrong address that would be everybody."""
    assert v4.decide(action, answer(404, body)).disposition is Disposition.STOP


@pytest.mark.parametrize("lacking", ["phone_number", "contact_name"])
def test_an_upsert_that_is_incomplete_creates_nothing(lacking: str) -> None:
    payload = {name: value for name, value in LEAD.items() if name != lacking}
    found = v4.judge_alone(UPSERT, payload, answer(404, NOT_FOUND))
    assert isinstance(found, Refused)
    assert found.reason is Reason.UNKNOWN_LEAD


@pytest.mark.parametrize("action", [CREATE, DISABLE])
def test_a_404_of_an_array_stops_the_run_unless_it_speaks_of_a_lead(action: ActionName) -> None:
    assert v4.decide(action, answer(404, NOT_FOUND)).disposition is Disposition.STOP
    told = b'{"detail": "lead_id:a doesn\'t exist on our platform."}'
    assert v4.decide(action, answer(404, told)).disposition is Disposition.HALVE
    assert v4.judge_alone(DISABLE, LEAD, answer(404, told)).reason is Reason.UNKNOWN_LEAD  # type: ignore[union-attr]


@pytest.mark.parametrize("action", ActionName)
@pytest.mark.parametrize(
    "body",
    [
        b"<html>404</html>",
        b'{"error_msg": "No active integration found."}',
        b'{"detail": "No such campaign."}',
        b'{"detail": "Campaign not found for this lead"}',
        b'{"detail": "The campaign for this lead does not exist."}',
        b'{"detail": "The campaign of lead_id a does not exist."}',
        b'{"campaign_id": ["Not found."], "leads": 0}',
        b'{"message": "no Route matched with those values"}',
        b'{"status": 404, "error": "Not Found", "path": "/api/v4/leads/delete/c/"}',
        b"Cannot POST /api/v4/leads/delete/c/",
        b"404 page not found",
    ],
)
def test_a_404_of_campaign_or_address_stops_the_run(action: ActionName, body: bytes) -> None:
    assert v4.decide(action, answer(404, body)).disposition is Disposition.STOP


@pytest.mark.parametrize(
    ("action", "body", "expected"),
    [
        (DELETE, b'{"detail": "lead_id:a has been deleted from our platform."}', Accepted()),
        (CONVERT, b'{"detail": "lead_id:a has been marked as converted from our platform."}', Accepted()),
        (UPSERT, b'{"detail": "lead_id:a has been deleted from our platform."}', Reason.LEAD_DELETED),
        (UPDATE, b'{"detail": "lead_id: a has already been marked as converted."}', Reason.LEAD_CONVERTED),
    ],
)
def test_what_is_so_already_is_done_and_what_was_said_has_its_reason(
    action: ActionName, body: bytes, expected: Any
) -> None:
    found = v4.judge_alone(action, LEAD, answer(404, body))
    assert (found.reason if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"phone_number": ["Invalid value provided."]}', Reason.INVALID_PHONE),
        (b'{"contact_name": ["This field may not be blank."]}', Reason.MISSING_FIELD),
        (b'{"detail": "Unjudged leads cannot be re-activated"}', Reason.LEAD_ACTIVE),
        (b"nonsense", Reason.OTHER),
    ],
)
def test_a_refused_lead_has_the_reason_that_was_said(body: bytes, reason: Reason) -> None:
    assert v4.decide(CREATE, answer(400, body)).disposition is Disposition.HALVE
    found = v4.judge_alone(CREATE, LEAD, answer(400, body))
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_a_create_that_may_have_arrived_before_is_done() -> None:
    said = b'{"lead_id": ["Lead with the same lead_id is already present"]}'
    found = v4.judge_alone(CREATE, LEAD, answer(400, said))
    assert isinstance(found, Refused)
    assert (found.reason, found.is_done_if_in_doubt) == (Reason.ALREADY_EXISTS, True)


@pytest.mark.parametrize(
    ("status", "disposition"),
    [
        (401, Disposition.STOP),
        (403, Disposition.STOP),
        (405, Disposition.STOP),
        (429, Disposition.WAIT),
        (500, Disposition.RETRY),
        (503, Disposition.RETRY),
    ],
)
def test_other_statuses_mean_what_they_mean_elsewhere(status: int, disposition: Disposition) -> None:
    assert v4.decide(UPDATE, answer(status)).disposition is disposition
    assert v4.decide(UPDATE, NoAnswerError(Failure.TIMEOUT)).disposition is Disposition.RETRY


def test_a_denied_caller_is_no_fault_of_the_lead() -> None:
    assert isinstance(v4.judge_alone(UPDATE, LEAD, answer(403)), Denied)
