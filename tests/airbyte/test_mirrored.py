"""A rule with `on_missing`: what is done with leads that are gone is of no record, and no STATE tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN, upsert
from support.airbyte import Face, configured, record, stream_state
from support.leads import lead

from squadstack.airbyte.accounts import Accounts, Covered
from squadstack.delivery.delivery import Delivery
from squadstack.mapping.build import mapper_of
from squadstack.settings.target import TargetSettings

if TYPE_CHECKING:
    from support.crm_server import CrmServer

pytestmark = pytest.mark.long

MIRRORED = upsert(on_missing="disable")
ERASING = {"stream": "gone", "action": "delete", "fields": {"lead_id": "lead_id"}}


def test_nobody_is_taken_for_missing(destination: Face, server: CrmServer) -> None:
    """A sync that broke off ends like a whole one: the log says so, and every STATE is acknowledged."""
    both = [record("contacts", **lead(1)), record("contacts", **lead(2))]
    rules: dict[str, Any] = {"mappings": [MIRRORED], "max_missing_percent": 100}
    destination.run("write", [*both, stream_state("contacts", 1)], catalog=configured("contacts"), **rules)
    lines = [both[0], stream_state("contacts", 2)]
    said = destination.run("write", lines, catalog=configured("contacts"), **rules)
    assert said.counts == [(1.0, 0.0)]
    assert "no lead of stream 'contacts' is taken for missing" in said.log
    assert {one["state"] for one in server.leads(CAMPAIGN).values()} == {"active"}


def sync(destination: Face, *records: tuple[str, dict[str, object]], **changes: Any) -> list[Covered]:
    """Deliver records of streams, each with a STATE behind it, as if every stream were read whole."""
    settings = TargetSettings(**{**destination.config, "full_refresh_complete": True, **changes})
    accounts = Accounts()
    emitted: list[Covered] = []
    mapper = mapper_of(settings)
    delivery = Delivery(settings, mapper, emit=emitted.extend, wake=lambda: None, checkpoints=accounts)
    for stream, data in records:
        delivery.coverage.see(stream, {})
        accounts.begin_record(stream)
        with delivery.one_record():
            delivery.take(stream, data)
        accounts.begin_state(stream)
        delivery.checkpoint(stream)
    delivery.end()
    return emitted


def test_what_is_done_with_the_missing_counts_for_no_record(destination: Face, server: CrmServer) -> None:
    """Not even where it is refused while the last record still waits: a deletion, which is held to the end."""
    elsewhere = {"ledger_url": f"sqlite:///{destination.folder}/another.db"}
    rules: dict[str, Any] = {"mappings": [MIRRORED, ERASING], "max_missing_percent": 100}
    server.seed(CAMPAIGN, [lead(9)])
    sync(destination, ("contacts", lead(1)), ("contacts", lead(2)), **rules)
    sync(destination, ("gone", {"lead_id": "lead-2"}), mappings=[ERASING], **elsewhere)
    found = sync(destination, ("contacts", lead(1)), ("gone", {"lead_id": "lead-9"}), **rules)
    assert [call.action for call in server.calls()][-2:] == ["disable", "delete"]
    assert [(one.state, one.committed, one.rejected) for one in found] == [("contacts", 1, 0), ("gone", 1, 0)]
