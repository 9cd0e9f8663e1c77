"""Read an `error_msg`: free text, a Python dict's repr, or JSON in a string, once or twice encoded.

Sources: CRM v2, "Status codes" of each endpoint, "Common status codes and their meanings", and the examples
of the bulk endpoints.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from squadstack.api.verdicts import Reason

_LONGEST_REPR = 8192
_DEEPEST_CODE = 3
_DEEPEST_TOLD = 8
_REPR = re.compile(r"(?:[^\\]|\\[\\'\"nrtxuU])*", re.DOTALL)
"""Texts that may be Python's repr: it escapes nothing else."""


@dataclass(frozen=True, slots=True)
class ErrorMessage:
    """An error message, taken apart.

    Attributes:
        text: All of it as one text.
        fields: Field name to what is said about it, where the message speaks of fields.
    """

    text: str
    fields: Mapping[str, str]


def read_error(value: Any) -> ErrorMessage:
    """Take an `error_msg` apart; never raises, never evaluates."""
    for _ in range(_DEEPEST_CODE):
        if isinstance(value, Mapping) and set(value) <= {"error_type", "error_msg"} and "error_msg" in value:
            value = value["error_msg"]
        elif isinstance(value, str) and value.lstrip()[:1] in {"{", '"', "["}:
            read = _literal(value)
            if read is None:
                break
            value = read
        else:
            break
    fields = value if isinstance(value, Mapping) and "error_type" not in value else {}
    return ErrorMessage(_flat(value), {_plain(name): _flat(said) for name, said in fields.items()})


def _literal(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    if len(text) <= _LONGEST_REPR and _REPR.fullmatch(text):
        try:
            return ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            pass
    return None


def _flat(value: Any, levels: int = _DEEPEST_TOLD) -> str:
    if levels and isinstance(value, Mapping):
        return "; ".join(f"{_plain(name)}: {_flat(said, levels - 1)}" for name, said in value.items())
    if levels and isinstance(value, (list, tuple, set)):
        return "; ".join(_flat(said, levels - 1) for said in value)
    return _plain(value)


def _plain(value: Any) -> str:
    """A value as a text that every database can keep."""
    if isinstance(value, (Mapping, list, tuple, set)):
        return "\N{HORIZONTAL ELLIPSIS}"
    try:
        text = str(value)
    except ValueError:  # an integer with more digits than Python writes
        return "\N{HORIZONTAL ELLIPSIS}"
    return text.encode(errors="replace").decode().replace("\0", "?")


# -- meanings ----------------------------------------------------------------------------------------

CONVERTED = re.compile(r"has (?:already )?been marked as converted", re.IGNORECASE)
DELETED = re.compile(r"has been deleted from our platform", re.IGNORECASE)
UNKNOWN = re.compile(
    r"""(?<!\bof\ )(?<!\bof\ this\ )(?<!\bof\ the\ )  # what a lead belongs to may lack too: that is not the lead
    (?<!\bfor\ )(?<!\bfor\ this\ )(?<!\bfor\ the\ )
    \blead(?:_id)?\b['"]?
    (?::.{1,255}?|\ provided|\ given)?
    \s(?:doesn['\N{RIGHT SINGLE QUOTATION MARK}]?t|does\ not|do\ not)\ exist""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
UNJUDGED = re.compile(r"Unjudged leads cannot be re-?activated", re.IGNORECASE)
BUSY = re.compile(r"(?:getting|being) processed already|is being processed", re.IGNORECASE)
NO_INTEGRATION = re.compile(r"No active integration|not enabled in your Integration", re.IGNORECASE)
THERE = re.compile(r"Internal ID already exists|Duplicate Lead ID|given Lead ID: '", re.IGNORECASE)
TAKEN = re.compile(r"Lead with the same (.+?) is already present", re.IGNORECASE)

_NAMED = re.compile(
    r"lead_id: ?(.+?) (?:doesn't exist|has (?:already )?been )|given Lead ID: '(.+?)' is already present",
    re.IGNORECASE | re.DOTALL,
)
_LACKING = re.compile(r"required|blank|may not be null|may not be empty", re.IGNORECASE)
_INVALID = re.compile(r"invalid|not a valid|not valid", re.IGNORECASE)
_PHONE = re.compile(r"phone_number.*invalid value", re.IGNORECASE | re.DOTALL)

_REASONS = (
    (CONVERTED, Reason.LEAD_CONVERTED),
    (DELETED, Reason.LEAD_DELETED),
    (UNJUDGED, Reason.LEAD_ACTIVE),
    (TAKEN, Reason.CONFLICT),
)


def named_lead(message: ErrorMessage) -> str | None:
    """The lead that the message names, if it names one."""
    found = _NAMED.search(message.text)
    return found and (found[1] or found[2])


def is_there(message: ErrorMessage, lead_id: str | None = None) -> bool:
    """Whether the message says that the lead exists already; with a lead_id, whether it is that very one."""
    taken = TAKEN.search(message.text)
    if taken and taken[1].lower() == "lead_id":
        return True
    if not THERE.search(message.text):
        return False
    return lead_id is None or named_lead(message) in {None, lead_id}


def reason_of(message: ErrorMessage) -> Reason:
    """Which reason code a refusal has, by what it says."""
    if is_there(message):
        return Reason.ALREADY_EXISTS
    if found := next((reason for said, reason in _REASONS if said.search(message.text)), None):
        return found
    if UNKNOWN.search(message.text) and not message.fields.keys() - {"detail", "lead_id"}:
        return Reason.UNKNOWN_LEAD
    return _reason_of_fields(message)


def _reason_of_fields(message: ErrorMessage) -> Reason:
    for name, said in message.fields.items():
        if name == "phone_number" and _INVALID.search(said):
            return Reason.INVALID_PHONE
        if _LACKING.search(said):
            return Reason.MISSING_FIELD
        if _INVALID.search(said):
            return Reason.INVALID_VALUE
    if _PHONE.search(message.text):
        return Reason.INVALID_PHONE
    if _LACKING.search(message.text):
        return Reason.MISSING_FIELD
    return Reason.INVALID_VALUE if _INVALID.search(message.text) else Reason.OTHER
