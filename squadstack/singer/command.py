"""The command line's manners: a fault that a user can cause is a sentence and exit status 1."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

from squadstack.exceptions import ConfigurationError, InputError, SquadStackError, place_of
from squadstack.settings.files import read_file

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
        read_file(path)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None


def as_failure(error: Exception) -> SquadStackError:
    """Any exception as a sentence that holds no value: those of the SDK show records."""
    match error:
        case SquadStackError():
            return error
        case RecordsWithoutSchemaException() | MissingKeyPropertiesError():
            return InputError(str(error))
        case _:
            return SquadStackError(f"A fault of the connector itself: {type(error).__name__} in {place_of(error)}.")
