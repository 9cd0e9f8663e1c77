"""The job `warehouse-to-squadstack`: a view of PostgreSQL's becomes leads, by way of `meltano run`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import ProxyHandler, build_opener

import pytest
from support.postgres import database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

PROJECT = Path(__file__).resolve().parents[2]
VIEW = """
    CREATE SCHEMA squadstack;
    CREATE TABLE people (id integer PRIMARY KEY, name text, mobile text, city text, changed timestamptz);
    CREATE VIEW squadstack.leads AS
        SELECT id AS lead_id, mobile AS phone_number, name AS contact_name, city, changed AS _sdc_updated_at
        FROM people;
    INSERT INTO people VALUES
        (1, 'Asha', '+91-9999900001', 'Pune', '2026-10-01 10:00+05:30'),
        (2, 'Bilal', '09999900002', NULL, '2026-10-02 10:00+05:30'),
        (3, 'Chitra', '12345', 'Agra', '2026-10-03 10:00+05:30');
"""
LATER = """
    UPDATE people SET mobile = '9999900003', changed = '2026-10-04 10:00+05:30' WHERE id = 3;
    INSERT INTO people VALUES (4, 'Dev', '9999900004', 'Goa', '2026-10-05 10:00+05:30');
"""

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[tuple[psycopg.Connection, str]]:
    """A database with the view, and its address."""
    with database(tmp_path, VIEW) as found:
        yield found


@pytest.fixture
def run_job(
    meltano: Path, environment: dict[str, str], warehouse: tuple[psycopg.Connection, str], tmp_path: Path
) -> Callable[[], dict[str, Any]]:
    """Lets Meltano run the job to its end, and tells the summary of the run."""
    settings = {"TAP_POSTGRES_SQLALCHEMY_URL": warehouse[1]}

    def run() -> dict[str, Any]:
        done = subprocess.run(
            [meltano, "--environment=sandbox", "run", "warehouse-to-squadstack"],
            cwd=PROJECT,
            env=environment | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        assert "99999" not in done.stdout
        summary: dict[str, Any] = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
        return summary

    return run


def leads(sandbox: str) -> dict[str, dict[str, Any]]:
    with build_opener(ProxyHandler({})).open(f"{sandbox}/sandbox/leads", timeout=30) as answer:
        held = json.load(answer)["campaigns"]["demo"]
    return {lead_id: lead["fields"] for lead_id, lead in held.items()}


def test_the_view_is_sent_and_then_what_changed(
    run_job: Callable[[], dict[str, Any]], sandbox: str, warehouse: tuple[psycopg.Connection, str]
) -> None:
    """All of its columns but the time of change, by which the second run reads on; it reads the last row again."""
    first = run_job()
    asha = {"phone_number": "9999900001", "contact_name": "Asha", "city": "Pune"}
    bilal = {"phone_number": "9999900002", "contact_name": "Bilal"}
    assert leads(sandbox) == {"1": asha, "2": bilal}
    assert (first["records"], first["by_reason"]) == (3, {"invalid_phone": 1})

    warehouse[0].execute(LATER)
    second = run_job()
    chitra = {"phone_number": "9999900003", "contact_name": "Chitra", "city": "Agra"}
    dev = {"phone_number": "9999900004", "contact_name": "Dev", "city": "Goa"}
    assert leads(sandbox) == {"1": asha, "2": bilal, "3": chitra, "4": dev}
    assert (second["records"], second["accepted"]) == (2, 2)
