"""Whatever way the API writes a moment, it becomes the same one."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.responses.times import FORMS

from squadstack.responses.times import as_text, moment_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(10**14, 4 * 10**15)  # microseconds: 1973 to 2096


@pytest.mark.parametrize("form", FORMS)
@given(micros=MOMENTS)
def test_every_form_is_understood(form: str, micros: int) -> None:
    """To the microsecond, or as exactly as the form can tell it."""
    write, exactness = FORMS[form]
    assert moment_of(write(micros)) == EPOCH + timedelta(microseconds=micros - micros % exactness)


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_nothing_is_no_moment(nothing: str | None) -> None:
    assert moment_of(nothing) is None


@pytest.mark.parametrize(
    "garbage",
    [
        *("soon", "2025-13-01T00:00:00Z", "1e9", "12:00", True, [], {}, math.nan, math.inf, 10**30, "9" * 400),
        *("0001-01-01T00:00:00+05:30", "9999-12-31T23:59:59-05:30", "2025-01-01T24:00:01Z"),
    ],
    ids=repr,
)
def test_garbage_is_an_error_that_shows_nothing(garbage: object) -> None:
    """Red if it becomes some moment, another error, or stands in the message."""
    with pytest.raises(ValueError, match=r"^it is no date and time$"):
        moment_of(garbage)


def test_the_far_future_is_a_moment() -> None:
    assert as_text(moment_of("9999-12-31T23:59:59Z") or EPOCH) == "9999-12-31T23:59:59.000000+00:00"


@given(MOMENTS, MOMENTS, st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(FORMS)))
def test_texts_compare_as_moments_do(one: int, other: int, one_form: str, other_form: str) -> None:
    """So that a later row sorts behind an earlier one, in whatever forms they came."""
    moments = [moment_of(FORMS[form][0](micros)) for form, micros in ((one_form, one), (other_form, other))]
    first, second = (moment or EPOCH for moment in moments)
    assert (as_text(first) < as_text(second)) == (first < second)
    assert moment_of(as_text(first)) == first
