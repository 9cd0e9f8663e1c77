"""Rejected actions, made anew of their kept records by today's rules: to be sent again through a delivery.

What was overtaken is not sent: the lead took something since then, of a record that was read later. A reject stays
open until the outcome of its action is durable, so a replay that was cut off goes on where it stopped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from squadstack.api.verdicts import ActionName
from squadstack.ledger.rows import Again, LeadKey, Selection
from squadstack.mapping.actions import LeadAction, Rejection

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.rows import KeptReject
    from squadstack.mapping.mapper import Mapper

_AT_ONCE = 200
_ALIKE = frozenset({ActionName.CREATE, ActionName.UPDATE, ActionName.UPSERT})
"""Actions for each of which a rule may have come to do another: the mending of many a reject."""

Made = LeadAction | Rejection


class Replay:
    """One pass over rejects.

    Args:
        ledger: Where they are.
        mapper: Today's rules.
        selection: Which; only open ones are sent.

    Attributes:
        total: How many there are.
        seen: How many were looked at.
        stale: How many were overtaken, and are marked so.
        without_rule: How many today's rules make nothing of; they stay open.
    """

    def __init__(self, ledger: Ledger, mapper: Mapper, selection: Selection) -> None:
        self._ledger = ledger
        self._mapper = mapper
        self._selection = replace(selection, states=("open",))
        self._ids = ledger.rejects.in_order(self._selection)
        self.total = len(self._ids)
        self.seen = 0
        self.stale = 0
        self.without_rule = 0

    def outcomes(self) -> Iterator[Made | None]:
        """What is made of each reject, in the order in which the records were read; None: nothing is to be sent."""
        for start in range(0, self.total, _AT_ONCE):
            ids = self._ids[start : start + _AT_ONCE]
            page = self._ledger.rejects.get(ids, self._selection)
            self.seen += len(ids) - len(page)  # what is open no more, since another run was faster
            made = {kept.reject_id: again_of(kept, self._mapper) for kept in page}
            stale = self._overtaken(page, made)
            self._ledger.rejects.mark([Again(reject_id, "stale") for reject_id in stale])
            for kept in page:
                self.seen += 1
                outcome = None if kept.reject_id in stale else made[kept.reject_id]
                self.stale += kept.reject_id in stale
                self.without_rule += outcome is None and kept.reject_id not in stale
                yield outcome

    def _overtaken(self, page: Sequence[KeptReject], made: dict[int, Made | None]) -> set[int]:
        """Those whose lead took something of a later record, be it the lead of then or of today."""
        leads = {kept.reject_id: _leads(kept, made[kept.reject_id]) for kept in page}
        known = list(set().union(*leads.values()))
        accepted = {lead: memory.accepted_at for lead, memory in zip(known, self._ledger.recall(known), strict=True)}
        return {kept.reject_id for kept in page if any(accepted[lead] > kept.read_at for lead in leads[kept.reject_id])}


def again_of(kept: KeptReject, mapper: Mapper) -> Made | None:
    """What today's rules make of a reject: one action, or a rejection anew.

    Of several rules it is the one of the same number and action, else one of the same action, else the one of the
    same number if both write fields; a record gave other actions too, which are none of the reject's business.
    """
    found = [made for made in mapper.map(kept.stream, kept.record, None) if isinstance(made, Made)]
    most = max((_likeness(kept, made) for made in found), default=0)
    alike = [made for made in found if most and _likeness(kept, made) == most]
    of_lead = [made for made in alike if _lead_of(made)[1] == kept.lead_id]  # one of several items of the record
    if not of_lead and len(alike) != 1:
        return None
    best = max(of_lead or alike, key=lambda made: _lead_of(made)[0] == kept.campaign)
    best.source.read_at = kept.read_at
    best.source.reject_id = kept.reject_id
    return best


def _likeness(kept: KeptReject, made: Made) -> int:
    """How much an outcome is that of the reject; 0: not at all."""
    action = made.name if isinstance(made, LeadAction) else made.action
    is_same_rule = made.source.rule == kept.rule
    if action == kept.action:
        return 3 if is_same_rule else 2
    return int(is_same_rule and {action, kept.action} <= _ALIKE)


def _lead_of(made: Made) -> tuple[str | None, str | None]:
    return made.lead if isinstance(made, LeadAction) else (made.campaign, made.lead_id)


def _leads(kept: KeptReject, made: Made | None) -> set[LeadKey]:
    found = set()
    if kept.campaign is not None and kept.lead_id is not None:
        found.add(LeadKey(kept.campaign, kept.lead_id))
    if isinstance(made, LeadAction):
        found.add(made.lead)
    return found
