"""Every error message of the documents means what the contract says; any other text harms nothing."""

from __future__ import annotations

import json
import warnings
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from squadstack.api.error_messages import (
    BUSY,
    NO_INTEGRATION,
    ErrorMessage,
    is_there,
    named_lead,
    read_error,
    reason_of,
)
from squadstack.api.verdicts import Reason

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
REQUIRED, BLANK, INVALID = "This field is required.", "This field may not be blank.", "Invalid value provided."

# CRM v2: the tables of status codes, the examples of the bulk endpoints, "Common status codes".
DUPLICATE = (
    "Duplicate Lead ID shared: A lead with the given Lead ID: 'lead2' is already present in this campaign, "
    "please use a different Lead ID, or reach out to us at support@squadstack.com."
)
UNKNOWN_OR_PROCESSED = (
    "Either lead with given lead_id does not exist in SquadIQ system or lead has already been processed by SquadIQ!"
)
DOCUMENTED = [
    ("create one: there already", '{"error_type":1,"detail":"Internal ID already exists"}', Reason.ALREADY_EXISTS),
    ("create many: there already", DUPLICATE, Reason.ALREADY_EXISTS),
    ("create: unique lead_id", "Lead with the same lead_id is already present", Reason.ALREADY_EXISTS),
    ("create: unique field", "Lead with the same unique_field_name is already present", Reason.CONFLICT),
    ("create: unique phone", "Lead with the same phone_number is already present", Reason.CONFLICT),
    ("create: unique e-mail", "Lead with the same e-mail address is already present", Reason.CONFLICT),
    ("active", "Unjudged leads cannot be re-activated", Reason.LEAD_ACTIVE),
    (
        "field errors as the tables have them",
        '{"field_name":["This field may not be blank./ Invalid value provided."]}',
        Reason.MISSING_FIELD,
    ),
    ("blank", '{"contact_name":["This field may not be blank."]}', Reason.MISSING_FIELD),
    ("blank phone", '{"phone_number":["This field may not be blank."]}', Reason.MISSING_FIELD),
    ("invalid phone", '{"phone_number":["Invalid value provided."]}', Reason.INVALID_PHONE),
    ("invalid field", '{"stage":["Invalid value provided."]}', Reason.INVALID_VALUE),
    ("bulk: invalid phone", "{'phone_number': 'Invalid value provided.'}", Reason.INVALID_PHONE),
    ("bulk: missing phone", "{'phone_number': 'This field is required.'}", Reason.MISSING_FIELD),
    ("bulk: missing name", "{'contact_name': 'This field is required.'}", Reason.MISSING_FIELD),
    ("bulk: missing id", "{'lead_id': 'This field is required.'}", Reason.MISSING_FIELD),
    ("bulk: missing detail", "{'detail': 'This field is required.'}", Reason.MISSING_FIELD),
    ("update one: unknown or processed", UNKNOWN_OR_PROCESSED, Reason.UNKNOWN_LEAD),
    (
        "update: converted",
        "We cannot accept this request as the lead_id: xxx has already been marked as converted.",
        Reason.LEAD_CONVERTED,
    ),
    ("convert one: no id", '{"detail":"\\"lead_id\\" is a required field!"}', Reason.MISSING_FIELD),
    (
        "convert one: converted",
        '{"detail":"lead_id:xxxxxx has been marked as converted from our platform."}',
        Reason.LEAD_CONVERTED,
    ),
    (
        "convert many: converted",
        "lead_id:lead1 has been marked as converted from our platform.",
        Reason.LEAD_CONVERTED,
    ),
    ("many: unknown", "lead_id:lead3 doesn't exist on our platform.", Reason.UNKNOWN_LEAD),
    ("disable, delete one: unknown", {"detail": '"lead_id" provided does not exist with us.'}, Reason.UNKNOWN_LEAD),
    ("disable, delete one: no id", {"detail": '"lead_id" is a required field!'}, Reason.MISSING_FIELD),
    ("delete many: deleted", "lead_id:lead101 has been deleted from our platform.", Reason.LEAD_DELETED),
]


@pytest.mark.parametrize(("text", "reason"), [row[1:] for row in DOCUMENTED], ids=[row[0] for row in DOCUMENTED])
def test_every_documented_message_has_its_reason_code(text: Any, reason: Reason) -> None:
    """As it stands, as JSON in a string, encoded once more, and inside an error_msg of its own."""
    for written in (text, json.dumps(text), json.dumps(json.dumps(text)), {"error_msg": text}):
        assert reason_of(read_error(written)) is reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{'phone_number': [ErrorDetail(string='Invalid value provided.', code='invalid')]}", Reason.INVALID_PHONE),
        ("{'city': [ErrorDetail(string='This field is required.', code='required')]}", Reason.MISSING_FIELD),
        ({"phone_number": ["Invalid value provided."]}, Reason.INVALID_PHONE),
        ({"contact_name": ["This field may not be null."]}, Reason.MISSING_FIELD),
        ({"stage": ['"x" is not a valid choice.']}, Reason.INVALID_VALUE),
        ({"stage": ['Invalid pk "5" - object does not exist.']}, Reason.INVALID_VALUE),
        ({"lead_id": ["This lead does not exist."]}, Reason.UNKNOWN_LEAD),
        ("lead_id:invalid doesn't exist on our platform.", Reason.UNKNOWN_LEAD),
        ('{"detail":"lead_id:required doesn\'t exist on our platform."}', Reason.UNKNOWN_LEAD),
        ("lead_id:x doesn\N{RIGHT SINGLE QUOTATION MARK}t exist on our platform.", Reason.UNKNOWN_LEAD),
        ("UNJUDGED LEADS CANNOT BE REACTIVATED", Reason.LEAD_ACTIVE),
        ("Something else", Reason.OTHER),
        ("", Reason.OTHER),
        (None, Reason.OTHER),
        ([], Reason.OTHER),
        ({}, Reason.OTHER),
        (7, Reason.OTHER),
    ],
)
def test_variants_of_them_have_the_same_reason_codes(text: Any, reason: Reason) -> None:
    assert reason_of(read_error(text)) is reason


def test_every_reason_code_but_no_campaign_comes_from_some_message() -> None:
    """no_campaign is the mapping's own."""
    found = {reason for _, _, reason in DOCUMENTED} | {Reason.OTHER, Reason.INVALID_VALUE}
    assert found == set(Reason) - {Reason.NO_CAMPAIGN}


@pytest.mark.parametrize(
    "text",
    [
        '{"error_type":1,"detail":"Another request for the same lead is getting processed already"}',
        '{"detail":"campaign:xxxx. Another request for the same lead is getting processed already","error_type":1}',
    ],
)
def test_a_lead_that_is_being_processed_is_told(text: str) -> None:
    assert BUSY.search(read_error(text).text)
    assert not BUSY.search(UNKNOWN_OR_PROCESSED)


@pytest.mark.parametrize("text", ["No active integration found.", "This endpoint is not enabled in your Integration"])
def test_a_campaign_that_is_refused_is_told(text: str) -> None:
    assert NO_INTEGRATION.search(read_error(text).text)


# -- parts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("plain", ErrorMessage("plain", {})),
        ("{'a': 'b', 'c': ['d', 'e']}", ErrorMessage("a: b; c: d; e", {"a": "b", "c": "d; e"})),
        ('{"a": ["b"]}', ErrorMessage("a: b", {"a": "b"})),
        ('"{\\"a\\": [\\"b\\"]}"', ErrorMessage("a: b", {"a": "b"})),
        ('{"error_type":1,"detail":"b"}', ErrorMessage("error_type: 1; detail: b", {})),
        ({"error_msg": {"error_msg": "b"}}, ErrorMessage("b", {})),
        ("{broken", ErrorMessage("{broken", {})),
        ("['a', 'b']", ErrorMessage("a; b", {})),
        (None, ErrorMessage("None", {})),
    ],
)
def test_a_message_is_taken_apart(value: Any, message: ErrorMessage) -> None:
    """Python's repr and JSON, once or twice encoded, are read; anything else stays a text."""
    assert read_error(value) == message


@pytest.mark.parametrize(
    ("text", "lead_id"),
    [
        ("lead_id:lead3 doesn't exist on our platform.", "lead3"),
        ("lead_id:a b has been marked as converted from our platform.", "a b"),
        ("We cannot accept this request as the lead_id: x-1 has already been marked as converted.", "x-1"),
        ("lead_id:7 has been deleted from our platform.", "7"),
        (DUPLICATE, "lead2"),
        (DUPLICATE.replace("lead2", "O'Brien"), "O'Brien"),
        ("{'lead_id': 'This field is required.'}", None),
        (UNKNOWN_OR_PROCESSED, None),
        ('"lead_id" provided does not exist with us.', None),
        ("Unjudged leads cannot be re-activated", None),
    ],
)
def test_the_lead_that_a_message_names_is_known(text: str, lead_id: str | None) -> None:
    assert named_lead(read_error(text)) == lead_id


@pytest.mark.parametrize(
    ("text", "lead_id", "is_it"),
    [
        (DUPLICATE, "lead2", True),
        (DUPLICATE, "lead", False),
        (DUPLICATE, None, True),
        ("Internal ID already exists", "any", True),
        ("Lead with the same lead_id is already present", "any", True),
        ("Lead with the same phone_number is already present", "any", False),
        ("Unjudged leads cannot be re-activated", "any", False),
    ],
)
def test_it_is_told_whether_this_very_lead_is_there_already(text: str, lead_id: str | None, *, is_it: bool) -> None:
    assert is_there(read_error(text), lead_id) is is_it


@pytest.mark.parametrize("text", [r"{'a': '\d'}", r"['\.']"])
def test_a_text_that_is_no_repr_makes_python_warn_nobody(text: str) -> None:
    """Python warns on standard error of escapes that it does not know; its repr makes none."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        assert read_error(text).text == text
    assert warned == []


# -- laws --------------------------------------------------------------------------------------------------

WRECK = "__import__('os')._exit(99)"


@LAW
@example('{"a": ' * 5_000)
@example("[" * 100_000)
@example("{" + "[" * 180 + "]" * 180 + "}")
@example(f"[{WRECK}]")
@example(f"{{'a': {WRECK}}}")
@example(f'"{WRECK}"')
@example("[0x" + "f" * 8_000 + "]")
@example("[" + "9" * 8_000 + "]")
@example("{'a': '\\ud800'}")
@example('{"a": "\\ud800\\u0000"}')
@example("{'a': '\\d'}")
@example("{1: 2, (3, 4): {5, 6}, b'x': ...}")
@example("{[]: 1}")
@example("{**{}}")
@example("[1e999, -1e999]")
@example("{\0}")
@given(st.text(alphabet="{}[]()'\"\\:,. 0123456789abcdefnrtuxlNTF-+*\0\ud800é") | st.text())
def test_no_text_whatever_is_evaluated_or_raises(text: str) -> None:
    """Law: reading gives texts that a database and a log can hold; the process is still there."""
    check(read_error(text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(categories=None)),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["error_msg", "error_type", "detail", "lead_id", "\0"]), inner)
    ),
)


@LAW
@given(JSON | JSON.map(json.dumps) | JSON.map(repr))
def test_no_value_whatever_raises(value: Any) -> None:
    """Law: as it was decoded, as JSON in a text and as Python's repr in a text."""
    check(read_error(value))


@pytest.mark.parametrize("deep", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_what_is_nested_deeply_is_told_in_part(deep: str) -> None:
    """A decoder goes deeper than a function of Python can."""
    for value in (deep, {"error_msg": msgspec.json.decode(deep)}, msgspec.json.decode(deep)):
        message = read_error(value)
        check(message)
        assert "\N{HORIZONTAL ELLIPSIS}" in message.text


def check(message: ErrorMessage) -> None:
    assert reason_of(message) in Reason
    for text in (message.text, *message.fields, *message.fields.values()):
        assert isinstance(text, str)
        assert "\0" not in text
        text.encode()
