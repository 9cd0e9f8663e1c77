"""Answers to a call as a whole ("Common status codes and their meanings")."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.actions import READ
from squadstack.sandbox.campaigns import rules_of

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
TEXT: Final = "text/plain"
HTML: Final = "text/html"

EXPIRED_TOKEN: Final = "expired-token"  # noqa: S105 -- the pretend server's, told to everybody


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: JSON, or a text as it is."""

    status: int
    body: object
    media_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The call as a whole is refused.

    Args:
        answer: What the caller is told.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"error_msg": message})


INVALID_TOKEN: Final = _error(401, "Invalid auth token")
TOKEN_EXPIRED: Final = _error(401, "Token expired")
NO_PERMISSION: Final = _error(403, "You do not have permission to perform this action.")
NO_INTEGRATION: Final = _error(404, "No active integration found.")
NOT_ENABLED: Final = _error(404, "This endpoint is not enabled in your Integration")
METHOD_NOT_ALLOWED: Final = _error(405, "All our endpoints work on HTTP POST method")
# These two the documents write without an error_msg around: plain text.
TECHNICAL_ISSUES: Final = Answer(
    500, "We're facing some technical issues. Please try again in a while.", media_type=TEXT
)
MAINTENANCE: Final = Answer(
    503,
    "<html><head><title>503 Service Temporarily Unavailable</title></head>"
    "<body><h1>We are down for maintenance</h1></body></html>",
    media_type=HTML,
)


def bad_request(message: str) -> Answer:
    """400: the payload or a header is not what it should be."""
    return _error(400, message)


def throttled(seconds: int) -> Answer:
    """429: the rate limit is reached; a call may be made again after so many seconds."""
    message = f"Request was throttled. Please try after {seconds} seconds"
    return Answer(429, message, media_type=TEXT, headers={"Retry-After": str(seconds)})


def check_token(authorization: str, token: str) -> None:
    """Let only the bearer of the token pass.

    Raises:
        RefusedError: 401.
    """
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "bearer" and given == EXPIRED_TOKEN:
        raise RefusedError(TOKEN_EXPIRED)
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.encode(), token.encode()):
        raise RefusedError(INVALID_TOKEN)


def check_integration(ref_id: str, action: str) -> None:
    """Let a call pass to a campaign that takes this action; every one can be read.

    Raises:
        RefusedError: 403 or 404.
    """
    if ref_id == "no-permission":
        raise RefusedError(NO_PERMISSION)
    if ref_id == "no-integration":
        raise RefusedError(NO_INTEGRATION)
    if action != READ and action not in rules_of(ref_id).enabled:
        raise RefusedError(NOT_ENABLED)
