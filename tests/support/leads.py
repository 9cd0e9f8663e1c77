"""Invented leads. Whatever of theirs turns up where it must not can be found by its canary."""

from __future__ import annotations

NAME_CANARY = "Canary"
PHONE_CANARY = "99999"
LEAD_ID = "lead-{}"

LANDLINE, FOREIGN = "0806 123 4567", "+1 415 555 0100"
"""Numbers that are no mobile number of India; the second is never sent."""


def lead(number: int, **fields: object) -> dict[str, object]:
    """Invent one lead; its lead_id tells its number. Phone numbers repeat after 100,000 leads."""
    return {
        "lead_id": LEAD_ID.format(number),
        "phone_number": f"{PHONE_CANARY}{number % 100_000:05}",
        "contact_name": f"{NAME_CANARY} {number}",
        **fields,
    }


def leads(total: int, first: int = 1, **fields: object) -> list[dict[str, object]]:
    """Invent so many leads, numbered from `first`."""
    return [lead(number, **fields) for number in range(first, first + total)]
