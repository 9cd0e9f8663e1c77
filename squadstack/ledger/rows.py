"""What the ledger is told, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Sent(NamedTuple):
    """A lead that a call names: what is in doubt until its verdict is there."""

    campaign: str
    lead_id: str
    action: str
    payload: Mapping[str, Any]


class LeadVerdict(NamedTuple):
    """What became of a lead that a call named; known: the API has it now."""

    campaign: str
    lead_id: str
    known: bool | None


@dataclass(frozen=True, slots=True)
class Reject:
    """A row for the rejects; `record` is the source record."""

    stream: str
    rule: int
    campaign: str | None
    lead_id: str | None
    action: str | None
    reason: str
    message: str = field(repr=False)
    record: Mapping[str, Any] = field(repr=False)
