"""Failures as the platform tells them apart: whether the user, a later try, or nobody knows what helps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.airbyte.output import now
from squadstack.exceptions import (
    AccessError,
    ConfigurationError,
    OutageError,
    SquadStackError,
    TooManyActionsError,
    TooManyRejectsError,
    UndeliveredError,
    place_of,
)

if TYPE_CHECKING:
    from squadstack.airbyte.output import Message

_OF_THE_USER = (ConfigurationError, AccessError, TooManyRejectsError, TooManyActionsError)
_PASSING = (OutageError, UndeliveredError)


def as_sentence(error: Exception) -> SquadStackError:
    """An exception that holds no value: any other than ours may show some."""
    if isinstance(error, SquadStackError):
        return error
    return SquadStackError(f"A fault of the connector itself: {type(error).__name__} in {place_of(error)}.")


def kind_of(failure: SquadStackError) -> str:
    """What the platform is to do: ask the user, try again, or report it."""
    if isinstance(failure, _OF_THE_USER):
        return "config_error"
    return "transient_error" if isinstance(failure, _PASSING) else "system_error"


def trace_of(failure: SquadStackError) -> Message:
    """The message that ends a failed run."""
    told = {
        "message": str(failure),
        "internal_message": type(failure).__name__,
        "failure_type": kind_of(failure),
    }
    return {"type": "TRACE", "trace": {"type": "ERROR", "emitted_at": now(), "error": told}}
