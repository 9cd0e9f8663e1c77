"""Meltano's tap for HubSpot, as published, into SquadStack by the preset `hubspot`.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from docs.pages import blocks, section
from flows.planning import plan
from sources.delivering import check_that_nothing_is_sent_again, deliver, details, sent
from sources.hubspot import TOKEN, HubSpot, contact
from sources.impersonation import impersonated
from sources.portal import LEADS, portal
from sources.tap import Tap, installed, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PRESET = [{"preset": "hubspot"}]
DETAILS = {"105": {"lifecyclestage": "customer", "customer_since": "2025-06-06T04:30:00.000Z"}}


@pytest.fixture(scope="session")
def command() -> Path:
    return installed("meltano-tap-hubspot") / "tap-hubspot"


@pytest.fixture
def hubspot() -> HubSpot:
    return portal()


@pytest.fixture
def tap(command: Path, hubspot: HubSpot, tmp_path: Path) -> Iterator[Tap]:
    config = {"access_token": TOKEN, "start_date": "2025-06-01T00:00:00Z"}
    with impersonated(hubspot, tmp_path) as network:
        yield Tap(command, config, tmp_path, network)


@pytest.fixture
def catalog(tap: Tap) -> dict[str, Any]:
    return select(tap.discover(), {"contacts": None})


def test_exactly_the_expected_leads_and_conversions_are_there(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """A token, a ref_id and the preset are all it takes; the second run sends nothing."""
    summary = deliver(scene, tap, catalog, PRESET)
    assert (summary["records"], summary["filtered"], summary["rejected"]) == (7, 2, 0)
    assert sent(scene) == LEADS
    assert details(scene) == DETAILS
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_without_a_start_date_they_are_the_same(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """The tap then lists what it would search for otherwise."""
    del tap.config["start_date"]
    deliver(scene, tap, catalog, PRESET)
    assert {asked.method for asked in tap.network.asked} == {"GET"}
    assert (sent(scene), details(scene)) == (LEADS, DETAILS)


def test_flattened_by_the_tap_they_are_the_same(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """With `properties__phone` for `properties.phone`."""
    tap.config |= {"flattening_enabled": True, "flattening_max_depth": 1}
    lines = tap.read(catalog)
    assert all("properties__phone" in line for line in lines if '"RECORD"' in line)
    deliver(scene, tap, catalog, PRESET)
    assert (sent(scene), details(scene)) == (LEADS, DETAILS)


def test_who_becomes_a_customer_is_converted_by_the_next_run(
    scene: Scene, tap: Tap, catalog: dict[str, Any], hubspot: HubSpot
) -> None:
    """And nobody else is sent."""
    deliver(scene, tap, catalog, PRESET)
    moment = "2025-07-01T04:30:00.000Z"
    hubspot.contacts[0] = contact(101, moment, firstname="Asha", lastname="Rao", mobilephone="+91-9999900001",
                                  lifecyclestage="customer", hs_lifecyclestage_customer_date=moment)  # fmt: skip
    summary = deliver(scene, tap, catalog, PRESET)
    assert summary["by_action"] == {"upsert": 1, "convert": 1}
    assert details(scene) == {**DETAILS, "101": {"lifecyclestage": "customer", "customer_since": moment}}
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_contacts_that_were_merged_are_disabled_by_the_rule_that_is_shown(
    scene: Scene, tap: Tap, catalog: dict[str, Any], hubspot: HubSpot
) -> None:
    """The old ones, and not the one that is left."""
    [shown] = [yaml.safe_load(block) for block in blocks(section("docs/hubspot.md", "Merged contacts"), "yaml")]
    survivor = hubspot.contacts.pop(5)
    hubspot.contacts += [
        contact(number, "2025-06-07T04:30:00.000Z", firstname="Farid", phone="9999900006") for number in (98, 99)
    ]
    deliver(scene, tap, catalog, shown["mappings"])
    hubspot.contacts[-2:] = [survivor]
    survivor["properties"]["lastmodifieddate"] = survivor["updatedAt"] = "2025-07-01T04:30:00.000Z"
    deliver(scene, tap, catalog, shown["mappings"])
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == dict.fromkeys(LEADS, "active") | {"105": "converted", "98": "disabled", "99": "disabled"}


def test_the_plan_of_captured_messages_is_what_the_run_sends(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """And it sends nothing itself."""
    told = plan(scene, tap.read(catalog), mappings=PRESET)
    assert scene.server.calls() == []
    summary = deliver(scene, tap, catalog, PRESET)
    assert (told["to_send"], told["calls"]) == (summary["accepted"], summary["calls"]) == (6, 2)
