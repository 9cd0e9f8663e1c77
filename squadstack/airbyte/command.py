"""The command line of both faces: `spec`, `check`, `discover`, and `read` or `write`."""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from squadstack.airbyte import failures
from squadstack.airbyte.logs import log_to
from squadstack.airbyte.output import Message, Output
from squadstack.exceptions import ConfigurationError, SquadStackError

Verb: TypeAlias = Callable[["Call"], int]
"""What a verb does; it returns the exit status."""

log = logging.getLogger("squadstack")


class Call:
    """One run of a face.

    Args:
        arguments: Of the command line.
        output: Where messages go.
    """

    def __init__(self, arguments: argparse.Namespace, output: Output) -> None:
        self._arguments = arguments
        self.output = output

    @property
    def config(self) -> dict[str, Any]:
        """What the user configured."""
        content = self._read("config")
        if not isinstance(content, dict):
            msg = "The configuration must be one JSON object."
            raise ConfigurationError(msg)
        return content

    @property
    def catalog(self) -> Any:
        """The streams that the user chose."""
        return self._read("catalog")

    @property
    def state(self) -> Any:
        """What the platform kept of the last run; None: nothing."""
        return self._read("state") if self._arguments.state else None

    def _read(self, what: str) -> Any:
        path = getattr(self._arguments, what)
        if not path:
            msg = f"The option --{what} is missing."
            raise ConfigurationError(msg)
        try:
            return json.loads(Path(path).read_bytes() or b"null")
        except OSError as error:
            msg = f"The file of --{what} cannot be read: {error.strerror}."
        except (ValueError, RecursionError):
            msg = f"The file of --{what} is not JSON."
        raise ConfigurationError(msg)


class _Parser(argparse.ArgumentParser):
    """Tells a wrong command line as every other fault."""

    def error(self, message: str) -> NoReturn:  # noqa: ARG002 - it may repeat what was given
        msg = f"Use it as {' '.join(self.format_usage().split()[1:])}"
        raise ConfigurationError(msg)


def run(name: str, spec: Callable[[], Message], verbs: dict[str, Callable[[], Verb]]) -> NoReturn:
    """Run a face, and exit.

    Args:
        name: Of the command.
        spec: Makes its SPEC.
        verbs: Every other verb, and what loads it: none waits for what another one needs.
    """
    leave_on_signals()
    output = Output()
    log_to(output, is_debug="--debug" in sys.argv)
    try:
        arguments = _parser(name, ["spec", *verbs]).parse_args()
        if arguments.verb == "spec":
            output.write(spec())
            status = 0
        else:
            status = verbs[arguments.verb]()(Call(arguments, output))
    except Exception as error:  # noqa: BLE001 - whatever it is: told as a sentence without values
        status = fail(output, failures.as_sentence(error))
    logging.shutdown()
    sys.stdout = None
    sys.exit(status)


def leave_on_signals() -> None:
    """Have a signal end this process at once, as long as nothing was begun that would have to be ended in order."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def fail(output: Output, failure: SquadStackError) -> int:
    """Tell why a run failed, and return the exit status."""
    log.error("%s", failure)
    try:
        output.write(failures.trace_of(failure))
    except SquadStackError:
        return 1
    return 1


def _parser(name: str, verbs: list[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog=name, add_help=True)
    parser.add_argument("verb", choices=verbs)
    for option in ("config", "catalog", "state"):
        parser.add_argument(f"--{option}", metavar="FILE")
    parser.add_argument("--debug", action="store_true", help="log more")
    return parser


def _leave(number: int, _frame: object) -> None:
    os._exit(128 + number)
