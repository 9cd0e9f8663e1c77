"""Verdicts → fates: what is written down, what is counted, what becomes ready, what goes on waiting.

Always in that order: durable in the ledger first, then settled for the checkpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from squadstack.api.dialect import DIALECTS
from squadstack.api.verdicts import Accepted, ActionName, Reason, Refused, Verdict
from squadstack.delivery.entries import again, parts_of, read_at, reject_of, rejection_of
from squadstack.delivery.judged import Judged
from squadstack.exceptions import TooManyRejectsError
from squadstack.ledger.rows import Verdict as LeadVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from squadstack.api.messages import Request, Response
    from squadstack.delivery.batch import Batch
    from squadstack.delivery.batching import Backlog
    from squadstack.delivery.checkpoints import Checkpointing
    from squadstack.delivery.outcomes import Summary
    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.memories import Memory
    from squadstack.mapping.actions import LeadAction, Rejection
    from squadstack.settings.target import TargetSettings


@dataclass(frozen=True, slots=True)
class Unchanged:
    """All that an action would do was the last accepted for its lead."""


UNCHANGED = Unchanged()

_REVIVING = frozenset({ActionName.CREATE, ActionName.UPDATE, ActionName.UPSERT})


class Settlement:
    """Settles the actions of one run.

    Args:
        ledger: Where verdicts and rejects are made durable.
        run_id: The run's number in the ledger.
        checkpoints: Told of every settled action.
        summary: The books. Changed only under the sender's lock.
        settings: Which API, whether unchanged leads are skipped and deleted ones blocked, and the brake.
    """

    def __init__(
        self,
        ledger: Ledger,
        run_id: int,
        checkpoints: Checkpointing,
        summary: Summary,
        settings: TargetSettings,
    ) -> None:
        self.dialect = DIALECTS[settings.api]
        self._ledger = ledger
        self._run_id = run_id
        self._checkpoints = checkpoints
        self._max_reject_percent = settings.max_reject_percent
        self._skips_unchanged = settings.skip_unchanged and not settings.full_refresh
        self._blocks_deleted = settings.after_delete == "block"
        self.asks_about_all = self._skips_unchanged or self._blocks_deleted
        self.summary = summary
        self.is_closed = False

    # -- before and after a call ---------------------------------------------------------------------

    def request(self, batch: Batch) -> Request:
        """The call for a batch."""
        return self.dialect.request(*batch.kind, [action.payload for action in batch.actions])

    def judge(self, batch: Batch, response: Response) -> list[Verdict]:
        """One verdict for each lead; raises `UnreadableAnswerError`."""
        return self.dialect.judge(batch.kind[1], [action.payload for action in batch.actions], response)

    def judge_alone(self, batch: Batch, response: Response) -> Verdict:
        """The verdict on the only lead of a call that was refused as a whole."""
        return self.dialect.judge_alone(batch.kind[1], batch.actions[0].payload, response)

    def screen(self, heads: Sequence[LeadAction]) -> dict[LeadAction, Refused | Unchanged]:
        """Which of these are not to be sent, by what the ledger remembers of their leads now that their turn came."""
        known = self._ledger.recall([head.lead for head in heads])
        return {
            head: fate
            for head, memory in zip(heads, known, strict=True)
            if (fate := self._fate_unsent(head, memory)) is not None
        }

    def _fate_unsent(self, head: LeadAction, memory: Memory) -> Refused | Unchanged | None:
        if head.incomplete and not memory.is_known:
            names = " and ".join(head.incomplete)
            return Refused(Reason.MISSING_FIELD, f"{names} missing, and the lead is not known")
        if self._blocks_deleted and memory.is_deleted and head.name in _REVIVING:
            return Refused(Reason.LEAD_DELETED, "the lead was deleted through this ledger, and after_delete is block")
        if self._skips_unchanged and self._ledger.stands(memory, head.sent):
            return UNCHANGED
        return None

    def overtaken(self, heads: Sequence[LeadAction]) -> list[LeadAction]:
        """Rejects that are sent again though their lead took something of a later record meanwhile."""
        again = [head for head in heads if head.source.reject_id is not None]
        known = self._ledger.recall([head.lead for head in again]) if again else []
        return [head for head, memory in zip(again, known, strict=True) if memory.accepted_at > read_at(head)]

    def write_refused(self, refused: Mapping[LeadAction, Refused]) -> None:
        """Make the refusals of heads durable."""
        self._write_rejections(rejection_of(part, said) for head, said in refused.items() for part in parts_of(head))

    # -- writing down --------------------------------------------------------------------------------

    def reject(self, rejections: Sequence[Rejection]) -> None:
        """Make rejections of the mapping durable, then settle them. Called by the reader alone."""
        self._write_rejections(rejections)
        for rejection in rejections:
            source = rejection.source
            self._settle_ticket(source.ticket, is_rejected=True)
            self.summary.reject(rejection.reason, rejection.action, again=source.reject_id is not None)

    def _write_rejections(self, rejections: Iterable[Rejection]) -> None:
        refused = list(rejections)
        if refused:
            rows = [reject_of(one) for one in refused]
            self._ledger.end_call([], rows, run_id=self._run_id, again=again("replaced", refused))

    def write_left(self, heads: Sequence[LeadAction]) -> None:
        """Make durable what follows for earlier rejects from heads that need not be sent."""
        if heads:
            self._ledger.leave({head.lead: read_at(head) for head in heads}, again("unchanged", heads))

    def write(self, batch: Batch, mark: float, verdicts: Sequence[Verdict]) -> Judged:
        """Sort a batch by its verdicts, and make them durable.

        Args:
            batch: What was sent.
            mark: Of the call, by which the ledger knows earlier doubts.
            verdicts: One for each lead.
        """
        judged = Judged()
        for action, verdict in zip(batch.actions, verdicts, strict=True):
            judged.sort(action, self._in_the_light_of_doubt(action, mark, verdict))
        is_known = batch.kind[1] is not ActionName.DELETE
        rows = [
            *(
                LeadVerdict(one.lead, is_known, one.name, one.payload, read_at(one), one.is_gone)
                for one, _ in judged.accepted
            ),
            *(LeadVerdict(action.lead, None) for action, _ in judged.rejected),
            *(LeadVerdict(action.lead, None) for action in (*judged.apart, *judged.instead)),
        ]
        refused = [rejection_of(part, said) for action, said in judged.rejected for part in parts_of(action)]
        sent_again = again("accepted", [action for action, _ in judged.accepted]) + again("replaced", refused)
        rejects = [reject_of(one) for one in refused]
        self._ledger.end_call(rows, rejects, run_id=self._run_id, mark=mark, again=sent_again)
        if judged.untouched:
            self._ledger.doubts.withdraw([action.lead for action in judged.untouched], mark)
        return judged

    def _in_the_light_of_doubt(self, action: LeadAction, mark: float, verdict: Verdict) -> Verdict:
        """A create refused because the lead is there is done if our own earlier try may have put it there."""
        if (
            isinstance(verdict, Refused)
            and verdict.is_done_if_in_doubt
            and self._ledger.doubts.was_there(action.sent, mark)
        ):
            return Accepted()
        return verdict

    # -- settling, under the sender's lock ------------------------------------------------------------

    def apply(self, backlog: Backlog, judged: Judged, now: float) -> None:
        """Settle what was judged, and let the next actions of its leads be sent; not once the books are closed."""
        if self.is_closed:
            return
        for action, absent in judged.accepted:
            parts = self._release(backlog, action, now)
            self.summary.accept(action.name, merged=len(parts) - 1, absent=absent)
        for action, refused in judged.rejected:
            self.refuse(backlog, action, refused, now)
        for action in judged.apart:
            backlog.put_apart(action, now)
        for action in judged.instead:
            backlog.send_as(ActionName.CREATE, action, now)

    def refuse_all(self, backlog: Backlog, refused: Mapping[LeadAction, Refused], now: float) -> None:
        """Settle heads whose refusals are durable; not once the books are closed."""
        if not self.is_closed:
            for action, said in refused.items():
                self.refuse(backlog, action, said, now)

    def leave(self, backlog: Backlog, heads: Sequence[LeadAction], now: float) -> None:
        """Settle heads that need not be sent, as `write_left` has noted; not once the books are closed."""
        if not self.is_closed:
            for head in heads:
                self.summary.leave(merged=len(self._release(backlog, head, now)) - 1)

    def refuse(self, backlog: Backlog, action: LeadAction, refused: Refused, now: float) -> None:
        """Settle a head that is refused, whose rejection is durable."""
        for part in self._release(backlog, action, now, is_rejected=True):
            self.summary.reject(refused.reason, part.name, again=part.source.reject_id is not None)

    def too_many_rejects(self, *, at_end: bool) -> TooManyRejectsError | None:
        """The failure that ends a run whose input is mostly refused."""
        if not self.summary.has_too_many_rejects(self._max_reject_percent, at_end=at_end):
            return None
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.summary.by_reason.most_common(3))
        return TooManyRejectsError(
            f"More than {self._max_reject_percent:g} % of the actions were rejected ({reasons}): look at the mapping "
            "and the rejects. If that many are to be expected, raise max_reject_percent."
        )

    def _release(
        self, backlog: Backlog, action: LeadAction, now: float, *, is_rejected: bool = False
    ) -> Sequence[LeadAction]:
        parts = backlog.settle(action, now)
        for part in parts:
            self._settle_ticket(part.source.ticket, is_rejected=is_rejected)
        return parts

    def _settle_ticket(self, ticket: Any, *, is_rejected: bool) -> None:
        """Tell the checkpoints, unless the action is of no record of this run's input."""
        if ticket is not None:
            self._checkpoints.settle(ticket, is_rejected=is_rejected)
