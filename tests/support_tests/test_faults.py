"""Each fault does to a call what its name says, and to the leads what it must."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from support.crm_server import CrmServer
from support.leads import leads

if TYPE_CHECKING:
    from support_tests.conftest import Send


def statuses(answer: requests.Response) -> list[int]:
    return [row["status_code"] for row in answer.json()["result"]]


@pytest.mark.parametrize("fault", ["400", "403", "404", "500", "502", "503", "504"])
def test_a_status_comes_instead_and_nothing_is_applied(server: CrmServer, send: Send, fault: str) -> None:
    server.set(script=[fault])
    answer = send("upsert", leads(2))
    assert answer.status_code == int(fault)
    assert "error_msg" in answer.json()
    assert server.leads("ref") == {}
    assert (server.calls()[0].fault, server.calls()[0].status) == (fault, int(fault))


@pytest.mark.parametrize(("fault", "applied"), [("reset", 0), ("lost", 2)])
def test_a_connection_ends_without_a_byte(anywhere: CrmServer, send: Send, fault: str, applied: int) -> None:
    anywhere.set(script=[fault])
    with pytest.raises(requests.ConnectionError) as caught:
        send("upsert", leads(2))
    assert ("reset" in str(caught.value)) == (fault == "reset")
    call = anywhere.calls()[0]
    assert (call.status, call.answered, call.applied, call.counted) == (None, None, applied, True)
    assert len(anywhere.leads("ref")) == applied


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize("at", [0, 1, "head", 0.5, -9])
def test_an_answer_is_cut(server: CrmServer, send: Send, framing: str, at: float | str) -> None:
    server.set(script=[{"fault": "truncated", "at": at, "framing": framing}])
    if framing == "close" and at in {"head", 0.5, -9}:
        text = send("upsert", leads(20)).text
        assert not text.endswith("}}")
    else:
        with pytest.raises(requests.RequestException):
            send("upsert", leads(20))
    assert server.calls()[0].applied == 20


def test_an_answer_drips(server: CrmServer, send: Send) -> None:
    server.set(script=["drip"], drip_seconds=0.001)
    began = time.monotonic()
    assert statuses(send("upsert", leads(1))) == [200]
    assert time.monotonic() - began > 0.2
    assert server.conflicts == 0


def test_a_black_hole_never_answers_and_keeps_no_lead(server: CrmServer, send: Send) -> None:
    server.set(script=["blackhole"])
    with pytest.raises(requests.ReadTimeout):
        send("upsert", leads(1), timeout=0.3)
    assert server.leads("ref") == {}
    assert statuses(send("upsert", leads(1))) == [200]


@pytest.mark.parametrize("process", [False, True])
def test_closing_ends_black_holes_and_pauses(*, process: bool) -> None:
    began = time.monotonic()
    drip = {"always": "drip", "drip_seconds": 60}
    for options in ({"always": "blackhole"}, {"arrive": 60}, {"answer": 60}, drip):
        with CrmServer(process=process, **options) as server:
            url = server.endpoint("ref", "lead-upserted")
            head = {"Authorization": "Bearer test-token"}
            with pytest.raises(requests.ReadTimeout):
                requests.post(url, json=leads(1), headers=head, timeout=0.2)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("fault", "status"), [("row500", 500), ("row429", 429)])
def test_some_rows_fail_and_do_not_act(server: CrmServer, send: Send, fault: str, status: int) -> None:
    server.set(script=[fault, {"fault": fault, "rows": [1, 3]}], row_share=0.5)
    answer = send("upsert", leads(4))
    assert sorted(statuses(answer)) == [200, 200, status, status]
    assert answer.json()["status"] == "partial_sucess"
    assert len(server.leads("ref")) == server.calls()[0].applied == 2
    assert statuses(send("upsert", leads(4))) == [200, status, 200, status]


def test_a_result_has_another_shape(server: CrmServer, send: Send) -> None:
    def answer(fault: str) -> list[str]:
        server.set(script=[fault])
        return [row["data"]["lead_id"] for row in send("upsert", leads(3)).json()["result"]]

    assert answer("short") == ["lead-1", "lead-2"]
    assert answer("long") == ["lead-1", "lead-2", "lead-3", "lead-3"]
    assert answer("reordered") == ["lead-2", "lead-3", "lead-1"]
    assert answer("wrong_id") == ["not-lead-1", "lead-2", "lead-3"]
    assert [call.applied for call in server.calls()] == [3] * 4
    server.set(script=["no_result"])
    assert "result" not in send("upsert", leads(3)).json()


def test_a_proxy_answers_in_html(server: CrmServer, send: Send) -> None:
    server.set(script=["html200"])
    answer = send("upsert", leads(1))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert server.leads("ref") == {}


def test_objects_are_bent_too(server: CrmServer, send: Send) -> None:
    server.set(script=["wrong_id", "no_result", "row500"])
    body = leads(1)[0]
    assert send("upsert", body).json()["lead_id"] == "not-lead-1"
    assert send("upsert", body).json() == {}
    assert send("upsert", body).status_code == 500


def test_shares_are_met_and_repeat_with_their_seed() -> None:
    def faults() -> list[str | None]:
        with CrmServer(faults={"500": 0.2, "short": 0.3}, seed=7) as server, requests.Session() as session:
            session.headers["Authorization"] = "Bearer test-token"
            for _ in range(300):
                session.post(server.endpoint("ref", "lead-upserted"), json=leads(1), timeout=10)
            return [call.fault for call in server.calls()]

    met = faults()
    assert met == faults()
    assert 40 <= met.count("500") <= 80
    assert 70 <= met.count("short") <= 110
    assert met.count(None) + met.count("500") + met.count("short") == 300
