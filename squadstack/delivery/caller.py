"""One call: made, and dealt with by what was answered."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from squadstack.api.messages import NoAnswerError, Response
from squadstack.api.retry import (
    WHITELISTING,
    Decision,
    Disposition,
    did_nothing,
    is_unreachable,
    wait_after_429,
)
from squadstack.api.retry_clock import FIRST_ANSWER_SECONDS
from squadstack.api.verdicts import UnreadableAnswerError
from squadstack.delivery.batch import Batch
from squadstack.exceptions import AccessError, OutageError
from squadstack.ledger.pacing import Pacer

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from squadstack.api.client import Transport
    from squadstack.api.messages import Request
    from squadstack.api.retry_clock import RetryClock
    from squadstack.api.verdicts import Verdict
    from squadstack.delivery.batching import Backlog
    from squadstack.delivery.settlement import Settlement
    from squadstack.exceptions import SquadStackError
    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.permits import Permit

log = logging.getLogger("squadstack")


class Caller:
    """Makes calls, several at once, and settles, repeats or halves each by its answer.

    Args:
        transport: Makes the calls.
        ledger: Where the budget and the doubts are.
        settlement: What a verdict does.
        backlog: Where batches come back to.
        clock: When they are sent again.
        lock: Guards the backlog and the books.
        fail: Ends the run.
        is_stopping: Whether nothing new is to be sent.
        slack: Seconds within which a call must arrive after its start.
    """

    def __init__(  # noqa: PLR0913 - the parts of one run, handed over once
        self,
        *,
        transport: Transport,
        ledger: Ledger,
        settlement: Settlement,
        backlog: Backlog,
        clock: RetryClock,
        lock: threading.Condition,
        fail: Callable[[SquadStackError], None],
        is_stopping: Callable[[], bool],
        slack: float,
    ) -> None:
        self._transport = transport
        self._ledger = ledger
        self._settlement = settlement
        self._backlog = backlog
        self._clock = clock
        self._lock = lock
        self._fail = fail
        self._pacer = Pacer(ledger.budget, slack=slack, lock=lock, is_stopping=is_stopping)
        self._answered = False

    def call(self, permit: Permit, batch: Batch) -> None:
        """Mark a batch in doubt, send it, and do what the table says about the answer."""
        batch = self._without_overtaken(batch)
        if not batch.actions:
            self._ledger.budget.give_back(permit)
            return
        permit, mark = self._ledger.begin_call(permit, [action.sent for action in batch.actions])
        request = self._settlement.request(batch)
        begun = self._pacer.wait_for(permit)
        if begun is None:
            self._withdraw(batch, mark)
            return
        outcome = self._send(request, begun)
        decision = self._settlement.dialect.decide(batch.kind[1], outcome)
        if did_nothing(outcome):
            self._withdraw(batch, mark)
        match decision.disposition:
            case Disposition.JUDGE if isinstance(outcome, Response):
                self._judge(batch, mark, outcome)
            case Disposition.WAIT if isinstance(outcome, Response):
                self._hold(batch, wait_after_429(outcome))
            case Disposition.HALVE if isinstance(outcome, Response):
                self._halve(batch, mark, outcome)
            case Disposition.STOP:
                self._fail(AccessError(decision.sentence))
            case _:
                self._retry(batch, decision, unreachable=is_unreachable(outcome))

    def _without_overtaken(self, batch: Batch) -> Batch:
        overtaken = self._settlement.overtaken(batch.actions)
        if not overtaken:
            return batch
        self._settlement.write_left(overtaken)
        with self._lock:
            self._settlement.leave(self._backlog, overtaken, time.monotonic())
        return replace(batch, actions=[action for action in batch.actions if action not in overtaken])

    def _withdraw(self, batch: Batch, mark: float) -> None:
        self._ledger.doubts.withdraw([action.lead for action in batch.actions], mark)

    def _send(self, request: Request, permit: Permit) -> Response | NoAnswerError:
        with self._lock:
            self._settlement.summary.calls += 1
        try:
            response = self._transport.send(request, lambda: self._pacer.note_delay(permit))
        except NoAnswerError as error:
            return error
        self._answered = True
        return response

    def _judge(self, batch: Batch, mark: float, response: Response) -> None:
        try:
            verdicts = self._settlement.judge(batch, response)
        except UnreadableAnswerError as error:
            self._retry(batch, Decision(Disposition.RETRY, f"{error}: nobody knows what became of its leads"))
        else:
            self._settle(batch, mark, verdicts)

    def _settle(self, batch: Batch, mark: float, verdicts: Sequence[Verdict]) -> None:
        judged = self._settlement.write(batch, mark, verdicts)
        with self._lock:
            self._settlement.apply(self._backlog, judged, time.monotonic())
            too_many = self._settlement.too_many_rejects(at_end=False)
        if judged.denied:
            self._fail(AccessError(judged.denied))
        elif judged.later:
            rows = Batch(batch.kind, judged.later, is_loose=True)
            self._retry(rows, Decision(Disposition.RETRY, judged.sentence))
        if too_many:
            self._fail(too_many)

    def _halve(self, batch: Batch, mark: float, response: Response) -> None:
        """Find the lead for which a whole call is refused; alone, the refusal is its own."""
        if len(batch.actions) == 1:
            self._settle(batch, mark, [self._settlement.judge_alone(batch, response)])
            return
        log.warning("SquadStack refused a call of %d leads as a whole; sending halves.", len(batch.actions))
        with self._lock:
            for half in batch.halves():
                self._backlog.retry(half, time.monotonic())

    def _hold(self, batch: Batch, seconds: float) -> None:
        """After a 429 every call of the business waits; it is no failure of the batch."""
        log.warning("SquadStack's rate limit is used up (429): all calls wait %.0f s.", seconds)
        self._ledger.budget.hold(seconds)
        with self._lock:
            self._settlement.summary.throttled += 1
            self._clock.hold(seconds)
            self._backlog.retry(batch, time.monotonic())

    def _retry(self, batch: Batch, decision: Decision, *, unreachable: bool = False) -> None:
        """Have a batch sent again later, unless it was tried for long enough."""
        lost = unreachable and not self._answered
        delay = self._clock.delay(batch.actions, at_most=FIRST_ANSWER_SECONDS if lost else None)
        if delay is None:
            sentence = f"The API could not be used: {decision.sentence}, at the last try."
            self._fail(OutageError(f"{sentence} {WHITELISTING}" if lost else sentence))
            return
        log.warning("A call of %d leads is sent again in %.1f s: %s.", len(batch.actions), delay, decision.sentence)
        with self._lock:
            self._settlement.summary.retried += 1
            self._backlog.retry(batch, time.monotonic() + delay)
