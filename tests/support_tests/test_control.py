"""A test can say what happens, stop the server in the middle, and read what took place."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from support import crm_server
from support.crm_server import CrmServer
from support.leads import lead, leads

if TYPE_CHECKING:
    from support.crm.options import Json
    from support_tests.conftest import Send

JSON = {"Content-Type": "application/json"}


def test_a_script_says_what_each_call_meets(anywhere: CrmServer, send: Send) -> None:
    expired = {"status": 401, "body": {"error_msg": "Token expired"}, "headers": {"X-Trace": "7"}}
    anywhere.set(script=[None, expired, {"status": 200, "body": "not JSON"}, {"status": 503, "delay": 0.2}])
    assert send("upsert", leads(1)).status_code == 200
    answer = send("upsert", leads(1), token="whatever")
    assert (answer.status_code, answer.json(), answer.headers["X-Trace"]) == (401, expired["body"], "7")
    assert send("upsert", leads(1)).text == "not JSON"
    began = time.monotonic()
    assert send("upsert", leads(1)).status_code == 503
    assert time.monotonic() - began >= 0.2
    assert anywhere.stats()["unplayed"] == 0
    assert send("upsert", leads(1)).status_code == 200
    assert [call.applied for call in anywhere.calls()] == [1, 0, 0, 0, 1]


def test_a_script_bends_the_true_answer(server: CrmServer, send: Send) -> None:
    server.set(
        script=[
            {"patch": {"status": "SUCCESS", "result": None}},
            {"rows": {"1": {"status_code": 418, "data": {"lead_id": "lead-2"}}}},
            {"status": 500, "apply": True},
            {"fault": "truncated", "status": 200, "body": {"a": 1}, "at": "head", "framing": "close"},
        ]
    )
    answer = send("upsert", leads(2)).json()
    assert (answer["status"], answer["result"]) == ("SUCCESS", None)
    answer = send("upsert", leads(2)).json()
    assert [row["status_code"] for row in answer["result"]] == [200, 418]
    assert send("upsert", leads(2)).status_code == 500
    assert send("upsert", leads(2)).content == b""
    assert [call.applied for call in server.calls()] == [2, 1, 2, 0]
    assert [call.fault for call in server.calls()] == ["patched", "patched", "scripted 500", "truncated"]


def test_a_scripted_429_is_not_counted(server: CrmServer, send: Send) -> None:
    server.set(limit=2, period=60, script=[{"status": 429}, {"status": 500}])
    assert [send("upsert", leads(1)).status_code for _ in range(4)] == [429, 500, 200, 429]
    assert [call.counted for call in server.calls()] == [False, True, True, False]
    assert server.throttled == 1


def test_always_lasts_until_it_is_taken_back(server: CrmServer, send: Send) -> None:
    server.set(always="503")
    assert {send("upsert", leads(1)).status_code for _ in range(3)} == {503}
    server.set(always=None)
    assert send("upsert", leads(1)).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"script": ["rest"]}, {"faults": {"5xx": 1}}, {"always": {"stauts": 1}}, {"limits": 3}]
)
def test_what_is_misspelled_is_refused(anywhere: CrmServer, wrong: Json) -> None:
    with pytest.raises((TypeError, ValueError)):
        CrmServer(**wrong)
    with pytest.raises(ValueError, match=r"rest|5xx|stauts|limits"):
        anywhere.set(**wrong)


def test_two_calls_in_flight_conflict(anywhere: CrmServer, send: Send) -> None:
    anywhere.seed("ref", leads(3))
    anywhere.set(answer=0.4)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(send, "upsert", leads(2))
        anywhere.wait(anywhere.calls)
        second = send("upsert", [lead(2), lead(3)]).json()
        other = send("update", leads(2), ref_id="other").json()
    assert first.result().json()["status"] == "success"
    text = "Another request for the same lead is getting processed already"
    assert [row["status_code"] for row in second["result"]] == [409, 200]
    assert json.loads(second["result"][0]["data"]["error_msg"]) == {"error_type": 1, "detail": text}
    assert {row["status_code"] for row in other["result"]} == {400}
    assert (anywhere.conflicts, anywhere.overlaps) == (1, 1)
    assert send("update", [lead(2)]).json()["status"] == "success"


@pytest.mark.parametrize(("where", "applied"), [("apply", 0), ("answer", 1)])
def test_held_calls_wait_for_their_release(anywhere: CrmServer, send: Send, where: str, applied: int) -> None:
    anywhere.hold(where)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(send, "upsert", leads(1))
        anywhere.wait(lambda: anywhere.held == 1)
        assert len(anywhere.leads("ref")) == applied
        assert anywhere.calls()[0].answered is None
        with pytest.raises(TimeoutError):
            anywhere.wait(call.done, timeout=0.2)
        anywhere.release()
        assert call.result(5).status_code == 200
    assert anywhere.held == 0
    assert len(anywhere.leads("ref")) == 1


def test_a_call_whose_sender_died_is_applied_all_the_same(anywhere: CrmServer, send: Send) -> None:
    anywhere.hold()
    with pytest.raises(requests.ReadTimeout):
        send("upsert", leads(1), timeout=0.2)
    anywhere.release()
    anywhere.wait(lambda: anywhere.leads("ref"))


def test_calls_tell_who_sent_what(anywhere: CrmServer, send: Send) -> None:
    before = time.time()
    anywhere.set(arrive=0.05, answer=0.1)
    send("upsert", leads(2))
    (call,) = anywhere.calls()
    assert (call.ref_id, call.action, call.lead_ids) == ("ref", "upsert", ("lead-1", "lead-2"))
    assert (call.status, call.fault, call.applied, call.array, call.counted) == (200, None, 2, True, True)
    assert call.user_agent.startswith("python-requests/")
    assert call.at is not None
    assert call.answered is not None
    assert before - 0.01 < call.arrived <= call.at - 0.05
    assert call.at + 0.1 <= call.answered < time.time() + 0.01


def test_connections_are_kept_alive(server: CrmServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.connect()
        first = connection.sock
        for status in (200, 401, 200):
            head = {"Authorization": "Bearer test-token" if status == 200 else "", **JSON}
            connection.request("POST", "/voice/crm-integration-v2/ref/lead-upserted", json.dumps(leads(1)), head)
            answer = connection.getresponse()
            assert (answer.status, answer.version, bool(answer.read())) == (status, 11, True)
            assert connection.sock is first


def test_a_closed_server_says_so() -> None:
    with CrmServer() as server:
        pass
    with pytest.raises(RuntimeError, match="does not run"):
        server.calls()
    with pytest.raises(requests.ConnectionError):
        requests.get(server.url, timeout=5)


def test_a_fault_of_the_server_itself_fails_the_test() -> None:
    def visit() -> None:
        with CrmServer(script=[{"rows": {"0": {"status_code": 200}}}]) as server:
            with pytest.raises(requests.ConnectionError):
                requests.post(
                    server.endpoint("ref", "lead-upserted"),
                    json=leads(1),
                    headers={"Authorization": "Bearer test-token"},
                    timeout=5,
                )
            server.wait(lambda: server.calls()[0].at)

    with pytest.raises(RuntimeError, match="the pretend server itself failed"):
        visit()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_shell_can_start_it(number: int) -> None:
    script = Path(crm_server.__file__)
    command = [sys.executable, str(script), "--port", "0", "--config", '{"limit": 1, "token": "t"}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = f"http://127.0.0.1:{process.stdout.readline().strip()}"
        path = f"{url}/voice/crm-integration-v2/ref/lead-created"
        head = {"Authorization": "Bearer t"}
        assert [requests.post(path, json=leads(1), headers=head, timeout=5).status_code for _ in range(2)] == [200, 429]
        assert requests.post(f"{url}/__control__/stats", timeout=5).json()["done"]["throttled"] == 1
        process.send_signal(number)
        assert process.wait(5) == 0


def test_it_answers_three_hundred_full_calls_a_second() -> None:
    bodies = [json.dumps(leads(100, first=number * 100, city="Pune")) for number in range(150)]
    head = {"Authorization": "Bearer test-token", **JSON}
    with CrmServer(process=True) as server, requests.Session() as session:
        url = server.endpoint("ref", "lead-upserted")
        began = time.monotonic()
        for body in bodies:
            session.post(url, body, headers=head, timeout=10)
        seconds = time.monotonic() - began
        assert server.stats()["applied"] == 15_000
    assert 150 / seconds > 100, "a third of what a free core does, so that a busy machine passes"
