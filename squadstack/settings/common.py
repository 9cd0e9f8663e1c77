"""Checks that the settings of several faces share."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.settings.rate_limit import RateLimit


def api_url_faults(url: str) -> Iterator[str]:
    """What is wrong with an address to which a token would be sent: clear text only to loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        yield "Setting 'api_url' is no address; it must be like https://api.squadstack.com."
        return
    if parts.scheme not in {"http", "https"} or not host or parts.path or parts.query or parts.username:
        yield "Setting 'api_url' must be scheme and host only, like https://api.squadstack.com."
    elif parts.scheme == "http" and not _is_loopback(host):
        yield "Setting 'api_url' must begin with https://, because the token goes there; http:// only to loopback."


def rate_limit_faults(limit: RateLimit) -> Iterator[str]:
    """What makes a rate limit impossible to keep."""
    own = limit.own_calls
    if own is not None and own < 1:
        yield "Setting 'rate_limit' leaves no calls: 'reserve' must be less than 'calls'."


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
