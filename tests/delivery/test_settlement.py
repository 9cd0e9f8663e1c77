"""Verdict → fate: what is written down, counted, taken apart or sent again; and what a doubt changes."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from delivery.acting import CONVERT, CREATE, DELETE, DISABLE, UPDATE, UPSERT, act

from squadstack.api import crm_v2, retry
from squadstack.api.messages import Failure, NoAnswerError, Request, Response
from squadstack.api.retry_clock import RetryClock
from squadstack.api.verdicts import Accepted, ActionName, Denied, Later, Reason, Refused, Verdict
from squadstack.delivery.batch import Batch
from squadstack.delivery.batching import Backlog
from squadstack.delivery.caller import Caller
from squadstack.delivery.checkpoints import Checkpoints
from squadstack.delivery.outcomes import Summary
from squadstack.delivery.settlement import Settlement
from squadstack.exceptions import AccessError, OutageError, SquadStackError
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.permits import Permit
from squadstack.mapping.actions import LeadAction, Rejection, Source
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from squadstack.delivery.judged import Judged

FREE = Permit(None, 0.0, 100, 0.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ledger")


@pytest.fixture
def ledger(folder: Path, request: pytest.FixtureRequest) -> Iterator[Ledger]:
    """A business of its own for each test, which is quicker than a file of its own."""
    ledger = Ledger(f"sqlite:///{folder}/ledger.db", business=request.node.name, host="localhost:1")
    yield ledger
    ledger.close()


class Desk:
    """Everything that settles a batch, over a real ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.summary = Summary()
        self.checkpoints = Checkpoints()
        self.settlement = Settlement(ledger, 1, self.checkpoints, self.summary, TargetSettings(auth_token="t"))
        self.backlog = Backlog(batch_size=100, max_wait=0, capacity=1000)
        self.sent: list[Any] = []

    def add(self, *actions: LeadAction) -> None:
        for action in actions:
            self.checkpoints.open(action.source.ticket)
            self.summary.actions += 1
            self.backlog.add(action, 0.0)

    def act(self, *args: Any, **fields: Any) -> LeadAction:
        return act(*args, ticket=self.checkpoints.segment, **fields)

    def judge(self, *verdicts: Verdict) -> Judged:
        """Send what is due, have it judged so, and settle it."""
        batch = self.backlog.take(100, 0.0)
        assert batch is not None
        self.sent += [action.payload for action in batch.actions]
        _, mark = self.ledger.begin_call(FREE, [action.sent for action in batch.actions])
        judged = self.settlement.write(batch, mark, verdicts)
        self.settlement.apply(self.backlog, judged, 0.0)
        return judged

    def rejects(self) -> list[tuple[str, str, str]]:
        return [
            (row["lead_id"], row["action"], row["reason"])
            for row in map(dataclasses.asdict, self.ledger.rejects.each())
        ]


@pytest.fixture
def desk(ledger: Ledger) -> Desk:
    return Desk(ledger)


# -- fates -----------------------------------------------------------------------------------------------


def test_each_row_has_its_own_fate(desk: Desk) -> None:
    """Accepted, rejected or sent again; a STATE waits for all of them, and the ledger knows whom to know."""
    desk.add(*(desk.act(lead) for lead in "abc"))
    desk.checkpoints.end_segment(1)
    judged = desk.judge(Accepted(), Refused(Reason.INVALID_PHONE, "said"), Later("busy"))
    assert ([action.lead.lead_id for action in judged.later], judged.sentence) == (["c"], "busy")
    assert desk.rejects() == [("b", "upsert", "invalid_phone")]
    assert (desk.summary.accepted, desk.summary.rejected, len(desk.backlog)) == (1, 1, 1)
    assert desk.checkpoints.due() == []
    desk.backlog.retry(Batch(("main", UPSERT), judged.later, is_loose=True), 0.0)
    desk.judge(Accepted())
    assert desk.checkpoints.due() == [1]
    assert [one.is_known for one in desk.ledger.recall([desk.act(lead).lead for lead in "abc"])] == [True, False, True]
    assert desk.summary.balances


def test_a_row_that_denies_permission_stops_the_run(desk: Desk) -> None:
    """Its lead is not settled: nothing was wrong with it."""
    desk.add(desk.act("a"), desk.act("b"))
    judged = desk.judge(Accepted(), Denied("the token"))
    assert (judged.denied, len(desk.backlog), desk.rejects()) == ("the token", 1, [])


@pytest.mark.parametrize(
    "reason", [Reason.MISSING_FIELD, Reason.INVALID_PHONE, Reason.INVALID_VALUE, Reason.CONFLICT, Reason.OTHER]
)
def test_a_merged_action_that_is_refused_for_a_value_is_taken_apart(desk: Desk, reason: Reason) -> None:
    """A unique value that another lead has, for one, may be in one part alone: the other is delivered."""
    desk.add(desk.act("a", city="Pune"), desk.act("a", UPDATE, email="taken"))
    desk.checkpoints.end_segment(1)
    judged = desk.judge(Refused(reason, "said"))
    assert (len(judged.apart), judged.rejected, desk.rejects(), desk.checkpoints.due()) == (1, [], [], [])
    desk.judge(Accepted())
    desk.judge(Refused(reason, "said"))
    assert desk.sent[1:] == [{"lead_id": "a", "city": "Pune"}, {"lead_id": "a", "email": "taken"}]
    assert desk.rejects() == [("a", "update", reason)]
    assert (desk.summary.accepted, desk.summary.coalesced, desk.summary.rejected) == (1, 0, 1)
    assert desk.checkpoints.due() == [1]


@pytest.mark.parametrize("reason", Reason)
def test_a_merged_delete_that_is_refused_is_taken_apart(desk: Desk, reason: Reason) -> None:
    """That the lead cannot be deleted says nothing of the update before."""
    desk.add(desk.act("a"), desk.act("a", DELETE))
    desk.judge(Refused(reason, "said"))
    desk.judge(Accepted())
    desk.judge(Refused(reason, "said"))
    assert (desk.summary.accepted, desk.rejects()) == (1, [("a", "delete", reason)])


@pytest.mark.parametrize(
    "reason", [Reason.LEAD_CONVERTED, Reason.LEAD_DELETED, Reason.LEAD_ACTIVE, Reason.UNKNOWN_LEAD]
)
def test_a_merged_action_that_is_refused_for_its_lead_is_refused_in_all_its_parts(desk: Desk, reason: Reason) -> None:
    """Each would be refused alike: one reject for each record, and no call more."""
    desk.add(desk.act("a", UPDATE, x=1), desk.act("a", UPDATE, x=2))
    desk.judge(Refused(reason, "said"))
    assert (desk.rejects(), len(desk.backlog)) == ([("a", "update", reason)] * 2, 0)
    assert [row["record"]["x"] for row in map(dataclasses.asdict, desk.ledger.rejects.each())] == [1, 2]
    assert desk.summary.by_reason == {reason: 2}


def test_merged_actions_are_accepted_together(desk: Desk) -> None:
    desk.add(desk.act("a"), desk.act("a"), desk.act("a"))
    desk.checkpoints.end_segment(1)
    desk.judge(Accepted())
    assert (desk.summary.accepted, desk.summary.coalesced, desk.checkpoints.due()) == (1, 2, [1])


def test_an_accepted_delete_forgets_the_lead(desk: Desk) -> None:
    """Its rejects too, whoever's they were; those of other leads stay. One that was not there is told as absent."""
    desk.add(desk.act("a"), desk.act("b"))
    desk.judge(Accepted(), Refused(Reason.OTHER, "said"))
    desk.settlement.reject([Rejection(Reason.INVALID_PHONE, "", desk.act("a").source, UPSERT, "main", "a")])
    desk.add(desk.act("a", DELETE), desk.act("gone", DELETE))
    desk.judge(Accepted(), Accepted(absent=True))
    assert [one.is_known for one in desk.ledger.recall([act("a").lead])] == [False]
    assert desk.rejects() == [("b", "upsert", "other")]
    assert (desk.summary.absent, desk.summary.by_action) == (1, {"upsert": 1, "delete": 2})


def test_once_the_books_are_closed_nothing_changes_them(desk: Desk) -> None:
    """A late answer is written down for the next run, but the STATE and the summary were told already."""
    desk.add(desk.act("a"), desk.act("b"))
    desk.checkpoints.end_segment(1)
    desk.settlement.is_closed = True
    desk.judge(Accepted(), Refused(Reason.OTHER, "said"))
    assert (desk.summary.accepted, desk.summary.rejected, len(desk.backlog), desk.checkpoints.due()) == (0, 0, 2, [])
    assert [one.is_known for one in desk.ledger.recall([act("a").lead])] == [True]


def test_the_brake_names_the_commonest_reasons(desk: Desk) -> None:
    source = Source("contacts", 1, {}, desk.checkpoints.segment)
    for reason, count in ((Reason.OTHER, 1), (Reason.CONFLICT, 2), (Reason.INVALID_PHONE, 3), (Reason.NO_CAMPAIGN, 14)):
        desk.settlement.reject([Rejection(reason, "", source)] * count)
    failure = desk.settlement.too_many_rejects(at_end=True)
    assert desk.settlement.too_many_rejects(at_end=False) is None
    assert "More than 50 %" in str(failure)
    assert "(no_campaign 14, invalid_phone 3, conflict 2)" in str(failure)


# -- deletes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "is_absent"),
    [
        ("lead_id:a doesn't exist on our platform.", True),
        ('"lead_id" provided does not exist with us.', True),
        ("Campaign with this reference does not exist.", False),
        ("The integration does not exist.", False),
        ("Endpoint doesn't exist", False),
        ("'phone_number' does not exist", False),
        ("The campaign of this lead does not exist.", False),
        ("No call for lead_id a: the integration doesn't exist", False),
    ],
)
@pytest.mark.parametrize("is_alone", [True, False])
def test_a_lead_is_absent_only_if_that_is_said_of_the_lead(text: str, *, is_absent: bool, is_alone: bool) -> None:
    """A delete that was refused for anything else that does not exist is rejected, never taken for done."""
    if is_alone:
        response = Response(404, body=json.dumps({"detail": text}).encode())
        verdict = crm_v2.judge_alone(DELETE, {"lead_id": "a"}, response)
    else:
        row = {"status_code": 400, "data": {"error_msg": text}}
        response = Response(200, body=json.dumps({"result": [row]}).encode())
        (verdict,) = crm_v2.judge(DELETE, [{"lead_id": "a"}], response)
    assert verdict == Accepted(absent=True) if is_absent else isinstance(verdict, Refused)


# -- doubts ----------------------------------------------------------------------------------------------


def rows(status: int, text: str, leads: int = 2) -> Response:
    result = [{"status_code": status, "data": {"error_msg": text}}] * leads
    return Response(200, body=json.dumps({"result": result}).encode())


class Network:
    """Answers as it is told, then that every lead is there already; remembers what was asked."""

    def __init__(self, *outcomes: Response | NoAnswerError) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[list[str]] = []

    def send(self, request: Request, _: object = None) -> Response:
        leads = [row["lead_id"] for row in json.loads(request.body)]
        self.asked.append(leads)
        outcome = self.outcomes.pop(0) if self.outcomes else rows(409, "Internal ID already exists", len(leads))
        if isinstance(outcome, NoAnswerError):
            raise outcome
        return outcome


class Line:
    """A caller, with two leads to be sent over a network."""

    def __init__(
        self,
        desk: Desk,
        *outcomes: Response | NoAnswerError,
        name: ActionName = CREATE,
        is_stopping: bool = False,
        max_outage: float = 900,
    ) -> None:
        self.desk = desk
        self.network = Network(*outcomes)
        self.failures: list[SquadStackError] = []
        self.actions = [desk.act(lead, name) for lead in "ab"]
        desk.add(*self.actions)
        self.caller = Caller(
            transport=self.network,
            ledger=desk.ledger,
            settlement=desk.settlement,
            backlog=desk.backlog,
            clock=RetryClock(max_outage),
            lock=threading.Condition(),
            fail=self.failures.append,
            is_stopping=lambda: is_stopping,
            slack=1.0,
        )

    def call(self, permit: Permit = FREE) -> None:
        """Send what is next, whenever it is due."""
        batch = self.desk.backlog.take(100, time.monotonic() + 1000)
        assert batch is not None
        self.caller.call(permit, batch)

    def call_all(self) -> None:
        while len(self.desk.backlog):
            self.call()

    def doubts(self) -> list[bool]:
        """Tell of each lead whether a call of which nobody knows the outcome left its mark."""
        return [self.desk.ledger.doubts.was_there(action.sent, time.time() + 1) for action in self.actions]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A 429 makes nobody wait."""
    monkeypatch.setattr(retry, "SHORTEST_WAIT", 0.0)


THROTTLED = Response(429, {"retry-after": "0"})
LOST = NoAnswerError(Failure.BROKEN)
DID_NOTHING = {
    "429": THROTTLED,
    "refused": NoAnswerError(Failure.REFUSED),
    "no TLS": NoAnswerError(Failure.TLS),
    "400": Response(400),
    "413": Response(413),
    "401": Response(401),
    "403": Response(403),
    "404": Response(404),
    "302": Response(302),
}
MAY_HAVE_ARRIVED = {
    "lost": LOST,
    "timeout": NoAnswerError(Failure.TIMEOUT),
    "500": Response(500),
    "502": Response(502),
    "503": Response(503),
    "504": Response(504),
    "408": Response(408),
    "409": Response(409),
    "unreadable": Response(200, body=b"<html>"),
    "rows of 500": rows(500, ""),
}
GOES_ON = {name: DID_NOTHING[name] for name in ("429", "refused", "no TLS", "400", "413")}


@pytest.mark.parametrize("what", [*DID_NOTHING, *MAY_HAVE_ARRIVED])
def test_a_doubt_stays_only_where_the_call_may_have_arrived(desk: Desk, what: str) -> None:
    """What was refused as a whole, or never sent, did nothing; of anything else, nobody knows."""
    calls = Line(desk, {**DID_NOTHING, **MAY_HAVE_ARRIVED}[what])
    calls.call()
    assert calls.doubts() == [what in MAY_HAVE_ARRIVED] * 2


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("outcome", GOES_ON.values(), ids=GOES_ON)
def test_a_lead_that_is_there_after_a_call_that_did_nothing_is_a_reject(
    desk: Desk, outcome: Response | NoAnswerError
) -> None:
    """It is somebody else's: our first try did not put it there."""
    calls = Line(desk, outcome)
    calls.call_all()
    assert desk.rejects() == [("a", "create", "already_exists"), ("b", "create", "already_exists")]
    is_halved = outcome in (GOES_ON["400"], GOES_ON["413"])
    assert calls.network.asked == [["a", "b"], *([["a"], ["b"]] if is_halved else [["a", "b"]])]


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("first", "second"), [*((first, "429") for first in MAY_HAVE_ARRIVED), *(("lost", second) for second in GOES_ON)]
)
def test_an_older_doubt_outlives_a_call_that_did_nothing(desk: Desk, first: str, second: str) -> None:
    """The first try may have arrived; that the second was refused at the door changes nothing."""
    Line(desk, MAY_HAVE_ARRIVED[first], GOES_ON[second]).call_all()
    assert (desk.rejects(), desk.summary.accepted) == ([], 2)


def test_a_doubt_about_other_fields_is_none(desk: Desk) -> None:
    """A create whose fields have changed since was never sent, so the lead that is there is another's."""
    calls = Line(desk, LOST)
    calls.call()
    for action in calls.actions:
        action.payload["city"] = "Pune"
    calls.call_all()
    assert len(desk.rejects()) == 2


def test_a_run_that_stops_before_it_sends_leaves_no_doubt(desk: Desk) -> None:
    """The call had been noted, and waited for its start."""
    calls = Line(desk, is_stopping=True)
    calls.call(Permit(None, 0.0, 100, time.monotonic() + 100))
    assert (calls.network.asked, calls.doubts()) == ([], [False, False])


@pytest.mark.parametrize("name", [UPDATE, UPSERT, CONVERT, DISABLE])
def test_only_a_create_is_done_because_the_lead_is_there(desk: Desk, name: ActionName) -> None:
    Line(desk, LOST, name=name).call_all()
    assert desk.rejects() == [("a", name, "already_exists"), ("b", name, "already_exists")]


@pytest.mark.parametrize(
    ("outcome", "failure"),
    [(Response(401), AccessError), (rows(403, "no"), AccessError), (Response(503), OutageError)],
)
def test_how_a_run_ends_for_lack_of_access_or_answers(
    desk: Desk, outcome: Response, failure: type[SquadStackError]
) -> None:
    """A refused token ends it at once, an outage when its time is up; the leads stay unsettled."""
    calls = Line(desk, outcome, max_outage=0)
    calls.call()
    assert [type(one) for one in calls.failures] == [failure]
    assert (desk.summary.settled, len(desk.backlog), desk.rejects()) == (0, 2, [])
