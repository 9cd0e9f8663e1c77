"""Reading by SquadIQ v4: which leads, in which pages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from sandbox.driving import Caller, person, processed

if TYPE_CHECKING:
    from collections.abc import Callable

MORNING = 1_700_000_000


def given(caller: Caller, seconds: list[float], ref_id: str = "loans") -> None:
    """Leads 0, 1, …, each processed so many seconds after MORNING."""
    leads = {str(number): processed(MORNING + second) for number, second in enumerate(seconds)}
    caller.sandbox.campaigns.restore({"campaigns": {ref_id: leads}})


def read_ids(caller: Caller, ref_id: str = "loans", **parameters: Any) -> list[str]:
    return [row["lead_id"] for row in caller.read(ref_id, **parameters).json()["results"]]


def test_only_processed_leads(caller: Caller) -> None:
    """A lead appears once its journey has ended, and stays when it is re-activated; deleted, it is gone."""
    caller.squadiq("create", [person("x"), person("y")])
    assert caller.read().json() == {"count": 0, "next": None, "previous": None, "results": []}
    caller.judge("x")
    assert read_ids(caller) == ["x"]
    caller.send("update", {"lead_id": "x"})
    assert caller.lead("x")["state"] == "active"
    assert read_ids(caller) == ["x"]
    caller.send("delete", {"lead_id": "x"})
    assert read_ids(caller) == []


def test_row(caller: Caller) -> None:
    """A row has the documented keys; its answers are text, and its times are in order."""
    caller.squadiq("create", [person("x", phone_number="919999900001")])
    caller.judge("x")
    (row,) = caller.read().json()["results"]
    assert list(row) == [
        "phone_number",
        "lead_id",
        "latest_recording_url",
        "campaign_id",
        "latest_called_at",
        "lead_outcome",
        "processed_at",
        "contact_name",
        "created_at",
        "lead_responses",
    ]
    assert (row["phone_number"], row["campaign_id"]) == ("+919999900001", "loans")
    assert all(isinstance(answer, str) for answer in row["lead_responses"].values())
    times = [datetime.fromisoformat(row[name]) for name in ("created_at", "latest_called_at", "processed_at")]
    assert times == sorted(times)
    assert all(time.utcoffset() is not None and time.microsecond == 0 for time in times)


def test_processed_again(caller: Caller) -> None:
    """A lead that is processed again has another outcome, and one row."""
    caller.squadiq("create", [person("x")])
    caller.judge("x")
    (before,) = caller.read().json()["results"]
    caller.send("update", {"lead_id": "x"})
    caller.judge("x")
    (after,) = caller.read().json()["results"]
    assert after["lead_outcome"] != before["lead_outcome"]
    assert after["created_at"] == before["created_at"]
    assert caller.lead("x")["result"]["times"] == 2


def test_same_answers_anywhere(start: Callable[..., Caller]) -> None:
    """What a lead answers depends on nothing but campaign and lead_id, so that tests can rely on it."""
    callers = [start(), start()]
    for caller in callers:
        caller.squadiq("create", [person("x")])
        caller.judge("x")
    rows = [caller.read().json()["results"][0] for caller in callers]
    names = ("lead_outcome", "lead_responses", "latest_recording_url")
    assert [rows[0][name] for name in names] == [rows[1][name] for name in names]


def test_one_lead(shared: Caller) -> None:
    """Who asks for one lead gets that one, or none."""
    given(shared, [0, 1])
    assert read_ids(shared, lead_id="1") == ["1"]
    assert shared.read(lead_id="2").json()["count"] == 0


@pytest.mark.parametrize(
    ("after", "before", "inclusive", "exclusive"),
    [
        (10, None, ["1", "2", "3"], ["3"]),
        (None, 10, ["0", "1", "2"], ["0"]),
        (10, 10, ["1", "2"], []),
        (11, 19, [], []),
        (0, 20, ["0", "1", "2", "3"], ["1", "2"]),
    ],
)
def test_bounds(
    shared: Caller, after: int | None, before: int | None, inclusive: list[str], exclusive: list[str]
) -> None:
    """Bounds count by the second; a campaign whose name says so leaves out the seconds they name."""
    parameters = {
        "processed_after": None if after is None else MORNING + after,
        "processed_before": None if before is None else MORNING + before,
    }
    given(shared, [0, 10, 10.9, 20])
    assert read_ids(shared, **parameters) == inclusive
    given(shared, [0, 10, 10.9, 20], "loans-exclusive")
    assert read_ids(shared, "loans-exclusive", **parameters) == exclusive


def test_order(shared: Caller) -> None:
    """The lead processed first comes first, unless the campaign's name says the reverse."""
    given(shared, [5, 3, 4])
    assert read_ids(shared) == ["1", "2", "0"]
    given(shared, [5, 3, 4], "loans-newest-first")
    assert read_ids(shared, "loans-newest-first") == ["0", "2", "1"]


def test_created_at_as_number(shared: Caller) -> None:
    """A campaign whose name says so tells created_at as a number."""
    lead = processed(MORNING, created_at=MORNING - 60.5)
    shared.sandbox.campaigns.restore({"campaigns": {"loans-epoch": {"x": lead}}})
    (row,) = shared.read("loans-epoch").json()["results"]
    assert row["created_at"] == MORNING - 61


def test_pages(shared: Caller) -> None:
    """Following `next` gives every lead once, with the same query; `previous` leads back."""
    given(shared, list(range(7)))
    page = shared.read(page_size=3, processed_after=MORNING + 1).json()
    pages = [page]
    while page["next"]:
        page = _follow(shared, page["next"])
        pages.append(page)
    assert [[row["lead_id"] for row in page["results"]] for page in pages] == [["1", "2", "3"], ["4", "5", "6"]]
    assert [page["count"] for page in pages] == [6, 6]
    assert pages[0]["previous"] is None
    assert _follow(shared, pages[1]["previous"]) == pages[0]


def _follow(caller: Caller, url: str) -> Any:
    return caller.call("GET", url.removeprefix(caller.sandbox.url)).json()


def test_page_size(shared: Caller) -> None:
    """A page holds 100 leads if nothing is said, and never more than 500."""
    given(shared, [0] * 501)
    assert len(read_ids(shared)) == 100
    assert len(read_ids(shared, page_size=9999)) == 500
    assert len(read_ids(shared, page_size=9999, page=2)) == 1


@pytest.mark.parametrize("count", [0, 3])
def test_past_the_last_page(shared: Caller, count: int) -> None:
    """A page that is not there is not found; the first one always is there."""
    given(shared, [0] * count)
    assert shared.read(page_size=3).status_code == 200
    response = shared.read(page_size=3, page=2)
    assert (response.status_code, response.json()) == (404, {"detail": "Invalid page."})


@pytest.mark.parametrize("name", ["processed_after", "processed_before", "page", "page_size"])
@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "9" * 5000, "\u0661"])
def test_bad_number(shared: Caller, name: str, value: str) -> None:
    """What is no number is refused, under the parameter's name."""
    response = shared.read(**{name: value})
    assert (response.status_code, list(response.json())) == (400, [name])


@pytest.mark.parametrize("name", ["page", "page_size"])
def test_nothing_is_no_page(shared: Caller, name: str) -> None:
    """Pages and their sizes begin with 1."""
    assert shared.read(**{name: 0}).status_code == 400
