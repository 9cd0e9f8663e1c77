"""The leads of all campaigns, and which of them are being worked on.

Any ref_id is a campaign of its own. What its name says makes rarer answers come true:

| ref_id | what it does |
|---|---|
| `no-integration` | every call: "No active integration found." |
| `no-permission` | every call: "You do not have permission to perform this action." |
| `only-upsert`, `only-create-delete` | enables just the actions it names |
| `…-unjudged` | create, update, upsert of an active lead: "Unjudged leads cannot be re-activated" |
| `…-unique-email` | create of a second lead with the same `email`: "… is already present" |
| `…-exclusive` | reading: a lead processed in the very second of a bound is left out |
| `…-newest-first` | reading: the lead processed last comes first |
| `…-epoch` | reading: `created_at` is a number of seconds since 1970, as its description says |
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from squadstack.sandbox.actions import Action, Kind, Row, Verdict
from squadstack.sandbox.documents import document_of, leads_of
from squadstack.sandbox.fields import errors_of, lead_id_of
from squadstack.sandbox.leads import Case, Lead, State, decide, process
from squadstack.sandbox.results import result_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from squadstack.sandbox.documents import Leads
    from squadstack.sandbox.leads import Decision

    Check: TypeAlias = Callable[[Action, Row], Mapping[str, str]]
    Watcher: TypeAlias = Callable[[str, str, Lead], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """How a campaign is set up, read from its ref_id."""

    enabled: frozenset[Action]
    refuses_unjudged: bool
    unique_field: str
    exclusive_bounds: bool
    newest_first: bool
    epoch: bool


def rules_of(ref_id: str) -> Rules:
    """Read a campaign's rules from its name."""
    named = frozenset(action for action in Action if action in ref_id.split("-"))
    return Rules(
        enabled=named if ref_id.startswith("only-") else frozenset(Action),
        refuses_unjudged=ref_id.endswith("-unjudged"),
        unique_field="email" if ref_id.endswith("-unique-email") else "",
        exclusive_bounds=ref_id.endswith("-exclusive"),
        newest_first=ref_id.endswith("-newest-first"),
        epoch=ref_id.endswith("-epoch"),
    )


class Campaigns:
    """Every lead of every campaign, in memory.

    Args:
        clock: Seconds since 1970.

    Attributes:
        changes: How often a lead has changed; who keeps leads in a file asks for it.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.changes = 0
        self._clock = clock
        self._leads: Leads = {}
        self._busy: set[tuple[str, str]] = set()
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Tell somebody the ref_id, the lead_id and the lead whenever a lead has changed or is restored."""
        self._watchers.append(watcher)

    @contextmanager
    def claim(self, ref_id: str, rows: Iterable[Row]) -> Iterator[frozenset[str]]:
        """Work on the leads that rows name; hands out the ids that no other call is working on.

        "Common status codes", 409: another request for the same lead is getting processed already.
        """
        named = {lead_id for row in rows if (lead_id := lead_id_of(row)) is not None}
        claimed = {(ref_id, lead_id) for lead_id in named} - self._busy
        self._busy |= claimed
        try:
            yield frozenset(lead_id for _, lead_id in claimed)
        finally:
            self._busy -= claimed

    def act(self, ref_id: str, action: Action, row: Row, check: Check = errors_of) -> Verdict:
        """Do one action to one lead: first its fields are judged, by the API's own check, then the lead."""
        if errors := check(action, row):
            return Verdict(Kind.INVALID_FIELDS, errors=errors)
        lead_id = str(row["lead_id"])
        rules = rules_of(ref_id)
        case = Case(self.lead(ref_id, lead_id), row, rules.refuses_unjudged, self._clock())
        if action is Action.CREATE and case.lead is None and self._is_taken(ref_id, rules.unique_field, row):
            return Verdict(Kind.TAKEN, unique_field=rules.unique_field)
        return self._keep(ref_id, lead_id, decide(action, case))

    def act_together(
        self, ref_id: str, action: Action, rows: Sequence[Row], check: Check
    ) -> tuple[int, Verdict] | None:
        """Do one action to all leads or to none; answers position and verdict of the first that is refused."""
        before = dict(self._leads.get(ref_id, {}))
        for position, row in enumerate(rows):
            verdict = self.act(ref_id, action, row, check)
            if verdict.kind is not Kind.ACCEPTED:
                if position:
                    self._leads[ref_id] = before
                return position, verdict
        return None

    def lead(self, ref_id: str, lead_id: str) -> Lead | None:
        """A lead, also a deleted one; None if the campaign never heard of it."""
        return self._leads.get(ref_id, {}).get(lead_id)

    def leads(self, ref_id: str) -> Mapping[str, Lead]:
        """All leads of a campaign by lead_id, to look at."""
        return self._leads.get(ref_id, {})

    def judge(self, ref_id: str, lead_id: str) -> State | None:
        """End the journey of an active lead; answers the state it was in, None if there is no such lead."""
        lead = self.lead(ref_id, lead_id)
        if lead is None:
            return None
        if lead.state is State.ACTIVE:
            self.process(ref_id, lead_id, lead)
        return lead.state

    def process(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        """Call an active or judged lead and note what it says."""
        times = lead.result.times if lead.result else 0
        result = result_of(ref_id, lead_id, times + 1, lead.since, self._clock())
        self._put(ref_id, lead_id, process(lead, result))

    def document(self) -> dict[str, object]:
        """All leads as JSON has them."""
        return document_of(self._leads)

    def restore(self, document: object) -> None:
        """Replace all leads by those of a document; times that it leaves out are now.

        Raises:
            ValueError: It is not one that `document` could have made.
        """
        self._leads = leads_of(document, self._clock())
        self.changes += 1
        for ref_id, leads in self._leads.items():
            for lead_id, lead in leads.items():
                self._tell(ref_id, lead_id, lead)

    def _keep(self, ref_id: str, lead_id: str, decision: Decision) -> Verdict:
        if decision.after is not None:
            self._put(ref_id, lead_id, decision.after)
        return decision.verdict

    def _put(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        self._leads.setdefault(ref_id, {})[lead_id] = lead
        self.changes += 1
        self._tell(ref_id, lead_id, lead)

    def _tell(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        for watcher in self._watchers:
            watcher(ref_id, lead_id, lead)

    def _is_taken(self, ref_id: str, name: str, row: Row) -> bool:
        if name not in row:
            return False
        return any(lead.fields.get(name) == row[name] for lead in self._leads.get(ref_id, {}).values())
