"""How the receiver is set up, and who may push."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_to_bytes

from squadstack.events.payloads import LONGEST_BODY
from squadstack.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SECRETS: Final = "SQUADSTACK_RECEIVE_SECRETS"
_SECRET: Final = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_MOST_SECRETS: Final = 2
_LONGEST_SECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """How a receiver is set up; `squadstack receive --help` has the same defaults.

    Attributes:
        folder: Where events are stored.
        secrets: What senders must bear, one of them.
        max_body_bytes: The largest body that is taken.
        body_seconds: The longest that a sender may take for its body; and for its head.
        segment_seconds: How long a file is written before the next is begun.
        buffer_bytes: How much may be held for all senders together.
        store_seconds: The longest that a sender waits for the disk.
    """

    folder: Path
    secrets: tuple[str, ...] = field(repr=False)
    max_body_bytes: int = 1 << 20
    body_seconds: float = 10.0
    segment_seconds: float = 3600.0
    buffer_bytes: int = 32 << 20
    store_seconds: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what no clock waits for, and what the reader would not read.

        Raises:
            ConfigurationError: One of them is out of range.
        """
        faults = [
            f"{name} must be above 0 and at most {_LONGEST_SECONDS}."
            for name in ("body_seconds", "segment_seconds")
            if not 0 < getattr(self, name) <= _LONGEST_SECONDS
        ]
        if not 0 < self.max_body_bytes <= LONGEST_BODY:
            faults.append(f"max_body_bytes must be above 0 and at most {LONGEST_BODY}.")
        if faults:
            raise ConfigurationError(*faults)


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The secrets that the environment gives, separated by commas; two at once while they are changed.

    Raises:
        ConfigurationError: There are none, too many, or one that nobody should use.
    """
    found = tuple(part.strip() for part in environment.get(SECRETS, "").split(",") if part.strip())
    if not found or len(found) > _MOST_SECRETS:
        msg = "SQUADSTACK_RECEIVE_SECRETS must hold one secret, or two with a comma between."
        raise ConfigurationError(msg)
    if not all(_SECRET.fullmatch(secret) for secret in found):
        msg = "A secret in SQUADSTACK_RECEIVE_SECRETS must have 16 to 512 letters, digits or characters of -._~+/=."
        raise ConfigurationError(msg)
    return found


class Gate:
    """Tells who may push, in a time that says nothing of the secrets.

    Args:
        secrets: Those that are taken.
    """

    def __init__(self, secrets: tuple[str, ...]) -> None:
        self._digests = [_digest(secret.encode()) for secret in secrets]

    def is_open(self, headers: list[tuple[bytes, bytes]], query: bytes) -> bool:
        """Whether a call bears a secret: as bearer token, in `X-Api-Key`, or as `secret` of its address; once."""
        given = [_of_authorization(value) for name, value in headers if name.lower() == b"authorization"]
        given += [value.strip() for name, value in headers if name.lower() == b"x-api-key"]
        parts = [part.partition(b"=") for part in query.split(b"&")]
        given += [unquote_to_bytes(value) for name, _, value in parts if name == b"secret"]
        digest = _digest(given[0] if len(given) == 1 else b"")
        return sum(hmac.compare_digest(digest, one) for one in self._digests) > 0


def _of_authorization(value: bytes) -> bytes:
    scheme, _, rest = value.strip().partition(b" ")
    return rest.strip() if scheme.lower() == b"bearer" else b""


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
