"""Moments in every form in which the API may write them, as one."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST_SECONDS, _LARGEST_MILLISECONDS = 1e11, 1e14
"""Beyond the year 5138 in their unit: larger numbers are of the next smaller one."""


def moment_of(value: object) -> datetime | None:
    """A moment in UTC, of seconds or milliseconds since the epoch, or of ISO 8601, in which no zone means UTC.

    Returns:
        None if there is none: null or an empty text.

    Raises:
        ValueError: It is no moment; the message holds no value.
    """
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else value
    if text is None or text == "":
        return None
    try:
        if isinstance(text, str):
            return _of_number(float(text)) if _NUMBER.fullmatch(text) else _of_text(text)
    except (ValueError, OverflowError):
        pass
    msg = "it is no date and time"
    raise ValueError(msg)


def as_text(moment: datetime) -> str:
    """The one form of the streams: UTC, to the microsecond, of fixed width, so that texts compare as moments do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _of_number(number: float) -> datetime:
    size = abs(number)
    divisor = 1 if size < _LARGEST_SECONDS else 1_000 if size < _LARGEST_MILLISECONDS else 1_000_000
    return _EPOCH + timedelta(seconds=number / divisor)


def _of_text(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
