"""One question to the API, asked within the business's budget until it is answered."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from squadstack.api import squadiq_v4
from squadstack.api.messages import NoAnswerError, Response
from squadstack.api.retry import WHITELISTING, Decision, Disposition, decide, is_unreachable, wait_after_429
from squadstack.api.retry_clock import FIRST_ANSWER_SECONDS, RetryClock
from squadstack.api.verdicts import UnreadableAnswerError
from squadstack.exceptions import AccessError, OutageError, StoppedError, UnknownCampaignError
from squadstack.ledger.pacing import Pacer

if TYPE_CHECKING:
    from squadstack.api.client import Transport
    from squadstack.api.messages import Request
    from squadstack.ledger.budget import Budget
    from squadstack.settings.tap import TapSettings

log = logging.getLogger("squadstack")


@dataclass(slots=True)
class _Question:
    """What is asked again: how often it failed, and when first."""

    failures: int = 0
    first_failure: float | None = None


class Caller:
    """Asks questions, from several threads at once.

    Args:
        settings: Of the tap.
        transport: Makes the calls.
        budget: The business's calls.

    Attributes:
        calls: How many were made.
        throttled: How many of them were answered with 429.
    """

    def __init__(self, settings: TapSettings, transport: Transport, budget: Budget) -> None:
        self._limit = settings.limit
        self._transport = transport
        self._budget = budget
        self._changed = threading.Condition()
        self._stopping = False
        self._answered = False
        self._pacer = Pacer(
            budget, slack=self._limit.slack_seconds, lock=self._changed, is_stopping=lambda: self._stopping
        )
        self._clock = RetryClock(settings.max_outage_seconds)
        self.calls = 0
        self.throttled = 0

    def stop(self) -> None:
        """Ask nothing new."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def ask(self, request: Request) -> squadiq_v4.Page:
        """Ask until there is an answer.

        Returns:
            The page, empty if there is no such page any more. Its date is that of the question.

        Raises:
            AccessError: The API refuses, and will go on to.
            OutageError: There was no answer for `max_outage_seconds`.
            StoppedError: The run stops.
        """
        question = _Question()
        while True:
            outcome, seconds = self._send(request)
            if isinstance(outcome, Response) and squadiq_v4.is_past_the_end(outcome):
                return _dated_back(squadiq_v4.past_the_end(outcome), seconds)
            decision = decide(outcome)
            match decision.disposition:
                case Disposition.JUDGE if isinstance(outcome, Response):
                    try:
                        return _dated_back(squadiq_v4.read_page(outcome), seconds)
                    except UnreadableAnswerError as error:
                        self._wait(question, Decision(Disposition.RETRY, str(error)))
                case Disposition.WAIT if isinstance(outcome, Response):
                    self._hold(wait_after_429(outcome))
                case Disposition.STOP | Disposition.HALVE if isinstance(outcome, Response):
                    kind = UnknownCampaignError if squadiq_v4.is_about_campaign(outcome) else AccessError
                    raise kind(squadiq_v4.why_stopped(outcome, decision.sentence))
                case _:
                    self._wait(question, decision, is_lost=is_unreachable(outcome) and not self._answered)

    def _send(self, request: Request) -> tuple[Response | NoAnswerError, float]:
        """The outcome of a question, and how many seconds it took."""
        permit = self._budget.reserve(self._limit, leads=0)
        self._pause(permit.due - self._budget.ahead - time.monotonic())
        begun = self._pacer.wait_for(permit if permit.limit is None else self._budget.restart(permit))
        if begun is None or self._stopping:
            self._budget.give_back(permit)
            raise StoppedError
        with self._changed:
            self.calls += 1
        asked = time.monotonic()
        try:
            response = self._transport.send(request, lambda: self._pacer.note_delay(begun))
        except NoAnswerError as error:
            return error, time.monotonic() - asked
        self._answered = True
        return response, time.monotonic() - asked

    def _hold(self, seconds: float) -> None:
        log.warning("SquadStack's rate limit is used up (429): all calls wait %.0f s.", seconds)
        self._budget.hold(seconds)
        with self._changed:
            self.throttled += 1
            self._clock.hold(seconds)

    def _wait(self, question: _Question, decision: Decision, *, is_lost: bool = False) -> None:
        """Wait before a question is asked again, unless it was asked for long enough."""
        with self._changed:
            delay = self._clock.delay([question], at_most=FIRST_ANSWER_SECONDS if is_lost else None)
        if delay is None:
            sentence = f"The API could not be used: {decision.sentence}, at the last try."
            raise OutageError(f"{sentence} {WHITELISTING}" if is_lost else sentence)
        log.warning("A question is asked again in %.1f s: %s.", delay, decision.sentence)
        self._pause(delay)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopping, max(seconds, 0.0))


def _dated_back(page: squadiq_v4.Page, seconds: float) -> squadiq_v4.Page:
    """A page with the time at which it was asked for: an answer may bear that at which it was ready."""
    return page if page.date is None else replace(page, date=page.date - timedelta(seconds=int(seconds)))
