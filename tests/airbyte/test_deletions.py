"""Rows that the source deleted, as Airbyte's change data capture tells them: nobody is called for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN
from support.airbyte import Face, Message, configured, record, stream_state
from support.leads import lead

if TYPE_CHECKING:
    from support.crm_server import CrmServer

pytestmark = pytest.mark.long

GONE = "2026-10-03T16:45:01.000Z"
NAMES = ("lead_id", "phone_number", "contact_name", "_ab_cdc_updated_at", "_ab_cdc_deleted_at", "_ab_cdc_lsn")
CATALOG = configured(("contacts", {name: {} for name in NAMES}))
FIELDS = {name: name for name in NAMES[:3]}


def row(number: int, deleted_at: str | None = None, **more: object) -> str:
    """Write a row as Debezium's sources do."""
    told = {"_ab_cdc_updated_at": f"2026-10-02T04:30:{number:02}Z", "_ab_cdc_lsn": 100 + number}
    return record("contacts", **lead(number), **told, _ab_cdc_deleted_at=deleted_at, **more)


def states(server: CrmServer) -> dict[str, str]:
    return {lead_id: one["state"] for lead_id, one in server.leads(CAMPAIGN).items()}


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"stream": "contacts", "action": "upsert", "include": ["*"]}],
        [{"stream": "contacts", "action": "create", "include": ["*"]}],
        [{"stream": "contacts", "action": "convert", "fields": {"lead_id": "lead_id", "detail": "contact_name"}}],
    ],
    ids=["as it is", "upsert", "create", "convert"],
)
def test_a_deleted_row_is_no_lead(destination: Face, server: CrmServer, rules: list[Message]) -> None:
    """Neither made, nor called again, nor converted; it counts as a record, and the log says what to do."""
    lines = [row(1, GONE), row(2, GONE), stream_state("contacts", 1)]
    said = destination.run("write", lines, catalog=CATALOG, mappings=rules)
    assert (server.leads(CAMPAIGN), server.calls()) == ({}, [])
    assert said.counts == [(2.0, 0.0)]
    assert "Stream 'contacts' tells deleted rows by '_ab_cdc_deleted_at', and no rule reads it" in said.log


@pytest.mark.parametrize(("action", "left"), [("disable", {"lead-1": "disabled"}), ("delete", {})])
def test_rules_say_what_becomes_of_it(destination: Face, server: CrmServer, action: str, left: dict[str, str]) -> None:
    """In the sync that brought the lead, and in a later one."""
    rules: list[dict[str, Any]] = [
        {"stream": "contacts", "action": "upsert", "when": "not _ab_cdc_deleted_at", "fields": FIELDS},
        {"stream": "contacts", "action": action, "when": "_ab_cdc_deleted_at", "fields": {"lead_id": "lead_id"}},
    ]
    first = destination.run("write", [row(1), row(2), stream_state("contacts", 1)], catalog=CATALOG, mappings=rules)
    lines = [row(1, GONE), stream_state("contacts", 2)]
    second = destination.run("write", lines, catalog=CATALOG, mappings=rules)
    assert (first.counts, second.counts) == ([(2.0, 0.0)], [(1.0, 0.0)])
    assert states(server) == {"lead-2": "active", **left}
    assert "no rule reads it" not in first.log + second.log


def test_what_airbyte_adds_is_not_sent(destination: Face, server: CrmServer) -> None:
    """Else each touch of a row would be a change, and might start a call; by its name it can be sent."""
    added = {"_airbyte_extracted_at": "2026-10-02", "city": "Pune"}
    destination.run("write", [row(1, **added)], catalog=CATALOG)
    assert set(server.leads(CAMPAIGN)["lead-1"]["fields"]) == {"phone_number", "contact_name", "city"}
    again = destination.run("write", [row(1, **added, _ab_cdc_cursor=9)], catalog=CATALOG)
    assert '"unchanged": 1' in again.log
    rule = {"stream": "contacts", "action": "upsert", "include": ["*", "_ab_cdc_lsn"]}
    destination.run("write", [row(1, **added)], catalog=CATALOG, mappings=[rule])
    assert server.leads(CAMPAIGN)["lead-1"]["fields"]["_ab_cdc_lsn"] == 101
