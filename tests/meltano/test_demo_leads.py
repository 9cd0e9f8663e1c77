"""The file of invented leads is what its script writes, and holds what it promises."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import phonenumbers
from phonenumbers import PhoneNumberType

DEMO = Path(__file__).resolve().parents[2] / "demo"


def rows() -> list[dict[str, str]]:
    with (DEMO / "leads.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def number_type(text: str) -> int | None:
    """The kind of an Indian number; None if it is none."""
    try:
        number = phonenumbers.parse(text, "IN")
    except phonenumbers.NumberParseException:
        return None
    is_indian = phonenumbers.is_valid_number_for_region(number, "IN")
    return phonenumbers.number_type(number) if is_indian else None


def test_the_script_writes_the_file_that_is_there() -> None:
    written = subprocess.run([sys.executable, DEMO / "make_leads.py", "-"], capture_output=True, check=True)

    assert written.stdout == (DEMO / "leads.csv").read_bytes()


def test_there_are_a_thousand_rows_with_62_repeats() -> None:
    assert len(rows()) == 1000
    assert len({row["Lead Id"] for row in rows()}) == 938


def test_rows_that_must_be_refused_are_as_many_as_promised() -> None:
    first = {row["Lead Id"]: row for row in reversed(rows())}.values()
    numbers = [[text for text in (row["Mobile"], row["Phone"]) if text] for row in first]

    assert sum(not row["Name"] for row in first) == 8
    assert sum(not each for each in numbers) == 10
    assert sum(bool(each) and all(number_type(text) is None for text in each) for each in numbers) == 20


def test_every_mobile_number_is_an_invented_one() -> None:
    for row in rows():
        digits = "".join(filter(str.isdigit, row["Mobile"]))
        assert "99999" in digits or digits.startswith("120255501") or not digits


def test_every_landline_is_a_valid_fixed_line() -> None:
    landlines = [row["Phone"] for row in rows() if row["Phone"]]

    assert len(landlines) >= 140
    assert {number_type(text) for text in landlines} == {PhoneNumberType.FIXED_LINE}
