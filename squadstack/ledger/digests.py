"""Keyed digests: the ledger compares what was sent without keeping it. Without its key they tell nothing."""

from __future__ import annotations

import hashlib
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from squadstack.ledger.rows import LeadKey

_SIZE = 16
_KEY_SIZE = 32
_REMEMBERED = 20_000
_encode = msgspec.json.Encoder(order="sorted").encode


class Digester:
    """Digests under one ledger's key, for one business at one host.

    Args:
        key: The ledger's random key.
        scope_id: Makes the digests of different businesses and hosts different.
    """

    def __init__(self, key: bytes, scope_id: int) -> None:
        self._key = key
        self._scope = f"{scope_id}".encode()
        self.lead = lru_cache(_REMEMBERED)(self._lead)
        """The digest that stands for a lead: asked for before and after each call."""

    def _lead(self, lead: LeadKey) -> bytes:
        return self._digest(b"\0".join((self._scope, lead.campaign.encode(), lead.lead_id.encode())))

    def payload(self, payload: Mapping[str, Any]) -> bytes:
        """The digest of all fields of a payload, whatever their order."""
        return self._digest(_encode(payload))

    def _digest(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=_SIZE, key=self._key).digest()


def new_key() -> bytes:
    """A key for a new ledger."""
    return secrets.token_bytes(_KEY_SIZE)
