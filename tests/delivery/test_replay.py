"""A reject, made anew by today's rules: which of a record's actions is sent, and what was overtaken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from squadstack.delivery.replay import Replay, again_of
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.rows import KeptReject, LeadKey, Reject, Selection, Verdict
from squadstack.mapping.actions import LeadAction, Rejection
from squadstack.mapping.mapper import Mapper
from squadstack.mapping.rules import compile_rules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECORD = {"lead_id": "a", "phone_number": "9999900001", "contact_name": "Asha", "detail": "sold", "other_id": "b"}


def rules(*given: tuple[str, str] | dict[str, Any]) -> Mapper:
    """Compile rules, each told by its action and campaign."""
    mappings = [
        one if isinstance(one, dict) else {"stream": "s", "action": one[0], "ref_id": one[1], **_fields(one[0])}
        for one in given
    ]
    return Mapper(compile_rules(mappings, ref_id="main"))


def _fields(action: str) -> dict[str, Any]:
    return {"include": ["lead_id", "detail"] if action == "convert" else ["*"]}


def kept(**changes: Any) -> KeptReject:
    row = {"reject_id": 7, "run_id": 1, "rejected_at": 20.0, "read_at": 10.0, "stream": "s", "rule": 1}
    row |= {"campaign": "main", "lead_id": "a", "action": "upsert", "reason": "other", "state": "open"}
    return KeptReject(**{**row, "changed_at": None, "message": "", "record": RECORD, **changes})


def made(mapper: Mapper, **changes: Any) -> tuple[int, str | None, str | None] | None:
    found = again_of(kept(**changes), mapper)
    if found is None:
        return None
    assert (found.source.reject_id, found.source.read_at, found.source.ticket) == (7, 10.0, None)
    if isinstance(found, Rejection):
        return found.source.rule, found.action, None
    return found.source.rule, found.name, found.lead.campaign


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ([("upsert", "main"), ("convert", "main")], (1, "upsert", "main")),
        ([("convert", "main"), ("upsert", "main")], (2, "upsert", "main")),
        ([("upsert", "new"), ("upsert", "main")], (1, "upsert", "new")),
        ([("convert", "x"), ("upsert", "new"), ("upsert", "main")], (3, "upsert", "main")),
        ([("create", "main"), ("convert", "main")], (1, "create", "main")),
        ([("delete", "main")], None),
        ([("convert", "main"), ("create", "main")], None),
        ([{"stream": "s", "action": "upsert", "when": "detail != 'sold'", "include": ["*"]}], None),
        ([{"stream": "t", "action": "upsert", "include": ["*"]}], None),
    ],
)
def test_which_action_it_is(given: list[Any], sent: tuple[int, str, str] | None) -> None:
    """Of the same rule and action, else of the same action, else what the rule has become; never something else."""
    assert made(rules(*given)) == sent


def test_what_the_mapping_refuses_again_is_refused() -> None:
    found = again_of(kept(record={**RECORD, "phone_number": "1"}), rules(("upsert", "main")))
    assert isinstance(found, Rejection)
    assert (found.reason, found.source.reject_id) == ("invalid_phone", 7)


def test_a_record_that_was_none_makes_nothing() -> None:
    assert made(rules(("convert", "main")), rule=0, action=None, record={}) is None


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.db", business="default", host="localhost:1")
    yield ledger
    ledger.close()


def keep(ledger: Ledger, lead_id: str, read_at: float) -> None:
    record = {**RECORD, "lead_id": lead_id}
    ledger.end_call([], [Reject("s", 1, "main", lead_id, "upsert", "other", "", record, read_at)], run_id=1)


def accept(ledger: Ledger, lead_id: str, read_at: float) -> None:
    ledger.end_call(
        [Verdict(LeadKey("main", lead_id), is_known=True, action="upsert", payload={}, read_at=read_at)], [], run_id=1
    )


def test_they_come_as_they_were_read(ledger: Ledger) -> None:
    """A later record is rejected by the mapping before SquadStack rejects an earlier one."""
    for lead_id, read_at in (("a", 5.0), ("b", 3.0), ("c", 4.0)):
        keep(ledger, lead_id, read_at)
    replay = Replay(ledger, rules(("upsert", "main")), Selection())
    found = [outcome.lead.lead_id for outcome in replay.outcomes() if isinstance(outcome, LeadAction)]
    assert (found, replay.total, replay.seen) == (["b", "c", "a"], 3, 3)


def test_by_when_the_records_were_read_it_is_told_what_was_overtaken(ledger: Ledger) -> None:
    """Not by when the verdicts came: of the same record, or of an earlier one, they may come late."""
    accept(ledger, "later", 11.0)
    for lead_id in ("later", "same", "earlier", "never"):
        keep(ledger, lead_id, 10.0)
    accept(ledger, "same", 10.0)
    accept(ledger, "earlier", 9.0)
    replay = Replay(ledger, rules(("upsert", "main")), Selection())
    found = [outcome.lead.lead_id for outcome in replay.outcomes() if isinstance(outcome, LeadAction)]
    assert found == ["same", "earlier", "never"]
    assert (replay.stale, replay.seen) == (1, 4)
    assert [reject.state for reject in ledger.rejects.each()] == ["stale", "open", "open", "open"]


def test_the_lead_of_today_counts_too(ledger: Ledger) -> None:
    """The rule takes another field for the lead_id, and that lead has something newer."""
    keep(ledger, "a", 10.0)
    accept(ledger, "b", 11.0)
    rule = {"stream": "s", "action": "upsert", "fields": {"lead_id": "other_id"}, "include": ["*"]}
    replay = Replay(ledger, rules(rule), Selection())
    assert (list(replay.outcomes()), replay.stale) == ([None], 1)


def test_what_is_settled_meanwhile_is_left_out(ledger: Ledger) -> None:
    keep(ledger, "a", 10.0)
    replay = Replay(ledger, rules(("upsert", "main")), Selection())
    accept(ledger, "a", 11.0)
    assert (list(replay.outcomes()), replay.seen) == ([], 1)
