"""`squadstack plan`: what a run would do."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

import click

from squadstack.cli.options import config_option, input_option, json_option, preset_option
from squadstack.cli.reading import read

if TYPE_CHECKING:
    from squadstack.delivery.planning import PlannedDelivery
    from squadstack.mapping.mapper import Mapper
    from squadstack.settings.target import TargetSettings


@click.command()
@config_option
@input_option
@preset_option
@json_option
def plan(configs: tuple[str, ...], file: IO[bytes] | None, *, preset: str | None, as_json: bool) -> None:
    """Tell what a run with this input would do; calls nothing, and leaves the ledger as it is.

    Says for each rule how many records it reads and filters, and how many actions are rejected, unchanged and to
    send; then the calls, and the minutes that they take at the limit.
    """
    made: list[PlannedDelivery] = []

    def deliver_by(settings: TargetSettings, mapper: Mapper, **parts: Any) -> PlannedDelivery:
        from squadstack.delivery.planning import PlannedDelivery  # noqa: PLC0415 - for --help it would be too much

        made.append(PlannedDelivery(replace(settings, summary_path=None), mapper, **parts))
        return made[0]

    status = read(configs, file, deliver_by, preset)
    if made and (found := made[0].plan):
        told = {**found.as_dict(), "summary": made[0].summary.as_dict()}
        click.echo(json.dumps(told) if as_json else "\n".join(found.sentences()))
    raise SystemExit(status)
