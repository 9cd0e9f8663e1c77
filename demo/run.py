# ruff: noqa: INP001 - a script, not a package
"""Send 1,000 invented leads from a CSV file into a sandbox, let it call them, and show what became of them.

`make demo` runs it: a pretend SquadStack on a free port; the Meltano job `leads-to-squadstack` with a fresh ledger in
a temporary folder; the job `responses-to-files` behind it, once all leads were called; SQL over its files; and the
report. Nothing leaves this machine and nothing is left behind.
"""

from __future__ import annotations

import json
import signal
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from make_leads import KINDS, LATER, REFUSED
from parts import CAMPAIGN, DemoError, Sandbox, job_environment, run_job, sandbox
from report import Outcome, console, show_arrived, show_outcomes, show_refused, show_summary

SEND, READ = "leads-to-squadstack", "responses-to-files"
OUTCOMES = Path(__file__).with_name("outcomes.sql")


@dataclass(frozen=True)
class Result:
    """What came of the demo.

    Attributes:
        summary: What the target says of its run.
        leads: What the sandbox holds in the end.
        outcomes: What the files say became of the leads.
        calls: How many calls the sandbox counted, by what they did.
    """

    summary: dict[str, Any]
    leads: dict[str, Any]
    outcomes: list[Outcome]
    calls: Counter[str]


def main() -> int:
    """Run the demo; the exit status is 0 only if every part of it worked."""
    with tempfile.TemporaryDirectory(prefix="squadstack-demo-") as name:
        folder = Path(name)
        try:
            with sandbox(folder / "sandbox.log") as pretend:
                result = run(pretend, folder)
        except (DemoError, OSError, duckdb.Error) as error:
            console.print(f"[red]The demo failed.[/] {error}", soft_wrap=True)
            return 1
    read = result.calls.pop("read")
    show_arrived(result.leads)
    show_refused(result.summary["by_reason"])
    show_summary(result.summary, result.calls.total())
    show_outcomes(result.outcomes, read)
    return verdict(result)


def run(pretend: Sandbox, folder: Path) -> Result:
    """CSV → target → sandbox → tap → files → SQL."""
    console.print(f"A sandbox listens on {pretend.url}, and calls its leads.")
    environment = job_environment(pretend.url, folder)
    tell_and_run(SEND, folder, environment)
    leads = pretend.wait_until_still()
    tell_and_run(READ, folder, environment)
    console.print()
    return Result(
        summary=json.loads((folder / "summary.json").read_text()),
        leads=leads,
        outcomes=outcomes_of(folder / "responses"),
        calls=Counter(call["action"] for call in pretend.calls()),
    )


def tell_and_run(job: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a job, and say so."""
    console.print(f"Running: meltano run {job} ...", end=" ")
    console.print(f"done in {run_job(job, folder / f'{job}.log', environment):.0f} s.")


def outcomes_of(folder: Path) -> list[Outcome]:
    """What `outcomes.sql` finds in the files of a folder."""
    with duckdb.connect() as connection:
        connection.execute("SET file_search_path = ?", [str(folder)])
        rows = connection.execute(OUTCOMES.read_text(encoding="utf-8")).fetchall()
    return [Outcome(*row) for row in rows]


def verdict(result: Result) -> int:
    """Compare with what the CSV file was made to give, and what was read with what the sandbox holds."""
    wanted = sum(KINDS.values()) - sum(REFUSED.values()) - sum(KINDS[kind] for kind in LATER)
    held = Counter((CAMPAIGN, lead["result"]["lead_outcome"]) for lead in result.leads.values())
    read = {(row.campaign, row.outcome): row.leads for row in result.outcomes}
    faults = []
    if len(result.leads) != wanted or result.summary["undelivered"]:
        faults.append(f"{wanted} leads should be there.")
    if result.summary["by_reason"] != REFUSED:
        faults.append(f"Refused should be {REFUSED}.")
    if read != held:
        faults.append(f"The outcomes should be {dict(held)}.")
    if faults:
        console.print(f"[red]Not as it should be:[/] {' '.join(faults)}", soft_wrap=True)
        return 1
    told = f"{wanted} leads are there once each, {sum(REFUSED.values())} rows were refused, all outcomes were read."
    console.print(f"[green]As it should be:[/] {told}", soft_wrap=True)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit stops the sandbox, a plain death would not
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
