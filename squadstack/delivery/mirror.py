"""Leads that are gone from their source: what a complete read no longer holds is disabled or deleted.

Only leads that this connector sent, and only if nothing is open: a read that is empty, broken off, holds a lead
without a readable id, or has lost more than `max_missing_percent`, proves nothing.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from squadstack.ledger.rows import LeadKey, Sent
from squadstack.mapping.actions import Filtered, LeadAction, Rejection, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.ledger.ledger import Ledger
    from squadstack.mapping.mapper import Mapper
    from squadstack.mapping.rules import Rule
    from squadstack.settings.target import TargetSettings

log = logging.getLogger("squadstack")

_AT_ONCE = 500


class Mirror:
    """What one run saw of the streams that are mirrored.

    Args:
        mapper: Whose rules with `on_missing` say which.
        ledger: Where earlier runs' sightings are.
        run_id: The run's number in the ledger.
        settings: Of the target.
    """

    def __init__(self, mapper: Mapper, ledger: Ledger, run_id: int, settings: TargetSettings) -> None:
        self._mapper = mapper
        self._ledger = ledger
        self._run_id = run_id
        self._most = settings.max_missing_percent
        self._is_always_complete = settings.full_refresh_complete
        self._records: Counter[str] = Counter()
        self._complete: set[str] = set()
        self._unreadable: set[str] = set()
        self._seen: defaultdict[str, list[LeadKey]] = defaultdict(list)
        self._marked: list[LeadKey] = []
        self._rules = {rule.number: rule for rule in mapper.rules}
        self.is_on = any(rule.on_missing for rule in mapper.rules)

    # -- while the stream is read --------------------------------------------------------------------

    def begin(self, stream: str) -> None:
        """A record comes: what the stream said of its end before it does not hold."""
        self._records[stream] += 1
        self._complete.discard(stream)

    def see(self, stream: str, outcome: LeadAction | Rejection | Filtered) -> None:
        """A lead was seen, whatever becomes of it."""
        rule = self._rules[outcome.rule if isinstance(outcome, Filtered) else outcome.source.rule]
        lead = _lead(outcome)
        if lead is None:
            self._unreadable.add(stream)
        elif rule.on_missing and isinstance(outcome, LeadAction):
            self._seen[stream].append(lead)
            if len(self._seen[stream]) >= _AT_ONCE:
                self._write(stream)
        else:
            self._marked.append(lead)
            if len(self._marked) >= _AT_ONCE:
                self._write_marks()

    def spoil(self, stream: str) -> None:
        """A record could not be read at all: nobody knows whose it was."""
        self._unreadable.add(stream)

    def complete(self, stream: str) -> None:
        """The tap says that everything of the stream has been read."""
        self._complete.add(stream)

    # -- at the end of the input ---------------------------------------------------------------------

    def missing(self) -> Iterator[LeadAction]:
        """What is to be done with leads that are gone."""
        if not self.is_on:
            return
        self._flush()
        for stream in self._records:
            for rule in self._mapper.rules_for(stream):
                if rule.on_missing:
                    yield from self._missing_of(stream, rule)

    def end(self) -> None:
        """Write down who was seen: also of a run that fails, since its leads are ours from now on."""
        if self.is_on:
            self._flush()
            self._ledger.mirrors.forget_deleted()

    def _flush(self) -> None:
        for stream in list(self._seen):
            self._write(stream)
        self._write_marks()

    def _missing_of(self, stream: str, rule: Rule) -> Iterator[LeadAction]:
        if doubt := self._why_not(stream):
            log.warning("Rule %d: no lead of stream '%s' is taken for missing, since %s.", rule.number, stream, doubt)
            return
        gone = list(self._gone(stream, rule))
        known = self._ledger.mirrors.count(stream, rule.campaign)
        if 100 * len(gone) > self._most * known:
            log.warning(
                "Rule %d: %d of %d known leads are missing from stream '%s', more than max_missing_percent (%g %%): "
                "none is taken for missing. If that many are gone indeed, raise it for one run.",
                rule.number, len(gone), known, stream, self._most,
            )  # fmt: skip
            return
        yield from gone

    def _why_not(self, stream: str) -> str:
        if stream in self._unreadable:
            return "one of its records has no readable lead_id"
        if stream not in self._complete and not self._is_always_complete:
            return "nothing says that it was read completely (ACTIVATE_VERSION at its end, or full_refresh_complete)"
        return ""

    def _gone(self, stream: str, rule: Rule) -> Iterator[LeadAction]:
        """The missing leads with which the rule's action was not done before."""
        assert rule.on_missing is not None  # noqa: S101 - for the type checker
        leads = list(self._ledger.mirrors.missing(stream, rule.campaign, run_id=self._run_id))
        for start in range(0, len(leads), _AT_ONCE):
            some = leads[start : start + _AT_ONCE]
            for lead, memory in zip(some, self._ledger.recall(some), strict=True):
                payload = {"lead_id": lead.lead_id}
                if not self._ledger.stands(memory, Sent(lead, rule.on_missing, payload)):
                    source = Source(stream, rule.number, {**payload})
                    yield LeadAction(rule.on_missing, lead, {**payload}, source, is_gone=True)

    def _write(self, stream: str) -> None:
        leads, self._seen[stream] = self._seen[stream], []
        if leads:
            self._ledger.mirrors.see(stream, leads, run_id=self._run_id)

    def _write_marks(self) -> None:
        leads, self._marked = self._marked, []
        if leads:
            self._ledger.mirrors.mark(leads, run_id=self._run_id)


def _lead(outcome: LeadAction | Rejection | Filtered) -> LeadKey | None:
    """Whose it is, if that can be told."""
    if not isinstance(outcome, Rejection):
        return outcome.lead
    return LeadKey(outcome.campaign, outcome.lead_id) if outcome.campaign and outcome.lead_id else None
