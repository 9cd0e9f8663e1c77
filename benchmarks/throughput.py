"""Records a second of the whole target, beside a plain SDK target and a bare loop, in one run.

    python benchmarks/throughput.py [--records 50000] [--rounds 3]

Every variant is a process of its own that reads the same file and posts to the same server on loopback, one
after another, round by round; the medians of the rounds are compared.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
FIELDS = ("city", "product", "stage", "source", "owner")


def messages(records: int) -> Iterator[str]:
    """A stream of leads with eight fields each, as a tap writes it."""
    names = ["id", "phone", "name", *FIELDS]
    schema = {"type": "object", "properties": {name: {"type": ["string", "null"]} for name in names}}
    yield json.dumps({"type": "SCHEMA", "stream": "leads", "schema": schema, "key_properties": ["id"]})
    for number in range(records):
        record = {"id": f"lead-{number}", "phone": f"+91-99999{number % 100_000:05d}", "name": f"Invented {number}"}
        record |= {field: f"{field} {number % 50}" for field in FIELDS}
        yield json.dumps({"type": "RECORD", "stream": "leads", "record": record})
        if number % 1000 == 999:
            yield json.dumps({"type": "STATE", "value": {"at": number}})


def configuration(url: str, folder: Path) -> dict[str, object]:
    """The target's: eight fields mapped, no limit, a new ledger."""
    fields = {"lead_id": "id", "phone_number": ["phone"], "contact_name": "name", **{name: name for name in FIELDS}}
    return {
        "auth_token": "bench",
        "ref_id": "bench",
        "api_url": url,
        "ledger_url": f"sqlite:///{folder}/{time.monotonic_ns()}.db",
        "rate_limit": {"calls": None},
        "mappings": [{"stream": "leads", "action": "upsert", "fields": fields}],
    }


def seconds_of(command: list[str]) -> float:
    """How long a command takes, start-up included."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


def measure(records: int, rounds: int) -> dict[str, list[float]]:
    """The seconds of every variant, by round."""
    script = Path(sys.executable).parent / "target-squadstack"
    seconds: dict[str, list[float]] = {"target-squadstack": [], "plain SDK target": [], "bare loop": []}
    with (
        tempfile.TemporaryDirectory() as name,
        subprocess.Popen([sys.executable, HERE / "server.py"], stdout=subprocess.PIPE, text=True) as server,
    ):
        folder = Path(name)
        url = f"http://127.0.0.1:{server.stdout.readline().strip() if server.stdout else ''}"
        source, config = folder / "input.jsonl", folder / "config.json"
        source.write_text("\n".join(messages(records)) + "\n")
        for _ in range(rounds):
            config.write_text(json.dumps(configuration(url, folder)))
            ours = [str(script), "--config", str(config), "--input", str(source)]
            seconds["target-squadstack"].append(seconds_of(ours))
            config.write_text(json.dumps({"api_url": url}))
            plain = [sys.executable, str(HERE / "plain_target.py"), "--config", str(config), "--input", str(source)]
            seconds["plain SDK target"].append(seconds_of(plain))
            seconds["bare loop"].append(seconds_of([sys.executable, str(HERE / "bare_loop.py"), url, str(source)]))
        server.terminate()
    return seconds


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    seconds = measure(given.records, given.rounds)
    ours = statistics.median(seconds["target-squadstack"])
    print(f"{'variant':20} {'seconds':>9} {'records/s':>11} {'ours is':>9}")
    for variant, taken in seconds.items():
        median = statistics.median(taken)
        print(f"{variant:20} {median:9.2f} {given.records / median:11,.0f} {median / ours:8.2f}x")


if __name__ == "__main__":
    main()
