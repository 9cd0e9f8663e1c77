"""The files of a folder on a local disk: listed whole, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def files_below(root: str, is_wanted: Callable[[str], bool]) -> dict[str, dict[str, Any]]:
    """The wanted files, also of folders within, with what stands in their inodes.

    Raises:
        FileNotFoundError: The folder is not there, or something went away meanwhile.
        OSError: A folder cannot be listed; to leave it out would be to lose its events unnoticed.
    """
    found = ((path, path.stat()) for path in _paths(root, is_wanted))
    return {str(path): _facts(status) for path, status in found if stat.S_ISREG(status.st_mode)}


def _paths(root: str, is_wanted: Callable[[str], bool]) -> Iterator[Path]:
    for folder, _, names in os.walk(root, onerror=_fail):
        for path in (Path(folder, name) for name in names if is_wanted(name)):
            if path.exists() or not path.is_symlink():  # a link to nothing is none, whatever is listed again
                yield path


def _fail(error: OSError) -> None:
    raise error


def _facts(status: os.stat_result) -> dict[str, Any]:
    """Named as fsspec names them; `created` is when anything of the file was changed last, which nobody can set."""
    return {
        "size": status.st_size,
        "mtime": status.st_mtime,
        "created": status.st_ctime,
        "ino": status.st_ino,
    }
