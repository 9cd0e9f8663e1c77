"""What the ledger is told, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class LeadKey(NamedTuple):
    """A lead of this business at this host."""

    campaign: str
    lead_id: str


class Sent(NamedTuple):
    """What a call does with a lead, in doubt until its verdict is there."""

    lead: LeadKey
    action: str
    payload: Mapping[str, Any]


class Verdict(NamedTuple):
    """What became of a lead that a call named.

    Attributes:
        lead: Which.
        is_known: Whether the API has it now; None: not told.
        action: What was accepted, if anything.
        payload: Its fields.
    """

    lead: LeadKey
    is_known: bool | None
    action: str = ""
    payload: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Reject:
    """A rejected action; `record` is its source record."""

    stream: str
    rule: int
    campaign: str | None
    lead_id: str | None
    action: str | None
    reason: str
    message: str = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
