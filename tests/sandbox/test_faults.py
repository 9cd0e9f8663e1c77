"""What goes wrong on request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests
from sandbox.driving import Caller, person

from squadstack.sandbox.faults import Fault, Faults, parse_faults

if TYPE_CHECKING:
    from collections.abc import Callable


def test_server_error(start: Callable[..., Caller]) -> None:
    """A 500 has a text for a body and applies nothing."""
    caller = start(faults={Fault.ERROR: 1})
    response = caller.send("create", person("x"))
    assert response.status_code == 500
    assert response.text == "We're facing some technical issues. Please try again in a while."
    assert caller.get("/sandbox/leads") == {"campaigns": {}}


def test_maintenance(start: Callable[..., Caller]) -> None:
    """A 503 is a page in HTML and applies nothing."""
    caller = start(faults={Fault.UNAVAILABLE: 1})
    response = caller.send("create", person("x"))
    assert response.status_code == 503
    assert response.headers["Content-Type"].startswith("text/html")
    assert "maintenance" in response.text
    assert caller.get("/sandbox/leads") == {"campaigns": {}}


@pytest.mark.parametrize("leads", [1, 100])
def test_reset(start: Callable[..., Caller], leads: int) -> None:
    """A reset breaks the connection before anything is applied; the call has no status."""
    caller = start(faults={Fault.RESET: 1})
    rows = [person(f"x{number}", note="n" * 10_000) for number in range(leads)]
    with pytest.raises(requests.ConnectionError):
        caller.send("create", rows)
    assert caller.get("/sandbox/leads") == {"campaigns": {}}
    assert [call["status"] for call in caller.get("/sandbox/calls")] == [None]


def test_lost_answer(start: Callable[..., Caller]) -> None:
    """A lost answer leaves the caller in doubt about what has been applied."""
    caller = start(faults={Fault.LOST: 1})
    with pytest.raises(requests.ConnectionError):
        caller.send("create", [person("x")])
    assert caller.lead("x")["history"] == ["create"]
    assert [call["status"] for call in caller.get("/sandbox/calls")] == [None]


def test_truncated_answer(start: Callable[..., Caller]) -> None:
    """A truncated answer promises more than comes; the call has been applied."""
    caller = start(faults={Fault.TRUNCATED: 1})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        caller.send("create", [person("x")])
    assert caller.lead("x")["history"] == ["create"]
    assert [call["status"] for call in caller.get("/sandbox/calls")] == [200]


def test_slow_answer(start: Callable[..., Caller]) -> None:
    """A slow answer comes, late."""
    caller = start(faults={Fault.SLOW: 1}, slow_seconds=0.3)
    began = time.monotonic()
    assert caller.send("create", person("x")).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_refused_calls_have_no_fault(start: Callable[..., Caller]) -> None:
    """Strangers and throttled callers are told so, whatever faults there are."""
    caller = start(faults={Fault.ERROR: 1}, rate_limit=1)
    assert caller.send("create", person("x"), headers={"Authorization": ""}).status_code == 401
    assert caller.send("create", person("x")).status_code == 500
    assert caller.send("create", person("x")).status_code == 429


def test_shares() -> None:
    """Faults befall about their shares of the calls, and the same calls for the same seed."""
    shares = {Fault.LOST: 0.1, Fault.SLOW: 0.3}
    drawn = [[faults.draw() for _ in range(10_000)] for faults in (Faults(shares, 7), Faults(shares, 7))]
    assert drawn[0] == drawn[1]
    assert 900 < drawn[0].count(Fault.LOST) < 1100
    assert 2850 < drawn[0].count(Fault.SLOW) < 3150
    assert drawn[0] != [Faults(shares, 8).draw() for _ in range(10_000)]


@pytest.mark.parametrize("text", ["lost:0.5", "500:1", "503:0", "reset:1e-3", "slow:.5", "truncated:0.25"])
def test_fault_text(text: str) -> None:
    """A fault is written as its name and share."""
    name, share = text.split(":")
    assert parse_faults([text]) == {Fault(name): float(share)}


@pytest.mark.parametrize(
    ("texts", "hint"),
    [
        (["flood:0.5"], "'flood' is no fault"),
        (["lost"], "'' is no share"),
        (["lost:"], "'' is no share"),
        (["lost:much"], "'much' is no share"),
        (["lost:1.5"], "'1.5' is no share"),
        (["lost:-0.1"], "'-0.1' is no share"),
        (["lost:nan"], "'nan' is no share"),
        (["lost:0.6", "slow:0.6"], "more than 1"),
    ],
)
def test_bad_fault_text(texts: list[str], hint: str) -> None:
    """An unknown fault or an impossible share is refused with a sentence."""
    with pytest.raises(ValueError, match=hint):
        parse_faults(texts)
