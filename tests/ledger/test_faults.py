"""A ledger that fails is told once, the same to everybody, and without a secret."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from squadstack.exceptions import LedgerError
from squadstack.ledger import database
from squadstack.ledger.database import Database
from squadstack.ledger.memories import NOTHING
from squadstack.ledger.permits import Permit
from squadstack.ledger.rows import LeadKey, Sent
from squadstack.settings.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ledger.conftest import Open

    from squadstack.ledger.ledger import Ledger

KEY = LeadKey("main", "a")
QUESTIONS: dict[str, Callable[[Ledger], object]] = {
    "reserve": lambda ledger: ledger.budget.reserve(RateLimit(), leads=1),
    "begin": lambda ledger: ledger.begin_call(Permit(None, 0.0, 100, 0.0), [Sent(KEY, "upsert", {})]),
    "end": lambda ledger: ledger.end_call([], [], run_id=1),
    "withdraw": lambda ledger: ledger.doubts.withdraw([KEY], 0.0),
    "known": lambda ledger: ledger.recall([KEY]),
    "close the books": lambda ledger: ledger.end_run(1, {}),
}


@pytest.fixture
def holder(open_ledger: Open, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's hand on the ledger's file."""
    open_ledger().close()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        yield other


def fault_of(ledger: Ledger, name: str) -> str:
    with pytest.raises(LedgerError) as raised:
        QUESTIONS[name](ledger)
    return str(raised.value)


def test_after_a_fault_nobody_waits_again(
    open_ledger: Open, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger that stayed locked once ends the run: every further question fails at once, with the same sentence."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.5)
    ledger = open_ledger()
    holder.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    first = fault_of(ledger, "begin")
    assert time.monotonic() - began >= 0.4
    assert "stayed locked" in first
    began = time.monotonic()
    assert {fault_of(ledger, name) for name in QUESTIONS} == {first}
    assert time.monotonic() - began < 0.4
    holder.execute("ROLLBACK")
    assert {fault_of(ledger, name) for name in QUESTIONS} == {first}
    assert open_ledger().recall([KEY]) == [NOTHING]


def test_those_who_wait_behind_a_fault_learn_it_too(
    open_ledger: Open, holder: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight calls at once on a locked ledger do not wait one after the other."""
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.5)
    ledger = open_ledger()
    holder.execute("BEGIN IMMEDIATE")
    told: list[str] = []
    began = time.monotonic()
    threads = [threading.Thread(target=lambda: told.append(fault_of(ledger, "known"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began < 1.5
    assert len(told) == 8
    assert len(set(told)) == 1


def test_an_error_of_ours_is_no_fault_of_the_ledger(ledger: Ledger) -> None:
    """What is raised within a transaction undoes it, and the next one goes on."""

    def fail() -> None:
        with ledger._database.transaction() as connection:
            connection.exec_driver_sql("DELETE FROM squadstack_ledger")
            msg = "ours"
            raise ValueError(msg)

    with pytest.raises(ValueError, match="ours"):
        fail()
    with ledger._database.transaction() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM squadstack_ledger").scalar() == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:canary@host:5432/base",
        "postgresql://me@host/base?password=canary&sslmode=require",
        "postgresql:///base?host=host&user=me&password=canary&passfile=canary",
        "postgresql+psycopg://me:canary@host/base?sslpassword=canary",
    ],
)
def test_the_place_holds_no_password(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever in the address it stands: the place is logged, and told in every fault."""
    engine = database._engine(make_url(f"sqlite:///{tmp_path}/ledger.db"))
    monkeypatch.setattr(database, "_engine", lambda _: engine)
    opened = Database(url)
    assert opened.place.startswith("postgresql")
    assert opened.place.endswith("/base")
    with pytest.raises(LedgerError) as raised, opened.transaction() as connection:
        connection.exec_driver_sql("SELECT canary")
    assert str(raised.value).startswith(f"The ledger at {opened.place} ")
    assert "canary" not in str(raised.value)
    opened.close()
