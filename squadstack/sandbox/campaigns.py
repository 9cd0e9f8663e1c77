"""The leads of all campaigns, and which of them are being worked on.

Any ref_id is a campaign of its own. What its name says makes rarer answers come true:

| ref_id | what it does |
|---|---|
| `no-integration` | every call: "No active integration found." |
| `no-permission` | every call: "You do not have permission to perform this action." |
| `only-upsert`, `only-create-delete` | enables just the actions it names |
| `…-unjudged` | create, update, upsert of an active lead: "Unjudged leads cannot be re-activated" |
| `…-unique-email` | create of a second lead with the same `email`: "… is already present" |
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from squadstack.sandbox.actions import Action, Kind, Row, Verdict
from squadstack.sandbox.fields import errors_of, lead_id_of
from squadstack.sandbox.leads import Case, Lead, State, decide, judge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from squadstack.sandbox.leads import Decision


@dataclass(frozen=True, slots=True)
class Rules:
    """How a campaign is set up, read from its ref_id."""

    enabled: frozenset[Action]
    refuses_unjudged: bool
    unique_field: str


def rules_of(ref_id: str) -> Rules:
    """Read a campaign's rules from its name."""
    named = frozenset(action for action in Action if action in ref_id.split("-"))
    return Rules(
        enabled=named if ref_id.startswith("only-") else frozenset(Action),
        refuses_unjudged=ref_id.endswith("-unjudged"),
        unique_field="email" if ref_id.endswith("-unique-email") else "",
    )


class Campaigns:
    """Every lead of every campaign, in memory.

    Attributes:
        changes: How often a lead has changed; who keeps leads in a file asks for it.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._leads: dict[str, dict[str, Lead]] = {}
        self._busy: set[tuple[str, str]] = set()

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

    def act(self, ref_id: str, action: Action, row: Row) -> Verdict:
        """Do one action to one lead: first its fields are judged, then the lead."""
        if errors := errors_of(action, row):
            return Verdict(Kind.INVALID_FIELDS, errors=errors)
        lead_id = str(row["lead_id"])
        rules = rules_of(ref_id)
        case = Case(self._leads.get(ref_id, {}).get(lead_id), row, rules.refuses_unjudged)
        if action is Action.CREATE and case.lead is None and self._is_taken(ref_id, rules.unique_field, row):
            return Verdict(Kind.TAKEN, unique_field=rules.unique_field)
        return self._keep(ref_id, lead_id, decide(action, case))

    def judge(self, ref_id: str, lead_id: str) -> State | None:
        """End the journey of an active lead; answers the state it was in, None if there is no such lead."""
        lead = self._leads.get(ref_id, {}).get(lead_id)
        if lead is None:
            return None
        if lead.state is State.ACTIVE:
            self._put(ref_id, lead_id, judge(lead))
        return lead.state

    def document(self) -> dict[str, object]:
        """All leads as JSON has them."""
        campaigns = {ref_id: _campaign_document(leads) for ref_id, leads in self._leads.items()}
        return {"campaigns": campaigns}

    def restore(self, document: object) -> None:
        """Replace all leads by those of a document.

        Raises:
            ValueError: It is not one that `document` could have made.
        """
        self._leads = _campaigns_of(document)
        self.changes += 1

    def _keep(self, ref_id: str, lead_id: str, decision: Decision) -> Verdict:
        if decision.after is not None:
            self._put(ref_id, lead_id, decision.after)
        return decision.verdict

    def _put(self, ref_id: str, lead_id: str, lead: Lead) -> None:
        self._leads.setdefault(ref_id, {})[lead_id] = lead
        self.changes += 1

    def _is_taken(self, ref_id: str, name: str, row: Row) -> bool:
        if name not in row:
            return False
        return any(lead.fields.get(name) == row[name] for lead in self._leads.get(ref_id, {}).values())


def _campaign_document(leads: Mapping[str, Lead]) -> dict[str, object]:
    return {lead_id: _lead_document(lead) for lead_id, lead in leads.items()}


def _lead_document(lead: Lead) -> Row:
    return {"state": lead.state, "fields": lead.fields, "detail": lead.detail, "history": lead.history}


def _campaigns_of(document: object) -> dict[str, dict[str, Lead]]:
    campaigns = _object(_object(document).get("campaigns"))
    return {
        ref_id: {lead_id: _lead_of(_object(lead)) for lead_id, lead in _object(leads).items()}
        for ref_id, leads in campaigns.items()
    }


def _lead_of(document: Row) -> Lead:
    history = document.get("history", [])
    if not isinstance(history, list):
        message = "a lead's history is no list"
        raise ValueError(message)  # noqa: TRY004 -- the one error that `restore` promises
    return Lead(
        state=State(cast("str", document.get("state", State.ACTIVE))),
        fields=_object(document.get("fields", {})),
        detail=document.get("detail"),
        history=tuple(Action(action) for action in history),
    )


def _object(value: object) -> Row:
    if not isinstance(value, dict):
        message = "something that should be an object is none"
        raise ValueError(message)  # noqa: TRY004 -- the one error that `restore` promises
    return value
