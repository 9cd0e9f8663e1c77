"""The command `destination-squadstack`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.airbyte.command import run

if TYPE_CHECKING:
    from squadstack.airbyte.command import Verb
    from squadstack.airbyte.output import Message


def main() -> None:
    """Run the destination."""
    run("destination-squadstack", _spec, {"check": _check, "discover": _discover, "write": _write})


def _spec() -> Message:
    from squadstack.airbyte.spec import destination_spec  # noqa: PLC0415 - each verb loads what it needs

    return destination_spec()


def _check() -> Verb:
    from squadstack.airbyte.checking import check_destination  # noqa: PLC0415 - likewise

    return check_destination


def _discover() -> Verb:
    from squadstack.airbyte.writing import discover  # noqa: PLC0415 - likewise

    return discover


def _write() -> Verb:
    from squadstack.airbyte.writing import write  # noqa: PLC0415 - likewise

    return write
