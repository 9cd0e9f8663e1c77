"""Which of Airbyte's STATEs may be acknowledged, and how many records each of them covers.

Airbyte keeps a STATE for each stream, or one for all (GLOBAL, and the older LEGACY). A lane is a stream; a STATE
closes the account of its lane, or of all, and is due when nothing of these accounts, nor of earlier ones in the
same lanes, waits. Each is acknowledged, none stands for another: the platform sums up what they tell.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Lane: TypeAlias = Hashable

EVERY: Lane = None
"""The lane of a STATE that covers all streams."""


@dataclass(slots=True, eq=False)
class Account:
    """What was read of a stream between two STATEs.

    Attributes:
        waiting: Actions that are not settled yet.
        records: Records that were read.
        rejected: Records of which an action was rejected.
    """

    waiting: int = 0
    records: int = 0
    rejected: int = 0


@dataclass(slots=True, eq=False)
class Ticket:
    """A record that is being delivered."""

    account: Account
    is_rejected: bool = False


@dataclass(slots=True, eq=False)
class Covered:
    """A STATE, with the accounts that it closes.

    Attributes:
        state: What is to be acknowledged.
        lanes: Where it waits in line.
        accounts: What it covers.
        number: Its place among all STATEs.
    """

    state: Any
    lanes: list[Lane]
    accounts: list[Account] = field(default_factory=list)
    number: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing that it covers waits."""
        return not any(account.waiting for account in self.accounts)

    @property
    def rejected(self) -> int:
        """Records of which an action was rejected."""
        return sum(account.rejected for account in self.accounts)

    @property
    def committed(self) -> int:
        """The other records, those that gave no action included."""
        return sum(account.records for account in self.accounts) - self.rejected


class Accounts:
    """The checkpoints of a run of the destination. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: dict[Lane, deque[Covered]] = {EVERY: deque()}
        self._open: dict[Lane, Account] = {}
        self._closing: Lane = EVERY
        self._count = 0
        self.segment = Ticket(Account())

    def begin_record(self, lane: Lane) -> None:
        """A record of a stream was read: what is opened next is its."""
        with self._lock:
            self._lines.setdefault(lane, deque())
            account = self._open.setdefault(lane, Account())
            account.records += 1
            self.segment = Ticket(account)

    def begin_state(self, lane: Lane) -> None:
        """A STATE of a stream was read, or of every one: `end_segment` is told what it says."""
        self._closing = lane

    def open(self, segment: Ticket) -> None:
        """Note that an action of a record was read; `settle` it once."""
        with self._lock:
            segment.account.waiting += 1

    def settle(self, segment: Ticket, *, is_rejected: bool = False) -> None:
        """Note that an action of a record is settled, durably where that matters."""
        with self._lock:
            segment.account.waiting -= 1
            if is_rejected and not segment.is_rejected:
                segment.is_rejected = True
                segment.account.rejected += 1

    def end_segment(self, state: Any) -> None:
        """Note that a STATE was read: it closes the accounts of its lanes."""
        with self._lock:
            self._lines.setdefault(self._closing, deque())
            lanes = list(self._lines) if self._closing is EVERY else [self._closing]
            self._count += 1
            closed = [self._open.pop(lane) for lane in lanes if lane in self._open]
            covered = Covered(state, lanes, closed, self._count)
            for lane in lanes:
                self._lines[lane].append(covered)

    def due(self) -> list[Covered]:
        """Take the STATEs that may be acknowledged, in the order in which they came."""
        found: list[Covered] = []
        with self._lock:
            while some := [line[0] for line in self._lines.values() if line and self._is_due(line[0])]:
                for covered in dict.fromkeys(some):
                    for lane in covered.lanes:
                        self._lines[lane].popleft()
                    found.append(covered)
        return sorted(found, key=lambda covered: covered.number)

    def _is_due(self, covered: Covered) -> bool:
        return covered.is_settled and all(self._lines[lane][0] is covered for lane in covered.lanes)
