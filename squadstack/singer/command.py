"""The command line's manners: a fault that a user can cause is a sentence and exit status 1."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from squadstack.exceptions import InputError, SquadStackError, place_of

if TYPE_CHECKING:
    from collections.abc import Callable


def hush_mapper() -> None:
    """Keep the SDK's stream maps from logging values of records, which they do at DEBUG."""
    logger = logging.getLogger("singer_sdk.mapper")
    if logger.isEnabledFor(logging.DEBUG):
        logger.setLevel(logging.INFO)


def clean_command(command: click.Command) -> click.Command:
    """Have the option `--config` tell a missing or broken file as a sentence."""
    for parameter in command.params:
        if parameter.name == "config" and parameter.callback is not None:
            parameter.callback = _checked(parameter.callback)
    return command


def _checked(callback: Callable[..., Any]) -> Callable[..., Any]:
    def check(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> Any:
        for path in value:
            if path != "ENV":
                _check_file(path)
        return callback(context, parameter, value)

    return check


def _check_file(path: str) -> None:
    try:
        content = json.loads(Path(path).read_text())
    except OSError as error:
        msg = f"The configuration file {path} cannot be read: {error.strerror}."
        raise click.ClickException(msg) from None
    except ValueError as error:
        at = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        msg = f"The configuration file {path} is not JSON{at}."
        raise click.ClickException(msg) from None
    if not isinstance(content, dict):
        msg = f"The configuration file {path} must hold one JSON object."
        raise click.ClickException(msg)


def as_failure(error: Exception) -> SquadStackError:
    """Any exception as a sentence that holds no value: those of the SDK show records."""
    match error:
        case SquadStackError():
            return error
        case RecordsWithoutSchemaException() | MissingKeyPropertiesError():
            return InputError(str(error))
        case _:
            return SquadStackError(f"A fault of the connector itself: {type(error).__name__} in {place_of(error)}.")
