"""The seam between the delivery and the APIs: what it asks of each, and which there are (setting `api`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from squadstack.api import crm_v2, squadiq_v4_writing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from squadstack.api.messages import NoAnswerError, Request, Response
    from squadstack.api.retry import Decision
    from squadstack.api.verdicts import ActionName, Verdict


class Dialect(Protocol):
    """How an API is asked, and what its answers mean. A module is one; it keeps nothing.

    Attributes:
        ONE_BY_ONE: Actions whose calls take one lead.
    """

    ONE_BY_ONE: frozenset[ActionName]

    def request(self, campaign: str, action: ActionName, payloads: Sequence[Mapping[str, Any]]) -> Request:
        """The call for a batch."""

    def probe(self, campaign: str) -> Request:
        """A call that changes nothing, and is answered like others."""

    def decide(self, _action: ActionName, outcome: Response | NoAnswerError) -> Decision:
        """What to do about an answer to a whole call, or about there being none."""

    def judge(self, action: ActionName, payloads: Sequence[Mapping[str, Any]], response: Response) -> list[Verdict]:
        """One verdict for each lead, in order; raises `UnreadableAnswerError`."""

    def judge_alone(self, action: ActionName, payload: Mapping[str, Any], response: Response) -> Verdict:
        """The verdict on the only lead of a call that was refused as a whole."""


DIALECTS: Mapping[str, Dialect] = {"crm-v2": crm_v2, "squadiq-v4": squadiq_v4_writing}
"""By the setting `api`."""
