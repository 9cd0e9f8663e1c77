"""Encrypt a field for SquadStack: AES-256-GCM, as base64 of nonce, ciphertext and tag.

The nonce is no random number but follows from the value: an HMAC of it under a key of its own. So a value that did
not change is the same text again, and its lead is not sent for it; no nonce serves two values. The price is that
who sees two texts can tell whether their values are equal.
"""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Any

from squadstack.mapping.values import to_payload

if TYPE_CHECKING:
    from collections.abc import Callable

_NONCE_BYTES = 12
_NONCE_KEY = b"squadstack-connectors: nonces of fields"


def encryption(key: str | None) -> Callable[[Any], str | None] | None:
    """The function `encrypt` of expressions; None without a key.

    Args:
        key: 32 bytes as base64 (setting `field_key`).
    """
    if key is None:
        return None
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415 - only where a key is set

    secret = base64.b64decode(key)
    cipher, nonce_key = AESGCM(secret), hmac.digest(secret, _NONCE_KEY, "sha256")

    def encrypt(value: Any) -> str | None:
        payload = to_payload(value)
        if payload is None:
            return None
        text = str(payload).encode()
        nonce = hmac.digest(nonce_key, text, "sha256")[:_NONCE_BYTES]
        return base64.b64encode(nonce + cipher.encrypt(nonce, text, None)).decode()

    return encrypt
