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

NAME_SIZE, VALUE_SIZE = 8, 8
"""Bytes of a field's digests, of which a lead has many."""

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
        self._empty = hashlib.blake2b(digest_size=_SIZE, key=key)
        self._scope = f"{scope_id}".encode()
        self._empty_value = hashlib.blake2b(digest_size=VALUE_SIZE, key=key)
        self.lead = lru_cache(_REMEMBERED)(self._lead)
        """The digest that stands for a lead: asked for before and after each call."""
        self.name = lru_cache(_REMEMBERED)(self._name)
        """The digest that stands for a field."""

    def _lead(self, lead: LeadKey) -> bytes:
        return self._digest(b"\0".join((self._scope, lead.campaign.encode(), lead.lead_id.encode())))

    def payload(self, payload: Mapping[str, Any]) -> bytes:
        """The digest of all fields of a payload, whatever their order."""
        return self._digest(_encode(payload))

    def value(self, value: Any) -> bytes:
        """The digest of a field's value."""
        digest = self._empty_value.copy()
        digest.update(_encode(value))
        return digest.digest()

    def _name(self, name: str) -> bytes:
        return self._digest(name.encode())[:NAME_SIZE]

    def _digest(self, data: bytes) -> bytes:
        digest = self._empty.copy()  # takes half the time of a new one
        digest.update(data)
        return digest.digest()


def new_key() -> bytes:
    """A key for a new ledger."""
    return secrets.token_bytes(_KEY_SIZE)
