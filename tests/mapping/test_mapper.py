"""Record → actions: what the rules make of a record (docs/mapping.md)."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squadstack.api.verdicts import ActionName, Reason
from squadstack.mapping.actions import LeadAction, Rejection
from squadstack.mapping.filters import is_yes
from squadstack.mapping.mapper import Mapper
from squadstack.mapping.phones import PhoneRules
from squadstack.mapping.rules import compile_rules

CANARY = "Canary"
PHONE = "9999900001"
FIELDS = {"lead_id": "id", "phone_number": "phone", "contact_name": "name"}
RECORD = {"id": 7, "phone": PHONE, "name": CANARY, "city": "Pune"}
TICKET = object()


def mapper(*mappings: dict[str, Any], **options: Any) -> Mapper:
    return Mapper(compile_rules(mappings, ref_id="main"), **options)


def outcomes(record: dict[str, Any], *mappings: dict[str, Any], **options: Any) -> list[LeadAction | Rejection]:
    return list(mapper(*mappings, **options).map("contacts", record, TICKET))


def rule(action: str = "upsert", **keys: Any) -> dict[str, Any]:
    fields = FIELDS if action in {"create", "update", "upsert"} else {"lead_id": "id"}
    return {"stream": "contacts", "action": action, "fields": fields, **keys}


def one(record: dict[str, Any], mapping: dict[str, Any], **options: Any) -> LeadAction | Rejection:
    (outcome,) = outcomes(record, mapping, **options)
    return outcome


def payload(record: dict[str, Any], mapping: dict[str, Any], **options: Any) -> dict[str, Any]:
    outcome = one(record, mapping, **options)
    assert isinstance(outcome, LeadAction), outcome.message
    return outcome.payload


def rejection(record: dict[str, Any], mapping: dict[str, Any], **options: Any) -> tuple[Reason, str]:
    outcome = one(record, mapping, **options)
    assert isinstance(outcome, Rejection)
    return outcome.reason, outcome.message


# -- rules -----------------------------------------------------------------------------------------------


def test_every_rule_that_matches_acts_in_order() -> None:
    """Three rules on a stream give three actions, in the rules' order, each in its campaign."""
    mappings = [
        rule(),
        {**rule(), "stream": "deals"},
        rule("convert", fields={"lead_id": "id", "detail": "'won'"}, ref_id="own"),
        {**rule("disable"), "stream": "con*"},
    ]
    found = outcomes(RECORD, *mappings)
    assert [(each.source.rule, each.name, each.lead) for each in found if isinstance(each, LeadAction)] == [
        (1, ActionName.UPSERT, ("main", "7")),
        (3, ActionName.CONVERT, ("own", "7")),
        (4, ActionName.DISABLE, ("main", "7")),
    ]


def test_an_action_knows_where_it_came_from_and_shows_no_value() -> None:
    action = one(RECORD, rule())
    assert (action.source.stream, action.source.rule, action.source.record) == ("contacts", 1, RECORD)
    assert action.source.ticket is TICKET
    assert CANARY not in repr(action)
    assert PHONE not in repr(action)


def test_a_record_of_a_stream_that_no_rule_names_gives_nothing() -> None:
    assert outcomes(RECORD, {**rule(), "stream": "deals"}) == []


def test_a_rejection_of_one_rule_leaves_the_others_alone() -> None:
    first, second, third = outcomes({**RECORD, "phone": "bad"}, rule(), rule("disable"), rule(when="1 / 0"))
    assert isinstance(first, Rejection)
    assert isinstance(second, LeadAction)
    assert isinstance(third, Rejection)


def test_without_mappings_a_record_is_upserted_as_it_is() -> None:
    """Its fields are named as SquadStack names them; what the SDK or the tap added is left out."""
    record = {"lead_id": 7, "phone_number": "+91 99999 00001", "contact_name": CANARY, "age": 30, "_sdc_lsn": 1}
    (action,) = Mapper(compile_rules([], ref_id="main")).map("any", record, None)
    assert isinstance(action, LeadAction)
    assert action.payload == {"lead_id": "7", "phone_number": PHONE, "contact_name": CANARY, "age": 30}
    assert action.incomplete == ()


# -- when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [None, False, 0, 0.0, -0.0, "", [], {}, "0", "false", "False", "FALSE", "no", "No", "NO", " no ", "  "],
    ids=repr,
)
def test_no(value: Any) -> None:
    """Null, false, 0, empty text, list or object, and the texts 0, false, no in any case are no."""
    assert not is_yes(value)
    assert outcomes({**RECORD, "flag": value}, rule(when="flag")) == []


@pytest.mark.parametrize(
    "value", [True, 1, -1, 0.5, "1", "true", "yes", "x", "null", "none", "00", "0.0", "off", [0], {"a": None}], ids=repr
)
def test_yes(value: Any) -> None:
    """Everything else is yes."""
    assert is_yes(value)
    assert len(outcomes({**RECORD, "flag": value}, rule(when="flag"))) == 1


@pytest.mark.parametrize("no", [None, False, 0, "", "0", "false", "NO"], ids=repr)
@pytest.mark.parametrize(
    ("when", "passes"),
    [
        ("not flag", True),
        ("not not flag", False),
        ("name == 'x' and flag", False),
        ("flag and name == 'x'", False),
        ("flag or other", False),
        ("flag or name", True),
        ("not (flag or other)", True),
        ("not (name and flag)", True),
        ("other if flag else name", True),
        ("(name and flag) if name else name", False),
        ("[item for item in [1] if flag]", False),
        ("[item for item in [1] if not flag] == [1]", True),
        ("join(name if flag else 'y') == 'y'", True),
        ("name and (not flag and name) == 'x'", True),
    ],
)
def test_the_parts_of_a_filter_mean_what_the_whole_does(when: str, no: Any, *, passes: bool) -> None:
    """A text "false", as HubSpot writes it, is no within `and`, `or`, `not` and a conditional too."""
    record = {**RECORD, "flag": no, "name": "x", "other": "0"}
    assert len(outcomes(record, rule(when=when))) == passes


def test_what_is_compared_in_a_filter_is_the_value_itself() -> None:
    """`or` picks a "0" where its value is asked for, as it does in a field; nothing is lost of it."""
    record = {**RECORD, "code": "0", "when": "no"}
    for when in ("(code or 'x') == '0'", "coalesce(code or 'x') == '0'", "(code and 'x') == 'x'"):
        assert len(outcomes(record, rule(when=when))) == 1
    sent = one(record, rule(fields={**FIELDS, "code": "code or 'x'", "when": "record.when or 'x'"}))
    assert isinstance(sent, LeadAction)
    assert (sent.payload["code"], sent.payload["when"]) == ("0", "no")


def test_a_comparison_with_null_lets_no_record_pass() -> None:
    """Neither `!=` nor `==` is yes for a lead without a stage."""
    for when in ("stage != 'customer'", "stage == 'customer'", "properties.stage != 'customer'", "stage not in ['x']"):
        assert outcomes({**RECORD, "stage": None}, rule(when=when)) == []
    assert len(outcomes({**RECORD, "stage": ""}, rule(when="stage != 'customer'"))) == 1


def test_a_filter_that_cannot_be_evaluated_rejects_the_action() -> None:
    outcome = one({**RECORD, "age": CANARY}, rule(when="int(age) > 18"))
    assert isinstance(outcome, Rejection)
    assert (outcome.reason, outcome.message) == (Reason.INVALID_VALUE, "when: ValueError")
    assert (outcome.action, outcome.campaign, outcome.lead_id) == ("upsert", "main", "7")


@pytest.mark.parametrize("changes", [{"when": "1 / 0"}, {"each": "1 / 0"}, {"each": "city"}])
def test_who_is_rejected_before_the_fields_are_read_is_told(changes: dict[str, Any]) -> None:
    """Else nobody finds the person again who wants to be forgotten."""
    outcome = one(RECORD, rule(fields={**FIELDS, "lead_id": "'c' + str(id)"}, **changes))
    assert isinstance(outcome, Rejection)
    assert outcome.lead_id == "c7"


# -- lead_id ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lead_id", "reason"),
    [
        (None, Reason.MISSING_FIELD),
        ("", Reason.MISSING_FIELD),
        ("  ", Reason.MISSING_FIELD),
        (True, Reason.INVALID_VALUE),
        (False, Reason.INVALID_VALUE),
        ([7], Reason.INVALID_VALUE),
        ({"id": 7}, Reason.INVALID_VALUE),
        ("x" * 256, Reason.INVALID_VALUE),
        (float("nan"), Reason.INVALID_VALUE),
        ("\ud800", Reason.INVALID_VALUE),
    ],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("action", ["create", "update", "upsert", "disable", "delete"])
def test_a_lead_id_that_is_missing_or_none_rejects_the_action(action: str, lead_id: Any, reason: Reason) -> None:
    assert rejection({**RECORD, "id": lead_id}, rule(action))[0] is reason


def test_a_missing_lead_id_may_have_another_candidate() -> None:
    mapping = rule(fields={**FIELDS, "lead_id": ["crm_id", "id"]})
    for nothing in (None, "", "  "):
        assert payload({**RECORD, "crm_id": nothing}, mapping)["lead_id"] == "7"


def test_a_whole_number_is_never_sent_as_a_float() -> None:
    assert payload({**RECORD, "id": 101.0}, rule())["lead_id"] == "101"
    assert payload({**RECORD, "id": 101.0}, rule(fields={**FIELDS, "lead_id": "tail(id)"}))["lead_id"] == "101"


# -- phone_number and contact_name -------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["create", "update", "upsert"])
@pytest.mark.parametrize("phone", ["12345", "+1 415-555-0100", "n/a", True, [PHONE]], ids=repr)
def test_a_phone_number_that_is_not_valid_rejects_the_action(action: str, phone: Any) -> None:
    reason, message = rejection({**RECORD, "phone": phone}, rule(action))
    assert (reason, message) == (Reason.INVALID_PHONE, "phone_number is no valid number of IN")


def test_of_several_candidates_the_first_mobile_number_is_sent() -> None:
    mapping = rule(fields={**FIELDS, "phone_number": ["office", "phone"]})
    assert payload({**RECORD, "office": "0806 123 4567"}, mapping)["phone_number"] == PHONE
    assert payload({**RECORD, "office": "0806 123 4567", "phone": None}, mapping)["phone_number"] == "8061234567"


def test_a_number_is_written_as_the_settings_say() -> None:
    assert payload(RECORD, rule(), phones=PhoneRules(e164=True))["phone_number"] == f"91{PHONE}"
    landline = {**RECORD, "phone": "0806 123 4567"}
    assert rejection(landline, rule(), phones=PhoneRules(mobile_only=True))[0] is Reason.INVALID_PHONE


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("name", ["phone", "name"])
def test_a_create_without_phone_number_or_contact_name_is_rejected(name: str, nothing: Any) -> None:
    field = {"phone": "phone_number", "name": "contact_name"}[name]
    told = (Reason.MISSING_FIELD, f"{field} missing")
    assert rejection({**RECORD, name: nothing}, rule("create")) == told
    assert rejection({**RECORD, name: nothing}, rule("create"), send_nulls=True) == told


def test_a_create_that_lacks_both_tells_both() -> None:
    assert rejection({"id": 7}, rule("create"))[1] == "phone_number and contact_name missing"


@pytest.mark.parametrize(
    ("record", "incomplete"),
    [
        ({}, ()),
        ({"phone": None}, ("phone_number",)),
        ({"phone": ""}, ("phone_number",)),
        ({"name": "  "}, ("contact_name",)),
        ({"phone": None, "name": None}, ("phone_number", "contact_name")),
    ],
    ids=str,
)
@pytest.mark.parametrize("send_nulls", [False, True])
def test_an_upsert_knows_what_it_lacks_for_a_new_lead(
    record: dict[str, Any], incomplete: tuple[str, ...], *, send_nulls: bool
) -> None:
    """Whether it may be sent is judged when its turn comes."""
    action = one({**RECORD, **record}, rule(), send_nulls=send_nulls)
    assert isinstance(action, LeadAction)
    assert action.incomplete == incomplete


def test_an_update_without_phone_number_is_complete_and_does_not_blank_it() -> None:
    action = one({**RECORD, "phone": None, "name": ""}, rule("update"))
    assert isinstance(action, LeadAction)
    assert (action.payload, action.incomplete) == ({"lead_id": "7"}, ())


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("x" * 48, "x" * 48),
        ("x" * 49, "x" * 48),
        ("न" * 60, "न" * 48),
        (123, "123"),
        (["Anita"], '["Anita"]'),
    ],
    ids=lambda value: str(value)[:10],
)
def test_a_contact_name_is_text_cut_to_48_characters(name: Any, sent: str) -> None:
    assert payload({**RECORD, "name": name}, rule())["contact_name"] == sent


def test_an_empty_contact_name_gives_way_to_the_next_candidate() -> None:
    mapping = rule(fields={**FIELDS, "contact_name": ["join(first, last)", "name", "email"]})
    assert payload({**RECORD, "first": "", "last": None, "name": "", "email": "a@x"}, mapping)["contact_name"] == "a@x"


# -- other fields ------------------------------------------------------------------------------------------


def test_a_field_is_the_first_candidate_that_is_not_null_and_empty_text_is_a_value() -> None:
    mapping = rule(fields={**FIELDS, "city": ["town", "city"]})
    assert payload({**RECORD, "town": None}, mapping)["city"] == "Pune"
    assert payload({**RECORD, "town": ""}, mapping)["city"] == ""
    assert payload({**RECORD, "town": 0}, mapping)["city"] == 0


def test_candidates_behind_the_usable_one_are_not_evaluated() -> None:
    mapping = rule(fields={**FIELDS, "city": ["city", "1 / 0"], "contact_name": ["name", "1 / 0"]})
    assert payload(RECORD, mapping)["city"] == "Pune"


def test_a_literal_is_quoted() -> None:
    mapping = rule(fields={**FIELDS, "source": "'hubspot'", "score": "5", "vip": "True"})
    assert payload(RECORD, mapping) | {} == {
        "lead_id": "7",
        "phone_number": PHONE,
        "contact_name": CANARY,
        "source": "hubspot",
        "score": 5,
        "vip": "true",
    }


def test_nulls_are_left_out_or_sent_as_the_setting_says() -> None:
    mapping = rule("update", fields={**FIELDS, "city": "nothing", "age": "age"}, include=["email", "pin"])
    record = {"id": 7, "age": None, "email": None, "pin": ""}
    assert payload(record, mapping) == {"lead_id": "7", "pin": ""}
    assert payload(record, mapping, send_nulls=True) == {
        "lead_id": "7",
        "phone_number": None,
        "contact_name": None,
        "city": None,
        "age": None,
        "email": None,
        "pin": "",
    }


def test_lists_and_objects_are_sent_as_json_text() -> None:
    record = {**RECORD, "tags": ["vip", {"a": None}], "address": {"city": "पुणे"}}
    sent = payload(record, rule(include=["tags", "address"]))
    assert sent["tags"] == '["vip", {"a": null}]'
    assert sent["address"] == '{"city": "पुणे"}'


def test_included_fields_come_under_their_own_names_and_the_rules_fields_win() -> None:
    record = {**RECORD, "email": "a@x", "utm_source": "s", "utm_medium": "m", "Lead Id": 1, "_sdc_lsn": 5}
    mapping = rule(fields={**FIELDS, "email": "'own'"}, include=["utm_*", "email", "Lead Id", "absent"])
    assert payload(record, mapping) == {
        "lead_id": "7",
        "phone_number": PHONE,
        "contact_name": CANARY,
        "email": "own",
        "utm_source": "s",
        "utm_medium": "m",
        "Lead Id": 1,
    }


def test_a_star_is_all_fields_but_those_of_the_sdk() -> None:
    record = {**RECORD, "_sdc_lsn": 5, "_sdc_deleted_at": "2026"}
    assert payload(record, rule(include=["*"])).keys() == {
        "lead_id", "phone_number", "contact_name", "id", "phone", "name", "city",
    }  # fmt: skip
    named = payload(record, rule(fields={**FIELDS, "_sdc_lsn": "_sdc_lsn"}, include=["*", "_sdc_deleted_at"]))
    assert (named["_sdc_lsn"], named["_sdc_deleted_at"]) == (5, "2026")


@pytest.mark.parametrize("action", ["create", "update", "upsert", "convert"])
@pytest.mark.parametrize("when", [None, "city == 'Pune'"])
def test_a_row_that_the_source_deleted_makes_no_lead(action: str, when: str | None) -> None:
    """But of a rule that reads when it was deleted, and a deleted lead can always be disabled or deleted."""
    record = {**RECORD, "_ab_cdc_deleted_at": "2026-10-03T16:45:01Z"}
    mapping = rule(action, include=["*", "_ab_cdc_*"], **({} if when is None else {"when": when}))
    assert outcomes(record, mapping) == []
    for nothing in (None, ""):
        assert len(outcomes({**record, "_ab_cdc_deleted_at": nothing}, mapping)) == 1
    assert outcomes({**record, "_ab_cdc_deleted_at": {"at": 1}}, mapping) == []
    for reading in ("_ab_cdc_deleted_at", "record['_ab_cdc_deleted_at']", "city and _ab_cdc_deleted_at != ''"):
        assert len(outcomes(record, {**mapping, "when": reading})) == 1
    assert [len(outcomes(record, rule(one))) for one in ("disable", "delete")] == [1, 1]


def test_an_included_phone_number_is_a_phone_number() -> None:
    record = {"id": 1, "phone_number": "+91 99999 00001", "contact_name": "x" * 60, "lead_id": "other"}
    sent = payload(record, rule(fields={"lead_id": "id"}, include=["*"]))
    assert (sent["lead_id"], sent["phone_number"], len(sent["contact_name"])) == ("1", PHONE, 48)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "\ud800", ["\udfff"], {"a": float("-inf")}], ids=repr)
def test_what_no_json_can_carry_rejects_that_action_only(bad: Any) -> None:
    """A rule that does not send it is not touched by it."""
    first, second = outcomes({**RECORD, "city": bad}, rule(include=["city"]), rule())
    assert isinstance(first, Rejection)
    assert first.reason is Reason.INVALID_VALUE
    assert first.lead_id == "7"
    assert isinstance(second, LeadAction)


def test_a_name_with_a_lone_surrogate_rejects_the_action_that_would_send_it() -> None:
    record = {**RECORD, "\ud800": 1}
    assert rejection(record, rule(include=["*"])) == (
        Reason.INVALID_VALUE,
        "a field's name: a text holds a lone surrogate",
    )
    assert payload(record, rule())


def test_a_message_of_a_rejection_holds_no_value() -> None:
    record = {**RECORD, "id": [CANARY], "phone": CANARY, "city": CANARY}
    for mapping in (rule(), rule(fields={**FIELDS, "lead_id": "'a'"}), rule(fields={**FIELDS, "lead_id": "int(city)"})):
        outcome = one(record, mapping)
        assert isinstance(outcome, Rejection)
        assert CANARY not in outcome.message
        assert CANARY not in repr(outcome)


# -- convert, disable, delete ---------------------------------------------------------------------------------


def convert(detail: Any, **keys: Any) -> dict[str, Any]:
    return rule("convert", fields={"lead_id": "id", "detail": detail}, **keys)


def test_a_detail_object_stays_an_object_with_its_values_converted() -> None:
    record = {**RECORD, "sum": 2499.0, "paid": True, "items": [1], "note": None, "order": "#1"}
    detail = {"order": "order", "sum": "sum", "paid": "paid", "items": "items", "note": ["note", "nothing"]}
    sent = {"order": "#1", "sum": "2499", "paid": "true", "items": "[1]"}
    assert payload(record, convert(detail)) == {"lead_id": "7", "detail": sent}
    assert payload(record, convert(detail), send_nulls=True)["detail"] == {**sent, "note": None}


def test_a_detail_of_one_expression_may_be_text_number_or_object() -> None:
    assert payload(RECORD, convert("city"))["detail"] == "Pune"
    assert payload(RECORD, convert("0"))["detail"] == 0
    assert payload(RECORD, convert("{'sum': 1.0, 'note': None}"))["detail"] == {"sum": "1"}
    assert payload(RECORD, convert("{'sum': 1.0, 'note': None}"), send_nulls=True)["detail"] == {
        "sum": "1",
        "note": None,
    }
    assert payload(RECORD, convert(["nothing", "city"]))["detail"] == "Pune"
    assert payload({**RECORD, "detail": {"a": 1}}, rule("convert", include=["detail"]))["detail"] == {"a": 1}


@pytest.mark.parametrize("send_nulls", [False, True])
@pytest.mark.parametrize(
    "detail", ["nothing", "''", "{}", "[]", "{'a': None}", ["nothing", "nothing"], {"a": "nothing"}]
)
def test_an_empty_detail_rejects_the_action(detail: Any, *, send_nulls: bool) -> None:
    told = (Reason.MISSING_FIELD, "detail is empty")
    assert rejection(RECORD, convert(detail), send_nulls=send_nulls) == told


@pytest.mark.parametrize("action", ["disable", "delete"])
def test_a_disable_or_delete_sends_the_lead_id_and_nothing_else(action: str) -> None:
    assert payload({**RECORD, "phone": "bad"}, rule(action, include=["*"])) == {"lead_id": "7"}


# -- law ---------------------------------------------------------------------------------------------------

MAPPINGS = [
    rule(),
    rule("create", include=["*"]),
    rule("update", when="flag != 'x'", include=["a", "_*"]),
    rule(fields={"lead_id": ["id", "a"], "phone_number": ["a", "phone"], "contact_name": "join(name, a)", "b": "b"}),
    rule("convert", fields={"lead_id": "tail(id)", "detail": {"a": "a", "b": ["b.a", "b[0]"]}}),
    rule("convert", fields={"lead_id": "str(id)", "detail": "coalesce(a, b)"}),
    rule("disable", when="flag"),
    rule("delete", when="not flag"),
    rule(when="int(a) > 1", fields={**FIELDS, "x": "a + b", "y": "a.upper()", "z": "[i for i in b]"}),
    rule(fields={**FIELDS, "x": "to_json(b)", "y": "record.get('a')", "z": "md5(a)", "join": "join", "item": "item"}),
]

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(categories=None), max_size=8)  # lone surrogates included
    | st.sampled_from(["", " ", PHONE, "+919999900001", "+14155550100", "0806 123 4567", "false", 9999900001, 101.0])
    | st.just(10**4299),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab\ud800"), inner, max_size=3),
    max_leaves=5,
)
RECORDS = st.dictionaries(
    st.sampled_from(["id", "phone", "name", "flag", "a", "b", "_sdc_x", "join", "record", "item", "\udfff"]), VALUES
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=500)
@given(record=RECORDS, send_nulls=st.booleans())
def test_any_record_gives_for_every_rule_nothing_one_action_or_one_rejection(
    record: dict[str, Any], *, send_nulls: bool
) -> None:
    """Law: never an exception; and what is sent is what the API takes, whatever the tap wrote."""
    before = copy.deepcopy(record)
    found = outcomes(record, *MAPPINGS, send_nulls=send_nulls)
    assert repr(record) == repr(before)

    numbers = [outcome.source.rule for outcome in found]
    assert numbers == sorted(set(numbers))
    for outcome in found:
        if isinstance(outcome, LeadAction):
            check(outcome, send_nulls=send_nulls)
        else:
            assert outcome.reason in {Reason.MISSING_FIELD, Reason.INVALID_PHONE, Reason.INVALID_VALUE}


def check(action: LeadAction, *, send_nulls: bool) -> None:
    sent = action.payload
    msgspec.json.encode(sent)
    json.dumps(sent, ensure_ascii=False).encode()
    lead_id = sent["lead_id"]
    assert isinstance(lead_id, str)
    assert lead_id == action.lead.lead_id == lead_id.strip()
    assert 1 <= len(lead_id) <= 255
    if action.name in {"disable", "delete"}:
        assert sent.keys() == {"lead_id"}
    if action.name == "convert":
        assert sent.keys() == {"lead_id", "detail"}
        assert sent["detail"] not in (None, "", {}, [])
    if action.name == "create":
        assert sent["phone_number"]
        assert sent["contact_name"]
    assert re.fullmatch(r"[0-9]{10}", str(sent.get("phone_number") or PHONE))
    assert len(str(sent.get("contact_name") or "")) <= 48
    values = [part for value in sent.values() for part in (value.values() if isinstance(value, dict) else [value])]
    assert {type(value) for value in values} <= {str, int} | ({type(None)} if send_nulls else set())
    assert not any(name.startswith("_sdc_") for name in sent)
