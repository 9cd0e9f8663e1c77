# ruff: noqa: INP001 - part of a script, not a package
"""What the demo shows: tables of what arrived, what was refused, how the run went, and what became of the leads."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from make_leads import STAGES
from parts import CAMPAIGN
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ADVICE = {
    "already_exists": "The lead is there; let the rule upsert instead of create.",
    "conflict": "Another lead holds this value of a unique field; see which of the two is right.",
    "invalid_phone": "Correct the number at the source: too short, or not an Indian one.",
    "invalid_value": "Correct the value that the rule's expression could not use.",
    "lead_active": "SquadStack is working on this lead; it may be sent again later.",
    "lead_converted": "Nothing; the lead was converted.",
    "lead_deleted": "Nothing; the lead was deleted.",
    "missing_field": "Fill in name or number at the source; the row comes with the next file.",
    "no_campaign": "Give the rule a ref_id that fits.",
    "unknown_lead": "Create the lead first.",
}

console = Console(highlight=False)


class Outcome(NamedTuple):
    """A row of `outcomes.sql`: an outcome in a campaign, how many leads had it, and how many of them said yes."""

    campaign: str
    outcome: str
    leads: int
    interested: int


def show_arrived(leads: Mapping[str, Any]) -> None:
    """Leads by city and stage, as the sandbox holds them."""
    fields = [lead["fields"] for lead in leads.values()]
    cities = Counter(str(lead.get("city")) for lead in fields)
    both = Counter((str(lead.get("city")), str(lead.get("stage"))) for lead in fields)
    table = Table(title=f"What arrived: {len(leads):,} leads in campaign “{CAMPAIGN}”", show_footer=True)
    table.add_column("City", footer="All")
    for stage in STAGES:
        count = sum(both[city, stage] for city in cities)
        table.add_column(stage, footer=f"{count:,}", justify="right")
    table.add_column("Leads", footer=f"{len(leads):,}", justify="right", style="bold")
    for city, count in cities.most_common():
        table.add_row(city, *(str(both[city, stage] or "") for stage in STAGES), str(count))
    console.print(table, "")


def show_refused(by_reason: Mapping[str, int]) -> None:
    """Rejected rows by reason, each with what can be done about it."""
    table = Table(title=f"What was refused: {sum(by_reason.values())} rows", show_footer=True)
    table.add_column("Reason", footer="All", style="yellow")
    table.add_column("Rows", footer=str(sum(by_reason.values())), justify="right")
    table.add_column("What to do", overflow="fold")
    for reason, count in sorted(by_reason.items(), key=lambda item: -item[1]):
        table.add_row(reason, str(count), ADVICE.get(reason, "Look at the reject in the ledger."))
    console.print(table, "")


def show_summary(summary: Mapping[str, Any], calls: int) -> None:
    """The books of the run that sent, and its calls as the sandbox counted them."""
    table = Table(title="The run", show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right", style="bold")
    table.add_column()
    for name, told in (
        ("records", "rows that the tap read"),
        ("filtered", "rows that no rule wanted"),
        ("actions", "what the rules made of the rest"),
        ("accepted", "confirmed by SquadStack, lead by lead"),
        ("coalesced", "merged into a later row of the same lead"),
        ("unchanged", "not sent, because nothing had changed"),
        ("rejected", "refused, with their reason in the ledger"),
        ("undelivered", "neither; they would be sent again"),
        ("calls", f"of up to 100 leads each; the sandbox counted {calls}"),
        ("retried", "calls sent again"),
        ("throttled", "calls refused for the rate limit"),
        ("seconds", "from the first line to the last"),
    ):
        value = summary[name]
        table.add_row(name, f"{value:,.1f}" if isinstance(value, float) else f"{value:,}", told)
    console.print(table, "")


def show_outcomes(outcomes: Sequence[Outcome], calls: int) -> None:
    """What became of the leads, as SQL finds it in the files that the tap's rows went into."""
    leads, interested = sum(row.leads for row in outcomes), sum(row.interested for row in outcomes)
    table = Table(title=f"What became of them, read in {calls} calls: outcomes by campaign", show_footer=True)
    table.add_column("Campaign", footer="All")
    table.add_column("Outcome")
    table.add_column("Leads", footer=f"{leads:,}", justify="right", style="bold")
    table.add_column("Interested", footer=f"{interested:,}", justify="right")
    for row in outcomes:
        table.add_row(row.campaign, row.outcome, f"{row.leads:,}", f"{row.interested:,}")
    console.print(table, "")
