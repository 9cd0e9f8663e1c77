"""What the ledger is told, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
        read_at: When its record was read; 0: now.
        is_gone: Whether what was accepted before is forgotten, so that the lead is sent anew if it comes back.
    """

    lead: LeadKey
    is_known: bool | None
    action: str = ""
    payload: Mapping[str, Any] = {}
    read_at: float = 0.0
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Reject:
    """A rejected action; `record` is its source record, `read_at` when that was read (0: now)."""

    stream: str
    rule: int
    campaign: str | None
    lead_id: str | None
    action: str | None
    reason: str
    message: str = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
    read_at: float = 0.0


class Again(NamedTuple):
    """What became of a reject that was sent again: accepted, unchanged, replaced or stale."""

    reject_id: int
    state: str


@dataclass(frozen=True, slots=True)
class KeptReject:
    """A rejected action as the ledger kept it; times are seconds since the epoch."""

    reject_id: int
    run_id: int
    rejected_at: float
    read_at: float
    stream: str
    rule: int
    campaign: str | None
    lead_id: str | None
    action: str | None
    reason: str
    state: str
    changed_at: float | None
    message: str = field(repr=False)
    record: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Selection:
    """Some of the rejects; what is empty or None selects all.

    Attributes:
        states: open, accepted, unchanged, replaced or stale.
        reasons: Reason codes.
        rule: The number of the rule.
        lead_id: Whose they are.
    """

    states: Sequence[str] = ("open",)
    reasons: Sequence[str] = ()
    rule: int | None = None
    lead_id: str | None = None
