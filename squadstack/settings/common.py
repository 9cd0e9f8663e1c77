"""The settings that tap and target share, and what makes them impossible."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from squadstack.exceptions import ConfigurationError
from squadstack.settings.declaration import setting
from squadstack.settings.rate_limit import RATE_LIMIT_SCHEMA, RateLimit

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = re.compile(r"https?://(?:\[[0-9a-f:.]+\]|[^\s/?#@:\\\[\]]+)(?::\d+)?", re.IGNORECASE)
_HEADER = re.compile(r"[!-~][ -~]*")


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """Who calls, how much it may, and where it keeps its memory. The repr shows no secret."""

    auth_token: str = setting("string", "Token", "Bearer token of the SquadStack API.", secret=True, minLength=1)
    business: str = setting(
        "string",
        "Business",
        "Whose budget, leads and rejects these are; the ledger keeps each business apart.",
        default="default",
        minLength=1,
    )
    rate_limit: dict[str, Any] = setting(
        "object",
        "Rate limit",
        "The business's limit: calls and records a period, its length, a call's slack, calls left to others.",
        default={"calls": 100, "records": None, "period_seconds": 60, "slack_seconds": 1, "reserve": 0},
        **RATE_LIMIT_SCHEMA,
    )
    max_in_flight: int = setting(
        "integer", "Calls at once", "Calls being worked on at once.", default=8, minimum=1, maximum=256
    )
    request_timeout_seconds: float = setting(
        "number",
        "Time for a call",
        "The longest that one call may take, from connecting to the last byte.",
        default=60,
        exclusiveMinimum=0,
    )
    max_outage_seconds: float = setting(
        "number",
        "Longest outage",
        "How long a batch that may succeed later is tried, from its first failure.",
        default=900,
        minimum=0,
    )
    ledger_url: str = setting(
        "string",
        "Ledger",
        "Where the ledger lives: SQLite on a local disk, or PostgreSQL for several machines.",
        default="sqlite:///.squadstack/ledger.db",
        secret=True,
    )
    user_agent: str | None = setting(
        "string", "User agent", "User-Agent of every call, if not the package's name and version.",
        default=None,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if faults := list(self.faults()):
            raise ConfigurationError(*faults)

    @property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        raise NotImplementedError

    @property
    def host(self) -> str:
        """Host and port of the API: what the ledger keeps apart by."""
        return urlsplit(self.base_url).netloc

    @cached_property
    def limit(self) -> RateLimit:
        """The rate limit, with its defaults for the keys that were left out."""
        return RateLimit(**self.rate_limit)

    def faults(self) -> Iterator[str]:
        """What is wrong with the settings together, one sentence each."""
        yield from _url_faults(self.base_url)
        for name in ("auth_token", "user_agent"):
            if not _HEADER.fullmatch(getattr(self, name) or "-"):
                yield f"Setting '{name}' holds what no header can carry: a line break, or a letter that is not ASCII."
        if self.limit.own_calls is not None and self.limit.own_calls < 1:
            yield "Setting 'rate_limit' leaves no calls: 'reserve' must be less than 'calls'."


def _url_faults(url: str) -> Iterator[str]:
    """What is wrong with an address to which a token would be sent: clear text only to loopback."""
    try:
        parts = urlsplit(url)
        is_address = _ADDRESS.fullmatch(url) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        yield "Setting 'api_url' must be scheme and host only, like https://api.squadstack.com."
    elif parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
        yield "Setting 'api_url' must begin with https://, because the token goes there; http:// only to loopback."


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
