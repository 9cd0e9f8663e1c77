"""The six actions of the API, what a call asks, and the verdict on one lead."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Row: TypeAlias = dict[str, object]
"""One lead as a call carries it."""


class Action(StrEnum):
    """What a call wants done to its leads ("Squadstack API reference")."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    CONVERT = "convert"
    DISABLE = "disable"
    DELETE = "delete"


READ: Final = "read"
"""What a call is noted as that asks for leads, and does nothing to them."""

ENDPOINTS: Final[Mapping[str, Action]] = MappingProxyType(
    {
        "lead-created": Action.CREATE,
        "lead-updated": Action.UPDATE,
        "lead-upserted": Action.UPSERT,
        "lead-converted": Action.CONVERT,
        "lead-disabled": Action.DISABLE,
        "lead-deleted": Action.DELETE,
    }
)
"""The last part of an endpoint's path, and what it does."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one call asks.

    Attributes:
        ref_id: The campaign.
        action: What to do to each lead.
        rows: The leads, in order.
        bulk: Whether they came as an array ("Squadstack Bulk API Reference") or as one object.
    """

    ref_id: str
    action: Action
    rows: tuple[Row, ...]
    bulk: bool


class Kind(Enum):
    """What can become of one lead of a call; each has a documented message."""

    ACCEPTED = auto()
    INVALID_FIELDS = auto()
    DUPLICATE = auto()
    TAKEN = auto()
    UNJUDGED = auto()
    CONVERTED = auto()
    ALREADY_CONVERTED = auto()
    UNKNOWN = auto()
    DELETED = auto()
    BUSY = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one lead of a call.

    Attributes:
        kind: Accepted, or why not.
        errors: With `INVALID_FIELDS`, what is wrong with each field.
        unique_field: With `TAKEN`, the field whose value another lead has.
    """

    kind: Kind
    errors: Mapping[str, str] = field(default_factory=dict)
    unique_field: str = ""
