"""Deliveries that call nothing: a plan tells what a run would do, a baseline notes what is there already.

Both are a delivery but for the sender and the ledger. A plan works on a copy of the ledger, which is gone at its end.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from squadstack.delivery.delivery import Delivery
from squadstack.delivery.plan import Plan
from squadstack.delivery.pretending import Pace, PretendSender
from squadstack.delivery.settlement import Settlement
from squadstack.delivery.tally import CountingMapper, PlannedSettlement, PlannedSummary, Tally
from squadstack.exceptions import TooManyRejectsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from squadstack.api.verdicts import Refused
    from squadstack.delivery.checkpoints import Checkpointing
    from squadstack.delivery.outcomes import Summary
    from squadstack.delivery.sender import Sender
    from squadstack.delivery.settlement import Unchanged
    from squadstack.exceptions import SquadStackError
    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.memories import Memory
    from squadstack.mapping.actions import LeadAction, Rejection
    from squadstack.mapping.mapper import Mapper
    from squadstack.settings.target import TargetSettings

log = logging.getLogger("squadstack")


def delivery_of(
    settings: TargetSettings,
    mapper: Mapper,
    *,
    emit: Callable[[list[Any]], None],
    wake: Callable[[], None],
    checkpoints: Checkpointing | None = None,
) -> Delivery:
    """The delivery that the settings ask for: with `dry_run`, one that calls nothing."""
    kind = PlannedDelivery if settings.dry_run else Delivery
    return kind(settings, mapper, emit=emit, wake=wake, checkpoints=checkpoints)


class PlannedDelivery(Delivery):
    """Does everything that a run does but call: no STATE comes out, and the ledger stays as it is.

    Attributes:
        plan: What a run would do; once the delivery has ended.
    """

    plan: Plan | None = None
    _sender: PretendSender

    def __init__(
        self,
        settings: TargetSettings,
        mapper: Mapper,
        *,
        emit: Callable[[list[Any]], None],  # noqa: ARG002 - as a delivery's
        wake: Callable[[], None],
        checkpoints: Checkpointing | None = None,  # noqa: ARG002 - as a delivery's
    ) -> None:
        self.tally = Tally()
        super().__init__(settings, CountingMapper.of(mapper, self.tally), emit=lambda _: None, wake=wake)

    def _open_ledger(self, settings: TargetSettings, *, as_copy: bool = True) -> Ledger:
        return super()._open_ledger(settings, as_copy=as_copy)

    def _new_summary(self) -> Summary:
        return PlannedSummary()

    def _new_settlement(self) -> Settlement:
        settlement = PlannedSettlement(self._ledger, self._run_id, self._checkpoints, self.summary, self._settings)
        settlement.tally = self.tally
        return settlement

    def _new_sender(self, wake: Callable[[], None]) -> Sender:
        limit = self._settings.limit
        self._standing = self._ledger.budget.standing(limit)
        pace = Pace(limit, self._standing)
        return PretendSender(self._settings, self._ledger, self._settlement, wake, pace)

    def _tell_ledger(self) -> None:
        if self._ledger.is_new:
            log.warning("There is no ledger at %s yet: every lead is new.", self._ledger.place)
        else:
            super()._tell_ledger()

    def _failure_at_end(self) -> SquadStackError | None:
        """A plan goes on to the end where too many rejects would end a run, and says so."""
        failure = super()._failure_at_end()
        if not isinstance(failure, TooManyRejectsError):
            return failure
        log.warning("A run would fail: %s", failure)
        return None

    def _close_books(self) -> SquadStackError | None:
        self.plan = Plan.of(
            self._mapper.rules,
            self.tally,
            self._settings.limit,
            seconds=self._sender.seconds,
            used_by_others=len(self._standing.uses),
        )
        for sentence in self.plan.sentences():
            log.info("%s", sentence)
        log.info("Plan: %s", json.dumps(self.plan.as_dict()))
        return super()._close_books()


class _BaselineSettlement(Settlement):
    """Takes everything for accepted that the mapping makes; rejections are counted, not kept."""

    def _fate_unsent(self, head: LeadAction, memory: Memory) -> Refused | Unchanged | None:
        """A lead that lacks its number is there all the same."""
        return super()._fate_unsent(head, memory._replace(is_known=True) if head.incomplete else memory)

    def _write_rejections(self, rejections: Iterable[Rejection]) -> None:
        """Nothing was refused: nothing was asked."""


class BaselineDelivery(Delivery):
    """Notes in the ledger, as accepted, what is in SquadStack already, so that the next run does not send it."""

    def __init__(
        self,
        settings: TargetSettings,
        mapper: Mapper,
        *,
        emit: Callable[[list[Any]], None],  # noqa: ARG002 - as a delivery's
        wake: Callable[[], None],
        checkpoints: Checkpointing | None = None,  # noqa: ARG002 - as a delivery's
    ) -> None:
        asked = replace(settings, max_actions={}, full_refresh=False, max_reject_percent=100, summary_path=None)
        super().__init__(asked, mapper, emit=lambda _: None, wake=wake)

    def _new_settlement(self) -> Settlement:
        return _BaselineSettlement(self._ledger, self._run_id, self._checkpoints, self.summary, self._settings)

    def _new_sender(self, wake: Callable[[], None]) -> Sender:
        return PretendSender(self._settings, self._ledger, self._settlement, wake, None)

    def _take_missing(self) -> None:
        """What a stream does not hold is in SquadStack as it was."""

    def retry_rejected(self) -> None:
        """Nothing is sent."""
