"""What goes over the wire, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One call to be made.

    Attributes:
        method: GET, POST or PATCH.
        path: Path and query on the API's host.
        body: The JSON body; never shown.
    """

    method: str
    path: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """What the API answered, whatever it was.

    Attributes:
        status: The HTTP status.
        headers: With names in lower case.
        body: Never shown: it may repeat what was sent.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


class Failure(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "the call took longer than request_timeout_seconds"
    BROKEN = "the connection broke before the whole answer was there"
    REFUSED = "no connection: the host refuses it, or there is none of that name"
    TLS = "no safe connection: the host's certificate is not trusted"


class NoAnswerError(Exception):
    """A call without an answer: nobody knows whether it was carried out.

    Args:
        failure: What happened.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure
