"""Whole runs of `api: squadiq-v4`: against a server made by its document alone, and against the sandbox."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from flows.scene import CONTACTS, check_manners, contact, upsert
from support import singer
from support.leads import lead
from support.run import run_target
from support.squadiq_server import SquadIqServer

from squadstack.cli.main import main
from squadstack.sandbox.options import Options
from squadstack.sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.command import Result

pytestmark = pytest.mark.long

TOKEN = "canary-token"
STREAMS = {name: singer.schema(name, ["lead_id"], key=["lead_id"]) for name in ("creations", "wins", "outs", "gone")}
RULES = [
    upsert(),
    {"stream": "creations", "action": "create", "include": ["*"]},
    {"stream": "wins", "action": "convert", "include": ["lead_id"], "fields": {"detail": "detail"}},
    {"stream": "outs", "action": "disable", "include": ["lead_id"]},
    {"stream": "gone", "action": "delete", "include": ["lead_id"]},
]


@pytest.fixture
def server() -> Iterator[SquadIqServer]:
    with SquadIqServer(TOKEN) as server:
        yield server


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(Options(port=0, token=TOKEN, rate_limit=10_000)) as sandbox:
        yield sandbox


def settings(url: str, folder: Path, **changes: Any) -> dict[str, Any]:
    return {
        "auth_token": TOKEN, "ref_id": "main", "api": "squadiq-v4", "api_url": url, "mappings": RULES,
        "ledger_url": f"sqlite:///{folder}/ledger.db", "rate_limit": {"calls": None}, **changes,
    }  # fmt: skip


def run(url: str, folder: Path, *lines: str, **changes: Any) -> Result:
    result = run_target(settings(url, folder, **changes), [CONTACTS, *STREAMS.values(), *lines], cwd=folder)
    check_manners(result)
    return result


def books(result: Result) -> Mapping[str, Any]:
    assert result.summary is not None, result.stderr
    return result.summary


def record(stream: str, number: int, **fields: Any) -> str:
    return singer.record(stream, lead_id=f"lead-{number}", **fields)


# -- upserts ---------------------------------------------------------------------------------------------


def test_an_upsert_updates_and_creates_where_there_is_no_lead(server: SquadIqServer, tmp_path: Path) -> None:
    """Updates go one by one; what they do not find is created together, once no update waits."""
    for number in range(3):
        server.leads[f"lead-{number}"] = {}
    result = run(server.url, tmp_path, *(contact(number, city="Pune") for number in range(10)), max_in_flight=1)
    assert result.status == 0
    assert books(result)["by_action"] == {"upsert": 10}
    assert server.count() == {"update": 10, "create": 1}
    assert books(result)["calls"] == 11
    assert {one["city"] for one in server.leads.values()} == {"Pune"}
    assert len(server.leads) == 10


def test_the_second_run_sends_nothing(server: SquadIqServer, tmp_path: Path) -> None:
    lines = [*(contact(number) for number in range(5)), record("wins", 1, detail="won"), record("outs", 2)]
    run(server.url, tmp_path, *lines)
    calls = len(server.calls)
    result = run(server.url, tmp_path, *lines)
    assert (len(server.calls), books(result)["unchanged"]) == (calls, 7)


def test_a_create_whose_answer_was_lost_is_no_reject(server: SquadIqServer, tmp_path: Path) -> None:
    """Sent again, it finds the lead: our own."""
    server.lost = 1
    result = run(server.url, tmp_path, contact(1))
    assert (result.status, books(result)["accepted"], books(result)["rejected"]) == (0, 1, 0)
    assert server.count() == {"update": 1, "create": 2}


def test_a_lead_that_the_ledger_knows_and_the_api_does_not_is_created_if_it_can_be(
    server: SquadIqServer, tmp_path: Path
) -> None:
    run(server.url, tmp_path, contact(1), contact(2))
    server.leads.clear()
    full = contact(1, city="Agra")
    result = run(server.url, tmp_path, full, record("contacts", 2, city="Agra"))
    assert books(result)["by_reason"] == {"unknown_lead": 1}
    assert list(server.leads) == ["lead-1"]


# -- the others ------------------------------------------------------------------------------------------


def test_creations_and_opt_outs_go_in_arrays(server: SquadIqServer, tmp_path: Path) -> None:
    lines = [singer.record("creations", **lead(number)) for number in range(50)]
    lines += [record("outs", number) for number in range(50)]
    result = run(server.url, tmp_path, *lines)
    assert books(result)["by_action"] == {"create": 50, "disable": 50}
    assert server.calls == [("POST", "create", 50), ("POST", "disable", 50)]
    assert all(one["disabled"] for one in server.leads.values())


def test_the_404_of_one_lead_is_its_own(server: SquadIqServer, tmp_path: Path) -> None:
    """An unknown lead is rejected where it should have been, and absent where it should be gone."""
    server.leads["lead-1"] = {}
    detail = {"order": "#1001", "note": "x" * 40}
    lines = [record("wins", number, detail=detail) for number in (1, 2)] + [record("gone", 3)]
    result = run(server.url, tmp_path, *lines)
    assert books(result)["by_reason"] == {"unknown_lead": 1}
    assert (books(result)["accepted"], books(result)["absent"]) == (2, 1)
    assert server.leads["lead-1"]["converted"] == "#1001 " + "x" * 26


def test_a_refused_array_is_halved_until_the_refused_lead_stands_alone(server: SquadIqServer, tmp_path: Path) -> None:
    lines = [
        singer.record("creations", **lead(number, city="Nowhere" if number == 5 else "Pune")) for number in range(8)
    ]
    result = run(server.url, tmp_path, *lines)
    assert (result.status, books(result)["accepted"]) == (0, 7)
    assert books(result)["by_reason"] == {"invalid_value": 1}
    assert "lead-5" not in server.leads
    assert [count for _, _, count in server.calls if count == 1]


def test_what_may_pass_is_sent_again(server: SquadIqServer, tmp_path: Path) -> None:
    server.script = [(503, b"<html>maintenance</html>"), (429, b"Request was throttled. Please try after 1 seconds")]
    result = run(server.url, tmp_path, contact(1))
    assert (result.status, books(result)["accepted"]) == (0, 1)
    assert (books(result)["retried"], books(result)["throttled"]) == (1, 1)


def test_a_success_that_tells_of_a_failure_is_sent_again_until_it_is_one(server: SquadIqServer, tmp_path: Path) -> None:
    server.script = [None, (200, b'{"created": 0, "errors": ["Try again."]}')]
    result = run(server.url, tmp_path, contact(1))
    assert (result.status, books(result)["accepted"], books(result)["retried"]) == (0, 1, 1)
    assert list(server.leads) == ["lead-1"]


def test_no_lead_counts_as_gone_by_a_404_of_somebody_else(server: SquadIqServer, tmp_path: Path) -> None:
    """It may be the address that is not there: the run stops, and the next one asks again."""
    server.script = [(404, b"Not Found")]
    result = run(server.url, tmp_path, record("gone", 1), singer.state(1))
    assert (result.status, result.states, books(result)["absent"], books(result)["undelivered"]) == (1, [], 0, 1)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"auth_token": "other"}, "SquadStack denies permission (403)"),
        ({"ref_id": "nobodys"}, "There is nothing at this address (404): check api_url and ref_id"),
    ],
)
def test_who_is_not_let_in_stops(server: SquadIqServer, tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    result = run(server.url, tmp_path, contact(1), singer.state(1), **changes)
    assert (result.status, result.states, books(result)["undelivered"]) == (1, [], 1)
    assert told in result.stderr


# -- the sandbox -----------------------------------------------------------------------------------------


def test_the_sandbox_takes_all_six_actions(sandbox: Running, tmp_path: Path) -> None:
    lines = [
        *(contact(number) for number in range(4)),
        singer.record("creations", **lead(7)),
        record("wins", 1, detail={"order": "#1001"}),
        record("outs", 2),
        record("gone", 3),
        record("gone", 99),
    ]
    result = run(sandbox.url, tmp_path, *lines)
    told = books(result)
    assert (result.status, told["rejected"], told["absent"]) == (0, 0, 1), told
    states = {lead_id: str(one.state) for lead_id, one in sandbox.campaigns.leads("main").items()}
    assert states == {
        "lead-0": "active", "lead-1": "converted", "lead-2": "disabled", "lead-3": "deleted", "lead-7": "active",
    }  # fmt: skip
    again = books(run(sandbox.url, tmp_path, *lines[:1], *lines[5:7]))
    assert (again["calls"], again["unchanged"]) == (0, 3)


def test_check_tells_whether_it_could_work(sandbox: Running, tmp_path: Path) -> None:
    rules = [
        {**upsert("a"), "ref_id": {"by": "city", "to": {"Pune": "west"}, "default": "main"}},
        {**upsert("b"), "ref_id": "no-integration"},
    ]
    config = tmp_path / "check.json"
    config.write_text(json.dumps(settings(sandbox.url, tmp_path, mappings=rules)))
    result = CliRunner().invoke(main, ["check", "--config", str(config), "--json"])
    found = {one["what"]: one["is_right"] for one in json.loads(result.stdout)}
    assert found == {"ledger": True, "campaign main": True, "campaign no-integration": False, "campaign west": True}
    assert result.exit_code == 1
    assert all(len(sandbox.campaigns.leads(name)) == 0 for name in ("main", "west"))
