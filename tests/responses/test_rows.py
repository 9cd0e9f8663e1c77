"""Rows become records, and what cannot be read is told by the name of its field."""

from __future__ import annotations

import math
from typing import Any

import pytest
from support.leads import NAME_CANARY, PHONE_CANARY

from squadstack.exceptions import UnreadableRowError
from squadstack.responses.rows import answers_of, records_of, unprocessed
from squadstack.responses.windows import Window

BEGIN, END = 1_750_000_000, 1_750_000_100
WINDOW = Window(BEGIN, END)


def row(lead_id: Any = "lead-1", at: Any = BEGIN, **fields: Any) -> dict[str, Any]:
    return {"lead_id": lead_id, "processed_at": at, "phone_number": PHONE_CANARY, "contact_name": NAME_CANARY, **fields}


def read(*rows: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return records_of(rows, "loans", WINDOW, **options)


def test_rows_around_the_window_are_dropped() -> None:
    """Its first moment belongs to it, its end does not."""
    moments = [BEGIN - 1, BEGIN - 0.000001, BEGIN, END - 0.000001, END, END + 1]
    found = read(*(row(f"lead-{place}", at) for place, at in enumerate(moments)))
    assert [record["lead_id"] for record in found] == ["lead-2", "lead-3"]


def test_what_no_database_takes_is_replaced() -> None:
    """NUL and halves of characters, however deep, in fields that nobody documented too."""
    [record] = read(row(contact_name="A\0sha", lead_responses={"q\0": "\ud800"}, more=[{"note": "a\0b"}]))
    assert (record["contact_name"], record["lead_responses"]) == ("A\ufffdsha", {"q\ufffd": "\ufffd"})
    assert record["more"] == [{"note": "a\ufffdb"}]


@pytest.mark.parametrize("at", [BEGIN - 3600, END + 2, 0, "9999-12-31T23:59:59Z"])
def test_a_row_far_outside_is_an_error(at: Any) -> None:
    """Who asked for one day and gets another cannot tell what is missing."""
    with pytest.raises(UnreadableRowError, match="far outside the time that was asked for"):
        read(row(at=at))


def test_later_rows_may_come_where_all_was_asked_for() -> None:
    assert read(row(at=END + 10**6), latest=math.inf) == []


@pytest.mark.parametrize("name", ["processed_at", "created_at", "latest_called_at"])
@pytest.mark.parametrize("value", ["Canary", {"Canary": 1}, ["Canary"], True])
def test_garbage_in_a_time_is_told_by_its_name(name: str, value: object) -> None:
    """Red if its value or anything else of the row is shown."""
    with pytest.raises(UnreadableRowError) as caught:
        read({**row(), name: value})
    assert f"campaign loans cannot be read: '{name}' is wrong" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in (NAME_CANARY, PHONE_CANARY))


@pytest.mark.parametrize("lead_id", [None, ""])
def test_a_row_without_lead_id_is_an_error(lead_id: object) -> None:
    with pytest.raises(UnreadableRowError, match="of campaign loans has no 'lead_id'"):
        read(row(lead_id))


def test_rows_that_were_never_processed_wait() -> None:
    rows = [row("lead-1", None), row("lead-2", ""), row("lead-3", " "), row("lead-4")]
    assert unprocessed(rows, "loans") == 3
    assert [record["lead_id"] for record in read(*rows)] == ["lead-4"]


@pytest.mark.parametrize("value", [{}, []])
def test_what_is_no_time_at_all_is_told_by_its_name(value: object) -> None:
    """Red if counting the unprocessed rows stumbles over it."""
    with pytest.raises(UnreadableRowError, match="'processed_at' is wrong"):
        unprocessed([row(at=value)], "loans")


def test_a_lead_comes_once_as_it_was_last() -> None:
    rows = [row(at=BEGIN + 5, lead_outcome="new"), row(at=BEGIN + 1, lead_outcome="old"), row("lead-0", BEGIN + 5)]
    found = read(*rows)
    assert [(record["lead_id"], record["lead_outcome"]) for record in found] == [("lead-0", None), ("lead-1", "new")]


def test_records_are_of_fixed_types() -> None:
    """Numbers as text, times in UTC, fields that nobody documented as they came."""
    (record,) = read(
        row(7, f"{BEGIN}", created_at=BEGIN * 1000, phone_number=919, lead_responses={"a": 1, "b": None}, new={"x": []})
    )
    assert record == {
        "campaign_id": "loans",
        "lead_id": "7",
        "processed_at": "2025-06-15T15:06:40.000000+00:00",
        "phone_number": "919",
        "contact_name": NAME_CANARY,
        "created_at": "2025-06-15T15:06:40.000000+00:00",
        "latest_called_at": None,
        "latest_recording_url": None,
        "lead_outcome": None,
        "lead_responses": {"a": "1", "b": None},
        "new": {"x": []},
    }


@pytest.mark.parametrize(
    ("said", "kept", "answers"),
    [
        (None, None, []),
        ({}, {}, []),
        ([], {}, []),
        ("", {}, []),
        ({"a": "x", "b": None}, {"a": "x", "b": None}, [("a", "x"), ("b", None)]),
        ("yes", {"value": "yes"}, [("value", "yes")]),
        (["y", 1], {"value": '["y", 1]'}, [("value", '["y", 1]')]),
    ],
)
def test_answers_are_kept_in_any_shape(said: Any, kept: Any, answers: list[Any]) -> None:
    (record,) = read(row(lead_responses=said))
    assert record["lead_responses"] == kept
    assert [(one["response_key"], one["response_value"]) for one in answers_of(record)] == answers
