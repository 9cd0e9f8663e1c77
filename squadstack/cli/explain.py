"""`squadstack explain`: what the rules make of some records."""

from __future__ import annotations

import dataclasses
import json
from typing import IO, TYPE_CHECKING, Any

import click

from squadstack.cli.options import config_option, input_option, json_option, preset_option
from squadstack.cli.reading import read
from squadstack.delivery.explaining import Explainer, masked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.delivery.explaining import Explained, Outcome
    from squadstack.mapping.mapper import Mapper


@click.command()
@config_option
@input_option
@preset_option
@click.option("--records", type=click.IntRange(min=0), default=10, show_default=True, help="The most that are shown.")
@click.option("--lead", metavar="LEAD_ID", help="Show only records of this lead.")
@click.option("--show-values", is_flag=True, help="Show the values, which may be personal.")
@json_option
def explain(  # noqa: PLR0913 - one for each option
    configs: tuple[str, ...],
    file: IO[bytes] | None,
    *,
    preset: str | None,
    records: int,
    lead: str | None,
    show_values: bool,
    as_json: bool,
) -> None:
    """Show what the rules make of the first records, or of one lead's; calls nothing, and opens no ledger.

    Reads the whole input, and tells at its end which fields no rule uses, and which rules act on the same leads.
    Values are masked, but for those that stand in the rules.
    """
    made: list[Explainer] = []

    def deliver_by(_: object, mapper: Mapper, **__: Any) -> Explainer:
        made.append(Explainer(mapper, most=records, lead_id=lead))
        return made[0]

    status = read(configs, file, deliver_by, preset)
    if made:
        told = _told(made[0], show_values=show_values)
        click.echo(json.dumps(told) if as_json else "\n".join(_lines(told)))
    raise SystemExit(status)


def _told(explainer: Explainer, *, show_values: bool) -> dict[str, Any]:
    return {
        "records": [_record(one, show_values=show_values) for one in explainer.explained],
        "read": explainer.summary.records,
        "unused_fields": explainer.unused(),
        "collisions": [dataclasses.asdict(one) for one in explainer.collisions()],
        "warnings": list(explainer.coverage.warnings()),
    }


def _record(explained: Explained, *, show_values: bool) -> dict[str, Any]:
    outcomes = [_outcome(one, show_values=show_values) for one in explained.outcomes]
    return {
        "number": explained.number,
        "stream": explained.stream,
        "outcomes": outcomes,
        "filtered_by": explained.filtered_by,
    }


def _outcome(outcome: Outcome, *, show_values: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": outcome.rule, "action": outcome.action, "campaign": outcome.campaign}
    if outcome.payload is None:
        return {**told, "reason": outcome.reason, "message": outcome.message}
    shown = {
        name: value if show_values or name in outcome.literals else masked(value)
        for name, value in outcome.payload.items()
    }
    return {**told, "payload": shown}


# -- for people --------------------------------------------------------------------------------------


def _lines(told: dict[str, Any]) -> Iterator[str]:
    for record in told["records"]:
        yield f"Record {record['number']} of stream '{record['stream']}'"
        for outcome in record["outcomes"]:
            yield from _outcome_lines(outcome)
        yield from (f"  rule {label}: filtered" for label in record["filtered_by"])
        if not record["outcomes"] and not record["filtered_by"]:
            yield "  no rule takes it"
    yield f"{told['read']} records were read, {len(told['records'])} are shown."
    for stream, names in told["unused_fields"].items():
        yield f"No rule uses these fields of stream '{stream}': {', '.join(names)}."
    yield from map(_collision_line, told["collisions"])
    yield from told["warnings"]


def _outcome_lines(outcome: dict[str, Any]) -> Iterator[str]:
    place = f"  rule {outcome['rule']}: {outcome['action']} in campaign {outcome['campaign'] or '?'}"
    if "payload" not in outcome:
        yield f"{place}: rejected, {outcome['reason']}: {outcome['message']}"
        return
    yield place
    yield from (f"    {name}: {_text(value)}" for name, value in outcome["payload"].items())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _collision_line(collision: dict[str, Any]) -> str:
    (one, other), (stream, other_stream) = collision["rules"], collision["streams"]
    where = f"stream '{stream}'" if stream == other_stream else f"streams '{stream}' and '{other_stream}'"
    line = f"Rules {one} and {other} ({where}) act on the same leads: {collision['leads']}."
    if stream != other_stream:
        line += " Are they the same people? If not, make their lead_id differ."
    if collision["fields"]:
        line += f" Both send {', '.join(collision['fields'])}: what is read later counts."
    return line
