"""The agenda: windows come back in order and without a gap, however they are cut and whoever reads them."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from squadstack.exceptions import OutageError, StoppedError
from squadstack.responses.agenda import Agenda, Closed, Job
from squadstack.responses.windows import Window

CAPACITY = 3
FOREVER = 10**6


def closed(window: Window) -> Closed:
    return Closed(window, [], 0.0)


def agenda_of(*ends: int, capacity: int = CAPACITY) -> Agenda:
    """Make an agenda for campaigns whose first answer has told their end."""
    agenda = Agenda(
        [Job(place, Window(0, FOREVER), is_first=True) for place in range(len(ends))], capacity, lambda: False
    )
    for place, end in enumerate(ends):
        agenda.bound(place, Window(0, end))
    return agenda


@given(st.lists(st.integers(0, 40), min_size=1, max_size=3), st.data())
def test_windows_come_back_in_order(ends: list[int], data: st.DataObject) -> None:
    """In a single thread: take, cut, close in any order, read when nothing else may be done; nothing is left over."""
    agenda, read = agenda_of(*ends), [[] for _ in ends]
    taken = [_bounded(agenda.take(), ends) for _ in ends]
    for place, end in enumerate(ends):
        while sum(window.seconds for window in read[place]) < end:
            if (place, read[place][-1].end if read[place] else 0) in agenda._closed:
                read[place].append(_next(agenda, place).window)
            elif agenda._pending and agenda._has_room() and (not taken or data.draw(st.booleans())):
                job = agenda.take()
                assert job is not None
                taken.append(job)
            else:
                assert taken, "nothing can be read, and nothing is being read: a deadlock"
                _work(agenda, taken.pop(data.draw(st.integers(0, len(taken) - 1))), data)
    while taken:
        agenda.close(taken[0], closed(taken.pop(0).window))
    assert [agenda.next(place) for place in range(len(ends))] == [None] * len(ends)
    assert [_covered(windows) for windows in read] == ends
    assert agenda.take() is None


def _covered(windows: list[Window]) -> int:
    """Tell how far windows reach without a gap."""
    cursor = 0
    for window in windows:
        assert window.begin == cursor
        cursor = window.end
    return cursor


def _bounded(job: Job | None, ends: list[int]) -> Job:
    assert job is not None
    return Job(job.campaign, Window(0, ends[job.campaign]), is_first=True)


def _next(agenda: Agenda, place: int) -> Closed:
    found = agenda.next(place)
    assert found is not None
    return found


def _work(agenda: Agenda, job: Job, data: st.DataObject) -> None:
    if job.window.seconds > 1 and data.draw(st.booleans()):
        agenda.split(job, job.window.split(data.draw(st.integers(2, 5))))
    else:
        agenda.close(job, closed(job.window))


def test_several_workers_and_a_slow_reader() -> None:
    """Real threads: all is returned, and never more than the capacity and one a worker waits."""
    agenda, workers, most = agenda_of(500, capacity=4), 4, 0

    def work() -> None:
        while (job := agenda.take()) is not None:
            window = Window(0, 500) if job.is_first else job.window
            if window.seconds > 3:
                agenda.split(job, window.split(3))
            else:
                agenda.close(job, closed(window))

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    cursor = 0
    while (found := agenda.next(0)) is not None:
        most = max(most, len(agenda._closed))
        assert found.window.begin == cursor
        cursor = found.window.end
    for thread in threads:
        thread.join(10)
    assert (cursor, most <= 4 + workers) == (500, True)


def test_what_is_closed_comes_before_a_failure() -> None:
    """So that STATE gets as far as it can."""
    agenda = agenda_of(10)
    job = agenda.take()
    assert job is not None
    agenda.split(job, [Window(0, 5), Window(5, 10)])
    first = agenda.take()
    assert first is not None
    agenda.close(first, closed(first.window))
    agenda.fail(OutageError("out"))
    assert agenda.take() is None
    assert _next(agenda, 0).window == Window(0, 5)
    with pytest.raises(OutageError, match="out"):
        agenda.next(0)


def test_a_signal_ends_the_wait() -> None:
    signals: list[Any] = []
    agenda = Agenda([Job(0, Window(0, 9), is_first=True)], CAPACITY, lambda: bool(signals))
    threading.Timer(0.2, lambda: signals.append(1)).start()
    with pytest.raises(StoppedError):
        agenda.next(0)


def test_a_campaign_that_is_given_up_is_read_up_to_there() -> None:
    """What lies before comes, what lies behind does not, and another campaign is read whole."""
    agenda = agenda_of(40, 10)
    first, other = agenda.take(), agenda.take()
    assert first is not None
    assert other is not None
    agenda.split(first, Window(0, 40).split(4))
    agenda.close(other, closed(Window(0, 10)))
    jobs = [agenda.take() for _ in range(3)]
    assert None not in jobs
    agenda.close(jobs[2], closed(jobs[2].window))
    agenda.give_up(jobs[1], OutageError("the second"))
    agenda.split(jobs[0], jobs[0].window.split(2))
    for _ in range(2):
        job = agenda.take()
        assert job is not None
        agenda.close(job, closed(job.window))
        assert agenda.next(0) == closed(job.window)
    assert agenda.take() is None
    for _ in range(2):
        with pytest.raises(OutageError, match="the second"):
            agenda.next(0)
    assert (agenda.next(1), agenda.next(1)) == (closed(Window(0, 10)), None)
