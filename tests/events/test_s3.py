"""Events in a bucket, read over HTTP by s3fs: whatever comes when, every event is read, and once."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
import s3fs
from events.buckets import Bucket, bucket_of, moto
from support.responses.scene import NOW, TOKEN, TapScene, check_manners
from support.responses_server import CAMPAIGN, ResponsesServer
from support.run import Result, run_target

from squadstack.events import reader as reader_module
from squadstack.events.places import Place
from squadstack.events.reader import Found, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.long


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with moto() as url:
        yield url


@pytest.fixture
def bucket(server: str) -> Iterator[Bucket]:
    """An empty bucket; its credentials stand in our environment."""
    s3fs.S3FileSystem.clear_instance_cache()
    with bucket_of(server) as one:
        yield one
    s3fs.S3FileSystem.clear_instance_cache()


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[TapScene]:
    with ResponsesServer(token=TOKEN, clock=lambda: NOW) as responses:
        responses.rows(CAMPAIGN)
        yield TapScene(responses, tmp_path)


def line(number: int) -> bytes:
    return json.dumps({"n": number}).encode() + b"\n"


def lines(*numbers: int) -> bytes:
    return b"".join(map(line, numbers))


def numbers(bucket: Bucket, positions: dict[str, Any], prefix: str = "in") -> list[int]:
    items = Reader(Place(f"s3://{bucket.name}/{prefix}"), positions).items()
    return [item.event.payload["n"] for item in items if isinstance(item, Found)]


def run(tap: TapScene, url: str, state: Any = None, env: dict[str, str | None] | None = None) -> Result:
    settings = tap.settings(events_url=url)
    result = run_target(settings, "", *tap.arguments(state), command="tap-squadstack", cwd=tap.folder, env=env)
    check_manners(result.stderr)
    return result


def test_the_tap_reads_what_comes_between_its_runs(bucket: Bucket, tap: TapScene) -> None:
    """Objects late, of equal times, replaced by longer ones, renamed: each event is one row of all runs together."""
    steps = [
        {"in/2026/b.jsonl": lines(1, 2, 3), "out/x.jsonl": lines(0), "in2/y.jsonl": lines(0)},
        {"in/2025/a.jsonl": lines(4).strip(), "in/2026/c.jsonl": lines(5), "in/d.json": lines(6), "in/": b""},
        {"in/2026/b.jsonl": lines(1, 2, 3, 7, 8), "in/2025/a.jsonl": lines(4, 9), "in/2027-c.jsonl": lines(5)},
        {"in/late.ndjson": b"junk\n" + lines(10)},
        {},
    ]
    rows, state = [], None
    for step in steps:
        for key, content in step.items():
            bucket.put(key, content)
        result = run(tap, f"s3://{bucket.name}/in", state)
        assert result.status == 0, result.stderr
        messages = [json.loads(text) for text in result.stdout.splitlines()]
        state = [message["value"] for message in messages if message["type"] == "STATE"][-1]
        records = [message for message in messages if message["type"] == "RECORD"]
        rows.append([one["record"]["payload"]["n"] for one in records if one["stream"] == "disposition_events"])
    assert [sorted(of_a_run) for of_a_run in rows] == [[1, 2, 3], [4, 5, 6], [7, 8, 9], [10], []]


def test_objects_in_any_order_that_grow(bucket: Bucket) -> None:
    """Each put writes a longer object over the one before; a reader looks now and then, with its STATE as JSON."""
    chance = random.Random(3)
    held: dict[str, list[int]] = {f"in/{name}.jsonl": [] for name in "abcdefgh"}
    positions: dict[str, Any] = {}
    found: list[int] = []
    for count in range(120):
        key = chance.choice(list(held))
        held[key].append(count)
        bucket.put(key, lines(*held[key])[: None if chance.random() < 0.7 else -1])
        if chance.random() < 0.15:
            found += numbers(bucket, positions)
            positions = json.loads(json.dumps(positions))
    found += numbers(bucket, positions)
    assert sorted(found) == list(range(120))


def test_objects_of_equal_times(bucket: Bucket) -> None:
    """The time of an object says a second only; what comes within a second that was read is found all the same."""
    positions: dict[str, Any] = {}
    found: list[int] = []
    for number in range(8):
        bucket.put(f"in/{8 - number}.jsonl", line(number))
        found += numbers(bucket, positions)
    assert found == list(range(8))
    assert len(set(bucket.times())) < 8


def test_an_object_that_moves(bucket: Bucket) -> None:
    """It is known again by what it holds."""
    positions: dict[str, Any] = {}
    bucket.put("in/a.jsonl", lines(1, 2))
    assert numbers(bucket, positions) == [1, 2]
    bucket.put("in/b.jsonl", lines(1, 2, 3))
    bucket.remove("in/a.jsonl")
    assert numbers(bucket, positions) == [3]
    assert len(positions) == 1


def test_a_large_object(bucket: Bucket) -> None:
    bucket.put("in/a.jsonl", lines(*range(120_000)))
    assert numbers(bucket, {}) == list(range(120_000))


def test_an_object_that_is_replaced_while_it_is_read(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on with the other files; the next one reads what is new."""
    monkeypatch.setattr(s3fs.S3FileSystem, "default_block_size", 1 << 16)
    monkeypatch.setattr(reader_module, "_REMEMBERED", 0)
    bucket.put("in/a.jsonl", lines(*range(150_000)))
    bucket.put("in/b.jsonl", lines(-1))
    positions: dict[str, Any] = {}
    items = Reader(Place(f"s3://{bucket.name}/in"), positions).items()
    found = [next(items).event.payload["n"] for _ in range(10)]  # type: ignore[union-attr]
    bucket.put("in/a.jsonl", lines(*range(150_001)))
    found += [item.event.payload["n"] for item in items if isinstance(item, Found)]
    assert -1 in found
    found += numbers(bucket, positions)
    assert sorted(found) == list(range(-1, 150_001))


def test_an_empty_prefix(bucket: Bucket) -> None:
    assert numbers(bucket, {}, "nothing") == []


def test_a_bucket_that_is_not_there(bucket: Bucket, tap: TapScene) -> None:
    """A sentence, and nothing else."""
    result = run(tap, f"s3://not-{bucket.name}/in")
    assert result.status == 1
    assert "The place of events_url is not there" in result.stderr
    assert bucket.name not in result.stderr


@pytest.mark.parametrize("allowed", [[], ["s3:ListBucket"], ["s3:GetObject"]], ids=repr)
def test_rights_that_are_missing(bucket: Bucket, tap: TapScene, allowed: list[str]) -> None:
    """To list, to read, or both: a sentence that tells neither key nor bucket."""
    bucket.put("in/a.jsonl", line(1))
    with bucket.guarded(*allowed) as env:
        result = run(tap, f"s3://{bucket.name}/in", env=dict(env))
    assert result.status == 1
    assert "The events cannot be read: PermissionError. Check events_url, its permissions" in result.stderr
    told = (bucket.name, *env.values())
    assert [value for value in told if value in result.stderr and value != "us-east-1"] == []


def test_just_enough_rights(bucket: Bucket, tap: TapScene) -> None:
    """To list the bucket and to get its objects: more is not asked for."""
    bucket.put("in/a.jsonl", line(1))
    with bucket.guarded("s3:ListBucket", "s3:GetObject") as env:
        result = run(tap, f"s3://{bucket.name}/in", env=dict(env))
    assert result.status == 0, result.stderr
    assert '"n":1' in result.stdout.replace(" ", "")


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_what_is_logged(bucket: Bucket, tap: TapScene, level: str) -> None:
    """Neither keys nor the names of files, whatever the libraries of the bucket would tell."""
    bucket.put("in/9999900001.jsonl", line(1))
    result = run(tap, f"s3://{bucket.name}/in", env={"TAP_SQUADSTACK_LOGLEVEL": level})
    assert result.status == 0, result.stderr
    assert [told for told in ("99999", "testing", bucket.name, "Authorization") if told in result.stderr] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"},
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"},
        {"AWS_ENDPOINT_URL": "no address"},
        {"AWS_PROFILE": "nobody"},
    ],
    ids=["network", "no-keys", "address", "profile"],
)
def test_an_environment_that_is_wrong(bucket: Bucket, tap: TapScene, wrong: dict[str, str | None]) -> None:
    """A sentence, whichever library of the bucket's raised it; no key is told."""
    result = run(tap, f"s3://{bucket.name}/in", env={"HOME": str(tap.folder), **wrong})
    assert result.status == 1
    assert "The events cannot be read: " in result.stderr
    assert "testing" not in result.stderr
