"""What the ledger remembers of leads: what is known, what is in doubt, what was rejected; and what it must not."""

from __future__ import annotations

import dataclasses
import datetime
import sqlite3
import time
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from support.leads import lead

from squadstack.exceptions import LedgerError
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.permits import Permit
from squadstack.ledger.rows import LeadKey, Reject, Sent, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from ledger.conftest import Open

FREE = Permit(None, 0.0, 100, 0.0)
A, B = LeadKey("main", "a"), LeadKey("main", "b")


def send(ledger: Ledger, *sent: Sent) -> list[bool]:
    """Begin a call, and tell which of its leads were in doubt before it."""
    _, mark = ledger.begin_call(FREE, sent)
    return [ledger.doubts.was_there(one, mark) for one in sent]


def tell(ledger: Ledger, key: LeadKey, *, is_known: bool | None) -> None:
    """Write a verdict down."""
    ledger.end_call([Verdict(key, is_known)], [], run_id=1)


def known(ledger: Ledger, leads: list[LeadKey]) -> list[bool]:
    """Tell which leads the ledger takes for accepted."""
    return [memory.is_known for memory in ledger.recall(leads)]


def reject(**changes: Any) -> Reject:
    row = {"stream": "contacts", "rule": 1, "campaign": "main", "lead_id": "a", "action": "upsert", "reason": "other"}
    return Reject(**{**row, "message": "said", "record": {}, **changes})


# -- doubts ----------------------------------------------------------------------------------------------


def test_a_call_without_verdict_leaves_its_leads_in_doubt(open_ledger: Open) -> None:
    """For as long as the very same is sent again; over any number of calls and runs, until the verdict."""
    ledger = open_ledger()
    one, other = Sent(A, "create", {"x": 1, "y": 2}), Sent(B, "create", {"x": 1, "y": 2})
    assert send(ledger, one) == [False]
    assert send(ledger, one, other) == [True, False]
    ledger.close()
    ledger = open_ledger()
    assert send(ledger, Sent(A, "create", {"y": 2, "x": 1})) == [True]
    tell(ledger, A, is_known=True)
    assert send(ledger, one, other) == [False, True]


@pytest.mark.parametrize("is_known", [True, False, None])
def test_any_verdict_ends_the_doubt(ledger: Ledger, is_known: bool | None) -> None:  # noqa: FBT001 - a parameter of the test
    send(ledger, Sent(A, "create", {}), Sent(B, "create", {}))
    tell(ledger, A, is_known=is_known)
    assert send(ledger, Sent(A, "create", {}), Sent(B, "create", {})) == [False, True]


def test_something_else_is_not_in_doubt(open_ledger: Open) -> None:
    """Another action, other fields, another lead, campaign, business or host."""
    ledger = open_ledger()
    send(ledger, Sent(A, "create", {"x": 1}))
    other = Sent(LeadKey("other", "a"), "create", {"x": 1})
    assert send(ledger, other, Sent(B, "create", {"x": 1})) == [False, False]
    for stranger in (open_ledger(business="other"), open_ledger(host="localhost:2")):
        assert send(stranger, Sent(A, "create", {"x": 1})) == [False]
    assert send(ledger, Sent(A, "create", {"x": "1"})) == [False]
    assert send(ledger, Sent(A, "update", {"x": "1"})) == [False]
    assert send(ledger, Sent(A, "update", {"x": "1"})) == [True]


def test_a_verdict_says_nothing_of_a_call_that_is_still_out(ledger: Ledger) -> None:
    """Of another process, begun later: its lead stays in doubt until it is answered."""
    _, mark = ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 1})])
    ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 2})])
    for verdict in (Verdict(A, is_known=True, action="upsert", payload={"x": 1}), Verdict(A, is_known=None)):
        ledger.end_call([verdict], [], run_id=1, mark=mark)
        assert ledger.recall([A])[0].is_in_doubt
    tell(ledger, A, is_known=None)
    assert not ledger.recall([A])[0].is_in_doubt


@pytest.mark.parametrize(("is_answered", "stands"), [(True, True), (False, False)])
def test_what_stood_before_an_answer_was_lost_is_forgotten(ledger: Ledger, *, is_answered: bool, stands: bool) -> None:
    """A accepted, B sent; B again, or C in its stead, is refused: A stands only if the first B was refused too."""
    one = Sent(A, "upsert", {"x": 1})
    for payload in ({"x": 2}, {"x": 3}):
        ledger.begin_call(FREE, [one])
        ledger.end_call([Verdict(A, is_known=True, action="upsert", payload=one.payload)], [], run_id=1)
        _, mark = ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 2})])
        if is_answered:
            ledger.end_call([Verdict(A, is_known=None)], [], run_id=1, mark=mark)
        _, mark = ledger.begin_call(FREE, [Sent(A, "upsert", payload)])
        ledger.end_call([Verdict(A, is_known=None)], [], run_id=1, mark=mark)
        assert ledger.stands(ledger.recall([A])[0], one) is stands


def test_a_doubt_of_a_clock_that_was_ahead_ends(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the next verdict, not when the clock has come so far."""
    later = time.time() + 3600
    with monkeypatch.context() as ahead:
        ahead.setattr(time, "time", lambda: later)
        ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 1})])
    _, mark = ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 1})])
    ledger.end_call([Verdict(A, is_known=True, action="upsert", payload={"x": 1})], [], run_id=1, mark=mark)
    assert not ledger.recall([A])[0].is_in_doubt


def test_a_call_that_did_nothing_does_not_hide_a_doubt(ledger: Ledger) -> None:
    """A accepted, B unanswered, C withdrawn: nobody knows whether A stands."""
    one = Sent(A, "upsert", {"x": 1})
    ledger.begin_call(FREE, [one])
    ledger.end_call([Verdict(A, is_known=True, action="upsert", payload=one.payload)], [], run_id=1)
    ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 2})])
    _, mark = ledger.begin_call(FREE, [Sent(A, "upsert", {"x": 3})])
    ledger.doubts.withdraw([A], mark)
    assert not ledger.stands(ledger.recall([A])[0], one)


# -- known leads -----------------------------------------------------------------------------------------


def test_a_lead_is_known_from_its_acceptance_to_its_deletion(open_ledger: Open) -> None:
    ledger = open_ledger()
    send(ledger, Sent(A, "upsert", {}))
    assert known(ledger, [A, B]) == [False, False]
    tell(ledger, A, is_known=True)
    assert known(ledger, [A, B]) == [True, False]
    send(ledger, Sent(A, "update", {}))
    tell(ledger, A, is_known=None)
    assert (known(ledger, [B, A]), ledger.count_leads()) == ([False, True], 1)
    ledger.close()
    ledger = open_ledger()
    assert (known(ledger, [A, A]), ledger.count_leads(), ledger.is_new) == ([True, True], 1, False)
    send(ledger, Sent(A, "delete", {}))
    tell(ledger, A, is_known=False)
    assert (known(ledger, [A]), known(ledger, []), ledger.count_leads()) == ([False], [], 0)


def test_leads_of_others_are_not_ours(open_ledger: Open) -> None:
    ledger = open_ledger()
    send(ledger, Sent(A, "upsert", {}))
    tell(ledger, A, is_known=True)
    assert known(ledger, [LeadKey("other", "a"), LeadKey("main", "A"), LeadKey("maina", "")]) == [False] * 3
    for stranger in (open_ledger(business="other"), open_ledger(host="localhost:2")):
        assert (known(stranger, [A]), stranger.count_leads()) == ([False], 0)


# -- rejects ---------------------------------------------------------------------------------------------


def test_rejects_come_back_as_they_were(open_ledger: Open) -> None:
    """In their order, with the source record, whatever JSON it was."""
    ledger = open_ledger()
    record = {"name": "आशा 🌸", "nul": "\0", "half": "\ud800", "n": None, "list": [1, {"a": True}], "big": 10**30}
    ledger.end_call([], [reject(record=record), reject(lead_id="b", reason="invalid_phone", rule=2)], run_id=7)
    ledger.end_call(
        [], [reject(campaign=None, lead_id=None, action=None, rule=0, record={"inf": float("inf")})], run_id=8
    )
    ledger.close()
    rows = [dataclasses.asdict(row) for row in open_ledger().rejects.each()]
    assert [(row["run_id"], row["lead_id"], row["reason"], row["rule"]) for row in rows] == [
        (7, "a", "other", 1),
        (7, "b", "invalid_phone", 2),
        (8, None, "other", 0),
    ]
    assert rows[0]["record"] == record
    assert (rows[2]["record"], rows[2]["campaign"], rows[2]["action"]) == ({"inf": float("inf")}, None, None)
    assert rows[0]["message"] == "said"
    for stranger in (open_ledger(business="other"), open_ledger(host="localhost:2")):
        assert list(stranger.rejects.each()) == []


def test_what_json_has_no_form_for_is_kept_as_text(ledger: Ledger) -> None:
    record = {"on": datetime.date(2026, 1, 2), "amount": Decimal("1.50")}
    ledger.end_call([], [reject(record=record)], run_id=1)
    assert next(ledger.rejects.each()).record == {"on": "2026-01-02", "amount": "1.50"}


def test_verdicts_and_rejects_are_written_together_or_not_at_all(
    ledger: Ledger, open_ledger: Open, tmp_path: Path
) -> None:
    """A reject that cannot be kept leaves the lead in doubt, for the next run to see."""
    send(ledger, Sent(A, "create", {}))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        other.execute("DROP TABLE squadstack_rejects")
    with pytest.raises(LedgerError, match="The ledger at sqlite:"):
        ledger.end_call([Verdict(A, is_known=None)], [reject()], run_id=1)
    assert send(open_ledger(), Sent(A, "create", {})) == [True]


# -- the file --------------------------------------------------------------------------------------------


def test_of_accepted_leads_only_keyed_digests_are_kept(open_ledger: Open, tmp_path: Path) -> None:
    """Neither id nor number nor name stand in any of its files, nor a digest that could be guessed."""
    ledger = open_ledger()
    person = lead(1, lead_id="person-canary")
    send(ledger, Sent(LeadKey("main", "person-canary"), "upsert", person))
    tell(ledger, LeadKey("main", "person-canary"), is_known=True)
    for content in (path.read_bytes() for path in tmp_path.iterdir()):
        assert not any(secret in content for secret in (b"anary", b"99999"))
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other:
        ours = other.execute("SELECT lead, doubt_payload FROM squadstack_leads").fetchall()
    strange = Ledger(f"sqlite:///{tmp_path}/other.db", business="default", host="localhost:1")
    send(strange, Sent(LeadKey("main", "person-canary"), "upsert", person))
    strange.close()
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        theirs = other.execute("SELECT lead, doubt_payload FROM squadstack_leads").fetchall()
    assert len(ours) == len(theirs) == 1
    assert ours[0][0] != theirs[0][0]


def test_what_is_written_is_on_disk(ledger: Ledger) -> None:
    """SQLite waits for the disk at each commit, also in WAL mode, where that is not its default."""
    with ledger._database.transaction() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_ledger_of_a_newer_version_is_refused(open_ledger: Open, tmp_path: Path) -> None:
    open_ledger().close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as other, other:
        other.execute("UPDATE squadstack_ledger SET version = 99")
    with pytest.raises(LedgerError, match="newer version"):
        open_ledger()
