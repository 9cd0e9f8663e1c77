"""Phone numbers: which of several is sent, and how it is written (docs/mapping.md)."""

from __future__ import annotations

import re
from typing import Any

import phonenumbers
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumberType

from squadstack.mapping.phones import InvalidPhoneError, PhoneRules
from squadstack.mapping.values import InvalidValueError

LAW = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANY = PhoneRules()
MOBILE = PhoneRules(mobile_only=True)
LANDLINE = "0806 123 4567"


@pytest.mark.parametrize(
    "written",
    [
        "9999900001",
        "09999900001",
        "919999900001",
        "+919999900001",
        "+91-9999900001",
        "+91 99999 00001",
        "00919999900001",
        "(0)99999-00001",
        " 9999900001 ",
        "tel:+91-99999-00001",
        "९९९९९००००१",
        9999900001,
        9999900001.0,
        "9999900001.0",
        "99999 00001 x5",
        "99999-00001 ext. 12",
        919999900001,
    ],
)
def test_a_number_is_parsed_with_the_region_however_it_is_written(written: Any) -> None:
    """As text, as an integer and as a float; with a country code, with zeros before it and without."""
    assert ANY.choose([written]) == MOBILE.choose([written]) == "9999900001"
    assert PhoneRules(e164=True).choose([written]) == "919999900001"


@pytest.mark.parametrize(
    "text",
    [
        "98765XXXXX",
        "+91-98765XXXXX",
        "98XXXXXX10",
        "98765 Kumar",
        "9.87654321E9",
        "987654321.0",
        "98765xxxxx",
        "98765\nXXXXX",
    ],
)
def test_letters_are_no_digits(text: str) -> None:
    """A number that somebody masked would be a stranger's. Red if letters are read as on a keypad."""
    with pytest.raises(InvalidPhoneError):
        ANY.choose([text])
    assert ANY.choose([text, "9999900001"]) == "9999900001"


def test_a_number_of_ten_digits_keeps_its_91() -> None:
    """9198765432 is a mobile number, not 98765432 with a country code."""
    assert ANY.choose(["9198765432"]) == "9198765432"
    assert ANY.choose(["919198765432"]) == "9198765432"


def test_a_landline_is_valid_as_any_and_rejected_as_mobile() -> None:
    """A regular expression for mobile numbers takes this landline of Bengaluru for one."""
    assert ANY.choose([LANDLINE]) == ANY.choose(["+91 80 6123 4567"]) == "8061234567"
    with pytest.raises(InvalidPhoneError):
        MOBILE.choose([LANDLINE])


@pytest.mark.parametrize(
    ("candidates", "chosen"),
    [
        ([LANDLINE, "9999900001"], "9999900001"),
        ([LANDLINE, None, "x", "+14155550100", "9999900001"], "9999900001"),
        (["9999900001", "9999900002"], "9999900001"),
        ([LANDLINE, "020 2612 3456"], "8061234567"),
        (["x", LANDLINE], "8061234567"),
        ([None, "", "  ", "9999900001"], "9999900001"),
        ([True, {"a": 1}, ["9999900002"], {"9999900002"}, "9999900001"], "9999900001"),
    ],
    ids=str,
)
def test_the_first_valid_mobile_number_is_sent_else_the_first_valid_one(candidates: list[Any], chosen: str) -> None:
    assert ANY.choose(candidates) == chosen


def test_with_phone_type_mobile_a_mobile_number_further_down_the_list_is_found() -> None:
    assert MOBILE.choose([LANDLINE, "x", "9999900001"]) == "9999900001"


def test_candidates_behind_a_mobile_number_are_not_looked_at() -> None:
    """What is never used cannot reject the action."""

    def candidates() -> Any:
        yield "9999900001"
        raise AssertionError

    assert ANY.choose(candidates()) == "9999900001"


@pytest.mark.parametrize("candidates", [[], [None], [""], ["  "], [None, "", None]], ids=str)
def test_null_and_empty_text_are_no_number(candidates: list[Any]) -> None:
    assert ANY.choose(candidates) is None


@pytest.mark.parametrize(
    "written",
    [
        "+1 415-555-0100",
        "0014155550100",
        "14155550100",
        "+44 20 7946 0958",
        "+971501234567",
        "12345",
        "999990000",
        "99999000011",
        "1111111111",
        "0000000000",
        "9999900001/9999900002",
        "9999900001, 9999900002",
        "9999900001;phone-context=+1",
        "n/a",
        "-",
        "1800 425 3800",
        "18604253800",
        "0008001234567",
        "9" * 500,
        "\0",
        True,
        {"number": "9999900001"},
        ["9999900001"],
    ],
    ids=lambda written: repr(written)[:30],
)
def test_a_number_that_is_not_valid_or_of_another_country_is_refused_without_showing_it(written: Any) -> None:
    """Services that take calls, such as 1800 numbers, have no ten digits and are no lead's."""
    with pytest.raises(InvalidPhoneError) as caught:
        ANY.choose([written])
    assert str(caught.value) == "phone_number is no valid number of IN"


def test_of_another_region_its_own_numbers_are_sent() -> None:
    american = PhoneRules(region="US")
    assert american.choose(["(415) 555-2671"]) == "4155552671"
    assert PhoneRules(region="US", e164=True).choose(["(415) 555-2671"]) == "14155552671"
    with pytest.raises(InvalidPhoneError):
        american.choose(["+919999900001"])
    assert PhoneRules(region="IT").choose(["02 1234 5678"]) == "0212345678"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800"])
def test_what_no_json_can_carry_is_an_invalid_value(value: Any) -> None:
    with pytest.raises(InvalidValueError):
        ANY.choose([value])


CANDIDATES = (
    st.none()
    | st.text()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.from_regex(r"(\+|00)?[0-9() ./-]{0,18}([x;,#]\d{1,4})?", fullmatch=True)
    | st.from_regex(r"(0|\+?91[- ]?|0091)?[6-9]\d{9}", fullmatch=True)
    | st.booleans()
    | st.lists(st.text())
)


@LAW
@example(["1800 123 456"], "mobile_only")
@example(["1861123456789"], "e164")
@given(st.lists(CANDIDATES, max_size=4), st.sampled_from(["", "e164", "mobile_only"]))
def test_what_is_sent_is_ten_digits(candidates: list[Any], option: str) -> None:
    """Law: of India always ten digits, with 91 before them as e164; or the candidates are refused."""
    rules = PhoneRules(e164=option == "e164", mobile_only=option == "mobile_only")
    try:
        chosen = rules.choose(candidates)
    except (InvalidPhoneError, InvalidValueError):
        return
    assert chosen is None or re.fullmatch(r"91[0-9]{10}" if rules.e164 else r"[0-9]{10}", chosen)


@LAW
@given(st.from_regex(r"\+ ?1[ .-]?\(?[2-9]\d{2}\)?[ .-]?\d{3}[ .-]?\d{4}", fullmatch=True))
def test_an_american_number_is_never_sent(written: str) -> None:
    """Law: what begins with +1 is of another country, whatever its digits would mean here."""
    with pytest.raises(InvalidPhoneError):
        ANY.choose([written])


@LAW
@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "0", "91", "+91", "+91 ", "+91-", "0091"]))
def test_a_prefix_changes_no_number(digits: str, prefix: str) -> None:
    """Law: the ten digits are sent, or refused, the same with and without zero or country code."""

    def chosen(written: str) -> str | None:
        try:
            return MOBILE.choose([written])
        except InvalidPhoneError:
            return None

    assert chosen(digits) in {digits, None}
    assert chosen(prefix + digits) == chosen(digits)


PLAIN = st.from_regex(r"[ -]?(\+ ?91[ -]?|91|0)?[0-9]([ -]?[0-9]){8,10}[ -]?", fullmatch=True)


@LAW
@example(written="9198765432", mobile_only=False)
@example(written="+91-91987 65432", mobile_only=False)
@example(written="1234567890", mobile_only=False)
@given(written=PLAIN | st.from_regex(r"[6-9][0-9]{9}", fullmatch=True), mobile_only=st.booleans())
def test_a_number_is_what_the_library_says_it_is(written: str, *, mobile_only: bool) -> None:
    """Law: however quickly a plain number is read, the library's judgement stands."""
    try:
        chosen = PhoneRules(mobile_only=mobile_only).choose([written])
    except InvalidPhoneError:
        chosen = None
    assert chosen == judged_by_the_library(written, mobile_only=mobile_only)


def judged_by_the_library(written: str, *, mobile_only: bool) -> str | None:
    try:
        number = phonenumbers.parse(written, "IN")
    except phonenumbers.NumberParseException:
        return None
    mobile = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
    is_ours = phonenumbers.is_valid_number_for_region(number, "IN")
    is_wanted = not mobile_only or phonenumbers.number_type(number) in mobile
    national = phonenumbers.national_significant_number(number)
    return national if is_ours and is_wanted and len(national) == 10 else None
