"""Keyed digests: the ledger compares what was sent without keeping it. Without its key they tell nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from typing import Any

_SIZE = 16
_KEY_SIZE = 32


class Digester:
    """Digests of lead ids and payloads under one ledger's key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def lead(self, lead_id: str) -> bytes:
        """The digest that stands for a lead's id."""
        return self._digest(lead_id.encode())

    def payload(self, payload: dict[str, Any]) -> bytes:
        """The digest of all fields of a payload, whatever their order."""
        return self._digest(json.dumps(payload, sort_keys=True, separators=(",", ":")).encode())

    def _digest(self, data: bytes) -> bytes:
        return hashlib.blake2b(data, digest_size=_SIZE, key=self._key).digest()


def new_key() -> bytes:
    """A key for a new ledger."""
    return secrets.token_bytes(_KEY_SIZE)
