"""`squadstack rejects replay`: send what was rejected again."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import click

from squadstack.cli.options import config_option, json_option, read_target
from squadstack.cli.progress import Progress
from squadstack.cli.rejects_shared import choosing, selection_of
from squadstack.exceptions import SquadStackError

if TYPE_CHECKING:
    from squadstack.delivery.delivery import Delivery
    from squadstack.delivery.replay import Replay
    from squadstack.ledger.rows import Selection
    from target_squadstack.configuration import Configuration


@click.command()
@config_option
@choosing
@json_option
def replay(configs: tuple[str, ...], *, as_json: bool, **chosen: Any) -> None:
    """Map open rejects by today's rules and send them, as a run does. What was overtaken is not sent.

    Cut off, it goes on where it stopped when it is run again. Exit status 1 if something is undelivered.
    """
    run = _Run(read_target(configs), selection_of(chosen))
    try:
        run.run()
    finally:
        if run.told is not None:
            click.echo(json.dumps(run.told) if as_json else _sentences(run.told))
    if run.signum:
        raise SystemExit(128 + run.signum)


class _Run:
    """One replay, from the opening of the ledger to the end of its books.

    Attributes:
        told: What became of the rejects; None before the end.
        signum: The signal that stopped it, if one did.
    """

    def __init__(self, given: Configuration, selection: Selection) -> None:
        self._given = given
        self._selection = selection
        self._replay: Replay | None = None
        self.told: dict[str, Any] | None = None
        self.signum = 0

    def run(self) -> None:
        """Send the rejects; a failure is a sentence and exit status 1."""
        from squadstack.delivery.planning import delivery_of  # noqa: PLC0415 - for --help it would be too much

        progress = Progress("Rejects")
        try:
            delivery = delivery_of(self._given.settings, self._given.mapper, emit=lambda _: None, wake=progress.refresh)
            self._obey_signals(delivery)
            with progress:
                self._deliver(delivery, progress)
        except SquadStackError as error:
            raise click.ClickException(str(error)) from None

    def _deliver(self, delivery: Delivery, progress: Progress) -> None:
        failure: SquadStackError | None = None

        def begun(replay: Replay) -> None:
            self._replay = replay
            progress.follow(replay.total, lambda: replay.stale + replay.without_rule + delivery.summary.settled)

        try:
            delivery.send_again(self._selection, begun)
        except SquadStackError as error:
            failure = error
        try:
            delivery.end(failure)
        finally:
            self.told = _tally(self._replay, delivery)

    def _obey_signals(self, delivery: Delivery) -> None:
        def note(signum: int, _: object) -> None:
            self.signum = signum
            delivery.interrupt()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, note)


def _tally(replay: Replay | None, delivery: Delivery) -> dict[str, Any]:
    books = delivery.summary.as_dict()
    total, seen, stale, without_rule = (
        (replay.total, replay.seen, replay.stale, replay.without_rule) if replay else (0, 0, 0, 0)
    )
    return {
        "rejects": total,
        "accepted": books["accepted"] + books["coalesced"],
        "unchanged": books["unchanged"],
        "rejected_again": books["rejected"],
        "planned": books["planned"],
        "stale": stale,
        "without_rule": without_rule,
        "undelivered": books["undelivered"] + total - seen,
        "summary": books,
    }


def _sentences(told: dict[str, Any]) -> str:
    words = {
        "accepted": "accepted",
        "unchanged": "unchanged: SquadStack has them so already",
        "rejected_again": "rejected again: see squadstack rejects list",
        "planned": "would be sent, but dry_run is set",
        "stale": "not sent: overtaken by a later accepted action",
        "without_rule": "not sent: today's rules make no such action of them",
        "undelivered": "undelivered: run replay again",
    }
    lines = [f"{told[name]:>7}  {meaning}" for name, meaning in words.items() if told[name]]
    return "\n".join([f"{told['rejects']:>7}  open rejects", *lines])
