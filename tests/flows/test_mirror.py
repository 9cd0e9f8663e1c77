"""A rule with `on_missing`: who is gone from a complete read is disabled or deleted, and nobody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flows.scene import Scene
    from support.command import Result

pytestmark = [pytest.mark.long, pytest.mark.any_ledger]

END = json.dumps({"type": "ACTIVATE_VERSION", "stream": "contacts", "version": 1})
MIRROR = [upsert(on_missing="disable")]


def read(numbers: Iterable[int], *more: str, end: str = END) -> list[str]:
    """Write what a tap writes that reads all contacts."""
    return [CONTACTS, *map(contact, numbers), *more, *([end] if end else []), singer.state(1)]


def gone(result: Result, action: str = "disable") -> int:
    assert (result.status, result.states) == (0, [1]), result.stderr
    return int(result.summary["by_action"].get(action, 0))


@pytest.fixture
def filled(scene: Scene) -> Scene:
    """A campaign with forty leads that were sent, and one that somebody else put there."""
    scene.run(read(range(40)), mappings=MIRROR)
    scene.server.seed("main", [{"lead_id": "foreign", "phone_number": "9999912345", "contact_name": "Farid"}])
    return scene


def states(scene: Scene, *numbers: int) -> list[str]:
    leads = scene.server.leads("main")
    return [leads[f"lead-{number}"]["state"] for number in numbers]


def test_exactly_those_that_are_gone_are_disabled(filled: Scene) -> None:
    """Two of forty are gone: 5 %; the lead of somebody else is left alone, and a third run has nothing to do."""
    result = filled.run(read(range(2, 40)), mappings=MIRROR)
    assert (gone(result), states(filled, 0, 1, 2)) == (2, ["disabled", "disabled", "active"])
    assert filled.server.leads("main")["foreign"]["state"] == "active"
    again = filled.run(read(range(2, 40)), mappings=MIRROR)
    assert (again.summary["calls"], again.summary["unchanged"]) == (0, 38)


def test_deletions_keep_within_their_limit(filled: Scene) -> None:
    """Held to the end; one more than `max_actions` allows, and none is sent."""
    rules = [upsert(on_missing="delete")]
    result = filled.run(read(range(3, 40)), mappings=rules, max_actions={"delete": 2})
    assert (result.status, result.summary["by_action"]) == (1, {})
    assert gone(filled.run(read(range(3, 40)), mappings=rules), "delete") == 3
    assert {"lead-0", "lead-1", "lead-2"}.isdisjoint(filled.server.leads("main"))


@pytest.mark.parametrize(
    ("messages", "settings"),
    [
        pytest.param([CONTACTS, END, singer.state(1)], {}, id="an empty read"),
        pytest.param(read(range(5, 40)), {}, id="more than 10 % gone"),
        pytest.param(read(range(1, 40), end=""), {}, id="no word of the end"),
        pytest.param([CONTACTS, END, *map(contact, range(1, 40)), singer.state(1)], {}, id="the word before the first"),
        pytest.param(read(range(1, 40), singer.record("contacts", lead_id=None)), {}, id="a lead without an id"),
    ],
)
def test_a_read_that_proves_nothing_takes_nobody_away(
    filled: Scene, messages: list[str], settings: dict[str, object]
) -> None:
    """Empty, too much gone, incomplete, or with a record that may be anybody's."""
    result = filled.run(messages, mappings=MIRROR, **settings)
    assert (gone(result), states(filled, 0)) == (0, ["active"])


def test_a_read_that_breaks_off_takes_nobody_away(filled: Scene) -> None:
    result = filled.run([CONTACTS, *map(contact, range(1, 40)), "{", END], mappings=MIRROR)
    assert (result.status, states(filled, 0)) == (1, ["active"])


def test_who_is_filtered_rejected_or_seen_elsewhere_is_not_missing(filled: Scene) -> None:
    """By the rule's own filter, by a phone number that is none, and through another stream's rule."""
    rules = [upsert(on_missing="disable", when="lead_id != 'lead-0'"), {**upsert("orders"), "action": "update"}]
    orders = singer.schema("orders", ["lead_id", "city"], key=["lead_id"])
    bad = singer.record("contacts", lead_id="lead-1", phone_number="12", contact_name="Asha")
    bought = singer.record("orders", lead_id="lead-2", city="Pune")
    messages = read([0, *range(4, 40)], bad)
    result = filled.run([orders, bought, *messages], mappings=rules)
    assert (gone(result), states(filled, 0, 1, 2, 3)) == (1, ["active", "active", "active", "disabled"])


def test_the_setting_says_that_every_read_is_complete(filled: Scene) -> None:
    result = filled.run(read(range(1, 40), end=""), mappings=MIRROR, full_refresh_complete=True)
    assert (gone(result), states(filled, 0)) == (1, ["disabled"])


def test_who_is_in_another_mirrored_stream_is_not_missing(scene: Scene) -> None:
    """A lead that moves from one view to another. Red if each stream knows of its own leads alone."""
    rules = [upsert(on_missing="disable"), upsert("others", on_missing="disable")]
    others = [singer.schema("others", ["lead_id", "phone_number", "contact_name"], key=["lead_id"])]
    ends = [END, END.replace("contacts", "others")]

    def both(first: Iterable[int], second: Iterable[int]) -> list[str]:
        there = [contact(number).replace("contacts", "others") for number in second]
        return [CONTACTS, *others, *map(contact, first), *there, *ends, singer.state(1)]

    assert gone(scene.run(both(range(20), range(20, 40)), mappings=rules)) == 0
    assert gone(scene.run(both(range(1, 20), [0, *range(20, 40)]), mappings=rules)) == 0
    assert states(scene, 0) == ["active"]


def test_who_was_sent_by_a_run_that_failed_is_known(scene: Scene) -> None:
    """Red if only a whole run notes who was seen."""
    broken = [CONTACTS, *map(contact, range(20)), '{"type": "REC']
    assert scene.run(broken, mappings=MIRROR).status == 1
    assert gone(scene.run(read(range(1, 20)), mappings=MIRROR)) == 1
    assert states(scene, 0, 1) == ["disabled", "active"]


def test_nothing_is_noted_of_a_deleted_lead(scene: Scene) -> None:
    """Not even if its stream still holds it: of the erased person the digest alone is left."""
    rules = [*MIRROR, {"stream": "erasures", "action": "delete", "include": ["lead_id"]}]
    erasures = singer.schema("erasures", ["lead_id"], key=["lead_id"])
    erased = [erasures, singer.record("erasures", lead_id="lead-7")]
    scene.run(read(range(20), *erased), mappings=rules)
    scene.run(read(range(20)), mappings=rules)
    engine = sa.create_engine(scene.ledger_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        noted = set(connection.execute(sa.text("SELECT lead_id FROM squadstack_mirrored")).scalars())
    engine.dispose()
    assert noted == {f"lead-{number}" for number in range(20)} - {"lead-7"}


@pytest.mark.parametrize(
    "maps", [{"contacts": {"__filter__": "lead_id != 'lead-1'"}}, {"contac*": {"__filter__": "lead_id != 'lead-1'"}}]
)
def test_a_stream_map_hides_nobody_from_it(scene: Scene, maps: dict[str, object]) -> None:
    """Whom it drops, nobody sees: those would look missing. On another stream it does no harm."""
    result = scene.run(read(range(2)), mappings=MIRROR, stream_maps=maps)
    assert (result.status, scene.leads()) == (1, {})
    assert "The stream map of 'contacts' hides leads from 'on_missing'" in result.stderr
    assert scene.run(read(range(2)), mappings=[upsert()], stream_maps=maps).status == 0
    copy = {"vip": {"__source__": "contacts", "__filter__": "lead_id != 'lead-1'"}}
    assert scene.run(read(range(2)), mappings=MIRROR, stream_maps=copy).status == 0
    copy = {"vip": {"__source__": "contacts", "__filter__": "lead_id != 'lead-1'"}}
    assert scene.run(read(range(2)), mappings=MIRROR, stream_maps=copy).status == 0


def test_another_run_at_the_same_time_takes_nobody_away(filled: Scene) -> None:
    """Who was seen by a later run, which brings changes only, is there. Red if a run goes by its own sightings."""
    with filled.running(mappings=MIRROR) as whole:
        whole.write(*read(range(540), end=""))
        whole.read_state()
        assert filled.run(read(range(5), end=""), mappings=MIRROR).status == 0
        whole.write(END, singer.state(2))
        whole.close_stdin()
        result = whole.wait()
    assert result.summary is not None
    assert (result.status, result.summary["by_action"]) == (0, {"upsert": 500})
    assert states(filled, 0, 4, 539) == ["active"] * 3


def test_who_was_never_sent_from_the_stream_is_not_its_own(scene: Scene) -> None:
    """A lead that the rule always left out, sent from another stream: gone from this one, it stays."""
    rules = [upsert(on_missing="delete", when="lead_id != 'lead-0'"), upsert("web")]
    web = [singer.schema("web", ["lead_id", "phone_number", "contact_name"], key=["lead_id"])]
    scene.run([*web, contact(0).replace("contacts", "web"), *read(range(20))], mappings=rules)
    assert gone(scene.run(read(range(1, 20)), mappings=rules), "delete") == 0
    assert "lead-0" in scene.leads()


def test_who_comes_back_is_sent_anew(filled: Scene) -> None:
    """Unchanged as the lead is: red if the disabling of a missing one leaves its values standing."""
    assert gone(filled.run(read(range(1, 40)), mappings=MIRROR)) == 1
    assert gone(filled.run(read(range(1, 40)), mappings=MIRROR)) == 0
    back = filled.run(read(range(40)), mappings=MIRROR)
    assert back.summary is not None
    assert back.summary["accepted"] == 1
    again = filled.run(read(range(40)), mappings=MIRROR)
    assert again.summary is not None
    assert again.summary["calls"] == 0
