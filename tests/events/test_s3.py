"""Events in a bucket: moto's server on loopback, read by s3fs. Needs `pip install 'moto[server]' '.[s3]'`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from squadstack.events.places import Place
from squadstack.events.reader import Found, Reader
from squadstack.exceptions import EventsError

if TYPE_CHECKING:
    from collections.abc import Iterator

server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty bucket."""
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3fs.S3FileSystem.clear_instance_cache()
    files = s3fs.S3FileSystem(use_listings_cache=False)
    files.mkdir("events")
    yield files
    monkeypatch.undo()
    files.rm("events", recursive=True)
    s3fs.S3FileSystem.clear_instance_cache()
    running.stop()


def line(number: int) -> bytes:
    return json.dumps({"n": number}).encode() + b"\n"


def numbers(positions: dict[str, Any], url: str = "s3://events/in") -> list[int]:
    return [item.event.payload["n"] for item in Reader(Place(url), positions).items() if isinstance(item, Found)]


def test_objects_that_come_late_or_are_replaced(bucket: Any) -> None:
    """Whatever their order: what is new is read, and only that."""
    positions: dict[str, Any] = {}
    bucket.pipe("events/out/x.jsonl", line(0))
    bucket.pipe("events/in/2026/b.jsonl", b"".join(map(line, range(1, 4))))
    assert numbers(positions) == [1, 2, 3]
    assert numbers(positions) == []
    bucket.pipe("events/in/2025/a.jsonl", line(4).strip())
    assert numbers(positions) == [4]
    bucket.pipe("events/in/2026/b.jsonl", b"".join(map(line, (1, 2, 3, 5))))
    assert numbers(positions) == [5]
    bucket.mv("events/in/2026/b.jsonl", "events/in/2027-b.jsonl")
    assert numbers(positions) == []
    assert len(positions) == 2


def test_a_large_object(bucket: Any) -> None:
    bucket.pipe("events/in/a.jsonl", b"".join(map(line, range(300_000))))
    assert numbers({}) == list(range(300_000))


def test_a_bucket_that_is_not_there(bucket: Any) -> None:  # noqa: ARG001 - the server
    with pytest.raises(EventsError) as failure:
        numbers({}, "s3://nowhere-to-be-found/x")
    assert "nowhere" not in str(failure.value)


def test_an_empty_prefix(bucket: Any) -> None:  # noqa: ARG001 - the server
    assert numbers({}, "s3://events/nothing") == []


def test_access_that_is_denied(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence by its kind; neither the bucket nor a key is told."""

    def denied(*_arguments: Any, **_more: Any) -> Any:
        msg = "An error occurred (AccessDenied) for events"
        raise PermissionError(msg)

    bucket.pipe("events/in/a.jsonl", line(1))
    monkeypatch.setattr(s3fs.S3FileSystem, "find", denied)
    with pytest.raises(EventsError, match="The events cannot be read: PermissionError") as failure:
        numbers({})
    assert "AccessDenied" not in str(failure.value)
    assert "s3fs" in sys.modules
