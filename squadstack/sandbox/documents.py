"""The leads as JSON has them: for the data file, and for a look inside."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, TypeAlias, TypeVar, cast

from squadstack.sandbox.actions import Action, Row
from squadstack.sandbox.leads import Lead, State
from squadstack.sandbox.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

Leads: TypeAlias = dict[str, dict[str, Lead]]
"""ref_id → lead_id → lead."""

_T = TypeVar("_T")


def document_of(campaigns: Mapping[str, Mapping[str, Lead]]) -> dict[str, object]:
    """All leads: `{"campaigns": {ref_id: {lead_id: {…}}}}`, each with the attributes of `leads.Lead`."""
    return {"campaigns": {ref_id: _campaign_document(leads) for ref_id, leads in campaigns.items()}}


def leads_of(document: object, now: float) -> Leads:
    """The leads of a document; what it leaves out of a lead is as if it had come now and nothing had happened.

    Raises:
        ValueError: It is not one that `document_of` could have made.
    """
    campaigns = _object(_object(document).get("campaigns"))
    return {
        ref_id: {lead_id: _lead_of(_object(lead), now) for lead_id, lead in _object(leads).items()}
        for ref_id, leads in campaigns.items()
    }


def _campaign_document(leads: Mapping[str, Lead]) -> dict[str, object]:
    return {lead_id: _lead_document(lead) for lead_id, lead in leads.items()}


def _lead_document(lead: Lead) -> Row:
    # Not `asdict` of the lead: it would copy all fields, of every lead, at every save.
    return {
        "state": lead.state,
        "fields": lead.fields,
        "detail": lead.detail,
        "history": lead.history,
        "created_at": lead.created_at,
        "since": lead.since,
        "result": asdict(lead.result) if lead.result else None,
    }


def _lead_of(document: Row, now: float) -> Lead:
    result = document.get("result")
    return Lead(
        state=State(cast("str", document.get("state", State.ACTIVE))),
        fields=_object(document.get("fields", {})),
        detail=document.get("detail"),
        history=tuple(Action(action) for action in _typed(document.get("history", []), list)),
        created_at=_number(document.get("created_at", now)),
        since=_number(document.get("since", now)),
        result=None if result is None else _result_of(_object(result)),
    )


def _result_of(document: Row) -> Result:
    url = document.get("latest_recording_url")
    return Result(
        lead_outcome=_typed(document.get("lead_outcome"), str),
        lead_responses={name: _typed(answer, str) for name, answer in _object(document.get("lead_responses")).items()},
        latest_recording_url=None if url is None else _typed(url, str),
        latest_called_at=_number(document.get("latest_called_at")),
        processed_at=_number(document.get("processed_at")),
        times=_typed(document.get("times", 1), int),
    )


def _object(value: object) -> Row:
    return _typed(value, dict)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int) else _typed(value, float)


def _typed(value: object, kind: type[_T]) -> _T:
    if not isinstance(value, kind):
        message = f"there is a {type(value).__name__} where a {kind.__name__} should be"
        raise ValueError(message)  # noqa: TRY004 -- the one error that `leads_of` promises
    return value
