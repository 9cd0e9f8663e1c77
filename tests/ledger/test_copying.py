"""A copy of a ledger knows what the ledger knows, and what is written to it stays nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from squadstack.exceptions import LedgerError
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import LeadKey, Verdict
from squadstack.settings.rate_limit import RateLimit

if TYPE_CHECKING:
    from pathlib import Path

LEAD, OTHER = LeadKey("main", "1"), LeadKey("main", "2")


def opened(folder: Path, *, as_copy: bool = False) -> Ledger:
    return Ledger(f"sqlite:///{folder}/in/ledger.db", business="b", host="h", as_copy=as_copy)


def test_a_copy_knows_all_and_changes_nothing(tmp_path: Path) -> None:
    ledger = opened(tmp_path)
    ledger.end_call([Verdict(LEAD, is_known=True, action="upsert", payload={"lead_id": "1", "x": 1})], [], run_id=1)
    ledger.budget.reserve(RateLimit(), leads=5)
    ledger.close()
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    copy = opened(tmp_path, as_copy=True)
    assert (copy.is_new, copy.place) == (False, ledger.place)
    assert [memory.is_known for memory in copy.recall([LEAD, OTHER])] == [True, False]
    assert [use.leads for use in copy.budget.standing(RateLimit()).uses] == [5]
    assert copy.budget.standing(RateLimit(period_seconds=0.001, slack_seconds=0)).uses == []
    copy.end_call([Verdict(OTHER, is_known=True)], [], run_id=copy.start_run())
    assert [memory.is_known for memory in copy.recall([LEAD, OTHER])] == [True, True]
    copy.close()
    assert {path: path.read_bytes() for path in (tmp_path / "in").iterdir()} == before


def test_where_there_is_none_none_is_made(tmp_path: Path) -> None:
    copy = opened(tmp_path, as_copy=True)
    assert (copy.is_new, copy.count_leads()) == (True, 0)
    copy.end_call([Verdict(LEAD, is_known=True)], [], run_id=copy.start_run())
    assert copy.count_leads() == 1
    copy.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "ledger.db").write_text("no database at all" * 100)
    with pytest.raises(LedgerError, match="is a file that is no database"):
        opened(tmp_path, as_copy=True)
