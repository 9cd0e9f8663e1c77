"""Leads kept in a file, so that a sandbox remembers them."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from squadstack.sandbox.campaigns import Campaigns

_SAVE_SECONDS: Final = 1.0


class DataFileError(Exception):
    """The file cannot be read or written, or holds something else; the message says which."""


class DataFile:
    """A file that follows the leads: readable by its owner only, always whole.

    Args:
        path: The file.
        campaigns: The leads.
    """

    def __init__(self, path: Path, campaigns: Campaigns) -> None:
        self._path = path
        self._campaigns = campaigns
        self._saved = -1

    def load(self) -> None:
        """Take over the leads of the file; make one if there is none, so that a bad place shows at once.

        Raises:
            DataFileError: It cannot be read or written, or holds no leads.
        """
        try:
            self._campaigns.restore(json.loads(self._path.read_bytes()))
        except FileNotFoundError:
            self.save()
        except (OSError, ValueError) as error:
            message = f"Cannot read leads from {self._path}: {error}"
            raise DataFileError(message) from error
        else:
            self._saved = self._campaigns.changes

    def save(self) -> None:
        """Write the leads if any has changed since.

        Raises:
            DataFileError: The file cannot be written.
        """
        changes = self._campaigns.changes
        if changes == self._saved:
            return
        try:
            _replace(self._path, json.dumps(self._campaigns.document()).encode())
        except OSError as error:
            message = f"Cannot write leads to {self._path}: {error}"
            raise DataFileError(message) from error
        self._saved = changes

    async def keep_saving(self) -> None:
        """Save once a second while leads change, until cancelled; what fails is tried again."""
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            with suppress(DataFileError):
                self.save()


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
