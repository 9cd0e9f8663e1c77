"""Are the values of a lead well formed?

The messages are those of "Common status codes and their meanings" and of the bulk examples.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from squadstack.sandbox.actions import Action, Row

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REQUIRED: Final = "This field is required."
BLANK: Final = "This field may not be blank."
NULL: Final = "This field may not be null."
INVALID: Final = "Invalid value provided."

NEW_LEAD: Final = ("phone_number", "contact_name")
"""What a lead must bring the first time, besides its lead_id."""

_MANDATORY: Final[Mapping[Action, tuple[str, ...]]] = MappingProxyType(
    {
        Action.CREATE: ("lead_id", *NEW_LEAD),
        Action.UPDATE: ("lead_id",),
        Action.UPSERT: ("lead_id",),
        Action.CONVERT: ("lead_id", "detail"),
        Action.DISABLE: ("lead_id",),
        Action.DELETE: ("lead_id",),
    }
)

# "Convert Leads in Bulk", the failed example: an empty detail counts as a missing one. So does, in the
# tables of these three, "an empty value in the payload against the lead_id".
_EMPTY_IS_MISSING: Final = frozenset({Action.CONVERT, Action.DISABLE, Action.DELETE})

_MAX_LEAD_ID: Final = 255
_MAX_CONTACT_NAME: Final = 48
_MAX_DETAIL: Final = 32
# Mobile or landline: ten digits of the national significant number, with or without the country code.
_PHONE_NUMBER: Final = re.compile(r"(?:91)?[1-9][0-9]{9}")

_SHAPES: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "lead_id": lambda text: len(text) <= _MAX_LEAD_ID,
        "phone_number": lambda text: _PHONE_NUMBER.fullmatch(text) is not None,
        "contact_name": lambda text: len(text) <= _MAX_CONTACT_NAME,
    }
)


def lead_id_of(row: Row) -> str | None:
    """The lead that a row names, if it names one."""
    lead_id = row.get("lead_id")
    return str(lead_id) if _is_text_or_integer(lead_id) else None


def errors_of(action: Action, row: Row) -> dict[str, str]:
    """What is wrong with each field of a row, whatever the campaign holds; empty if nothing is."""
    missing = missing_of(row, _MANDATORY[action], empty_too=action in _EMPTY_IS_MISSING)
    present = {name: value for name, value in row.items() if name not in missing}
    faults = {name: _fault_of(action, name, value) for name, value in present.items()}
    return missing | {name: fault for name, fault in faults.items() if fault is not None}


def squadiq_errors_of(action: Action, row: Row) -> dict[str, str]:
    """What is wrong with each field of a row of SquadIQ v4; custom ones take "any data"."""
    own = {*_SHAPES, *_MANDATORY[action]}
    errors = errors_of(action, {name: value for name, value in row.items() if name in own})
    if action is Action.CONVERT and "detail" not in errors and not _is_code(row["detail"]):
        errors["detail"] = INVALID
    return errors


def _is_code(detail: object) -> bool:
    """See "Mark a lead converted": a code string of at most 32 characters."""
    return isinstance(detail, str) and len(detail) <= _MAX_DETAIL


def missing_of(row: Row, names: tuple[str, ...], *, empty_too: bool = False) -> dict[str, str]:
    """Which of the named fields a row lacks."""
    return {name: REQUIRED for name in names if name not in row or (empty_too and _is_empty(row[name]))}


def _is_empty(value: object) -> bool:
    return value == {} or (isinstance(value, str) and not value.strip())


def _fault_of(action: Action, name: str, value: object) -> str | None:
    if value is None:
        return NULL
    if action is Action.CONVERT and name == "detail":
        return None if isinstance(value, str | dict) else INVALID
    if not _is_text_or_integer(value):
        return INVALID
    return _misshapen(name, str(value))


def _misshapen(name: str, text: str) -> str | None:
    """Judge the fields that the API itself reads; of custom ones any text or integer will do."""
    fits = _SHAPES.get(name)
    if fits is None:
        return None
    if not text.strip():
        return BLANK
    return None if fits(text) else INVALID


def _is_text_or_integer(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
