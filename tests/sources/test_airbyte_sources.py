"""Airbyte's sources for HubSpot and Shopify, as published, into `destination-squadstack` by the presets.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sources import hubspot, shopify
from sources.delivering import Rules, details, sent
from sources.impersonation import impersonated
from sources.portal import LEADS, portal
from sources.shopify_rest import ShopifyRest, order, shop
from sources.source import Source
from sources.tap import installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

HUBSPOT: Rules = [{"preset": "hubspot"}]
SHOPIFY: Rules = [{"preset": "shopify-airbyte"}]
NO_ORDERS = {"number_of_orders": 0, "amount_spent": "0", "tags": ""}
RECOVER = "https://invented-shop.example.com/recover/{}"
SHOP_LEADS = {
    "1": {
        "phone_number": "9999900001", "contact_name": "Asha Rao", "email": "asha@example.com",
        "number_of_orders": 2, "amount_spent": "4998.5", "tags": "new, vip",
    },
    "2": {
        "phone_number": "9999900002", "contact_name": "Bilal", "city": "Agra",
        "abandoned_checkout_url": RECOVER.format(84), "abandoned_checkout_amount": "99", **NO_ORDERS,
    },
    "3": {
        "phone_number": "9999900003", "contact_name": "Chitra Das", "city": "Pune",
        "abandoned_checkout_url": RECOVER.format(81), "abandoned_checkout_amount": "99",
    },
    "4": {"phone_number": "8061234567", "contact_name": "Dev", **NO_ORDERS},
    "checkout-82": {
        "phone_number": "9999900008", "contact_name": "Hari Om", "city": "Pune",
        "abandoned_checkout_url": RECOVER.format(82), "abandoned_checkout_amount": "99",
    },
}  # fmt: skip
"""3 has a number at a checkout only; checkout-82 is one of nobody, 83 one that was completed."""


def check_that_nothing_is_sent_again(scene: Scene, source: Source, mappings: Rules) -> None:
    """Sync once more: the source repeats its last records, and no call is made."""
    before = scene.server.calls()
    said = source.deliver(scene, mappings)
    assert sum(committed for committed, _ in said.counts) > 0
    assert scene.server.calls() == before


def test_contacts_of_hubspot(scene: Scene, tmp_path: Path) -> None:
    """The same leads as by Meltano's tap; the second sync sends nothing."""
    command = installed("airbyte-source-hubspot") / "source-hubspot"
    token = {"credentials_title": "Private App Credentials", "access_token": hubspot.TOKEN}
    config = {"credentials": token, "start_date": "2025-06-01T00:00:00Z"}
    with impersonated(portal(), tmp_path) as network:
        source = Source(command, config, ("contacts",), "updatedAt", tmp_path, network)
        source.deliver(scene, HUBSPOT)
        assert sent(scene) == LEADS
        detail = {"lifecyclestage": "customer", "customer_since": "2025-06-06T04:30:00+00:00"}
        assert details(scene) == {"105": detail}
        check_that_nothing_is_sent_again(scene, source, HUBSPOT)


@pytest.fixture
def pretend() -> ShopifyRest:
    return shop()


@pytest.fixture
def shop_source(pretend: ShopifyRest, tmp_path: Path) -> Iterator[Source]:
    command = installed("airbyte-source-shopify") / "source-shopify"
    token = {"auth_method": "api_password", "api_password": shopify.TOKEN}
    config = {"shop": shopify.HANDLE, "credentials": token, "start_date": "2025-06-01"}
    streams = ("abandoned_checkouts", "customers", "orders")
    with impersonated(pretend, tmp_path) as network:
        yield Source(command, config, streams, "updated_at", tmp_path, network)


def test_customers_orders_and_checkouts_of_shopify(scene: Scene, shop_source: Source, pretend: ShopifyRest) -> None:
    """The second sync sends nothing, the third who has paid meanwhile."""
    shop_source.deliver(scene, SHOPIFY)
    assert sent(scene) == SHOP_LEADS
    paid = {number: {"order": f"#{order}", "amount": "2499", "currency": "INR"}
            for number, order in {"1": 1001, "3": 1006}.items()}  # fmt: skip
    assert details(scene) == paid
    check_that_nothing_is_sent_again(scene, shop_source, SHOPIFY)

    bilal = pretend.rows["customers"][1]
    pretend.rows["orders"].append(order(1009, 20, bilal))
    shop_source.deliver(scene, SHOPIFY)
    assert details(scene) == {**paid, "2": {"order": "#1009", "amount": "2499", "currency": "INR"}}
