"""The CRM v2 dialect: a lead is accepted only by its own row (CRM v2, "Squadstack Bulk API Reference")."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from squadstack.api.crm_v2 import judge, judge_alone, request
from squadstack.api.messages import Response
from squadstack.api.verdicts import (
    Accepted,
    ActionName,
    Denied,
    Later,
    Reason,
    Refused,
    UnreadableAnswerError,
    Verdict,
)

EXAMPLES = sorted((Path(__file__).parent.parent / "sandbox" / "documented").glob("*-many-*.json"))
CANARY = "canary-9999900001"
CREATE, UPDATE, UPSERT, CONVERT, DISABLE, DELETE = ActionName
IDS = ["lead1", "lead2", "lead3"]


def payloads(*ids: str) -> list[dict[str, Any]]:
    return [{"lead_id": lead_id, "city": "Pune"} for lead_id in ids or IDS]


def good(lead_id: str, **data: Any) -> dict[str, Any]:
    return {"status_code": 200, "data": {"lead_id": lead_id, "city": "Pune", **data}}


def bad(status: int, text: Any) -> dict[str, Any]:
    return {"status_code": status, "data": {"error_msg": text}}


def answer(*rows: Any, status: int = 200) -> Response:
    return Response(status, body=json.dumps({"status": "partial_sucess", "result": rows}).encode())


def verdict(row: Any, action: ActionName = UPSERT, lead_id: str = "lead1") -> Verdict:
    (one,) = judge(action, payloads(lead_id), answer(row))
    return one


def unreadable(response: Response, action: ActionName = UPSERT, sent: list[dict[str, Any]] | None = None) -> str:
    with pytest.raises(UnreadableAnswerError) as caught:
        judge(action, sent or payloads(), response)
    assert CANARY not in str(caught.value)
    return str(caught.value)


# -- the call ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "endpoint"),
    [
        (CREATE, "lead-created"),
        (UPDATE, "lead-updated"),
        (UPSERT, "lead-upserted"),
        (CONVERT, "lead-converted"),
        (DISABLE, "lead-disabled"),
        (DELETE, "lead-deleted"),
    ],
)
@pytest.mark.parametrize("count", [1, 3])
def test_every_action_is_a_post_of_an_array_to_its_endpoint(action: ActionName, endpoint: str, count: int) -> None:
    """One lead or many."""
    call = request("ref-1", action, payloads()[:count])
    assert (call.method, call.path) == ("POST", f"/voice/crm-integration-v2/ref-1/{endpoint}")
    assert json.loads(call.body) == payloads()[:count]


@pytest.mark.parametrize("campaign", ["a/b", "a?b", "a#b", "a b", "../x", "पुणे", "%2e"])
def test_a_ref_id_never_leaves_its_place_in_the_path(campaign: str) -> None:
    path = request(campaign, UPSERT, payloads()).path
    assert re.fullmatch(r"/voice/crm-integration-v2/[A-Za-z0-9%._~-]+/lead-upserted", path)


def test_big_integers_text_of_any_script_and_nested_details_are_sent_as_they_are() -> None:
    sent = [{"lead_id": "1", "big": 10**40, "name": "पुणे 🙂\0", "detail": {"a": "1"}, "nothing": None}]
    call = request("r", CONVERT, sent)
    assert json.loads(call.body) == sent
    assert "Pune" not in repr(request("r", CONVERT, payloads()))


# -- rows ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_documented_answer_to_many_leads_is_read_as_documented(path: Path) -> None:
    """A row of 200 accepts its lead, any other refuses it; only what is so already is accepted too."""
    documented = json.loads(path.read_text())
    action = next(name for name in ActionName if path.stem.startswith(name))
    sent = [{"lead_id": "", **lead} for lead in documented["request"]["body"]]
    body = documented["answer"]["body"]
    for row, one in zip(
        body["result"], judge(action, sent, Response(200, body=json.dumps(body).encode())), strict=True
    ):
        text = row["data"].get("error_msg", "")
        is_absent = action is DELETE and "doesn't exist" in text
        is_done = is_absent or "has been deleted" in text
        if row["status_code"] == 200 or is_done:
            assert one == Accepted(absent=is_absent)
        else:
            assert isinstance(one, Refused)
            assert one.reason is not Reason.OTHER


def test_all_documented_answers_are_here() -> None:
    assert len(EXAMPLES) == 18


def test_each_lead_has_the_verdict_of_its_own_position() -> None:
    refusal = "{'phone_number': 'Invalid value provided.'}"
    found = judge(UPSERT, payloads(), answer(good("lead1"), bad(400, refusal), good("lead3")))
    assert found == [
        Accepted(),
        Refused(Reason.INVALID_PHONE, "phone_number: Invalid value provided."),
        Accepted(),
    ]


@pytest.mark.parametrize(
    "row",
    [
        good("lead1"),
        {"status_code": 201, "data": {"lead_id": "lead1"}},
        {"status_code": 202, "data": {"lead_id": "lead1"}},
        {"status_code": "200", "data": {"lead_id": "lead1"}},
        {"status_code": 200, "data": {"lead_id": " lead1 "}},
        {"status_code": 200, "data": {"lead_id": None}},
        {"status_code": 200, "data": {}},
        {"status_code": 200, "data": None},
        {"status_code": 200},
    ],
    ids=str,
)
def test_a_row_of_2xx_accepts_its_lead_unless_it_names_another(row: dict[str, Any]) -> None:
    assert verdict(row) == Accepted()


def test_an_id_that_comes_back_as_a_number_is_the_same_id() -> None:
    assert verdict({"status_code": 200, "data": {"lead_id": 7}}, lead_id="7") == Accepted()


def test_a_field_of_the_lead_called_error_msg_may_come_back() -> None:
    """All keys that were sent are echoed."""
    sent = [{"lead_id": "lead1", "error_msg": "x"}]
    assert judge(UPDATE, sent, answer(good("lead1", error_msg="x"))) == [Accepted()]


@pytest.mark.parametrize("overall", ["success", "partial_sucess", "partial_success", "failure", "SUCCESS", None, 7])
def test_what_the_answer_says_of_itself_as_a_whole_decides_nothing(overall: Any) -> None:
    body = {"status": overall, "result": [good("lead1"), bad(400, "x"), good("lead3")], "metadata": {"success": 0}}
    found = judge(UPSERT, payloads(), Response(200, body=json.dumps(body).encode()))
    assert [type(one) for one in found] == [Accepted, Refused, Accepted]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (bad(429, "Request was throttled."), Later("SquadStack could not take it now (429)", did_nothing=True)),
        (bad(500, "technical issues"), Later("SquadStack could not take it now (500)")),
        (bad(503, ""), Later("SquadStack could not take it now (503)")),
        (bad(408, ""), Later("SquadStack could not take it now (408)")),
        (
            bad(409, '{"error_type":1,"detail":"Another request for the same lead is getting processed already"}'),
            Later("another request for the same lead is being processed", did_nothing=True),
        ),
        (
            bad(400, "Another request for the same lead is getting processed already"),
            Later("another request for the same lead is being processed", did_nothing=True),
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("action", ActionName)
def test_a_row_that_may_succeed_later_is_sent_again(action: ActionName, row: dict[str, Any], expected: Later) -> None:
    assert verdict(row, action) == expected


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (bad(401, "Invalid auth token"), "token"),
        (bad(403, "You do not have permission to perform this action."), "permission"),
        (bad(404, "No active integration found."), "no active integration"),
        (bad(400, "No active integration found."), "no active integration"),
        (bad(404, "This endpoint is not enabled in your Integration"), "not enabled"),
    ],
)
def test_a_row_that_refuses_the_caller_stops_the_run_with_the_sentence_for_the_user(row: Any, said: str) -> None:
    found = verdict(row)
    assert isinstance(found, Denied)
    assert said in found.sentence


CONVERTED = "lead_id:{} has been marked as converted from our platform."
CONVERTED_BEFORE = "We cannot accept this request as the lead_id: {} has already been marked as converted."
DELETED = "lead_id:{} has been deleted from our platform."
UNKNOWN = "lead_id:{} doesn't exist on our platform."
DUPLICATE = "Duplicate Lead ID shared: A lead with the given Lead ID: '{}' is already present in this campaign, please"


@pytest.mark.parametrize(
    ("action", "status", "text", "expected"),
    [
        (CONVERT, 400, CONVERTED, Accepted()),
        (CONVERT, 400, '{{"detail":"' + CONVERTED + '"}}', Accepted()),
        (DELETE, 404, DELETED, Accepted()),
        (DELETE, 400, UNKNOWN, Accepted(absent=True)),
        (DELETE, 404, '"lead_id" provided does not exist with us.', Accepted(absent=True)),
        (UPDATE, 400, CONVERTED_BEFORE, Reason.LEAD_CONVERTED),
        (UPSERT, 400, CONVERTED_BEFORE, Reason.LEAD_CONVERTED),
        (DISABLE, 400, CONVERTED, Reason.LEAD_CONVERTED),
        (DELETE, 400, CONVERTED, Reason.LEAD_CONVERTED),
        (DISABLE, 404, DELETED, Reason.LEAD_DELETED),
        (UPSERT, 404, DELETED, Reason.LEAD_DELETED),
        (CONVERT, 400, UNKNOWN, Reason.UNKNOWN_LEAD),
        (DISABLE, 400, UNKNOWN, Reason.UNKNOWN_LEAD),
        (UPDATE, 400, UNKNOWN, Reason.UNKNOWN_LEAD),
        (CREATE, 409, DUPLICATE, Reason.ALREADY_EXISTS),
        (UPSERT, 400, "Unjudged leads cannot be re-activated", Reason.LEAD_ACTIVE),
        (CREATE, 409, "Lead with the same email is already present", Reason.CONFLICT),
        (DELETE, 400, "{{'lead_id': 'This field is required.'}}", Reason.MISSING_FIELD),
        (UPSERT, 418, "I'm a teapot", Reason.OTHER),
    ],
)
def test_what_is_so_already_is_done_and_the_rest_is_rejected(
    action: ActionName, status: int, text: str, expected: Accepted | Reason
) -> None:
    """Converted, to a convert; deleted or not there, to a delete; everything else has its reason code."""
    found = verdict(bad(status, text.format("lead1")), action)
    assert (found.reason if isinstance(found, Refused) else found) == expected


@pytest.mark.parametrize(("action", "text"), [(CONVERT, CONVERTED), (DELETE, DELETED), (DELETE, UNKNOWN)])
def test_what_is_so_of_another_lead_is_not_done_of_this_one(action: ActionName, text: str) -> None:
    assert isinstance(verdict(bad(400, text.format("lead10")), action), Refused)


@pytest.mark.parametrize(
    ("action", "text", "is_done"),
    [
        (CREATE, DUPLICATE.format("lead1"), True),
        (CREATE, DUPLICATE.format("lead10"), False),
        (CREATE, '{"error_type":1,"detail":"Internal ID already exists"}', True),
        (CREATE, "Lead with the same lead_id is already present", True),
        (CREATE, "Unjudged leads cannot be re-activated", True),
        (CREATE, "Lead with the same email is already present", False),
        (CREATE, "{'phone_number': 'Invalid value provided.'}", False),
        (UPSERT, "Unjudged leads cannot be re-activated", False),
        (UPDATE, DUPLICATE.format("lead1"), False),
    ],
)
def test_a_create_in_doubt_is_done_if_this_very_lead_is_there(action: ActionName, text: str, *, is_done: bool) -> None:
    """Not in doubt, it is a reject: that is for whoever knows of the earlier try."""
    found = verdict(bad(409, text), action)
    assert isinstance(found, Refused)
    assert found.is_done_if_in_doubt is is_done


def test_a_refusals_message_is_not_shown() -> None:
    found = verdict(bad(400, f"{{'city': '{CANARY}'}}"))
    assert isinstance(found, Refused)
    assert CANARY in found.message
    assert CANARY not in repr(found)


# -- answers that prove nothing ----------------------------------------------------------------------------------

NO_LIST = "the answer holds no result list"
NO_STATUS = "a row of the answer has no status"
ANOTHER = "a row of the answer names another lead than was sent there"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "the answer is no JSON"),
        (b"<html>canary-9999900001</html>", "the answer is no JSON"),
        (b'{"result": [', "the answer is no JSON"),
        (b"\xff\xfe", "the answer is no JSON"),
        (b"[" * 100_000, "the answer is no JSON"),
        (b'{"result": NaN}', "the answer is no JSON"),
        (b"{}", NO_LIST),
        (b"null", NO_LIST),
        (b"[]", NO_LIST),
        (b'{"result": null}', NO_LIST),
        (b'{"result": {}}', NO_LIST),
        (b'{"results": []}', NO_LIST),
        (b'{"result": [null, null, null]}', NO_LIST),
        (b'{"result": [[], [], []]}', NO_LIST),
        (b'{"result": []}', "the answer holds 0 rows for 3 leads"),
        (b'{"lead_id": "lead1"}', NO_LIST),
    ],
)
def test_an_answer_without_a_result_list_of_the_length_that_was_sent_proves_nothing(body: bytes, told: str) -> None:
    assert unreadable(Response(200, body=body)) == told


def test_a_row_too_few_or_too_many_proves_nothing() -> None:
    assert unreadable(answer(good("lead1"), good("lead2"))) == "the answer holds 2 rows for 3 leads"
    assert unreadable(answer(*map(good, IDS), good("lead4"))) == "the answer holds 4 rows for 3 leads"


@pytest.mark.parametrize(
    "status", [None, True, False, "", "ok", "2e2", "\N{ARABIC-INDIC DIGIT TWO}00", "9" * 5_000, 200.0, [200], {}]
)
def test_a_row_without_a_status_proves_nothing(status: Any) -> None:
    row = {"status_code": status, "data": {"lead_id": "lead2"}}
    assert unreadable(answer(good("lead1"), row, good("lead3"))) == NO_STATUS


def test_a_row_without_any_status_proves_nothing() -> None:
    assert unreadable(answer(good("lead1"), {"data": {"lead_id": "lead2"}}, good("lead3"))) == NO_STATUS
    assert unreadable(answer(good("lead1"), {"status": 200}, good("lead3"))) == NO_STATUS


@pytest.mark.parametrize("status", [0, -1, 100, 199, 300, 302, 600, 20_000, 10**30])
def test_a_row_with_a_status_that_means_nothing_proves_nothing(status: int) -> None:
    row = {"status_code": status, "data": {"lead_id": "lead2"}}
    assert "which means nothing here" in unreadable(answer(good("lead1"), row, good("lead3")))


@pytest.mark.parametrize("named", ["lead1", "lead", "LEAD2", "", 2, True, ["lead2"], {"lead_id": "lead2"}])
def test_a_success_that_names_another_lead_proves_nothing_for_any(named: Any) -> None:
    row = {"status_code": 200, "data": {"lead_id": named}}
    assert unreadable(answer(good("lead1"), row, good("lead3"))) == ANOTHER


def test_rows_in_another_order_prove_nothing() -> None:
    assert unreadable(answer(*map(good, reversed(IDS)))) == ANOTHER
    assert (
        unreadable(answer(bad(400, UNKNOWN.format("lead2")), bad(400, UNKNOWN.format("lead1")), good("lead3")))
        == ANOTHER
    )


@pytest.mark.parametrize(
    ("action", "text"),
    [(CONVERT, CONVERTED), (UPSERT, CONVERTED_BEFORE), (DELETE, DELETED), (DELETE, UNKNOWN), (CREATE, DUPLICATE)],
)
def test_a_failure_that_names_another_lead_of_the_call_proves_nothing_for_any(action: ActionName, text: str) -> None:
    rows = (good("lead1"), bad(400, text.format("lead3")), good("lead3"))
    assert unreadable(answer(*rows), action) == ANOTHER
    named = {"status_code": 400, "data": {"lead_id": "lead3", "error_msg": "x"}}
    assert unreadable(answer(good("lead1"), named, good("lead3")), action) == ANOTHER


def test_field_errors_under_the_name_of_lead_id_name_no_lead() -> None:
    row = {"status_code": 400, "data": {"lead_id": ["This field may not be blank."]}}
    found = verdict(row)
    assert isinstance(found, Refused)
    assert found.reason is Reason.MISSING_FIELD


def test_a_success_that_holds_an_error_proves_nothing() -> None:
    row = {"status_code": 200, "data": {"error_msg": CANARY}}
    assert (
        unreadable(answer(good("lead1"), row, good("lead3"))) == "a row of the answer is a success and holds an error"
    )


# -- refused alone -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "status", "body", "expected"),
    [
        (UPSERT, 400, b'{"error_msg":"{\\"phone_number\\":[\\"Invalid value provided.\\"]}"}', Reason.INVALID_PHONE),
        (UPSERT, 400, b'{"error_msg":"{"field_name":["This field may not be blank."]}"}', Reason.MISSING_FIELD),
        (DISABLE, 400, b'{"detail": "\\"lead_id\\" is a required field!"}', Reason.MISSING_FIELD),
        (DELETE, 400, b'{"detail": "\\"lead_id\\" provided does not exist with us."}', Accepted(absent=True)),
        (CONVERT, 400, b'{"error_msg": "lead_id:lead1 has been marked as converted"}', Accepted()),
        (UPSERT, 400, b"<html>Bad Request</html>", Reason.OTHER),
        (UPSERT, 413, b"", Reason.OTHER),
        (UPSERT, 400, b"\xff\xfe\0", Reason.OTHER),
        (
            UPSERT,
            400,
            b'{"error_msg":"Another request for the same lead is getting processed already"}',
            Later("another request for the same lead is being processed", did_nothing=True),
        ),
        (UPSERT, 400, b"[" * 100_000, Reason.OTHER),
        (UPSERT, 400, b'{"a":' * 900 + b"1" + b"}" * 900, Reason.OTHER),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_refusal_of_a_call_is_its_only_leads_own(
    action: ActionName, status: int, body: bytes, expected: Accepted | Later | Reason
) -> None:
    found = judge_alone(action, payloads("lead1")[0], Response(status, body=body))
    assert (found.reason if isinstance(found, Refused) else found) == expected


# -- laws ------------------------------------------------------------------------------------------------------------

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ID = st.sampled_from([*IDS, "lead10", " lead1 ", "LEAD1", "", CANARY])
TEXT = st.sampled_from(
    [CONVERTED, CONVERTED_BEFORE, DELETED, UNKNOWN, DUPLICATE, "Unjudged leads cannot be re-activated", "x", ""]
)
MESSAGE = st.builds(str.format, TEXT, ID) | st.sampled_from(
    [
        "{'lead_id': 'This field is required.'}",
        "No active integration found.",
        '"lead_id" provided does not exist with us.',
    ]
)
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | ID
    | MESSAGE,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["lead_id", "error_msg", "status_code", "data"]), inner, max_size=3)
    ),
    max_leaves=6,
)
STATUS = st.sampled_from([200, 201, 202, 400, 404, 409, 429, 500, 301, 0, "200", "400", 200.0, True, None]) | ODD
DATA = (
    st.fixed_dictionaries({}, optional={"lead_id": ID, "city": st.just("Pune"), "error_msg": MESSAGE | ODD})
    | st.builds(lambda lead_id: {"lead_id": lead_id}, ID)
    | ODD
)
ROW = st.fixed_dictionaries({}, optional={"status_code": STATUS, "data": DATA}) | ODD
OWN = st.lists(st.sampled_from(["good", "bad", "odd"]), min_size=3, max_size=3).flatmap(
    lambda kinds: st.tuples(
        *(
            {
                "good": st.just(good(lead_id)),
                "bad": st.builds(bad, st.sampled_from([400, 404, 409]), MESSAGE),
                "odd": ROW,
            }[kind]
            for kind, lead_id in zip(kinds, IDS, strict=True)
        )
    ).map(list)
)
ROWS = OWN | OWN.flatmap(st.permutations) | st.lists(ROW, max_size=5) | ODD
BODY = st.builds(lambda rows: {"status": "success", "result": rows}, ROWS) | ODD


@settings(LAW, max_examples=2_000)
@example(CONVERT, {"result": [good("lead1"), bad(400, CONVERTED.format("lead3")), bad(400, CONVERTED.format("lead3"))]})
@example(DELETE, {"result": [bad(404, DELETED.format("lead2")), bad(404, DELETED.format("lead1")), good("lead3")]})
@given(st.sampled_from(ActionName), BODY)
def test_no_lead_is_accepted_without_its_own_row(action: ActionName, body: Any) -> None:
    """Law: whatever comes back, each lead is judged by the row at its position, or none is judged."""
    try:
        found = judge(action, payloads(), Response(200, body=json.dumps(body).encode()))
    except UnreadableAnswerError as error:
        assert CANARY not in str(error)  # noqa: PT017 - that nothing else is raised is the law
        return
    assert len(found) == len(body["result"]) == len(IDS)
    for lead_id, row, one in zip(IDS, body["result"], found, strict=True):
        if isinstance(one, Accepted):
            assert says_accepted(action, lead_id, row)


def says_accepted(action: ActionName, lead_id: str, row: dict[str, Any]) -> bool:
    """Whether a row says of this very lead that it is as it was asked to be; written anew, to disagree."""
    status, data = row["status_code"], row.get("data")
    named = data.get("lead_id") if isinstance(data, dict) else None
    if str(status) in {"200", "201", "202"} or (isinstance(status, int) and status // 100 == 2):
        has_error = isinstance(data, dict) and "error_msg" in data
        return not has_error and (named is None or str(named).strip() == lead_id)
    text = str(data.get("error_msg", data) if isinstance(data, dict) else data)
    others = [other for other in IDS if re.search(rf"\b{other}\b", text)]
    done = {"convert": ["marked as converted"], "delete": ["has been deleted", "exist"]}.get(action, [])
    return any(part in text for part in done) and set(others) <= {lead_id} and "lead10" not in text


@LAW
@given(st.sampled_from(ActionName), st.binary())
def test_no_body_whatever_raises_anything_else(action: ActionName, body: bytes) -> None:
    """Law: an answer that cannot be read says so, and a call refused as a whole always has its verdict."""
    with pytest.raises(UnreadableAnswerError):
        judge(action, payloads(), Response(200, body=body))
    alone = judge_alone(action, payloads("lead1")[0], Response(400, body=body))
    assert isinstance(alone, (Accepted, Refused, Later, Denied))


@pytest.mark.parametrize("deep", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_rows_that_are_nested_deeply_raise_nothing_else(deep: str) -> None:
    row = f'{{"status_code": 400, "data": {deep}}}'
    found = judge(UPSERT, payloads("lead1"), Response(200, body=f'{{"result": [{row}]}}'.encode()))
    assert isinstance(found[0], Refused)
    success = f'{{"status_code": 200, "data": {{"lead_id": {deep}}}}}'
    assert unreadable(Response(200, body=f'{{"result": [{success}]}}'.encode()), sent=payloads("lead1")) == ANOTHER
