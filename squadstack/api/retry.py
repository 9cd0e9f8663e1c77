"""What to do about an answer to a whole call, or about there being none. One table for everything.

Sources: CRM v2, "Common status codes and their meanings"; SquadIQ v4, "Status and Errors".
"""

from __future__ import annotations

import email.utils
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TYPE_CHECKING

from squadstack.api.messages import Failure, NoAnswerError, Response

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_WAIT = 60.0
"""Seconds to wait after a 429 that does not say how long."""

SHORTEST_WAIT = 1.0
"""The shortest wait after a 429, whatever it says."""

LONGEST_WAIT = 3600.0
"""The longest wait that a 429 may ask for."""


class Disposition(Enum):
    """What to do next with a call."""

    JUDGE = auto()
    """It was answered; its rows say what became of each lead."""

    WAIT = auto()
    """Over the limit: everybody waits, then it is sent again; uses up no retry."""

    RETRY = auto()
    """It may succeed later, alone."""

    HALVE = auto()
    """Something in it is refused; halves find out what."""

    STOP = auto()
    """It will never succeed until the user acts."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the table: what to do, and the sentence for the user."""

    disposition: Disposition
    sentence: str


WHITELISTING = (
    "If the token and ref_id are right, this machine's address may not be whitelisted: "
    "ask customer-integrations@squadstack.com to whitelist it."
)

_NO_INTEGRATION = re.compile(rb"No active integration", re.IGNORECASE)
_NOT_ENABLED = re.compile(rb"not enabled in your Integration", re.IGNORECASE)

_TOKEN = Decision(
    Disposition.STOP,
    "SquadStack does not accept the token (401): it is wrong or has expired. Take a new one from the "
    "SquadStack dashboard and set auth_token.",
)
_FORBIDDEN = Decision(
    Disposition.STOP,
    f"SquadStack denies permission (403): the token may not use this endpoint. {WHITELISTING}",
)
_WRONG_CAMPAIGN = Decision(
    Disposition.STOP,
    "SquadStack knows no active integration of this ref_id (404): check it, and ask your SquadStack contact "
    "whether the campaign is active.",
)
_DISABLED_ENDPOINT = Decision(
    Disposition.STOP,
    "This action's endpoint is not enabled in your integration (404): ask your SquadStack contact to enable it.",
)
_NOT_FOUND = Decision(
    Disposition.STOP,
    "There is nothing at this address (404): check api_url and ref_id, and ask your SquadStack contact whether "
    "this action is enabled in your integration.",
)
_BAD_REQUEST = Decision(Disposition.HALVE, "SquadStack refused the call as a whole")
_THROTTLED = Decision(Disposition.WAIT, "SquadStack's rate limit is used up (429)")
_SERVER = Decision(Disposition.RETRY, "SquadStack has a problem of its own or is being maintained")
_CONFLICT = Decision(Disposition.RETRY, "another request for one of these leads is being processed (409)")

_BY_STATUS = {
    400: _BAD_REQUEST,
    401: _TOKEN,
    403: _FORBIDDEN,
    404: _NOT_FOUND,
    408: _SERVER,
    409: _CONFLICT,
    413: _BAD_REQUEST,
    425: _SERVER,
    429: _THROTTLED,
}

_BY_TEXT: tuple[tuple[int, re.Pattern[bytes], Decision], ...] = (
    (400, _NO_INTEGRATION, _WRONG_CAMPAIGN),
    (400, _NOT_ENABLED, _DISABLED_ENDPOINT),
    (404, _NO_INTEGRATION, _WRONG_CAMPAIGN),
    (404, _NOT_ENABLED, _DISABLED_ENDPOINT),
)


def decide(outcome: Response | NoAnswerError) -> Decision:
    """What to do about an answer, or about there being none."""
    if isinstance(outcome, NoAnswerError):
        return Decision(Disposition.RETRY, outcome.failure.value)
    for status, text, decision in _BY_TEXT:
        if outcome.status == status and text.search(outcome.body):
            return decision
    return _BY_STATUS.get(outcome.status) or _by_class(outcome.status)


def did_nothing(outcome: Response | NoAnswerError) -> bool:
    """Whether it is certain that no lead of the call was touched: it was refused as a whole, or never arrived."""
    nothing = {Disposition.WAIT, Disposition.HALVE, Disposition.STOP}
    return is_unreachable(outcome) or decide(outcome).disposition in nothing


def is_unreachable(outcome: Response | NoAnswerError) -> bool:
    """Whether no connection came about, which before a run's first answer points at address or network."""
    return isinstance(outcome, NoAnswerError) and outcome.failure in {Failure.REFUSED, Failure.TLS}


def _by_class(status: int) -> Decision:
    if 200 <= status < 300:
        return Decision(Disposition.JUDGE, "answered")
    if status >= 500:
        return _SERVER
    if 300 <= status < 400:
        return Decision(
            Disposition.STOP,
            f"The API redirects elsewhere ({status}), where the token must not go: check api_url.",
        )
    return Decision(Disposition.STOP, f"SquadStack refused the call with status {status}: check api_url and ref_id.")


_TRY_AFTER = re.compile(rb"(?:try after|available in)\s+(\d+)\s+second", re.IGNORECASE)


def wait_after_429(response: Response, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float:
    """Seconds that everybody waits after a 429: by its header, else by its text, else a minute."""
    asked = _seconds_of_header(response.headers.get("retry-after", ""), now)
    if asked is None and (found := _TRY_AFTER.search(response.body)):
        asked = float(found[1])
    return min(max(DEFAULT_WAIT if asked is None else asked, SHORTEST_WAIT), LONGEST_WAIT)


def _seconds_of_header(value: str, now: Callable[[], datetime]) -> float | None:
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now()).total_seconds())
