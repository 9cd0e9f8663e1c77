"""A run of deliveries, for any face: records and STATEs go in, STATEs that are safe come out.

delivery = Delivery(settings, mapper_of(settings), emit=write_states, wake=wake_reader)
with delivery.one_record():
    delivery.take("contacts", {"id": 1})
delivery.checkpoint({"bookmarks": …})
delivery.end()
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from squadstack.api.client import Client
from squadstack.api.verdicts import ActionName, Reason
from squadstack.delivery.checkpoints import Checkpointing, Checkpoints
from squadstack.delivery.mirror import Mirror
from squadstack.delivery.outcomes import RecordCount, Summary
from squadstack.delivery.replay import Replay
from squadstack.delivery.sender import Sender
from squadstack.delivery.settlement import Settlement
from squadstack.exceptions import ConfigurationError, LedgerError, SquadStackError, UndeliveredError
from squadstack.ledger.rows import Selection
from squadstack.mapping.actions import Filtered, LeadAction, Rejection, Source
from squadstack.mapping.coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from squadstack.ledger.ledger import Ledger
    from squadstack.mapping.mapper import Mapper
    from squadstack.settings.target import TargetSettings

log = logging.getLogger("squadstack")

GRACE_SECONDS = 20.0
"""How long calls on their way may take once the run stops."""

_REJECTIONS_AT_ONCE = 200
_REPLAYED_ELSEWHERE = "Another run is sending rejects of this business again, and two might send the same one twice."
_TICK = 0.5
_AT_ONCE = 2


class Delivery:
    """Delivers one run's records. All methods but `interrupt` are for one thread, that of the reader.

    Args:
        settings: Of the target.
        mapper: The compiled rules.
        emit: Called, from the reader's thread, with the STATEs that have become safe, in order, if any; often.
        wake: Called from other threads when something was settled or went wrong.
        checkpoints: Which STATE may be emitted; if not given, that before which everything is settled.
    """

    def __init__(
        self,
        settings: TargetSettings,
        mapper: Mapper,
        *,
        emit: Callable[[list[Any]], None],
        wake: Callable[[], None],
        checkpoints: Checkpointing | None = None,
    ) -> None:
        self._settings = settings
        self._mapper = mapper
        self._emit = emit
        self._started = time.monotonic()
        self._ledger = self._open_ledger(settings)
        self._check_key()
        self._ledger.forget(settings.ledger_retention_days)
        self._run_id = self._ledger.start_run()
        self._checkpoints: Checkpointing = checkpoints or Checkpoints()
        self._rejections: list[Rejection] = []
        self._interrupts = 0
        self._is_ended = False
        self.coverage = Coverage(mapper.rules)
        self.summary = self._new_summary()
        self._record_count = RecordCount(self.summary)
        self._settlement = self._new_settlement()
        self._sender = self._new_sender(wake)
        self._mirror = Mirror(mapper, self._ledger, self._run_id, settings)
        self._tell_ledger()
        self._sender.start()

    # -- its parts, of which a plan has others ---------------------------------------------------------

    def _open_ledger(self, settings: TargetSettings, *, as_copy: bool = False) -> Ledger:
        from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

        scope = {"business": settings.business, "host": settings.host}
        return Ledger(settings.ledger_url, **scope, key=settings.ledger_key, as_copy=as_copy)

    def _new_summary(self) -> Summary:
        return Summary()

    def _new_settlement(self) -> Settlement:
        return Settlement(self._ledger, self._run_id, self._checkpoints, self.summary, self._settings)

    def _new_sender(self, wake: Callable[[], None]) -> Sender:
        return Sender(self._settings, Client.of(self._settings), self._ledger, self._settlement, wake)

    # -- in ------------------------------------------------------------------------------------------

    def one_record(self) -> RecordCount:
        """Count what is taken in this block as one record, filtered if no action comes of it."""
        return self._record_count

    def take(self, stream: str, record: dict[str, Any]) -> None:
        """One record: mapped, its actions handed to the sender, its rejections kept for the ledger.

        Raises:
            SquadStackError: The run has failed; nothing more is taken.
        """
        read_at = time.time()
        if self._mirror.is_on:
            self._mirror.begin(stream)
        for outcome in self._mapper.map(stream, record, self._checkpoints.segment):
            if self._mirror.is_on:
                self._mirror.see(stream, outcome)
            if not isinstance(outcome, Filtered):
                outcome.source.read_at = read_at
                self._take_outcome(outcome)
        if self._sender.is_full:
            self._wait_for_room()

    def send_again(self, selection: Selection, begun: Callable[[Replay], None] = lambda _: None) -> None:
        """Send rejects again, before anything is taken that may be newer.

        Args:
            selection: Which of the open ones.
            begun: Called with the replay before the first is sent.

        Raises:
            SquadStackError: The run has failed, the rejects cannot be read, or another run sends them.
        """
        if not self._ledger.claim_replay():
            raise LedgerError(_REPLAYED_ELSEWHERE)
        self._send_again(selection, begun)

    def _send_again(self, selection: Selection, begun: Callable[[Replay], None]) -> None:
        replay = Replay(self._ledger, self._mapper, selection)
        begun(replay)
        for outcome in replay.outcomes():
            if outcome is not None:
                with self.one_record():
                    self._take_outcome(outcome)
            if self._sender.is_full:
                self._wait_for_room()
            if self._interrupts:
                break
        self.tick()

    def retry_rejected(self) -> None:
        """Send the rejects again that the setting names, unless another run does; raises as `send_again` does."""
        reasons = tuple(self._settings.retry_rejected)
        if reasons and self._ledger.claim_replay():
            self._send_again(Selection(reasons=reasons), self._tell_replay)
        elif reasons:
            log.warning("%s This run leaves them alone.", _REPLAYED_ELSEWHERE)

    @staticmethod
    def _tell_replay(replay: Replay) -> None:
        log.info("Of the rejects that retry_rejected names, %d are open.", replay.total)

    def skip(self) -> None:
        """One record of a stream that no rule names."""
        self.summary.records += 1
        self.summary.filtered += 1

    def refuse(self, stream: str, message: str) -> None:
        """One record that is none: one rejected action of no rule."""
        self.summary.records += 1
        self._mirror.spoil(stream)
        source = Source(stream, 0, {}, self._checkpoints.segment, time.time())
        self._take_outcome(Rejection(Reason.INVALID_VALUE, message, source))

    def complete(self, stream: str) -> None:
        """The tap says that all of a stream has been read."""
        self._mirror.complete(stream)

    def checkpoint(self, state: Any) -> None:
        """A STATE: it is emitted once everything before it is settled."""
        self._checkpoints.end_segment(state)
        self.tick()

    def tick(self) -> None:
        """Make what is waiting durable and emit the STATEs that are due; raises when the run has failed."""
        self._write_rejections()
        self._emit_due()
        if self._sender.failure:
            raise self._sender.failure

    def interrupt(self) -> None:
        """A signal came: nothing new is sent; a second one does not wait for the calls on their way either."""
        self._interrupts += 1
        self._sender.halt()

    # -- out -----------------------------------------------------------------------------------------

    def end(self, failure: SquadStackError | None = None) -> None:
        """Deliver what is left, emit what is settled and close the books.

        Args:
            failure: Why the input ended early, if it did; what came before is delivered all the same.

        Raises:
            SquadStackError: The run's failure, that of the input included.
        """
        self._is_ended = True
        try:
            self._write_rejections()
            self._deliver_rest(is_whole=failure is None)
            self._finish_calls()
            self._emit_due()
        except SquadStackError as error:
            self._sender.fail(error)
        finally:
            self._sender.stop()
        failure = self._sender.failure or failure or self._failure_at_end()
        failure = self._close_books() or failure
        if failure:
            raise failure

    def _deliver_rest(self, *, is_whole: bool) -> None:
        self._sender.close()
        self._wait_while(lambda: self._sender.moving)
        if is_whole and not self._sender.failure and not self._interrupts:
            self._take_missing()
            self._wait_while(lambda: self._sender.moving)
        self._sender.release()
        self._wait_while(lambda: self._sender.pending)

    def _take_missing(self) -> None:
        """Do what mirrored rules say with leads that are gone, now that everything that was read is settled."""
        for action in self._mirror.missing():
            self._take_outcome(action)

    def _wait_while(self, is_left: Callable[[], int]) -> None:
        while is_left() and not self._sender.failure and not self._interrupts:
            self._sender.wait(_TICK)
            self._emit_due()

    def _finish_calls(self) -> None:
        self._sender.stop()
        until = time.monotonic() + GRACE_SECONDS
        while not self._sender.is_idle and time.monotonic() < until and self._interrupts < _AT_ONCE:
            self._sender.wait(_TICK / 5)

    def _failure_at_end(self) -> SquadStackError | None:
        if self.coverage.streams and not self.coverage.has_match:
            streams = ", ".join(self.coverage.streams)
            return ConfigurationError(
                f"No rule matched any stream, so nothing was sent and no STATE is written. The streams were: {streams}."
            )
        return self._settlement.too_many_rejects(at_end=True)

    def _close_books(self) -> SquadStackError | None:
        self.summary.undelivered = self._sender.abandon() + len(self._rejections)
        self.summary.seconds = time.monotonic() - self._started
        for warning in self.coverage.warnings():
            log.warning("%s", warning)
        books = self.summary.as_dict()
        with contextlib.suppress(LedgerError):  # the run's own failure, if any, is what the user must read
            self._mirror.end()
            self._ledger.end_run(self._run_id, books)
        self._ledger.close()
        if self._settings.summary_path:
            _write_summary(Path(self._settings.summary_path), books)
        log.info("Run summary: %s", json.dumps(books))
        if self.summary.balances:
            return None
        return UndeliveredError("The books of this run do not balance, which is a fault of the connector: report it.")

    # -- steps ---------------------------------------------------------------------------------------

    def _take_outcome(self, outcome: LeadAction | Rejection) -> None:
        if outcome.source.ticket is not None:
            self._checkpoints.open(outcome.source.ticket)
        self.summary.actions += 1
        if isinstance(outcome, LeadAction):
            if self._rejections and outcome.name is ActionName.DELETE:
                self._write_rejections()  # before it erases them
            self._sender.submit(outcome)
            return
        self._rejections.append(outcome)
        if len(self._rejections) >= _REJECTIONS_AT_ONCE:
            self._write_rejections()

    def _wait_for_room(self) -> None:
        while self._sender.is_full and not self._sender.failure and not self._interrupts:
            self._sender.wait(_TICK)
            self.tick()

    def _write_rejections(self) -> None:
        rejections, self._rejections = self._rejections, []
        try:
            self._settlement.reject(rejections)
        except Exception:
            self._rejections = rejections
            raise
        if rejections and (too_many := self._settlement.too_many_rejects(at_end=False)):
            self._sender.fail(too_many)

    def _emit_due(self) -> None:
        """Emit what is due, but nothing before a rule has matched: the mapping may be for another tap."""
        has_no_streams = self._is_ended and not self.coverage.streams
        if self.coverage.has_match or has_no_streams:
            self._emit(self._checkpoints.due())

    def _check_key(self) -> None:
        """Stop before a reject is written with a key that does not fit the others."""
        if not self._ledger.rejects.check_key():
            log.warning("The ledger's rejects are encrypted, but 'ledger_key' is not set: new ones are kept in clear.")

    def _tell_ledger(self) -> None:
        level = logging.WARNING if self._ledger.is_new else logging.INFO
        was = "was just created" if self._ledger.is_new else f"knows {self._ledger.count_leads()} leads"
        log.log(level, "The ledger at %s %s.", self._ledger.place, was)


def _write_summary(path: Path, books: Mapping[str, Any]) -> None:
    try:
        path.write_text(json.dumps(books, indent=2) + "\n")
    except OSError as error:
        log.warning("The summary could not be written to %s: %s.", path, error.strerror)
