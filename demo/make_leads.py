# ruff: noqa: INP001 - a script, not a package
"""Write `leads.csv`: 1,000 invented Indian leads, the same ones on every run.

No person is behind any of them. Mobile numbers lie between 99999 00000 and 99999 99999, fixed lines in one
block for each city. Some rows must be refused, and some look as if they had to be refused and must not be;
`KINDS` says how many there are of each.
"""

from __future__ import annotations

import csv
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

HEADER = ("Lead Id", "Name", "Mobile", "Phone", "City", "Product", "Stage", "Amount")
ID, NAME, MOBILE, PHONE, CITY, PRODUCT, STAGE, AMOUNT = range(len(HEADER))

# How many rows there are of each kind; 1,000 in all.
KINDS = {
    "mobile": 760,
    "landline only": 60,
    "mobile and landline": 60,
    "short mobile, good landline": 20,
    "later stage of an earlier lead": 56,
    "later stage, number left out": 6,
    "too short": 10,
    "american": 10,
    "no number": 10,
    "no name": 8,
}
LATER = frozenset({"later stage of an earlier lead", "later stage, number left out"})
REFUSED = {
    "invalid_phone": KINDS["too short"] + KINDS["american"],
    "missing_field": KINDS["no number"] + KINDS["no name"],
}

GIVEN = """
    Aarav Aditi Ananya Arjun Bhavna Chetan Deepa Dev Divya Farhan Gauri Harish Isha Ishaan Jaya Kabir Karthik
    Kavya Lakshmi Manoj Meera Mohan Naveen Neha Nikhil Pooja Pranav Priya Rahul Rajesh Ritu Rohan Sana Sanjay
    Shreya Sneha Suresh Tanvi Uma Varun Vidya Vikram Yash Zoya
"""
FAMILY = """
    Agarwal Bhat Bose Chatterjee Chauhan D'Souza Das Desai Fernandes Ghosh Gowda Gupta Hegde Iyer Jain Joshi
    Kapoor Khan Kulkarni Kumar Malhotra Mehta Menon Mishra Nair Pandey Patel Pillai Rao Reddy Saxena Shah
    Sharma Shetty Singh Sinha Thomas Varma Yadav
"""
# City: its area code, and how the local numbers of the invented block begin.
CITIES = {
    "Bengaluru": ("080", "6000"),
    "Mumbai": ("022", "6000"),
    "Delhi": ("011", "4000"),
    "Chennai": ("044", "4000"),
    "Hyderabad": ("040", "6000"),
    "Kolkata": ("033", "4000"),
    "Pune": ("020", "6000"),
    "Ahmedabad": ("079", "4000"),
    "Jaipur": ("0141", "400"),
    "Lucknow": ("0522", "400"),
    "Kochi": ("0484", "400"),
    "Indore": ("0731", "400"),
}
WEIGHTS = (18, 16, 15, 10, 10, 7, 7, 5, 4, 3, 3, 2)
PRODUCTS = ("Home loan", "Personal loan", "Car loan", "Credit card", "Health insurance")
STAGES = ("New", "Contacted", "Interested", "Documents sent")
MOBILE_SPELLINGS: tuple[Callable[[str], str], ...] = (
    lambda number: number,
    lambda number: f"+91-{number}",
    lambda number: f"+91 {number[:5]} {number[5:]}",
    lambda number: f"0{number}",
    lambda number: f"{number[:5]} {number[5:]}",
    lambda number: f"91{number}",
)


class Maker:
    """Invents rows; no lead id and no mobile number comes twice."""

    def __init__(self, seed: int = 20260401) -> None:
        self._random = random.Random(seed)  # noqa: S311 - the same file every time, no secrets
        self._numbers = iter(self._random.sample(range(100_000), sum(KINDS.values())))
        self._ids = iter(range(1001, 1001 + sum(KINDS.values())))

    def rows(self) -> list[list[str]]:
        """All rows: each repeat lies somewhere after the lead that it repeats."""
        first = [(kind, self._row(kind)) for kind, count in KINDS.items() if kind not in LATER for _ in range(count)]
        self._random.shuffle(first)
        rows = [row for _, row in first]
        repeated = self._random.sample(
            [row for kind, row in first if kind == "mobile"], sum(KINDS[kind] for kind in LATER)
        )
        for index, row in enumerate(repeated):
            self._insert_later(rows, row, without_number=index < KINDS["later stage, number left out"])
        return rows

    def _row(self, kind: str) -> list[str]:
        city = self._random.choices(list(CITIES), WEIGHTS)[0]
        row = [
            f"L-{next(self._ids)}",
            f"{self._random.choice(GIVEN.split())} {self._random.choice(FAMILY.split())}",
            self._mobile(),
            "",
            city,
            self._random.choice(PRODUCTS),
            self._random.choice(STAGES[:2]),
            str(self._random.randrange(50, 5000) * 1000),
        ]
        match kind:
            case "landline only":
                row[MOBILE], row[PHONE] = "", self._landline(city)
            case "mobile and landline":
                row[PHONE] = self._landline(city)
            case "short mobile, good landline":
                row[MOBILE], row[PHONE] = self._short(), self._landline(city)
            case "too short":
                row[MOBILE] = self._short()
            case "american":
                row[MOBILE] = f"+1 202 555 01{self._random.randrange(100):02}"
            case "no number":
                row[MOBILE] = ""
            case "no name":
                row[NAME] = ""
        return row

    def _insert_later(self, rows: list[list[str]], row: list[str], *, without_number: bool) -> None:
        later = [*row]
        later[STAGE] = self._random.choice(STAGES[2:])
        if without_number:
            later[MOBILE] = later[PHONE] = ""
        rows.insert(self._random.randint(rows.index(row) + 1, len(rows)), later)

    def _mobile(self) -> str:
        return self._random.choice(MOBILE_SPELLINGS)(f"99999{next(self._numbers):05}")

    def _landline(self, city: str) -> str:
        area, block = CITIES[city]
        return f"{area} {block} {self._random.randrange(10_000):04}"

    def _short(self) -> str:
        return f"99999 {self._random.randrange(1000):03}"


def write(file: TextIO) -> None:
    """Write the header and all rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows(Maker().rows())


if __name__ == "__main__":
    if sys.argv[1:] == ["-"]:
        write(sys.stdout)
    else:
        with Path(__file__).with_name("leads.csv").open("w", encoding="utf-8", newline="") as out:
            write(out)
