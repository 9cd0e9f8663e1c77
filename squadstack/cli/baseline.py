"""`squadstack baseline`: note what is in SquadStack already."""

from __future__ import annotations

import json
from typing import IO, TYPE_CHECKING, Any

import click

from squadstack.cli.options import config_option, input_option, json_option
from squadstack.cli.reading import read

if TYPE_CHECKING:
    from squadstack.delivery.planning import BaselineDelivery
    from squadstack.mapping.mapper import Mapper
    from squadstack.settings.target import TargetSettings


@click.command()
@config_option
@input_option
@json_option
def baseline(configs: tuple[str, ...], file: IO[bytes] | None, *, as_json: bool) -> None:
    """Note all values of this input in the ledger as accepted; calls nothing.

    For a campaign that is filled already: the first run then sends only what has changed since, and wakes nobody.
    """
    made: list[BaselineDelivery] = []

    def deliver_by(settings: TargetSettings, mapper: Mapper, **parts: Any) -> BaselineDelivery:
        from squadstack.delivery.planning import BaselineDelivery  # noqa: PLC0415 - for --help it would be too much

        made.append(BaselineDelivery(settings, mapper, **parts))
        return made[0]

    status = read(configs, file, deliver_by)
    if made:
        books = made[0].summary.as_dict()
        click.echo(json.dumps(books) if as_json else _sentence(books))
    raise SystemExit(status)


def _sentence(books: dict[str, Any]) -> str:
    reasons = ", ".join(f"{reason} {number}" for reason, number in books["by_reason"].items())
    rejected = f"{books['rejected']} rejected" + (f" ({reasons})" if reasons else "")
    return (
        f"{books['records']} records: {books['accepted']} actions noted as accepted, {books['unchanged']} were known, "
        f"{books['coalesced']} merged into later ones, {rejected}, {books['undelivered']} not noted. "
        "Nothing was called."
    )
