"""Deletions as tap-postgres tells them with LOG_BASED: a row like any other, with `_sdc_deleted_at`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import singer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.scene import Scene

STREAM = "crm-leads"
SCHEMA = singer.schema(
    STREAM, ["lead_id", "phone_number", "contact_name", "updated_at", "_sdc_deleted_at", "_sdc_lsn"], key=["lead_id"]
)
FIELDS = {"lead_id": "lead_id", "phone_number": "phone_number", "contact_name": "contact_name"}
UPSERT = {"stream": STREAM, "action": "upsert", "when": "not _sdc_deleted_at", "fields": FIELDS}


def rules(action: str) -> list[dict[str, object]]:
    """As docs/warehouse.md shows them."""
    gone = {"stream": STREAM, "action": action, "when": "_sdc_deleted_at", "fields": {"lead_id": "lead_id"}}
    return [UPSERT, gone]


def row(number: int, lsn: int, **more: object) -> str:
    """A row that was written, as wal2json spells its values."""
    columns = {
        "lead_id": f"L-{number}", "phone_number": f"99999{number:05}", "contact_name": f"Canary {number}",
        "updated_at": "2026-10-02 04:30:00+00", "_sdc_deleted_at": None, "_sdc_lsn": lsn,
    }  # fmt: skip
    return singer.record(STREAM, **columns | more)


def whole(number: int, lsn: int) -> str:
    """A row that was deleted from a table with REPLICA IDENTITY FULL."""
    return row(number, lsn, _sdc_deleted_at="2026-10-03T16:45:01Z")


def key_only(number: int, lsn: int) -> str:
    """One that was deleted from any other table."""
    return singer.record(STREAM, lead_id=f"L-{number}", _sdc_deleted_at="2026-10-03T16:45:01Z", _sdc_lsn=lsn)


def bookmark(lsn: int) -> str:
    entry = {"replication_key": "_sdc_lsn", "replication_key_value": lsn}
    return singer.state({"bookmarks": {STREAM: entry}})


@pytest.mark.parametrize("deletion", [whole, key_only])
@pytest.mark.parametrize(("action", "left"), [("disable", "disabled"), ("delete", None)])
def test_who_is_deleted_there_is_disabled_or_deleted_here(
    scene: Scene, deletion: Callable[[int, int], str], action: str, left: str | None
) -> None:
    """In the run that brought the lead and in a later one, and nobody else; the phone number need not be there."""
    first = [SCHEMA, row(1, 10), row(2, 11), row(3, 12), deletion(3, 13), bookmark(13)]
    result = scene.run(first, mappings=rules(action))
    second = scene.run([SCHEMA, deletion(1, 14), bookmark(14)], mappings=rules(action))

    assert [one.status for one in (result, second)] == [0, 0]
    assert [one.summary["rejected"] for one in (result, second)] == [0, 0]
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == {"L-2": "active"} | ({"L-1": left, "L-3": left} if left else {})
    assert second.states[-1]["bookmarks"][STREAM]["replication_key_value"] == 14


def test_a_deletion_that_is_read_again_sends_nothing(scene: Scene) -> None:
    """As after a run whose STATE was lost."""
    messages = [SCHEMA, row(1, 10), bookmark(10), whole(1, 11), bookmark(11)]
    scene.run(messages, mappings=rules("disable"))
    again = scene.run([SCHEMA, whole(1, 11), bookmark(11)], mappings=rules("disable"))

    assert (again.summary["calls"], again.summary["unchanged"]) == (0, 1)


def test_who_comes_back_is_a_lead_again_with_a_new_value_only(scene: Scene) -> None:
    """A disabling forgets no value, so that the same ones are unchanged; a deletion is for good."""
    scene.run([SCHEMA, row(1, 10), row(2, 11), row(3, 12)], mappings=rules("disable"))
    scene.run([SCHEMA, whole(1, 13), whole(2, 14)], mappings=rules("disable"))
    scene.run([SCHEMA, whole(3, 15)], mappings=rules("delete"))
    back = [row(1, 16), row(2, 17, contact_name="Canary Two"), row(3, 18)]
    result = scene.run([SCHEMA, *back, bookmark(18)], mappings=rules("delete"))

    assert (result.summary["unchanged"], result.summary["by_reason"]) == (1, {"lead_deleted": 1})
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == {"L-1": "disabled", "L-2": "active"}
