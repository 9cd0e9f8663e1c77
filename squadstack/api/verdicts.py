"""What the API can be asked to do with a lead, and what it can say about one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias


class ActionName(StrEnum):
    """What can be done with a lead (CRM v2: "Squadstack API reference")."""

    CREATE = "create"
    UPDATE = "update"
    UPSERT = "upsert"
    CONVERT = "convert"
    DISABLE = "disable"
    DELETE = "delete"


class Reason(StrEnum):
    """Why an action was rejected (docs/delivery.md)."""

    MISSING_FIELD = "missing_field"
    INVALID_PHONE = "invalid_phone"
    INVALID_VALUE = "invalid_value"
    NO_CAMPAIGN = "no_campaign"
    UNKNOWN_LEAD = "unknown_lead"
    ALREADY_EXISTS = "already_exists"
    LEAD_ACTIVE = "lead_active"
    LEAD_CONVERTED = "lead_converted"
    LEAD_DELETED = "lead_deleted"
    CONFLICT = "conflict"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The lead is as it was asked to be; absent: a deletion found no such lead."""

    absent: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The API said no to this very lead.

    Attributes:
        reason: The reason code.
        message: What it said, for the ledger only: it may repeat a value.
        is_done_if_in_doubt: Whether it means success if the very same was sent before and never answered.
    """

    reason: Reason
    message: str = field(repr=False)
    is_done_if_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """The API could not do it now: to be sent again.

    Attributes:
        sentence: Why.
        did_nothing: Whether it is certain that the lead was not touched.
    """

    sentence: str
    did_nothing: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    """The row refuses the caller rather than the lead: the user must act."""

    sentence: str


@dataclass(frozen=True, slots=True)
class CreateInstead:
    """The lead of an upsert is not there, on an API that knows no upsert: to be created."""


Verdict: TypeAlias = Accepted | Refused | Later | Denied | CreateInstead


class UnreadableAnswerError(Exception):
    """A success that proves nothing: nobody knows what became of the leads. Its message holds no value."""
