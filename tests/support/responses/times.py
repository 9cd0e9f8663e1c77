"""How a server may write a moment. Moments are microseconds since 1970, so that nothing is rounded by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = 1_000_000
INDIA = timezone(timedelta(hours=5, minutes=30))
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(micros: int) -> datetime:
    """Tell it as Python does."""
    return _EPOCH + timedelta(microseconds=micros)


def fraction(micros: int, digits: int) -> str:
    """Write the digits behind the point, the point included; the last of many are invented zeros."""
    return f".{micros % SECOND:06}000"[: digits + 1] if digits else ""


def iso(digits: int = 6, zone: str = "Z") -> Callable[[int], str]:
    """Write ISO 8601 with so many digits behind the point, and a zone: "Z", "+05:30", or none."""

    def write(micros: int) -> str:
        there = moment(micros).astimezone(INDIA if zone == "+05:30" else UTC)
        return f"{there:%Y-%m-%dT%H:%M:%S}{fraction(micros, digits)}{zone}"

    return write


def spaced(micros: int) -> str:
    """Write it with a space in the middle."""
    return f"{moment(micros):%Y-%m-%d %H:%M:%S}{fraction(micros, 6)}+00:00"


def epoch(micros: int) -> int:
    """Write whole seconds."""
    return micros // SECOND


def milliseconds(micros: int) -> int:
    """Write milliseconds."""
    return micros // 1000


def floating(micros: int) -> float:
    """Write seconds with a fraction."""
    return micros / SECOND


def digits(micros: int) -> str:
    """Write whole seconds as text."""
    return str(micros // SECOND)


FORMS: dict[str, tuple[Callable[[int], Any], int]] = {
    **{f"Z, {places} digits": (iso(places), 10 ** max(6 - places, 0)) for places in range(10)},
    "+05:30": (iso(3, "+05:30"), 1000),
    "+00:00": (iso(0, "+00:00"), SECOND),
    "no zone": (iso(6, ""), 1),
    "a space": (spaced, 1),
    "epoch": (epoch, SECOND),
    "milliseconds": (milliseconds, 1000),
    "float": (floating, 1),
    "digits": (digits, SECOND),
}
"""Each form by its name, and the microseconds to which it can tell moments apart."""
