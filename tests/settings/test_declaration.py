"""Settings as they are read: kinds, text from the environment, and faults that show no value."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from squadstack.exceptions import ConfigurationError
from squadstack.settings.declaration import coerced, json_schema, read, setting

CANARY = "canary-9999900001"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One setting of every kind."""

    token: str = setting("string", "Token", "A secret.", secret=True, minLength=1)
    name: str | None = setting("string", "Name", "A text.", default=None)
    colour: str = setting("string", "Colour", "One of several.", default="red", enum=["red", "blue"])
    count: int = setting("integer", "Count", "A whole number.", default=8, minimum=1, maximum=100)
    seconds: float = setting("number", "Seconds", "Any number.", default=30, minimum=0)
    fast: bool = setting("boolean", "Fast", "A switch.", default=False)
    words: list[Any] = setting("array", "Words", "A list.", default=[], items={"type": "string"})
    limit: dict[str, Any] = setting(
        "object",
        "Limit",
        "An object.",
        default={"calls": 100},
        properties={"calls": {"type": ["integer", "null"], "minimum": 1}, "period": {"type": "number"}},
        additionalProperties=False,
    )


def faults(**config: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        read(Sample, {"token": "t", **config})
    return caught.value.faults


# -- values ------------------------------------------------------------------------------------------


def test_settings_that_are_not_given_have_their_defaults() -> None:
    sample = read(Sample, {"token": "t"})
    assert (sample.name, sample.colour, sample.count, sample.seconds, sample.fast) == (None, "red", 8, 30, False)
    assert (sample.words, sample.limit) == ([], {"calls": 100})


def test_null_counts_as_not_given() -> None:
    assert read(Sample, {"token": "t", "count": None, "limit": None}) == read(Sample, {"token": "t"})


def test_defaults_are_not_shared() -> None:
    read(Sample, {"token": "t"}).limit["calls"] = 1
    assert read(Sample, {"token": "t"}).limit == {"calls": 100}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("count", "12", 12),
        ("count", " 12 ", 12),
        ("count", "12.0", 12),
        ("seconds", "0.5", 0.5),
        ("seconds", "3", 3),
        ("fast", "true", True),
        ("fast", "TRUE", True),
        ("fast", "1", True),
        ("fast", "yes", True),
        ("fast", "on", True),
        ("fast", "false", False),
        ("fast", "0", False),
        ("fast", "No", False),
        ("fast", "off", False),
        ("words", '["a", "b"]', ["a", "b"]),
        ("limit", '{"calls": 5}', {"calls": 5}),
        ("limit", {"calls": "5", "period": "0.5"}, {"calls": 5, "period": 0.5}),
        ("limit", {"calls": None}, {"calls": None}),
        ("name", "12", "12"),
        ("name", "true", "true"),
    ],
)
def test_numbers_switches_lists_and_objects_may_come_as_text(name: str, text: Any, value: Any) -> None:
    read_value = getattr(read(Sample, {"token": "t", name: text}), name)
    assert read_value == value
    assert type(read_value) is type(value)


@pytest.mark.parametrize("value", [12.0, Decimal(12), Decimal("12.0"), "12.0"])
def test_a_whole_number_is_an_integer_however_it_was_read(value: object) -> None:
    """A count of threads is no float, though JSON tells the two not apart."""
    sample = read(Sample, {"token": "t", "count": value, "limit": {"calls": value}})
    assert (type(sample.count), type(sample.limit["calls"])) == (int, int)


def test_decimals_of_a_configuration_file_are_numbers() -> None:
    """The SDK reads the numbers of a file as Decimal."""
    assert read(Sample, {"token": "t", "seconds": Decimal("0.25")}).seconds == 0.25


# -- faults ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({"token": None}, "Setting 'token' is missing."),
        ({"token": ""}, "Setting 'token' is out of bounds: minLength 1."),
        ({"count": "many"}, "Setting 'count' must be of type integer."),
        ({"count": ""}, "Setting 'count' must be of type integer."),
        ({"count": 1.5}, "Setting 'count' must be of type integer."),
        ({"count": True}, "Setting 'count' must be of type integer."),
        ({"count": "true"}, "Setting 'count' must be of type integer."),
        ({"count": 0}, "Setting 'count' is out of bounds: minimum 1."),
        ({"count": "101"}, "Setting 'count' is out of bounds: maximum 100."),
        ({"count": "9" * 5000}, "Setting 'count' must be of type integer."),
        ({"seconds": "NaN"}, "Setting 'seconds' must be of type number."),
        ({"seconds": "Infinity"}, "Setting 'seconds' must be of type number."),
        ({"seconds": "1e999"}, "Setting 'seconds' must be of type number."),
        ({"seconds": float("nan")}, "Setting 'seconds' must be of type number."),
        ({"seconds": Decimal("NaN")}, "Setting 'seconds' must be of type number."),
        ({"fast": "maybe"}, "Setting 'fast' must be of type boolean."),
        ({"fast": 1}, "Setting 'fast' must be of type boolean."),
        ({"colour": "green"}, "Setting 'colour' must be one of 'red', 'blue'."),
        ({"words": "a,b"}, "Setting 'words' must be of type array."),
        ({"words": "[" * 100_000}, "Setting 'words' must be of type array."),
        ({"words": ["a", 1]}, "Setting 'words[1]' must be of type string."),
        ({"limit": {"calls": "many"}}, "Setting 'limit.calls' must be of type integer or null."),
        ({"limit": {"cals": 1}}, "Setting 'limit' has no key 'cals'. Did you mean 'calls'?"),
        ({"limit": {"xyz": 1}}, "Setting 'limit' has no key 'xyz'."),
        ({"coumt": 1}, "There is no setting 'coumt' in this version. Did you mean 'count'?"),
        ({"xyz": 1}, "There is no setting 'xyz' in this version. See docs/settings.md for those that there are."),
    ],
    ids=str,
)
def test_a_fault_is_told_by_its_place_and_what_would_be_right(config: dict[str, Any], fault: str) -> None:
    assert faults(**config) == (fault,)


def test_every_fault_is_told_at_once() -> None:
    assert faults(token=None, coumt=1, count="x", seconds=-1, limit={"calls": 0}) == (
        "There is no setting 'coumt' in this version. Did you mean 'count'?",
        "Setting 'token' is missing.",
        "Setting 'count' must be of type integer.",
        "Setting 'limit.calls' is out of bounds: minimum 1.",
        "Setting 'seconds' is out of bounds: minimum 0.",
    )


def test_what_is_missing_twice_over_is_told_once() -> None:
    """The validator finds one error for each name that is missing."""
    rule = {"type": "array", "items": {"type": "object", "required": ["stream", "action"]}}
    with pytest.raises(ConfigurationError) as caught:
        coerced({"properties": {"mappings": rule}}, {"mappings": [{}]})
    assert caught.value.faults == ("Rule 1: 'stream' is missing. Rule 1: 'action' is missing.",)


def test_faults_of_rules_come_in_the_order_of_the_rules() -> None:
    rules = {"type": "array", "items": {"type": "object"}}
    with pytest.raises(ConfigurationError) as caught:
        coerced({"properties": {"mappings": rules}}, {"mappings": [{}] + [7] * 11})
    assert caught.value.faults == tuple(f"Rule {number} must be of type object." for number in range(2, 13))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*json_schema(Sample)["properties"], "other"]), JSON | JSON.map(json.dumps)))
def test_no_value_whatever_is_in_a_message_and_nothing_else_is_raised(config: dict[str, Any]) -> None:
    """Law: whatever is given, settings come of it or faults that hold none of its values."""
    told: tuple[str, ...] = ()
    try:
        read(Sample, config)
    except ConfigurationError as error:
        told = error.faults
    assert all(told)
    assert CANARY not in " ".join(told)


# -- what is shown ------------------------------------------------------------------------------------


def test_a_repr_hides_secrets() -> None:
    shown = repr(read(Sample, {"token": CANARY, "name": "shown"}))
    assert CANARY not in shown
    assert "shown" in shown


def test_the_schema_tells_kinds_defaults_secrets_and_what_is_required() -> None:
    schema = json_schema(Sample)
    assert schema["required"] == ["token"]
    assert schema["properties"]["token"]["secret"] is schema["properties"]["token"]["writeOnly"] is True
    assert schema["properties"]["count"] == {
        "type": "integer",
        "title": "Count",
        "description": "A whole number.",
        "default": 8,
        "minimum": 1,
        "maximum": 100,
    }
    assert "default" not in schema["properties"]["name"]
