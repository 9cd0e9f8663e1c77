"""A query as leads: PostgreSQL, its real tap, the real target, and exactly the expected leads at SquadStack.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from docs.pages import PROJECT, blocks, page
from warehouse.reading import FULL_TABLE, INCREMENTAL, STREAM

if TYPE_CHECKING:
    from flows.scene import Scene
    from support.command import Result
    from warehouse.reading import Warehouse

ALL = [{"stream": STREAM, "action": "upsert", "include": ["*"]}]
MIRROR = [{**ALL[0], "on_missing": "disable"}]

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]  # an environment is made


def ended(result: Result) -> Result:
    """A run without a fault: everything came to its fate, and STATE was told."""
    assert result.status == 0, result.stderr
    assert result.states, result.stderr
    return result


def states(scene: Scene) -> dict[str, str]:
    return {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}


def test_the_tests_read_with_the_version_that_meltano_yml_installs() -> None:
    plugins = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))["plugins"]["extractors"]
    [entry] = [each for each in plugins if each["name"] == "tap-postgres"]
    pinned = (PROJECT / "tests/warehouse/requirements.txt").read_text(encoding="utf-8")

    assert pinned.strip() == entry["pip_url"]


def test_the_view_that_is_shown_can_be_made(warehouse: Warehouse) -> None:
    """In docs/warehouse.md; its time of change has a name that is never sent."""
    warehouse.connection.execute("DROP SCHEMA squadstack CASCADE; CREATE SCHEMA crm")
    columns = "id integer, mobile text, full_name text, city text, product text, stage text, updated_at timestamptz"
    warehouse.connection.execute(f"CREATE TABLE crm.people ({columns})")
    [view] = blocks(page("docs/warehouse.md"), "postgresql")
    warehouse.connection.execute(view)
    names = [column.name for column in warehouse.connection.execute("SELECT * FROM squadstack.leads").description or ()]

    assert names == ["lead_id", "phone_number", "contact_name", "city", "product", "_sdc_updated_at"]


def test_a_view_is_sent_once_and_a_second_run_of_the_same_sends_nothing(scene: Scene, warehouse: Warehouse) -> None:
    """Keys arrive as text, nulls and the time of change not at all; a bad number rejects its row only."""
    warehouse.put(1)
    warehouse.put(2, city=None, worth=100)
    warehouse.put(3, mobile="12345")
    result = ended(scene.run(warehouse.read(FULL_TABLE, emit_activate_version_messages=True), mappings=ALL))

    assert {lead_id: lead["fields"] for lead_id, lead in scene.leads().items()} == {
        "1": {"phone_number": "9999900001", "contact_name": "Canary 1", "city": "Pune", "worth": "2500.5"},
        "2": {"phone_number": "9999900002", "contact_name": "Canary 2", "worth": 100},
    }
    assert result.summary["by_reason"] == {"invalid_phone": 1}
    again = ended(scene.run(warehouse.read(FULL_TABLE, emit_activate_version_messages=True), mappings=ALL))
    assert (again.summary["calls"], again.summary["unchanged"], again.summary["rejected"]) == (0, 2, 1)


def test_an_incremental_read_sends_what_is_new_or_has_changed(scene: Scene, warehouse: Warehouse) -> None:
    """A row that was only touched is read again, as the last one always is; neither is sent."""
    for number in (1, 2, 3):
        warehouse.put(number, f"2026-10-0{number}")
    first = ended(scene.run(warehouse.read(INCREMENTAL), mappings=ALL))
    warehouse.put(1, "2026-10-04")
    warehouse.put(2, "2026-10-05", city="Goa")
    warehouse.put(4, "2026-10-06")
    second = ended(scene.run(warehouse.read(INCREMENTAL, first.states[-1]), mappings=ALL))

    assert (second.summary["records"], second.summary["unchanged"], second.summary["accepted"]) == (4, 2, 2)
    assert [len(scene.done(lead_id)) for lead_id in "1234"] == [1, 2, 1, 1]
    assert scene.leads()["2"]["fields"]["city"] == "Goa"
    third = ended(scene.run(warehouse.read(INCREMENTAL, second.states[-1]), mappings=ALL))
    assert (third.summary["records"], third.summary["calls"]) == (1, 0)


def test_who_is_gone_from_the_view_is_disabled_if_the_read_is_said_to_be_complete(
    scene: Scene, warehouse: Warehouse
) -> None:
    """Deleted, or no lead any more. The tap's own word comes before its first record, and proves nothing."""
    for number in range(1, 41):
        warehouse.put(number)
    ended(scene.run(warehouse.read(FULL_TABLE), mappings=MIRROR))
    warehouse.remove(1)
    warehouse.put(2, is_customer=True)
    messages = warehouse.read(FULL_TABLE, emit_activate_version_messages=True)
    types = [json.loads(line)["type"] for line in messages]
    assert types.index("ACTIVATE_VERSION") < types.index("RECORD")
    assert types.count("ACTIVATE_VERSION") == 1

    ended(scene.run(messages, mappings=MIRROR))
    assert set(states(scene).values()) == {"active"}
    result = ended(scene.run(messages, mappings=MIRROR, full_refresh_complete=True))
    assert result.summary["by_action"] == {"disable": 2}
    assert states(scene) == {str(number): "disabled" if number in {1, 2} else "active" for number in range(1, 41)}


def test_half_of_a_table_is_not_taken_for_the_whole(scene: Scene, warehouse: Warehouse) -> None:
    """What a tap wrote that broke off ends like any other; that much is missing saves those who were not read."""
    for number in range(1, 21):
        warehouse.put(number)
    messages = warehouse.read(FULL_TABLE)
    ended(scene.run(messages, mappings=MIRROR))
    ended(scene.run([*messages[:11], messages[-1]], mappings=MIRROR, full_refresh_complete=True))

    assert set(states(scene).values()) == {"active"}
