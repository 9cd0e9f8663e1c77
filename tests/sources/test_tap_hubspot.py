"""singer-io's tap for HubSpot, as published, into SquadStack by the preset `hubspot-singer`.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from docs.pages import code, codes, section, tables
from sources.delivering import check_that_nothing_is_sent_again, deliver, details, sent
from sources.hubspot import TOKEN, HubSpot, deal
from sources.impersonation import impersonated
from sources.portal import LEADS, portal
from sources.tap import Tap, installed, select

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PRESET = [{"preset": "hubspot-singer"}]
LOAN = {"deal_id": 9001, "dealname": "Loan", "amount": "250000.5", "closedate": "2025-06-02T04:30:00.000000Z"}
DETAILS = {"101": LOAN, "103": LOAN, "105": {"deal_id": 9005, "dealname": "Car", "amount": "99"}}


@pytest.fixture(scope="session")
def command() -> Path:
    return installed("tap-hubspot") / "tap-hubspot"


@pytest.fixture
def hubspot() -> HubSpot:
    return portal()


@pytest.fixture
def tap(command: Path, hubspot: HubSpot, tmp_path: Path) -> Iterator[Tap]:
    config = {"api_key": TOKEN, "start_date": "2025-06-01T00:00:00Z"}
    with impersonated(hubspot, tmp_path) as network:
        yield Tap(command, config, tmp_path, network, selection="--properties")


@pytest.fixture
def catalog(tap: Tap) -> dict[str, Any]:
    return select(tap.discover(), dict.fromkeys(["contacts", "deals"]))


def test_exactly_the_expected_leads_and_conversions_are_there(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """A token, a ref_id and the preset are all it takes; the second run sends nothing.

    The won deal of 104, whom SquadStack does not know, is refused, which does no harm.
    """
    summary = deliver(scene, tap, catalog, PRESET)
    assert (summary["records"], summary["filtered"]) == (12, 4)
    assert (summary["by_action"], summary["by_reason"]) == ({"upsert": 5, "convert": 3}, {"unknown_lead": 1})
    assert sent(scene) == LEADS
    assert details(scene) == DETAILS
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_whose_deal_is_won_is_converted_by_the_next_run(
    scene: Scene, tap: Tap, catalog: dict[str, Any], hubspot: HubSpot
) -> None:
    """And nobody else is sent."""
    deliver(scene, tap, catalog, PRESET)
    hubspot.deals[1] = deal(9002, "2025-07-01T04:30:00.000Z", [106], hs_is_closed_won="true", dealname="Card")
    summary = deliver(scene, tap, catalog, PRESET)
    assert summary["by_action"] == {"convert": 1}
    assert details(scene) == {**DETAILS, "106": {"deal_id": 9002, "dealname": "Card"}}
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_the_fields_that_the_page_tells_are_enough(scene: Scene, tap: Tap) -> None:
    told = tables(section("docs/hubspot.md", "Set up the tap"))["stream"]
    fields = {code(stream): codes(names) for stream, names in told}
    assert list(fields) == ["contacts", "deals"]
    deliver(scene, tap, select(tap.discover(), fields), PRESET)
    assert (sent(scene), details(scene)) == (LEADS, DETAILS)


def test_without_their_associations_deals_convert_nobody(scene: Scene, tap: Tap) -> None:
    """As the page warns."""
    catalog = select(tap.discover(), {"contacts": None, "deals": ["property_hs_is_closed_won"]})
    deliver(scene, tap, catalog, PRESET)
    assert (sent(scene), details(scene)) == (LEADS, {})


def test_told_of_the_catalog_in_the_usual_way_the_tap_reads_nothing(tap: Tap, catalog: dict[str, Any]) -> None:
    """As the page warns."""
    tap.selection = "--catalog"
    assert tap.read(catalog) == []
