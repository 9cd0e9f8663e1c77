"""A window is read whole, whatever the API says of counts and further pages; what cannot be whole ends the run."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from squadstack.api.squadiq_v4 import Page
from squadstack.exceptions import OutageError, UnknownCampaignError
from squadstack.responses.window_reader import Overflow, Whole, WindowReader
from squadstack.responses.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable

    from squadstack.api.messages import Request

SECOND = Window(1000, 1001)
DAY = Window(0, 86_400)
LATE = 600


class Api:
    """Answers from a list of rows, and counts the calls."""

    def __init__(self, rows: int, page: int, **said: Any) -> None:
        self.rows = [{"lead_id": f"lead-{number}", "processed_at": 1000} for number in range(rows)]
        self.page = page
        self.said = said
        self.calls = 0
        self.between: Callable[[], object] = lambda: None
        self.date: datetime | None = datetime.fromtimestamp(2 * DAY.end, UTC)

    def ask(self, request: Request) -> Page:
        self.calls += 1
        self.between()
        number = int(request.path.partition("&page=")[2].partition("&")[0])
        if number > 1 and (number - 1) * self.page >= len(self.rows):
            return Page([], 0, has_next=False, date=self.date)
        rows = self.rows[(number - 1) * self.page : number * self.page]
        said = {"count": len(self.rows), "has_next": number * self.page < len(self.rows), **self.said}
        return Page(rows, date=self.date, **said)

    def read(self, window: Window = SECOND, size: int = 100) -> Whole | Overflow:
        return WindowReader(self.ask, "loans", size, LATE).read(window)


def ids(found: Whole | Overflow) -> set[str]:
    assert isinstance(found, Whole)
    assert len({row["lead_id"] for row in found.rows}) == len(found.rows)
    return {row["lead_id"] for row in found.rows}


@pytest.mark.parametrize(
    ("rows", "said", "calls"),
    [
        (0, {}, 1),
        (99, {}, 1),
        (100, {}, 3),  # a full page is looked at twice
        (99, {"count": None}, 3),
        (99, {"count": 98}, 3),
        (99, {"count": 5000}, 3),
        (0, {"count": 7}, 3),
        (0, {"count": None}, 3),
    ],
)
def test_what_fits_a_page_takes_few_calls(rows: int, said: dict[str, Any], calls: int) -> None:
    """One, and two more to be sure if the count proves nothing."""
    api = Api(rows, 100, **said)
    assert (len(ids(api.read(DAY))), api.calls) == (rows, calls)


@pytest.mark.parametrize("count", [None, 100, 101, 90, 5000, 200])
@pytest.mark.parametrize("has_next", [True, False])
def test_what_does_not_fit_is_cut(count: int | None, has_next: bool) -> None:  # noqa: FBT001 - a case
    """Also if `next` is null and the count denies that there is more: the second page shows it."""
    found = Api(200, 100, count=count, has_next=has_next).read(DAY)
    assert isinstance(found, Overflow)
    assert (found.page, found.rows >= 200) == (100, True)


@pytest.mark.parametrize("said", [{}, {"has_next": True}, {"has_next": False}, {"count": None}, {"count": 5000}])
@pytest.mark.parametrize("more", [{}, {"has_next": False}, {"count": None}, {"count": 100}], ids=str)
@pytest.mark.parametrize("rows", [101, 200, 1000])
def test_a_crowded_second_is_read_by_pages(rows: int, said: dict[str, Any], more: dict[str, Any]) -> None:
    """Whatever is wrong about count and next. Red if a null `next` is believed."""
    api = Api(rows, 100, **said, **{name: value for name, value in more.items() if name not in said})
    assert len(ids(api.read())) == rows


def test_a_crowded_second_is_read_twice() -> None:
    api = Api(1000, 100)
    assert len(ids(api.read())) == 1000
    assert api.calls <= 1 + 2 * 11


def test_a_server_that_repeats_its_last_page() -> None:
    """It knows no page past the end: the reader notices."""
    api = Api(250, 100, has_next=True)

    def ask(request: Request) -> Page:
        page = api.ask(request)
        return page if page.rows else Page(api.rows[200:], len(api.rows), has_next=True, date=None)

    assert len(ids(WindowReader(ask, "loans", 100, LATE).read(SECOND))) == 250
    assert api.calls < 20


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [{}, {"count": None}], ids=["right", "missing"])
def test_a_crowded_second_in_no_order_that_loses_rows(seed: int, count: dict[str, Any]) -> None:
    """Rows leave while it is read, and every answer has another order. Red if what has left counts as found."""
    chance = random.Random(seed)
    api = Api(24, 8, **count)

    def between() -> None:
        chance.shuffle(api.rows)
        if api.calls < 30 and chance.random() < 0.3:
            api.rows.pop()

    api.between = between
    found = ids(api.read(size=8))
    assert {row["lead_id"] for row in api.rows} <= found


@pytest.mark.parametrize("cap", [10, 100])
def test_a_row_that_comes_between_count_and_page(cap: int) -> None:
    """It pushes another one out of an answer that looks whole. Red if such an answer is believed at once."""
    api = Api(10, cap)
    api.date = datetime.fromtimestamp(1000 + LATE, UTC)
    late = [{"lead_id": "late", "processed_at": 1000}, *api.rows]
    answers = [Page(late[:10], 10, has_next=False, date=api.date)]

    def ask(request: Request) -> Page:
        if answers:
            api.rows = late
            return answers.pop()
        return api.ask(request)

    found = WindowReader(ask, "loans", 100, LATE).read(DAY)
    assert isinstance(found, Overflow) if cap == 10 else len(ids(found)) == 11


@pytest.mark.parametrize(
    ("date", "begin", "calls"),
    [
        (1000 + LATE, 0, 2),
        (1000 + LATE, 999, 2),
        (1000 + LATE, 1000, 1),  # the next run reads all of it anyway
        (1001 + LATE, 0, 1),  # no such row can come any more
        (None, 0, 1),  # this machine's clock counts then
    ],
)
def test_only_where_rows_may_still_come_is_asked_twice(date: int | None, begin: int, calls: int) -> None:
    api = Api(10, 100)
    api.date = None if date is None else datetime.fromtimestamp(date, UTC)
    assert (len(ids(api.read(Window(begin, 2000)))), api.calls) == (10, calls)


@pytest.mark.parametrize("window", [DAY, SECOND])
def test_answers_that_contradict_each_other_end_the_run(window: Window) -> None:
    """An empty page with a next one, for ever: an outage, after a bounded number of calls."""
    api = Api(0, 100, has_next=True)
    with pytest.raises(OutageError, match="for campaign loans contradict each other"):
        api.read(window)
    assert api.calls <= 50


def test_a_second_that_never_rests_ends_the_run() -> None:
    """A new row with every call: it is not taken for read."""
    api = Api(150, 100)
    api.between = lambda: api.rows.insert(0, {"lead_id": f"new-{api.calls}", "processed_at": 1000})
    with pytest.raises(OutageError, match="it keeps changing"):
        api.read()


def test_a_wrong_count_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    reader = WindowReader(Api(5, 100, count=7).ask, "loans", 100, LATE)
    for _ in range(3):
        reader.read(DAY)
    assert [record.getMessage()[:56] for record in caplog.records] == [
        "The API's count of rows in campaign loans is not that of"
    ]
    caplog.clear()
    Api(100, 100).read(DAY)
    assert caplog.records == []


def test_a_page_past_the_end_may_be_refused_by_any_words() -> None:
    """The first one was there. Red if a 404 without the known words ends the campaign."""
    api = Api(100, 100)

    def ask(request: Request) -> Page:
        if "&page=2&" in request.path:
            raise UnknownCampaignError
        return api.ask(request)

    assert len(ids(WindowReader(ask, "loans", 100, LATE).read(DAY))) == 100


def test_a_row_that_comes_twice_in_a_crowded_second() -> None:
    """As a join repeats it: the count is never that of the leads, and yet all are read."""
    api = Api(150, 100)
    api.rows.append(api.rows[0])
    found = api.read()
    assert isinstance(found, Whole)
    assert {row["lead_id"] for row in found.rows} == {f"lead-{number}" for number in range(150)}


def test_a_second_of_now_need_not_come_to_rest() -> None:
    """A new row with every call; the next run reads it again."""
    api = Api(150, 100)
    api.date = datetime.fromtimestamp(1000 + LATE, UTC)
    api.between = lambda: api.rows.insert(0, {"lead_id": f"new-{api.calls}", "processed_at": 1000})
    assert {f"lead-{number}" for number in range(150)} <= ids(api.read())
    assert api.calls < 150


def test_the_guess_of_the_earliest_row_asks_for_the_last_page_there_is() -> None:
    """By the window's own count. Red if it is that of all since its beginning, whose last page is not there."""
    api = Api(1000, 100)
    for number, row in enumerate(api.rows):
        row["processed_at"] = 5000 - number
    assert WindowReader(api.ask, "loans", 100, LATE).earliest(DAY) == 4001
