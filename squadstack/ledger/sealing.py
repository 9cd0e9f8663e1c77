"""Keep a reject's values, its message and its record, in clear or encrypted (setting `ledger_key`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import LedgerError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLEAR = "{"
"""How a record in clear begins; no Fernet token does."""

_MISSING = (
    "The ledger holds encrypted rejects: give the setting 'ledger_key' with which they were written, "
    "or purge them with `squadstack rejects purge`."
)
_WRONG = (
    "The setting 'ledger_key' is not the key with which rejects in the ledger were encrypted: give that one, "
    "or purge them with `squadstack rejects purge`."
)


class Seal:
    """Writes and reads a reject's values.

    Args:
        key: A Fernet key; None: values are written in clear.
    """

    def __init__(self, key: str | None) -> None:
        self._fernet = None
        if key is not None:
            from cryptography.fernet import Fernet  # noqa: PLC0415 - only where a key is set

            self._fernet = Fernet(key)

    @property
    def has_key(self) -> bool:
        """Whether values are encrypted."""
        return self._fernet is not None

    def close(self, message: str, record: Mapping[str, Any]) -> tuple[str, str]:
        """The two columns: of encrypted values both lie in the second."""
        text = as_json(record)
        if self._fernet is None:
            return message, text
        return "", self._fernet.encrypt(json.dumps([message, text]).encode()).decode()

    def open(self, message: str, record: str) -> tuple[str, dict[str, Any]]:
        """The message and the record.

        Raises:
            LedgerError: They are encrypted, and the key is wrong or missing.
        """
        if is_sealed(record):
            message, record = json.loads(self._decrypted(record))
        return message, json.loads(record)

    def _decrypted(self, token: str) -> bytes:
        if self._fernet is None:
            raise LedgerError(_MISSING)
        from cryptography.fernet import InvalidToken  # noqa: PLC0415 - only where a key is set

        try:
            return self._fernet.decrypt(token)
        except InvalidToken:
            raise LedgerError(_WRONG) from None


def is_sealed(record: str) -> bool:
    """Whether a record's column is encrypted."""
    return not record.startswith(_CLEAR)


def as_json(record: Mapping[str, Any]) -> str:
    """A record as JSON; one that is nested too deeply to be written is kept by the names of its fields."""
    try:
        return json.dumps(record, default=str)
    except (RecursionError, ValueError):
        return json.dumps({"too deep to keep": [str(name) for name in record]})
