"""What the commands below `squadstack rejects` have in common."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from squadstack.api.verdicts import Reason
from squadstack.cli.options import read_target
from squadstack.exceptions import SquadStackError
from squadstack.ledger.rows import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from squadstack.ledger.ledger import Ledger
    from squadstack.ledger.rows import KeptReject

STATES = ("open", "accepted", "unchanged", "replaced", "stale")

_CHOICES = (
    click.option("--reason", "reasons", multiple=True, type=click.Choice([*map(str, Reason)]), help="Repeatable."),
    click.option("--rule", type=click.IntRange(min=0), help="The rule's number, counted from 1."),
    click.option("--lead-id", metavar="TEXT", help="One lead's."),
)

state_option = click.option(
    "--state", type=click.Choice([*STATES, "all"]), default="open", show_default=True, help="What became of it."
)


def choosing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that select rejects; `selection_of` reads them."""
    for option in reversed(_CHOICES):
        command = option(command)
    return command


def selection_of(chosen: dict[str, Any]) -> Selection:
    """The rejects that were chosen on the command line."""
    state = chosen.get("state", "open")
    return Selection(
        states=() if state == "all" else (state,),
        reasons=tuple(map(str, chosen["reasons"])),
        rule=chosen["rule"],
        lead_id=chosen["lead_id"],
    )


@contextmanager
def opened(configs: tuple[str, ...]) -> Iterator[Ledger]:
    """The ledger of a configuration; whatever is wrong with it is a sentence and exit status 1."""
    from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

    settings = read_target(configs).settings
    try:
        ledger = Ledger(settings.ledger_url, business=settings.business, host=settings.host, key=settings.ledger_key)
    except SquadStackError as error:
        raise click.ClickException(str(error)) from None
    if ledger.is_new:
        click.echo(f"The ledger at {ledger.place} was just created: check ledger_url.", err=True)
    try:
        yield ledger
    except SquadStackError as error:
        raise click.ClickException(str(error)) from None
    finally:
        ledger.close()


def as_row(reject: KeptReject) -> dict[str, Any]:
    """A reject with everything that is kept of it, its times as text."""
    row = dataclasses.asdict(reject)
    for name in ("rejected_at", "read_at", "changed_at"):
        row[name] = None if row[name] is None else as_time(row[name])
    return row


def as_time(seconds: float) -> str:
    """A moment, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
