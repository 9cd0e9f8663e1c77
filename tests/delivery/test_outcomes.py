"""The books of a run, and the brake that judges them."""

from __future__ import annotations

import pytest
from delivery.acting import CONVERT, CREATE, DELETE, DISABLE, UPDATE, UPSERT

from squadstack.api.verdicts import ActionName, Reason
from squadstack.delivery.outcomes import Summary


def books(accepted: int, *rejected: tuple[int, Reason, ActionName | None]) -> Summary:
    summary = Summary()
    for _ in range(accepted):
        summary.accept(UPSERT, merged=0, absent=False)
    for count, reason, name in rejected:
        for _ in range(count):
            summary.reject(reason, name)
    summary.actions = summary.settled
    return summary


def test_every_action_has_one_fate() -> None:
    """An accepted action counts once by its kind, those that were merged into it as coalesced."""
    summary = Summary(records=9, filtered=2, actions=8)
    summary.accept(UPSERT, merged=2, absent=False)
    summary.accept(DELETE, merged=0, absent=True)
    summary.reject(Reason.INVALID_PHONE, UPSERT)
    summary.reject(Reason.INVALID_VALUE, None)
    assert (summary.settled, summary.balances) == (6, False)
    summary.undelivered = 2
    assert summary.balances
    told = summary.as_dict()
    assert {name: count for name, count in told.items() if count} == {
        "records": 9,
        "filtered": 2,
        "actions": 8,
        "accepted": 2,
        "coalesced": 2,
        "rejected": 2,
        "undelivered": 2,
        "absent": 1,
        "by_action": {"delete": 1, "upsert": 1},
        "by_reason": {"invalid_phone": 1, "invalid_value": 1},
    }
    assert set(told) >= {"unchanged", "planned", "calls", "retried", "throttled", "seconds"}


@pytest.mark.parametrize(
    ("accepted", "rejected", "on_the_way", "at_the_end"),
    [
        (0, 19, False, False),
        (0, 20, False, True),
        (10, 10, False, False),
        (9, 11, False, True),
        (0, 199, False, True),
        (0, 200, True, True),
        (100, 100, False, False),
        (99, 101, True, True),
    ],
)
def test_the_brake_judges_from_200_actions_on_and_from_20_at_the_end(
    accepted: int, rejected: int, *, on_the_way: bool, at_the_end: bool
) -> None:
    """More than the share that the setting allows, not just as much."""
    summary = books(accepted, (rejected, Reason.INVALID_PHONE, UPSERT))
    assert summary.has_too_many_rejects(50, at_end=False) is on_the_way
    assert summary.has_too_many_rejects(50, at_end=True) is at_the_end


@pytest.mark.parametrize("percent", [0, 10, 100])
def test_the_share_is_a_setting(percent: float) -> None:
    """0 allows none at all, 100 any."""
    assert books(1000, (1, Reason.OTHER, UPSERT)).has_too_many_rejects(percent, at_end=True) is (percent == 0)
    assert books(0, (1000, Reason.OTHER, UPSERT)).has_too_many_rejects(percent, at_end=True) is (percent < 100)


@pytest.mark.parametrize(
    ("reason", "name", "counts"),
    [
        (Reason.LEAD_ACTIVE, UPSERT, False),
        (Reason.LEAD_CONVERTED, UPDATE, False),
        (Reason.LEAD_DELETED, UPSERT, False),
        (Reason.ALREADY_EXISTS, CREATE, False),
        (Reason.UNKNOWN_LEAD, CONVERT, False),
        (Reason.UNKNOWN_LEAD, DISABLE, False),
        (Reason.UNKNOWN_LEAD, UPDATE, True),
        (Reason.UNKNOWN_LEAD, None, True),
        (Reason.CONFLICT, UPSERT, True),
        (Reason.MISSING_FIELD, UPSERT, True),
        (Reason.NO_CAMPAIGN, UPSERT, True),
        (Reason.INVALID_VALUE, None, True),
        (Reason.OTHER, DELETE, True),
    ],
)
def test_rejects_of_what_is_so_already_do_not_count(reason: Reason, name: ActionName | None, *, counts: bool) -> None:
    """However many: they tell of nothing wrong, and make the share of the others neither larger nor smaller."""
    assert books(30, (500, reason, name)).has_too_many_rejects(50, at_end=True) is counts
    assert books(30, (500, reason, name), (31, Reason.OTHER, UPSERT)).has_too_many_rejects(50, at_end=True)
