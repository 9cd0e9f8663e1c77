"""The domain: a lead, and what is to be done with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from squadstack.api.verdicts import ActionName, Reason
from squadstack.ledger.rows import LeadKey, Sent

JsonValue: TypeAlias = "str | int | dict[str, Any] | None"


@dataclass(slots=True, eq=False)
class Source:
    """Where an action came from, kept so that a reject can be shown and sent again.

    Attributes:
        stream: The stream of the record.
        rule: The number of the rule, counted from 1.
        record: The record as the rule saw it; never shown.
        ticket: The checkpoint that the action holds open; None, if it comes of no record of the input.
        read_at: When the record was read, in seconds since the epoch; 0: just now.
        reject_id: The reject that is sent again with it, if one is.
    """

    stream: str
    rule: int
    record: dict[str, Any] = field(repr=False)
    ticket: Any = field(default=None, repr=False)
    read_at: float = 0.0
    reject_id: int | None = None


@dataclass(slots=True, eq=False)
class LeadAction:
    """One thing to be done with one lead.

    Attributes:
        name: Which of the six actions.
        lead: The lead.
        payload: The fields as they are sent, `lead_id` among them; never shown.
        source: Where it came from.
        parts: The actions that were merged into this one, in order; empty if none were.
        incomplete: Fields that only a lead already known may lack (upsert: phone_number, contact_name).
        first_failure: When it was first in a call that failed in a way that may pass, on the sender's clock.
        failures: How often it was.
        alone: Whether it must not be merged: it was, and the API refused the whole.
        is_final: Whether nothing that is read later is merged into it.
        is_gone: Whether its lead is missing from a mirrored stream: if it comes back, all of it is sent anew.
    """

    name: ActionName
    lead: LeadKey
    payload: dict[str, JsonValue] = field(repr=False)
    source: Source
    parts: tuple[LeadAction, ...] = ()
    incomplete: tuple[str, ...] = ()
    alone: bool = False
    is_final: bool = False
    is_gone: bool = False
    first_failure: float | None = None
    failures: int = 0

    @property
    def sent(self) -> Sent:
        """What a call with it puts in doubt."""
        return Sent(self.lead, self.name, self.payload)


@dataclass(frozen=True, slots=True)
class Filtered:
    """A record that a mirrored rule's filter left out: nothing is done, but its lead is not missing.

    Attributes:
        rule: The number of the rule.
        lead: Whose it is; None if its id cannot be read.
    """

    rule: int
    lead: LeadKey | None


@dataclass(frozen=True, slots=True)
class Rejection:
    """An action that was refused, by the mapping before any call or by the API.

    Attributes:
        reason: The reason code.
        message: What was said, for the ledger only: an API's message may repeat a value.
        source: Where the action came from.
        action: What was to be done; None when a record could not be read at all.
        campaign: The campaign, if it was known.
        lead_id: The lead's id, if it was readable.
    """

    reason: Reason
    message: str = field(repr=False)
    source: Source
    action: ActionName | None = None
    campaign: str | None = None
    lead_id: str | None = None
