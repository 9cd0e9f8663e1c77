"""The command `source-squadstack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.airbyte.command import run

if TYPE_CHECKING:
    from squadstack.airbyte.command import Verb
    from squadstack.airbyte.output import Message


def main() -> None:
    """Run the source."""
    run("source-squadstack", _spec, {"check": _check, "discover": _discover, "read": _read})


def _spec() -> Message:
    from squadstack.airbyte.spec import source_spec  # noqa: PLC0415 - each verb loads what it needs

    return source_spec()


def _check() -> Verb:
    from squadstack.airbyte.checking import check_source  # noqa: PLC0415 - likewise

    return check_source


def _discover() -> Verb:
    from squadstack.airbyte.reading import discover  # noqa: PLC0415 - likewise

    return discover


def _read() -> Verb:
    from squadstack.airbyte.reading import read  # noqa: PLC0415 - likewise

    return read
