"""One delivery from end to end, as a library in this process: what its parts do to each other."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN, TOKEN, upsert
from support.crm_server import CrmServer
from support.leads import lead

from squadstack.delivery.delivery import Delivery
from squadstack.exceptions import AccessError, OutageError, SquadStackError, TooManyRejectsError
from squadstack.ledger.ledger import Ledger
from squadstack.mapping.build import mapper_of
from squadstack.settings.target import TargetSettings
from target_squadstack.states import StateWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flows.scene import Scene

SOON = 10.0
"""Seconds after which a delivery that should be over is interrupted."""

RULES = [
    upsert(),
    {"stream": "creations", "action": "create", "include": ["*"]},
    {"stream": "erasures", "action": "delete", "include": ["lead_id"]},
]


class Run:
    """A delivery that is being fed."""

    def __init__(self, settings: Mapping[str, Any], emit: Callable[[list[Any]], None] | None = None) -> None:
        self.states: list[Any] = []
        read = TargetSettings(**settings)
        self.delivery = Delivery(read, mapper_of(read), emit=emit or self.states.extend, wake=lambda: None)
        self.delivery.coverage.see("contacts", {})
        self.is_over = False

    def read(self, stream: str = "contacts", **record: Any) -> None:
        with self.delivery.one_record():
            self.delivery.take(stream, record)

    def end(self) -> dict[str, Any]:
        """End the input, and tell the summary; a delivery that hangs is interrupted, and raises."""
        self.is_over = True
        timer = threading.Timer(SOON, self.delivery.interrupt)
        timer.start()
        try:
            self.delivery.end()
        finally:
            timer.cancel()
        books = self.delivery.summary.as_dict()
        assert books["undelivered"] == 0, "it hung"
        return books

    def end_anyhow(self) -> None:
        """End the input, whatever comes of it."""
        self.is_over = True
        with contextlib.suppress(SquadStackError):
            self.delivery.end()


def settings(scene: Scene, **changes: Any) -> dict[str, Any]:
    return scene.settings(**{"mappings": RULES, "max_batch_wait_seconds": 0, **changes})


@contextlib.contextmanager
def running(scene: Scene, *, emit: Callable[[list[Any]], None] | None = None, **changes: Any) -> Iterator[Run]:
    run = Run(settings(scene, **changes), emit)
    try:
        yield run
    finally:
        if not run.is_over:
            run.delivery.interrupt()
            run.end_anyhow()


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


# -- held actions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("wait_seconds", [0, 30])
def test_what_is_merged_behind_a_held_delete_does_not_keep_the_run_open(scene: Scene, wait_seconds: float) -> None:
    """Upsert, delete, upsert, upsert of one lead: the delete goes at the end of the input, then the rest."""
    with running(scene, max_batch_wait_seconds=wait_seconds, after_delete="allow") as run:
        run.read(**lead(1))
        run.read("erasures", lead_id="lead-1")
        run.read(**lead(1, city="Pune"))
        run.read(**lead(1, city="Agra"))
        run.delivery.checkpoint(1)
        books = run.end()
    assert scene.done("lead-1") == ["upsert", "delete", "upsert"]
    assert (books["accepted"], books["coalesced"], run.states) == (3, 1, [1])
    assert scene.leads()["lead-1"]["fields"]["city"] == "Agra"


# -- deletes ---------------------------------------------------------------------------------------------


def test_a_delete_erases_rejects_of_the_mapping_too(scene: Scene) -> None:
    """Also one that was not in the ledger yet when the delete was read; those that come after it stay."""
    scene.server.seed(CAMPAIGN, [lead(1)])
    with running(scene, max_actions={}) as run:
        run.read(**lead(1, phone_number="1"))
        run.read("erasures", lead_id="lead-1")
        wait(lambda: run.delivery.summary.accepted == 1)
        assert scene.rejects() == []
        run.read(**lead(1, phone_number="2"))
        assert run.end()["by_reason"] == {"invalid_phone": 2}
    assert [reject["record"]["phone_number"] for reject in scene.rejects()] == ["2"]


def test_a_delete_that_was_refused_is_no_absent_lead(scene: Scene) -> None:
    """What does not exist must be the lead; else the delete is rejected, and what the ledger knows stays."""
    with running(scene) as run:
        run.read(**lead(1))
        run.end()
    texts = ["Campaign with this reference does not exist.", "lead_id:lead-1 doesn't exist on our platform."]
    results = []
    for text in texts:
        row = {"status_code": 400, "data": {"error_msg": text}}
        scene.server.set(script=[{"rows": {"0": row}}])
        with running(scene) as run:
            run.read("erasures", lead_id="lead-1")
            books = run.end()
            results.append((books["accepted"], books["absent"], books["rejected"], _known(scene)))
    assert results == [(0, 0, 1, 1), (1, 1, 0, 0)]


def _known(scene: Scene) -> int:
    ledger = Ledger(scene.ledger_url, business="default", host=scene.server.url.removeprefix("http://"))
    try:
        return ledger.count_leads()
    finally:
        ledger.close()


# -- refusals --------------------------------------------------------------------------------------------


def test_a_merged_upsert_whose_value_is_taken_is_delivered_in_part(scene: Scene) -> None:
    """A unique value that another lead has refuses the record that brought it, and no other."""
    scene.server.set(unique="email")
    scene.server.seed(CAMPAIGN, [lead(9, email="x@example.com")])
    with running(scene, max_batch_wait_seconds=30) as run:
        run.read(**lead(1, city="Pune"))
        run.read(**lead(1, email="x@example.com"))
        books = run.end()
    assert (books["accepted"], books["coalesced"], books["by_reason"]) == (1, 0, {"conflict": 1})
    assert scene.leads()["lead-1"]["fields"]["city"] == "Pune"


def test_the_brake_stops_upserts_that_lack_a_number(scene: Scene) -> None:
    """They are refused one by one when their turn comes, without a call; long before the end of the input."""
    with running(scene) as run:
        for number in range(300):
            run.read(lead_id=f"lead-{number}")
        with pytest.raises(TooManyRejectsError, match="missing_field"):
            wait(run.delivery.tick)
    assert scene.server.calls() == []
    assert 200 <= len(scene.rejects()) <= 300


# -- doubts ----------------------------------------------------------------------------------------------

THROTTLED = {"status": 429, "headers": {"Retry-After": "1"}}


@pytest.mark.parametrize(
    ("script", "reasons"),
    [
        ([THROTTLED], {"already_exists": 1}),
        (["400"], {"already_exists": 1}),
        (["lost"], {}),
        (["lost", THROTTLED], {}),
    ],
    ids=["429", "400", "lost", "lost, then 429"],
)
def test_that_a_lead_is_there_is_no_doing_of_a_call_that_did_nothing(
    scene: Scene, script: list[Any], reasons: dict[str, int]
) -> None:
    """Somebody else's lead is a reject; one that our own lost call may have created is accepted."""
    scene.server.set(script=script)
    if "lost" not in script:
        scene.server.seed(CAMPAIGN, [lead(1), lead(2)])
    with running(scene) as run:
        run.read("creations", **lead(1))
        if "400" in script:
            run.read("creations", **lead(2))
            reasons = {"already_exists": 2}
        books = run.end()
    assert (books["by_reason"], books["accepted"]) == (reasons, int("lost" in script))


def test_a_run_that_was_not_let_in_leaves_no_doubt(scene: Scene) -> None:
    """Nor does one that found nobody there: what the next run finds is somebody else's."""
    scene.server.set(expired=True)
    with running(scene) as run:
        run.read("creations", **lead(1))
        with pytest.raises(AccessError):
            run.end()
    port = scene.server.port
    scene.server.__exit__(None)
    with running(scene, max_outage_seconds=0) as run:
        run.read("creations", **lead(1))
        with pytest.raises(OutageError):
            run.end()
    with CrmServer(token=TOKEN, port=port) as server:
        server.seed(CAMPAIGN, [lead(1)])
        with running(scene) as run:
            run.read("creations", **lead(1))
            assert run.end()["by_reason"] == {"already_exists": 1}
    scene.server.__enter__()


# -- STATE -----------------------------------------------------------------------------------------------


def test_a_state_is_written_while_the_end_waits_for_a_retry(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """It had become safe less than a second after another was written; it does not wait for the end."""
    scene.server.set(script=[{}, {}], always="503")
    with running(scene, emit=StateWriter().offer, max_outage_seconds=60) as run:
        run.read(**lead(1))
        run.delivery.checkpoint(1)
        wait(lambda: run.delivery.tick() or run.delivery.summary.accepted == 1)
        run.delivery.tick()
        assert _written(capsys) == [1]
        run.read(**lead(2))
        run.delivery.checkpoint(2)
        wait(lambda: run.delivery.summary.accepted == 2)
        run.delivery.tick()
        run.read(**lead(3))
        run.delivery.checkpoint(3)
        ending = threading.Thread(target=run.end_anyhow)
        ending.start()
        time.sleep(2)
        is_waiting, written = ending.is_alive(), _written(capsys)
        run.delivery.interrupt()
        ending.join()
        assert (is_waiting, written) == (True, [2])


def _written(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
