# ruff: noqa: INP001 - a script, not a package
"""Send 1,000 invented leads from a CSV file into a sandbox, and show what became of them.

`make demo` runs it: a pretend SquadStack on a free port, the Meltano job `leads-to-squadstack` with a fresh
ledger in a temporary folder, then the report. Nothing leaves this machine and nothing is left behind.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, Request, build_opener

from make_leads import KINDS, LATER, REFUSED, STAGES
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PROJECT = Path(__file__).resolve().parent.parent
TOKEN = "sandbox-token"  # noqa: S105 - that of a pretend server
CAMPAIGN = "demo"
JOB = "leads-to-squadstack"
STARTED = re.compile(r"SquadStack sandbox on (?P<url>http://\S+)")

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


def main() -> int:
    """Run the demo; the exit status is 0 only if every part of it worked."""
    with tempfile.TemporaryDirectory(prefix="squadstack-demo-") as name:
        folder = Path(name)
        try:
            with sandbox(folder / "sandbox.log") as url:
                summary = run_job(url, folder)
                leads = look_inside(url, "/sandbox/leads")["campaigns"].get(CAMPAIGN, {})
                calls = len(look_inside(url, "/sandbox/calls"))
        except DemoError as error:
            console.print(f"[red]The demo failed.[/] {error}", soft_wrap=True)
            return 1
    show_arrived(leads)
    show_refused(summary["by_reason"])
    show_summary(summary, calls)
    return verdict(summary, leads)


class DemoError(Exception):
    """Some part did not do what it should; the message ends with that part's own last lines."""


@contextmanager
def sandbox(log: Path) -> Iterator[str]:
    """A pretend SquadStack on a free port, for as long as the block lasts."""
    command = [str(beside_python("squadstack")), "sandbox", "--port", "0", "--token", TOKEN]
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - our own command
    try:
        yield wait_until_started(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_started(process: subprocess.Popen[str], log: Path) -> str:
    """The sandbox's address, which it prints once it listens; it closes its output if it cannot."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    for line in process.stdout:
        if found := STARTED.search(line):
            console.print(f"A sandbox listens on {found['url']}.")
            return found["url"]
    message = f"The sandbox did not start:\n{tail(log)}"
    raise DemoError(message)


def run_job(url: str, folder: Path) -> dict[str, Any]:
    """Let Meltano run the job against the sandbox, and read the summary that the target writes."""
    log, summary = folder / "run.log", folder / "summary.json"
    meltano = os.environ.get("MELTANO", str(PROJECT / ".venv-meltano" / "bin" / "meltano"))
    command = [meltano, "--environment=sandbox", "run", JOB]
    console.print(f"Running: meltano run {JOB} ...")
    start = time.monotonic()
    with log.open("w") as out:
        result = subprocess.run(  # noqa: S603 - the project's own Meltano
            command,
            cwd=PROJECT,
            env=job_environment(url, folder, summary),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode or not summary.exists():
        message = f"The job ended with {result.returncode}:\n{tail(log)}"
        raise DemoError(message)
    console.print(f"Done in {time.monotonic() - start:.0f} s.\n")
    read: dict[str, Any] = json.loads(summary.read_text())
    return read


def job_environment(url: str, folder: Path, summary: Path) -> dict[str, str]:
    """The caller's environment, but nothing in it that could lead to a real account, or through a proxy."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MELTANO_", "TARGET_SQUADSTACK_", "TAP_SPREADSHEETS_"))
    }
    return kept | {
        "MELTANO_DATABASE_URI": f"sqlite:///{folder}/meltano.db",
        "NO_PROXY": "127.0.0.1,localhost",
        "TARGET_SQUADSTACK_API_URL": url,
        "TARGET_SQUADSTACK_AUTH_TOKEN": TOKEN,
        "TARGET_SQUADSTACK_REF_ID": CAMPAIGN,
        "TARGET_SQUADSTACK_LEDGER_URL": f"sqlite:///{folder}/ledger.db",
        "TARGET_SQUADSTACK_SUMMARY_PATH": str(summary),
    }


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
    """The run's books, and the calls as the sandbox counted them."""
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


def verdict(summary: Mapping[str, Any], leads: Mapping[str, Any]) -> int:
    """Compare with what the file was made to give."""
    wanted = sum(KINDS.values()) - sum(REFUSED.values()) - sum(KINDS[kind] for kind in LATER)
    if len(leads) == wanted and summary["by_reason"] == REFUSED and not summary["undelivered"]:
        told = f"{wanted} leads are there once each, {sum(REFUSED.values())} rows were refused."
        console.print(f"[green]As it should be:[/] {told}", soft_wrap=True)
        return 0
    told = f"{wanted} leads should be there, and refused should be {REFUSED}."
    console.print(f"[red]Not as it should be:[/] {told}", soft_wrap=True)
    return 1


def look_inside(url: str, path: str) -> Any:
    """What the sandbox says about itself, never by way of a proxy."""
    request = Request(url + path, headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310 - http to loopback
    with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
        return json.load(answer)


def beside_python(command: str) -> Path:
    """A command of the environment that this script runs in."""
    return Path(sys.executable).with_name(command)


def tail(log: Path) -> str:
    """The last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit stops the sandbox, a plain death would not
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
