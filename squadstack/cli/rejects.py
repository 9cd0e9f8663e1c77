"""`squadstack rejects`: see what was rejected, understand it, send it again, erase it (docs/rejects.md)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from squadstack.api.advice import advice_on, field_of
from squadstack.cli.options import config_option, json_option
from squadstack.cli.rejects_export import export
from squadstack.cli.rejects_replay import replay
from squadstack.cli.rejects_shared import as_row, as_time, choosing, opened, selection_of, state_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from squadstack.ledger.rows import KeptReject


@click.group()
def rejects() -> None:
    """See what was rejected, and what to do about it; send it again; erase it."""


rejects.add_command(export)
rejects.add_command(replay)


# -- list --------------------------------------------------------------------------------------------------


@rejects.command("list")
@config_option
@choosing
@state_option
@json_option
def list_(configs: tuple[str, ...], *, as_json: bool, **chosen: Any) -> None:
    """Tell how many were rejected, by reason, rule and field, and what to do about it. Shows no values."""
    with opened(configs) as ledger:
        groups = groups_of(ledger.rejects.each(selection_of(chosen)))
    if as_json:
        click.echo(json.dumps(groups, indent=2))
        return
    for group in groups:
        click.echo(_told(group))
    if not groups:
        click.echo("There are no such rejects.")


def groups_of(rejects: Iterable[KeptReject]) -> list[dict[str, Any]]:
    """Rejects by reason, rule and field, the largest group first."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for reject in rejects:
        about = {name: getattr(reject, name) for name in ("reason", "rule", "stream", "action")}
        about["field"] = field_of(reject.reason, reject.message)
        first = {"count": 0, "example": reject.reject_id, "first": as_time(reject.rejected_at), "advice": []}
        group = groups.setdefault(tuple(about.values()), about | first)
        group["count"] += 1
        group["last"] = as_time(reject.rejected_at)
        if (advice := advice_on(reject.reason, reject.message)) not in group["advice"]:
            group["advice"].append(advice)
    return sorted(groups.values(), key=lambda group: -group["count"])


def _told(group: dict[str, Any]) -> str:
    about = f", field {group['field']}" if group["field"] else ""
    head = f"{group['count']:>7}  {group['reason']}: rule {group['rule']}, stream {group['stream']}"
    lines = [f"{head}, action {group['action'] or 'none'}{about} (such as {group['example']})"]
    return "\n".join([*lines, *(f"         {sentence}" for sentence in group["advice"])])


# -- show --------------------------------------------------------------------------------------------------


@rejects.command()
@click.argument("reject_ids", type=int, nargs=-1, required=True, metavar="ID...")
@config_option
@json_option
def show(configs: tuple[str, ...], reject_ids: tuple[int, ...], *, as_json: bool) -> None:
    """Show rejects by their numbers, with all that was said and the source record: these are personal data."""
    with opened(configs) as ledger:
        found = ledger.rejects.get(reject_ids)
    rows = [{**as_row(reject), "advice": advice_on(reject.reason, reject.message)} for reject in found]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    for row in [] if as_json else rows:
        record = json.dumps(row.pop("record"), indent=2, ensure_ascii=False)
        click.echo("\n".join(f"{name:<12} {'' if value is None else value}" for name, value in row.items()))
        click.echo(f"record       {record}\n")
    if missing := sorted({*reject_ids} - {reject.reject_id for reject in found}):
        raise click.ClickException(f"There is no reject {', '.join(map(str, missing))}.")  # noqa: EM102, TRY003 - numbers


# -- purge -------------------------------------------------------------------------------------------------


@rejects.command()
@config_option
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Those that are older; 0: all.")
@click.option("--lead-id", metavar="TEXT", help="One lead's, in every campaign, and all else that is kept of it.")
@json_option
def purge(configs: tuple[str, ...], *, older_than: float | None, lead_id: str | None, as_json: bool) -> None:
    """Erase rejects, whatever became of them, so that nothing of them is left in the ledger's files.

    Give one of the two options. Of a lead nothing is left but a keyed digest of its id.
    """
    if (older_than is None) == (lead_id is None) or (lead_id is not None and not lead_id.strip()):
        msg = "Give either --older-than or --lead-id, with a value."
        raise click.UsageError(msg)
    with opened(configs) as ledger:
        erased = ledger.erase_older(older_than or 0.0) if lead_id is None else ledger.erase_lead(lead_id.strip())
    click.echo(json.dumps({"erased": erased}) if as_json else f"{erased} rejects were erased.")
