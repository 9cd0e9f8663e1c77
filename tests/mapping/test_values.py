"""Values as they are sent: text and integers, everything else as text (docs/mapping.md)."""

from __future__ import annotations

import datetime
import functools
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from squadstack.mapping.values import InvalidValueError, decimal_text, to_detail, to_lead_id, to_payload

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
IST = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
DEEP = functools.reduce(lambda inner, _: [inner], range(100_000), [])


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        ("text", "text"),
        (" kept ", " kept "),
        ("", ""),
        ("पुणे 🙂", "पुणे 🙂"),
        ("250000.50", "250000.50"),
        (7, 7),
        (-1, -1),
        (10**30, 10**30),
        (True, "true"),
        (False, "false"),
        (2499.0, "2499"),
        (250000.5, "250000.5"),
        (0.1, "0.1"),
        (-0.0, "0"),
        (1e22, "10000000000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("250000.50"), "250000.5"),
        (Decimal("2.5E+3"), "2500"),
        (Decimal("-0.00"), "0"),
        (Decimal(100), "100"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=IST), "2026-01-02T03:04:05+05:30"),
        (datetime.time(3, 4), "03:04:00"),
        (["vip", "new"], '["vip", "new"]'),
        ({"a": None, "b": [1, 2.5]}, '{"a": null, "b": [1, 2.5]}'),
        ({"city": "पुणे"}, '{"city": "पुणे"}'),
        ([], "[]"),
        ({}, "{}"),
        (("a", 1), '["a", 1]'),
        ({"b", "a"}, '["a", "b"]'),
        ([Decimal("1.50"), datetime.date(2026, 1, 2)], '["1.5", "2026-01-02"]'),
    ],
    ids=repr,
)
def test_a_value_is_sent_as_text_or_integer(value: Any, sent: Any) -> None:
    result = to_payload(value)
    assert (result, type(result)) == (sent, type(sent))


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (float("nan"), "a number is not finite"),
        (float("inf"), "a number is not finite"),
        (float("-inf"), "a number is not finite"),
        (Decimal("NaN"), "a number is not finite"),
        (Decimal("sNaN"), "a number is not finite"),
        (Decimal("Infinity"), "a number is not finite"),
        (Decimal("1E+999999"), "a number is too long"),
        (Decimal("1E-999999"), "a number is too long"),
        pytest.param(10**5000, "a number is too long", id="5001 digits"),
        ("\ud800", "a text holds a lone surrogate"),
        ("ok \udfff", "a text holds a lone surrogate"),
        (["\ud800"], "a text holds a lone surrogate"),
        ({"\ud800": 1}, "a text holds a lone surrogate"),
        ([float("nan")], "an object or list cannot be written as JSON"),
        ({"a": {"b": float("inf")}}, "an object or list cannot be written as JSON"),
        ([10**5000], "an object or list cannot be written as JSON"),
        pytest.param(DEEP, "an object or list cannot be written as JSON", id="deep"),
        (b"bytes", "a value of type bytes cannot be sent"),
        ([b"bytes"], "a value of type bytes cannot be sent"),
        (len, "a value of type builtin_function_or_method cannot be sent"),
    ],
)
def test_what_no_json_can_carry_is_refused_without_showing_it(value: Any, fault: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        to_payload(value)
    assert str(caught.value) == fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.decimals(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@LAW
@given(JSON)
def test_a_value_is_null_text_or_an_integer_or_refused(value: Any) -> None:
    """Law: nothing else is sent, whatever a record holds; and it can be written as UTF-8."""
    try:
        sent = to_payload(value)
    except InvalidValueError:
        return
    assert sent is None or type(sent) in {str, int}
    json.dumps(sent, ensure_ascii=False).encode()


@LAW
@given(JSON)
def test_lists_and_objects_are_sent_as_json_that_says_the_same(value: Any) -> None:
    """Law: what is read back from the text is what was there."""
    value = json.loads(json.dumps([value], default=str))
    try:
        sent = to_payload(value)
    except InvalidValueError:
        return
    assert json.loads(str(sent)) == value


# -- numbers -------------------------------------------------------------------------------------------


@LAW
@example(5e-324)
@example(1.7976931348623157e308)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_written_without_exponent_and_reads_back_as_itself(value: float) -> None:
    """Law: the shortest text that is this very float, as repr has it, but never with an exponent."""
    text = decimal_text(value)
    assert "e" not in text.lower()
    assert float(text) == value
    assert Decimal(text) == Decimal(repr(value))
    assert not (text.endswith("0") and "." in text)


@LAW
@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_decimal_is_written_without_exponent_and_reads_back_as_itself(value: Decimal) -> None:
    """Law: no digit is lost, none is added."""
    text = decimal_text(value)
    assert "E" not in text.upper()
    assert Decimal(text) == value
    assert not text.endswith(".")


@LAW
@given(st.integers(-(2**53), 2**53))
def test_a_whole_float_is_written_as_the_integer_it_is(value: int) -> None:
    """Law: 101.0 is 101."""
    assert decimal_text(float(value)) == str(value)


# -- lead_id ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "lead_id"),
    [
        ("a-1", "a-1"),
        ("  a-1\t\n", "a-1"),
        ("\N{NO-BREAK SPACE}a\N{IDEOGRAPHIC SPACE}", "a"),
        ("a b", "a b"),
        (101, "101"),
        (101.0, "101"),
        (1e15, "1000000000000000"),
        (Decimal("101.0"), "101"),
        (0, "0"),
        ("0", "0"),
        ("101.0", "101.0"),
        ("x" * 255, "x" * 255),
        (" " + "x" * 255 + " ", "x" * 255),
        (None, None),
        ("", None),
        ("   ", None),
    ],
)
def test_a_lead_id_is_text_without_spaces_around_it(value: Any, lead_id: str | None) -> None:
    """A whole number never ends in .0; a text stays as it is; nothing but spaces is none."""
    assert to_lead_id(value) == lead_id


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("x" * 256, "lead_id is longer than 255 characters"),
        (10**255, "lead_id is longer than 255 characters"),
        (True, "lead_id is neither text nor a number"),
        ({"id": 1}, "lead_id is neither text nor a number"),
        ([1], "lead_id is neither text nor a number"),
        ({1}, "lead_id is neither text nor a number"),
        (float("nan"), "a number is not finite"),
        pytest.param(10**5000, "a number is too long", id="5001 digits"),
        ("\ud800", "a text holds a lone surrogate"),
    ],
)
def test_what_cannot_be_a_lead_id_is_refused(value: Any, fault: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        to_lead_id(value)
    assert str(caught.value) == fault


@LAW
@given(st.integers() | st.floats() | st.decimals() | st.text())
def test_a_lead_id_is_never_long_spaced_or_a_float(value: Any) -> None:
    """Law: 1 to 255 characters, no spaces around them; of a number never with .0 at its end."""
    try:
        lead_id = to_lead_id(value)
    except InvalidValueError:
        return
    assert lead_id is None or (1 <= len(lead_id) <= 255 and lead_id == lead_id.strip())
    assert isinstance(value, str) or not str(lead_id).endswith(".0")


# -- detail ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("won", "won"),
        (7, 7),
        (2.0, "2"),
        ({"amount": 2499.0, "paid": True, "n": 1}, {"amount": "2499", "paid": "true", "n": 1}),
        ({"tags": ["a"]}, {"tags": '["a"]'}),
        ({"note": None}, {"note": None}),
        ({"inner": {"a": 1}}, {"inner": '{"a": 1}'}),
        ({}, {}),
        ([], None),
        (None, None),
    ],
)
def test_a_detail_that_is_an_object_stays_one_and_its_values_are_converted(value: Any, detail: Any) -> None:
    assert to_detail(value) == detail


@pytest.mark.parametrize("value", [{"a": float("nan")}, {"\ud800": 1}, {"a": "\ud800"}, float("inf")])
def test_a_detail_that_no_json_can_carry_is_refused(value: Any) -> None:
    with pytest.raises(InvalidValueError):
        to_detail(value)
