"""Who may push is told in a time that says nothing of the secret, and before the body is read."""

from __future__ import annotations

import hmac
import time
from typing import TYPE_CHECKING, Any

import pytest
from events.receiver import OTHER, SECRET, started

from squadstack.events.receiving import Gate

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = [b"", b"x", SECRET[:-1].encode(), SECRET.encode(), SECRET.encode() + b"1", OTHER.encode(), b"\xff\0" * 9000]


def bears(given: bytes) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", b"Bearer " + given)]


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """What is compared, each time."""
    pairs: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        pairs.append((one, other))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    return pairs


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: repr(given[:30]))
def test_digests_of_one_length_are_compared_with_each_secret(given: bytes, compared: list[Any]) -> None:
    """Whatever is given, right or wrong, long or short: the same work, none of it on the secret itself."""
    assert Gate((SECRET, OTHER)).is_open(bears(given), b"") is (given in {SECRET.encode(), OTHER.encode()})
    assert [(len(one), len(other)) for one, other in compared] == [(32, 32)] * 2
    assert len({other for _, other in compared}) == 2
    assert SECRET.encode() not in {part for pair in compared for part in pair}


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: repr(given[:30]))
@pytest.mark.parametrize("answer", [True, False])
def test_nothing_else_decides(given: bytes, answer: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """No other comparison beside it, which would tell something by its time."""
    monkeypatch.setattr(hmac, "compare_digest", lambda _one, _other: answer)
    assert Gate((SECRET,)).is_open(bears(given), b"") is answer


def test_the_answer_does_not_wait_for_the_body(tmp_path: Path) -> None:
    """A sender that is not let in has its 403 while its body is still to come."""
    head = "POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\nContent-Length: 900\r\n\r\n"
    with started(tmp_path, "--body-seconds", "60") as receiver:
        begun = time.monotonic()
        assert receiver.speak(head.encode()).startswith(b"HTTP/1.1 403 ")
        assert time.monotonic() - begun < 30
