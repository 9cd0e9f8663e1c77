"""The room of rejects: pages, states, erasure, encryption, and ledgers of the version before it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.fernet import Fernet

from squadstack.exceptions import LedgerError
from squadstack.ledger import rejects as room
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import Again, LeadKey, Reject, Selection, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.conftest import Open

KEY, OTHER = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def keep(ledger: Ledger, *lead_ids: str | None, **changes: Any) -> None:
    row = {"stream": "s", "rule": 1, "campaign": "main", "action": "upsert", "reason": "other", "message": "said"}
    rows = [Reject(**{**row, "lead_id": lead_id, "record": {"id": lead_id}, **changes}) for lead_id in lead_ids]
    ledger.end_call([], rows, run_id=1)


def states(ledger: Ledger) -> dict[str | None, str]:
    return {reject.lead_id: reject.state for reject in ledger.rejects.each()}


def test_all_pages_are_read(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "AT_ONCE", 2)
    keep(ledger, *"abcd")
    assert [reject.lead_id for reject in ledger.rejects.each()] == list("abcd")
    assert [reject.reject_id for reject in ledger.rejects.get([4, 1, 9, 2])] == [4, 1, 2]
    keep(ledger, "e", None, None, None)
    assert ledger.rejects.nameless("None") == [6, 7, 8]
    assert ledger.rejects.count(Selection()) == 8


def test_a_settled_one_stays_so(ledger: Ledger) -> None:
    keep(ledger, "a", "b")
    ledger.rejects.mark([Again(1, "accepted")])
    ledger.rejects.mark([Again(1, "stale"), Again(2, "replaced")])
    assert states(ledger) == {"a": "accepted", "b": "replaced"}
    assert all(reject.changed_at for reject in ledger.rejects.each())


def test_a_later_record_overtakes_and_an_earlier_one_does_not(ledger: Ledger) -> None:
    """Accepted, or unchanged; of the very lead in the very campaign."""
    keep(ledger, "a", "b", "c", "d", read_at=10.0)
    ledger.end_call(
        [Verdict(LeadKey("main", "a"), is_known=True, action="upsert", payload={}, read_at=11.0)], [], run_id=1
    )
    ledger.end_call(
        [Verdict(LeadKey("main", "b"), is_known=True, action="upsert", payload={}, read_at=9.0)], [], run_id=1
    )
    ledger.end_call(
        [Verdict(LeadKey("other", "c"), is_known=True, action="upsert", payload={}, read_at=11.0)], [], run_id=1
    )
    ledger.leave({LeadKey("main", "d"): 11.0}, [])
    assert states(ledger) == {"a": "stale", "b": "open", "c": "open", "d": "stale"}


def test_what_is_sent_again_is_not_overtaken_by_itself(ledger: Ledger) -> None:
    """Its acceptance counts as of the time of its record, so a later reject of the lead is not stale either."""
    keep(ledger, "a", read_at=10.0)
    keep(ledger, "a", read_at=12.0)
    verdict = Verdict(LeadKey("main", "a"), is_known=True, action="upsert", payload={}, read_at=10.0)
    ledger.end_call([verdict], [], run_id=2, again=[Again(1, "accepted")])
    assert [reject.state for reject in ledger.rejects.each()] == ["accepted", "open"]
    assert [memory.accepted_at for memory in ledger.recall([LeadKey("main", "a"), LeadKey("main", "b")])] == [10.0, 0.0]


def test_the_newest_that_was_accepted_is_remembered(ledger: Ledger) -> None:
    for read_at in (12.0, 10.0):
        ledger.end_call(
            [Verdict(LeadKey("main", "a"), is_known=True, action="upsert", payload={}, read_at=read_at)], [], run_id=1
        )
    assert ledger.recall([LeadKey("main", "a")])[0].accepted_at == 12.0


def test_a_ledger_of_version_2_is_brought_up_to_date(open_ledger: Open, tmp_path: Path) -> None:
    """Its rejects count as read when they were rejected; from now on no number is given twice."""
    keep(open_ledger(), "a", "b")
    open_ledger().start_run()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other, other:
        other.execute("ALTER TABLE squadstack_rejects DROP COLUMN read_at")
        for (table,) in other.execute("SELECT name FROM sqlite_master WHERE sql LIKE '%AUTOINCREMENT%'").fetchall():
            [told] = other.execute("SELECT sql FROM sqlite_master WHERE name = ?", [table]).fetchone()
            other.execute("PRAGMA writable_schema = 1")
            plain = told.replace(" AUTOINCREMENT", "")
            other.execute("UPDATE sqlite_master SET sql = ? WHERE name = ?", [plain, table])
        other.execute("UPDATE squadstack_ledger SET version = 2")
    ledger = open_ledger()
    assert [(reject.lead_id, reject.read_at == reject.rejected_at) for reject in ledger.rejects.each()] == [
        ("a", True),
        ("b", True),
    ]
    ledger.erase_lead("b")
    ledger.forget(0)
    keep(ledger, "c")
    assert [(reject.reject_id, reject.lead_id) for reject in ledger.rejects.each()] == [(3, "c")]
    assert ledger.start_run() == 2


def test_no_number_is_given_twice(ledger: Ledger) -> None:
    """A warehouse knows rejects by their numbers, a mirror runs; red if the newest one's is free once it is gone."""
    keep(ledger, "a")
    first = ledger.start_run()
    ledger.erase_older(0)
    ledger.forget(0)
    keep(ledger, "b")
    assert [reject.reject_id for reject in ledger.rejects.each()] == [2]
    assert ledger.start_run() == first + 1


def test_an_odd_lead_id_is_erased_as_it_was_kept(ledger: Ledger) -> None:
    keep(ledger, "a\0", "b")
    ledger.end_call(
        [Verdict(LeadKey("main", "a\0"), is_known=False, action="delete", payload={"lead_id": "a\0"})], [], run_id=1
    )
    assert set(states(ledger)) == {"b"}


def test_a_reader_keeps_the_files_from_being_scrubbed(ledger: Ledger, tmp_path: Path) -> None:
    """Its view is of what was deleted: the rows are gone, but to say that nothing is left would be wrong."""
    keep(ledger, "a")
    ledger._database._engine.dispose()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM squadstack_rejects").fetchone()
        with ledger._database._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout = 50")
        with pytest.raises(LedgerError, match="is being read"):
            ledger.erase_older(0)
    assert states(ledger) == {}
    assert ledger.erase_older(0) == 0


def test_encrypted_and_clear_ones_lie_side_by_side(url: str) -> None:
    def opened(key: str | None) -> Ledger:
        return Ledger(url, business="default", host="localhost:1", key=key)

    keep(opened(None), "clear")
    keep(opened(KEY), "sealed")
    found = {reject.lead_id: (reject.message, reject.record) for reject in opened(KEY).rejects.each()}
    assert found == {"clear": ("said", {"id": "clear"}), "sealed": ("said", {"id": "sealed"})}
    for key in (None, OTHER):
        with pytest.raises(LedgerError):
            list(opened(key).rejects.each())
    assert (opened(KEY).rejects.check_key(), opened(None).rejects.check_key()) == (True, False)
    with pytest.raises(LedgerError):
        opened(OTHER).rejects.check_key()


def test_one_replay_at_a_time_by_whatever_name_the_ledger_is_opened(tmp_path: Path) -> None:
    """Until the first one closes; each business has its own."""
    (tmp_path / "link.db").symlink_to(tmp_path / "ledger.db")
    urls = [f"sqlite:///{tmp_path}/{name}" for name in ("ledger.db", "link.db")]
    first, other = (Ledger(url, business="default", host="localhost:1") for url in urls)
    another = Ledger(urls[0], business="another", host="localhost:1")
    assert [ledger.claim_replay() for ledger in (first, other, another)] == [True, False, True]
    first.close()
    assert other.claim_replay()
    other.close()
    another.close()
