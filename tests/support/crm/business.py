"""The business behind the endpoints: takes calls, limits them, lets them act, and remembers everything."""

from __future__ import annotations

import random
import threading
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from support.crm import answers, verdicts, visits
from support.crm.campaign import Campaign
from support.crm.checks import check_call, check_token
from support.crm.limiter import Limiter, now
from support.crm.options import ROW_FAULTS, STATUS_FAULTS, Delay, Json, Options, Plan
from support.crm.verdicts import Verdict
from support.crm.visits import Entry, Request, Visit

if TYPE_CHECKING:
    from support.crm.answers import Reply


@dataclass(slots=True)
class Business:
    """Everything that the server knows. One lock guards it; nobody sleeps or sends while holding it."""

    options: Options
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    script: deque[object] = field(default_factory=deque)
    flying: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Leads named by calls that are not answered yet."""
    counts: Counter[str] = field(default_factory=Counter)
    limiter: Limiter = field(default_factory=Limiter)
    held_at: str | None = None
    held: int = 0
    errors: list[str] = field(default_factory=list)
    """Faults of the server itself."""
    closing: threading.Event = field(default_factory=threading.Event)
    lock: threading.Condition = field(default_factory=threading.Condition)
    dice: random.Random = field(default_factory=random.Random)

    def __post_init__(self) -> None:
        self.script.extend(self.options.script)
        self.dice.seed(self.options.seed)

    def change(self, changes: Json) -> None:
        """Change options while the server runs; a new script replaces what is left of the old one."""
        with self.lock:
            self.options = replace(self.options, **changes)
            if "script" in changes:
                self.script = deque(self.options.script)
            if "seed" in changes:
                self.dice.seed(self.options.seed)

    def hold(self, where: str | None) -> None:
        """Block calls before they are applied (`apply`) or answered (`answer`); None: let them go."""
        with self.lock:
            self.held_at = where
            self.lock.notify_all()

    def answer(self, request: Request) -> Reply:
        """Meet one call, from its arrival to just before the answer leaves."""
        with self._visit(request) as visit:
            self._pause(self.options.arrive)
            reply = self._stamp(visit) or self._work(visit)
            visit.entry.status = None if reply.plan.fault in {"reset", "lost", "blackhole"} else reply.status
            visit.entry.answered = None if visit.entry.status is None else now()
            return reply

    @contextmanager
    def _visit(self, request: Request) -> Iterator[Visit]:
        """Record a call, and keep its leads in flight until it is answered."""
        leads = visits.parse(request.body)
        rows = leads if isinstance(leads, list) else [leads]
        ids = tuple(row["lead_id"] for row in rows if isinstance(row, dict) and visits.has_id(row))
        ref_id, action = visits.route(request.path)
        entry = Entry(now(), ref_id, action, ids, request.user_agent, isinstance(leads, list))
        keys = [(ref_id, lead_id) for lead_id in set(ids)]
        with self.lock:
            self.entries.append(entry)
            item = self.script.popleft() if self.script else None
            item = self.options.always if item is None else item
            busy = frozenset(key[1] for key in keys if self.flying[key])
            self.flying.update(keys)
            self.counts["repeats"] += len(ids) - len(keys)
            self.counts["overlaps"] += len(busy)
        try:
            yield Visit(request, entry, leads, None if item is None else Plan.read(item), busy)
        finally:
            with self.lock:
                self.flying.subtract(keys)
                for key in keys:
                    if not self.flying[key]:
                        del self.flying[key]

    def _stamp(self, visit: Visit) -> Reply | None:
        """Ask for the token and the limit; settle what this call meets."""
        entry, options = visit.entry, self.options
        with self.lock:
            at = entry.at = now()
            forced = visit.plan is not None and visit.plan.status is not None
            if not forced and (denied := check_token(visit.request, options)):
                return denied
            leads = len(visit.rows)
            wait = 0.0 if forced else self.limiter.wait(at, leads, options)
            if wait > 0:
                self.counts["throttled"] += 1
                return answers.throttled(wait, at, options)
            entry.counted = visit.plan is None or visit.plan.status != 429
            if entry.counted:
                self.limiter.count(at, leads)
            if visit.plan is None:
                visit.plan = self._roll(options.faults)
            entry.fault = visit.plan.label
        return None

    def _work(self, visit: Visit) -> Reply:
        """Apply the call and word its answer."""
        plan, options = visit.plan or Plan(), self.options
        self._stop_at("apply")
        reply = self._apply(visit, plan, options)
        self._stop_at("answer")
        self._pause(options.answer if plan.delay is None else plan.delay)
        headers = {**reply.headers, **plan.headers}
        return replace(reply, headers=headers, plan=plan, options=options)

    def _apply(self, visit: Visit, plan: Plan, options: Options) -> Reply:
        if plan.applies:
            reply = check_call(visit, options) or self._act(visit, plan, options)
        else:
            reply = answers.refusal(500, "nothing was applied")
        return answers.instead(plan) or reply

    def _act(self, visit: Visit, plan: Plan, options: Options) -> Reply:
        """Let each row act, but those that a conflict or a fault keeps from it."""
        entry = visit.entry
        with self.lock:
            campaign = self.campaigns.setdefault(entry.ref_id, Campaign())
            kept = self._kept(visit, plan, options)
            results = [
                kept[position] if position in kept else campaign.act(entry.action, row, options)
                for position, row in enumerate(visit.rows)
            ]
            entry.applied = sum(
                verdict.status < 300 for position, verdict in enumerate(results) if position not in kept
            )
        return answers.bulk(results, plan) if entry.array else answers.alone(results[0], plan)

    def _kept(self, visit: Visit, plan: Plan, options: Options) -> dict[int, Verdict]:
        """Find the rows that do not act, with what is said of them."""
        kept: dict[int, Verdict] = {}
        if plan.fault in ROW_FAULTS:
            status = ROW_FAULTS[plan.fault]
            text = verdicts.THROTTLED.format(60) if status == 429 else STATUS_FAULTS["500"]
            kept = dict.fromkeys(self._pick(visit, plan, options), verdicts.said(status, text))
        elif isinstance(plan.rows, Mapping):
            for text, row in plan.rows.items():
                verdict = Verdict(row["status_code"], row["data"], row["status_code"], row["data"])
                kept[int(text)] = verdict
        for position, row in enumerate(visit.rows):
            if visit.conflicts and row.get("lead_id") in visit.conflicts:
                self.counts["conflicts"] += 1
                kept[position] = verdicts.in_flight(visit.entry.action, visit.entry.ref_id)
        return kept

    def _pick(self, visit: Visit, plan: Plan, options: Options) -> Sequence[int]:
        if plan.rows is not None:
            return [int(position) for position in plan.rows]
        total = len(visit.rows)
        return self.dice.sample(range(total), max(1, round(total * options.row_share)))

    def _roll(self, faults: Mapping[str, float]) -> Plan:
        """Draw what a call meets."""
        drawn = self.dice.random() if faults else 1.0
        for name, share in faults.items():
            if drawn < share:
                return Plan(fault=name)
            drawn -= share
        return Plan()

    def _pause(self, delay: Delay) -> None:
        if isinstance(delay, Sequence):
            with self.lock:
                delay = self.dice.uniform(*delay)
        if delay > 0:
            self.closing.wait(delay)

    def _stop_at(self, where: str) -> None:
        with self.lock:
            self.held += 1
            self.lock.wait_for(lambda: self.held_at != where or self.closing.is_set())
            self.held -= 1
