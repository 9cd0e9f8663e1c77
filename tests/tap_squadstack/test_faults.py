"""What goes wrong on the way: told as a sentence, without a traceback or a value, and no row is lost."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.responses.scene import NOW, STREAMS, TAP, Output, TapScene, check_manners
from support.responses_server import CAMPAIGN
from support.run import start_target

if TYPE_CHECKING:
    from collections.abc import Mapping

BOUND = NOW - 300
DEBUG = {"LOGLEVEL": "DEBUG", "TAP_SQUADSTACK_LOGLEVEL": "DEBUG"}
LEAKY = b'{"detail": "Canary 9999900001 canary-token", "results": "Canary"}'
SEVERAL = {"start_date": "2025-06-15T00:00:00Z"}


def spread(reading: TapScene, rows: int = 60) -> None:
    """Have so many rows that they take several windows."""
    reading.server.set(page_cap=10)
    reading.server.fill(CAMPAIGN, [BOUND - 50_000 + number * 240 for number in range(rows)])


def resume(reading: TapScene, output: Output, **settings: object) -> None:
    """Hold that a further run, from the last STATE, completes what the first one wrote."""
    reading.server.set(script=[], limit=None, delay=0)
    state = output.states[-1] if output.states else None
    covered = output.before[-1] if output.states else set()
    rest = reading.sync(state=state, **settings)
    assert covered | rest.ids() == set(reading.server.rows())
    assert rest.bookmark() == "2025-06-15T15:01:40.000000+00:00"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (401, "Campaign loans: SquadStack does not accept the token (401)"),
        (404, "Campaign loans: SquadStack knows no such campaign (404)"),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "redirects elsewhere (302)"),
        pytest.param(403, "denies permission (403): check auth_token", marks=pytest.mark.long),
        pytest.param(400, "refuses the question as such (400)", marks=pytest.mark.long),
        pytest.param(405, "with status 405", marks=pytest.mark.long),
    ],
    ids=str,
)
def test_what_is_refused_ends_the_run(reading: TapScene, answer: Any, sentence: str) -> None:
    """At once, with what was closed before. Red if it is asked again, or a body is shown."""
    spread(reading)
    planned = {"status": answer} if isinstance(answer, int) else answer
    reading.server.set(script=[None] * 8 + [{"body": LEAKY, **planned}] * 2)
    output, result = reading.run(status=1, env=DEBUG, max_in_flight=1, **SEVERAL)
    assert sentence in result.stderr
    assert len(reading.server.calls) == 9
    resume(reading, output, **SEVERAL)


def test_times_of_another_zone_end_the_run(reading: TapScene) -> None:
    """Without a zone they are taken for UTC: those of India lie in the future. Red if the bookmark passes them."""
    reading.server.fill(CAMPAIGN, [BOUND - 20, BOUND - 10])
    reading.server.set(write=lambda at: f"{datetime.fromtimestamp(at / 1_000_000 + 5.5 * 3600, UTC):%Y-%m-%dT%H:%M:%S}")
    output, result = reading.run(status=1)
    assert "has a 'processed_at' far outside the time that was asked for" in result.stderr
    assert output.bookmark() is None


def test_an_answer_that_takes_long_is_as_old_as_its_question(reading: TapScene) -> None:
    """Its Date may be that of its end. Red if what was processed meanwhile counts as read."""
    reading.server.fill(CAMPAIGN, [BOUND - 20])
    reading.server.set(delay=2.2)
    assert reading.sync().bookmark() <= "2025-06-15T15:01:38.000000+00:00"


def test_one_campaign_does_not_stop_the_others(reading: TapScene) -> None:
    """The unknown one and the broken one are told at the end, with status 1; the good ones are read whole."""
    for campaign in ("first", "broken", "last"):
        reading.server.fill(campaign, [BOUND - 5_000, BOUND - 50])
    reading.server.put("broken", "lead-2", BOUND - 49)
    odd = (BOUND - 49) * 1_000_000
    reading.server.set(write=lambda at: "no date" if at == odd else at // 1_000_000, page_cap=1)
    campaigns = ["first", "unknown", "broken", "last"]
    output, result = reading.run(status=1, campaign_ids=campaigns)
    assert "Campaign unknown: SquadStack knows no such campaign (404)" in result.stderr
    assert "A row of campaign broken cannot be read" in result.stderr
    read = [(record["campaign_id"], record["lead_id"]) for record in output.records["lead_responses"]]
    assert [one for one in read if one[0] in {"first", "last"}] == [
        (campaign, f"lead-{number}") for campaign in ("first", "last") for number in (1, 2)
    ]
    assert output.bookmark(campaign="first") == output.bookmark(campaign="last") == "2025-06-15T15:01:40.000000+00:00"
    assert output.bookmark(campaign="unknown") is None


MISHAPS: list[Any] = [
    *(500, 502, 503, 408, "reset", "truncated"),
    *({"body": body} for body in (b"", b"<html>Canary</html>", b"[]", LEAKY, b'{"results": [1]}', b"[" * 100_000)),
    {"status": 429, "headers": {"Retry-After": "1"}},
    {"status": 429, "body": b"try after 1 seconds"},
]


def test_what_passes_is_asked_again(reading: TapScene) -> None:
    """All rows come. Red if a broken answer is taken for an empty one, or ends the run."""
    spread(reading, 200)
    script = [step for mishap in MISHAPS for step in (None, mishap)]
    reading.server.set(script=script)
    output, _ = reading.run(env=DEBUG, **SEVERAL)
    assert (script, output.ids()) == ([], set(reading.server.rows()))


def test_an_outage(reading: TapScene) -> None:
    """Longer than max_outage_seconds: exit 1, and the next run goes on."""
    spread(reading)
    reading.server.set(script=[None] * 8 + [{"status": 503, "body": LEAKY}] * 500)
    output, result = reading.run(status=1, env=DEBUG, max_outage_seconds=1, **SEVERAL)
    assert "The API could not be used: SquadStack has a problem of its own" in result.stderr
    resume(reading, output, **SEVERAL)


def test_nobody_there(reading: TapScene) -> None:
    """The sentence speaks of network and whitelisting."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
        _, result = reading.run(status=1, api_url=url, max_outage_seconds=0, env=DEBUG)
    assert "no connection: the host refuses it" in result.stderr
    assert "whitelist" in result.stderr


def test_an_answer_that_never_comes(reading: TapScene) -> None:
    """It is given up after request_timeout_seconds, and asked for again."""
    spread(reading, 25)
    reading.server.set(script=[None, "silent"])
    assert reading.sync(request_timeout_seconds=1, **SEVERAL).ids() == set(reading.server.rows())


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"lead_id": None}, "A row of campaign loans has no 'lead_id'."),
        ({"processed_at": {"Canary": 1}}, "cannot be read: 'processed_at' is wrong"),
        pytest.param({"created_at": "Canary"}, "cannot be read: 'created_at' is wrong", marks=pytest.mark.long),
    ],
    ids=str,
)
def test_a_row_that_cannot_be_read(reading: TapScene, row: Mapping[str, Any], sentence: str) -> None:
    """The run ends before it, and tells the field alone: to skip it would be to lose it."""
    spread(reading, 25)
    reading.server.rows()["lead-20"].fields.update(row)
    output, result = reading.run(status=1, env=DEBUG, **SEVERAL)
    assert sentence in result.stderr
    assert "lead-20" not in output.ids()
    reading.server.rows()["lead-20"].fields = {}
    resume(reading, output, **SEVERAL)


def test_a_filter_that_does_nothing(reading: TapScene) -> None:
    """Rows from far outside: a sentence rather than rows in the wrong place."""
    spread(reading)
    for row in reading.server.rows().values():
        row.fields["processed_at"] = "2020-01-01T00:00:00Z"
    _, result = reading.run(status=1, **SEVERAL)
    assert "far outside the time that was asked for" in result.stderr


@pytest.mark.parametrize("said", ["elsewhere", pytest.param("null", marks=pytest.mark.long)])
def test_next_is_never_followed(reading: TapScene, said: str) -> None:
    """Nor is it believed. Red if rows are missing, or another host is asked."""
    spread(reading)
    reading.server.put(CAMPAIGN, "lead-61", BOUND - 9)
    reading.server.set(next=said)
    output = reading.sync(**SEVERAL)
    assert output.ids() == set(reading.server.rows())
    assert {call.status for call in reading.server.calls} <= {200, 404}


def test_next_that_names_itself_for_ever(reading: TapScene) -> None:
    """The run ends with a sentence, and reads no row twice."""
    reading.server.fill(CAMPAIGN, [BOUND - 5])
    reading.server.set(next="itself")
    _, result = reading.run(status=1, start_date="2025-06-15T15:00:00Z")
    assert "contradict each other" in result.stderr
    assert len(reading.server.calls) < 500


@pytest.mark.parametrize(
    "count", ["missing", *(pytest.param(wrong, marks=pytest.mark.long) for wrong in (-3, 3, "text"))]
)
def test_a_count_that_is_wrong(reading: TapScene, count: str | int) -> None:
    spread(reading)
    reading.server.set(count=count)
    output, result = reading.run(**SEVERAL)
    assert output.ids() == set(reading.server.rows())
    assert "count of rows in campaign loans is not that of its rows" in result.stderr


def test_the_loader_dies(reading: TapScene) -> None:
    """Nobody reads any more: a sentence and exit 1, at once."""
    spread(reading)
    reading.server.fill(CAMPAIGN, [BOUND - 50_000 + number for number in range(3000)])
    path = reading.folder / "config.json"
    path.write_text(json.dumps(reading.settings(**SEVERAL)))
    with subprocess.Popen(
        [Path(sys.executable).parent / TAP, "--config", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        log = process.stderr.read().decode()
        assert process.wait(20) == 1
    check_manners(log)
    assert "The loader has ended: nobody reads what the tap writes." in log


def test_a_ledger_that_cannot_be_opened(reading: TapScene) -> None:
    (reading.folder / "file").touch()
    _, result = reading.run(status=1, ledger_url=f"sqlite:///{reading.folder}/file/ledger.db", env=DEBUG)
    assert "ledger" in result.stderr
    assert reading.server.calls == []


def test_the_bearer_of_every_call(reading: TapScene) -> None:
    """Token and user agent are as set."""
    reading.server.fill(CAMPAIGN, [BOUND - 5])
    reading.run(user_agent="someone/1")
    told = {(call.headers["authorization"], call.headers["user-agent"]) for call in reading.server.calls}
    assert told == {("Bearer canary-token", "someone/1")}
    assert "processed_after" not in reading.server.calls[0].query


def test_stream_maps_apply_to_both_streams(reading: TapScene) -> None:
    """As the SDK has it: a filter, and a field that is hashed. Red if answers pass them by."""
    reading.server.fill(CAMPAIGN, [BOUND - 5, BOUND - 6])
    maps = {
        "lead_responses": {"phone_number": "md5(phone_number)"},
        "lead_response_answers": {"__filter__": "lead_id == 'lead-1'"},
    }
    output, _ = reading.run(stream_maps=maps, env=DEBUG)
    assert {len(record["phone_number"]) for record in output.records[STREAMS[0]]} == {32}
    assert output.ids(STREAMS[1]) == {"lead-1"}
    assert output.ids() == {"lead-1", "lead-2"}


def test_about(reading: TapScene) -> None:
    """It needs no settings, and names them all."""
    with start_target({}, "--about", command=TAP, cwd=reading.folder) as running:
        result = running.wait(30)
    assert result.status == 0
    assert "lag_seconds" in result.stdout
