"""A real tap into the target: through `meltano run`, and through a plain pipe."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

PROJECT = Path(__file__).resolve().parents[2]
LEADS = PROJECT / "demo" / "leads.csv"
TARGET = Path(sys.executable).with_name("target-squadstack")

pytestmark = pytest.mark.timeout(600)


def number_of(row: dict[str, str]) -> str | None:
    """The number that has to be sent: the first mobile one of Mobile and Phone, else the first valid one."""
    valid = []
    for text in (row["Mobile"], row["Phone"]):
        try:
            number = phonenumbers.parse(text, "IN")
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number_for_region(number, "IN"):
            valid.append(number)
    mobile = [each for each in valid if phonenumbers.number_type(each) == PhoneNumberType.MOBILE]
    return str([*mobile, *valid][0].national_number) if valid else None


def expected_leads() -> dict[str, dict[str, str]]:
    """What has to be there in the end, by lead_id: rows of a lead in order, what is empty left out."""
    leads: dict[str, dict[str, str]] = {}
    with LEADS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            known = leads.get(row["Lead Id"])
            number, name = number_of(row), row["Name"]
            if known is None and not (number and name):
                continue
            leads[row["Lead Id"]] = {
                **(known or {}),
                **({"phone_number": number} if number else {}),
                "contact_name": name,
                "city": row["City"],
                "product": row["Product"],
                "stage": row["Stage"],
                "amount": row["Amount"],
                "source": "spreadsheet",
            }
    return leads


def held(sandbox: str, ref_id: str) -> dict[str, dict[str, Any]]:
    """The fields of every lead that the sandbox holds, but the lead_id."""
    with build_opener(ProxyHandler({})).open(f"{sandbox}/sandbox/leads", timeout=30) as answer:
        leads = json.load(answer)["campaigns"].get(ref_id, {})
    return {
        lead_id: {name: value for name, value in lead["fields"].items() if name != "lead_id"}
        for lead_id, lead in leads.items()
    }


def run(command: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def summary_of(environment: dict[str, str]) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads(Path(environment["TARGET_SQUADSTACK_SUMMARY_PATH"]).read_text())
    return summary


def test_the_job_brings_every_good_lead_once_and_the_next_run_none(
    meltano: Path, sandbox: str, environment: dict[str, str]
) -> None:
    """A thousand rows of a CSV file through `meltano run`; a second run starts at the stored state."""
    command: list[str | Path] = [meltano, "--environment=sandbox", "run", "leads-to-squadstack"]

    first = run(command, environment)
    assert first.returncode == 0, first.stdout
    summary = summary_of(environment)

    assert held(sandbox, "demo") == expected_leads()
    assert summary["by_reason"] == {"invalid_phone": 20, "missing_field": 18}
    assert (summary["records"], summary["actions"], summary["undelivered"]) == (1000, 1000, 0)
    assert summary["accepted"] + summary["coalesced"] + summary["rejected"] == 1000

    second = run(command, environment)
    assert second.returncode == 0, second.stdout
    assert summary_of(environment)["records"] == 0


def test_a_plain_pipe_of_tap_and_target(
    tap_spreadsheets: Path, sandbox: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """Numbers stay text on their way through the pipe, and the STATE of the tap comes out at its end."""
    (tmp_path / "people.csv").write_text(
        "Lead Id,Name,Mobile\n1,Asha Rao,09999900001\n2,Ravi Nair,+91-99999 00002\n3,No Number,\n"
    )
    tap_config = {
        "files": [
            {
                "path": f"{tmp_path}/people.csv",
                "format": "csv",
                "delimiter": ",",
                "table_name": "people",
                "primary_keys": ["Lead Id"],
            }
        ]
    }
    fields = {"lead_id": "lead_id", "phone_number": "mobile", "contact_name": "name"}
    target_config = {
        "api_url": sandbox,
        "auth_token": environment["TARGET_SQUADSTACK_AUTH_TOKEN"],
        "ref_id": "pipe",
        "ledger_url": environment["TARGET_SQUADSTACK_LEDGER_URL"],
        "mappings": [{"stream": "people", "action": "upsert", "fields": fields}],
    }
    (tmp_path / "tap.json").write_text(json.dumps(tap_config))
    (tmp_path / "target.json").write_text(json.dumps(target_config))

    with subprocess.Popen(
        [tap_spreadsheets, "--config", tmp_path / "tap.json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as tap:
        target = subprocess.run(
            [TARGET, "--config", tmp_path / "target.json"],
            stdin=tap.stdout,
            capture_output=True,
            env=environment,
            text=True,
            timeout=120,
            check=False,
        )

    assert (tap.returncode, target.returncode) == (0, 0), target.stderr
    assert held(sandbox, "pipe") == {
        "1": {"phone_number": "9999900001", "contact_name": "Asha Rao"},
        "2": {"phone_number": "9999900002", "contact_name": "Ravi Nair"},
    }
    assert "people" in json.loads(target.stdout.splitlines()[-1])["bookmarks"]


def test_the_operators_tool_is_a_command_of_the_loader(meltano: Path, environment: dict[str, str]) -> None:
    """`meltano invoke target-squadstack:check` takes the settings from the project, fractions as well."""
    given = {**environment, "TARGET_SQUADSTACK_MAX_OUTAGE_SECONDS": "0.5"}
    checked = run([meltano, "--environment=sandbox", "invoke", "target-squadstack:check"], given)

    assert checked.returncode == 0, checked.stdout


def test_the_demo_finds_everything_as_it_should_be(meltano: Path, environment: dict[str, str]) -> None:
    """What `make demo` runs, with its own sandbox and its own judgement of the result."""
    demo = run([sys.executable, PROJECT / "demo" / "run.py"], {**environment, "MELTANO": str(meltano)})

    assert demo.returncode == 0, demo.stdout
    assert "As it should be" in demo.stdout
