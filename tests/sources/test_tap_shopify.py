"""singer-io's tap for Shopify, as published, into SquadStack by the preset `shopify`.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from docs.pages import code, codes, section, tables
from sources.delivering import check_that_nothing_is_sent_again, deliver, details, sent
from sources.impersonation import impersonated
from sources.shop import address, checkout, order, shop
from sources.shopify import HANDLE, TOKEN, Shopify
from sources.tap import Tap, installed, select
from support.leads import LANDLINE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

PRESET = [{"preset": "shopify"}]
STREAMS = ("abandoned_checkouts", "customers", "orders")
NO_ORDERS = {"number_of_orders": "0", "amount_spent": "0.0", "tags": "[]"}
RECOVER = "https://invented-shop.example.com/recover/{}"
LEADS = {
    "1": {
        "phone_number": "9999900001", "contact_name": "Asha Rao", "email": "asha@example.com",
        "number_of_orders": "2", "amount_spent": "4998.5", "tags": '["vip", "new"]',
    },
    "2": {"phone_number": "9999900002", "contact_name": "Bilal", "city": "Agra", **NO_ORDERS},
    "3": {
        "phone_number": "9999900003", "contact_name": "Chitra Das", "city": "Pune",
        "abandoned_checkout_url": RECOVER.format(81), "abandoned_checkout_amount": "99.0",
    },
    "5": {"phone_number": "8061234567", "contact_name": "Esha", **NO_ORDERS},
    "6": {"phone_number": "9999900006", "contact_name": "Farid", "email": "farid@example.com", **NO_ORDERS},
    "7": {
        "phone_number": "9999900007", "contact_name": "Gita", "city": "Pune",
        "abandoned_checkout_url": RECOVER.format(85), "abandoned_checkout_amount": "99.0", **NO_ORDERS,
    },
    "checkout-82": {
        "phone_number": "9999900008", "contact_name": "Hari Om", "city": "Pune",
        "abandoned_checkout_url": RECOVER.format(82), "abandoned_checkout_amount": "99.0",
    },
}  # fmt: skip
"""3 has a number at a checkout only, 4 an American one; checkout-82 is one of nobody, 83 one that was completed."""
DETAILS = {
    "1": {"order": "#1001", "amount": "2499", "currency": "INR"},
    "2": {"order": "#1008", "amount": "2499", "currency": "INR"},
}


@pytest.fixture(scope="session")
def command() -> Path:
    return installed("tap-shopify") / "tap-shopify"


@pytest.fixture
def shopify() -> Shopify:
    return shop()


@pytest.fixture
def tap(command: Path, shopify: Shopify, tmp_path: Path) -> Iterator[Tap]:
    config = {"shop": HANDLE, "access_token": TOKEN, "start_date": "2025-06-01T00:00:00Z"}
    with impersonated(shopify, tmp_path) as network:
        yield Tap(command, config, tmp_path, network)


@pytest.fixture
def catalog(tap: Tap) -> dict[str, Any]:
    return select(tap.discover(), dict.fromkeys(STREAMS))


def test_exactly_the_expected_leads_and_conversions_are_there(scene: Scene, tap: Tap, catalog: dict[str, Any]) -> None:
    """A token, a ref_id and the preset are all it takes; the second run sends nothing.

    The paid order of 4, whom SquadStack does not know, is refused, which does no harm.
    """
    summary = deliver(scene, tap, catalog, PRESET)
    assert (summary["records"], summary["filtered"]) == (21, 10)
    assert (summary["by_action"], summary["by_reason"]) == ({"upsert": 7, "convert": 2}, {"unknown_lead": 1})
    assert sent(scene) == LEADS
    assert details(scene) == DETAILS
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_who_pays_is_converted_by_the_next_run(
    scene: Scene, tap: Tap, catalog: dict[str, Any], shopify: Shopify
) -> None:
    """And nobody else is sent."""
    deliver(scene, tap, catalog, PRESET)
    shopify.orders[6] = order(1006, 20, 7)
    summary = deliver(scene, tap, catalog, PRESET)
    assert summary["by_action"] == {"convert": 1}
    assert details(scene) == {**DETAILS, "7": {"order": "#1006", "amount": "2499", "currency": "INR"}}
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)


def test_the_fields_that_the_page_tells_are_enough(scene: Scene, tap: Tap) -> None:
    """Each has to be selected by itself: the tap asks for nothing else."""
    told = tables(section("docs/shopify.md", "Set up the tap"))["stream"]
    fields = {code(stream): codes(names) for stream, names in told}
    assert tuple(sorted(fields)) == STREAMS
    deliver(scene, tap, select(tap.discover(), fields), PRESET)
    assert (sent(scene), details(scene)) == (LEADS, DETAILS)


def test_a_stream_without_its_fields_sends_nobody(scene: Scene, tap: Tap) -> None:
    """As the page warns: the tap then tells id and time alone."""
    catalog = select(tap.discover(), {"customers": []})
    assert deliver(scene, tap, catalog, PRESET)["records"] == 7
    assert sent(scene) == {}


def test_a_checkout_that_differs_from_its_customer_is_sent_once_more_and_then_no_more(
    scene: Scene, tap: Tap, catalog: dict[str, Any], shopify: Shopify
) -> None:
    """As the page warns: it comes again without its customer, whose name was read after it."""
    shopify.checkouts.append(checkout(86, 9, 5, address(LANDLINE, "E. Iyer")))
    deliver(scene, tap, catalog, PRESET)
    assert sent(scene)["5"]["contact_name"] == "Esha"
    assert deliver(scene, tap, catalog, PRESET)["by_action"] == {"upsert": 1}
    assert sent(scene)["5"]["contact_name"] == "E. Iyer"
    check_that_nothing_is_sent_again(scene, tap, catalog, PRESET)
