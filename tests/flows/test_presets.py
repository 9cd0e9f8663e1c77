"""Presets in whole runs: a source's messages go in, and exactly the expected leads and conversions are there.

The expectations are written out by hand. People and numbers are invented.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from flows.planning import command
from flows.scene import CAMPAIGN, check_manners
from support import singer
from support.leads import FOREIGN, LANDLINE
from support.run import run_target

from squadstack.mapping import presets
from squadstack.sandbox.options import Options
from squadstack.sandbox.server import Running, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from flows.scene import Scene
    from support.command import Result

TOKEN = "canary-token"
GID = "gid://shopify"
MOBILES = [f"9999900{number:03}" for number in range(10)]


def hubspot(lead_id: str, name: str | None, phone: str | None, stage: str = "lead") -> tuple[str, dict[str, Any]]:
    properties = {"firstname": name, "lastname": None, "email": None, "phone": phone, "lifecyclestage": stage}
    return "contacts", {"id": lead_id, "properties": properties, "archived": False}


def singers_deal(number: int, vids: list[int], *, is_won: bool) -> tuple[str, dict[str, Any]]:
    won = {"value": is_won, "timestamp": 1, "source": "API"}
    return "deals", {"dealId": number, "property_hs_is_closed_won": won, "associations": {"associatedVids": vids}}


def shopify_order(number: int, customer: int | None, status: str = "PAID", **more: Any) -> tuple[str, dict[str, Any]]:
    return "orders", {
        "id": f"{GID}/Order/{number}", "name": f"#{number}", "displayFinancialStatus": status, "test": False,
        "cancelledAt": None, "customer": customer and {"id": f"{GID}/Customer/{customer}"}, **more,
    }  # fmt: skip


INPUT: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "hubspot": [
        hubspot("1", "Asha", f"+91-{MOBILES[1]}"),
        hubspot("2", "Bilal", None),
        hubspot("3", "Chitra", LANDLINE),
        hubspot("4", "Dev", FOREIGN, "customer"),
        hubspot("5", "Esha", f"0{MOBILES[5]}", "customer"),
        hubspot("1", "Asha", f"+91-{MOBILES[1]}"),
    ],
    "hubspot-singer": [
        ("contacts", {"id": "104", "property_firstname": "Asha", "property_mobilephone": MOBILES[1]}),
        ("contacts", {"id": "105", "property_firstname": "Bilal", "property_phone": MOBILES[2]}),
        ("contacts", {"id": "106", "property_firstname": "Chitra", "property_phone": None}),
        singers_deal(1, [104], is_won=True),
        singers_deal(2, [105], is_won=False),
        singers_deal(3, [], is_won=True),
    ],
    "shopify": [
        (
            "abandoned_checkouts",
            {
                "id": f"{GID}/AbandonedCheckout/88", "customer": {"id": f"{GID}/Customer/2"}, "completedAt": None,
                "shippingAddress": {"phone": MOBILES[2], "name": "Bilal"},
            },
        ),
        ("customers", {"id": f"{GID}/Customer/1", "phone": MOBILES[1], "firstName": "Asha"}),
        ("customers", {"id": f"{GID}/Customer/2", "phone": MOBILES[2], "firstName": "Bilal"}),
        ("customers", {"id": f"{GID}/Customer/3", "phone": None, "firstName": "Chitra"}),
        ("customers", {"id": f"{GID}/Customer/4", "phone": MOBILES[4], "firstName": "Dev"}),
        shopify_order(1001, 1),
        shopify_order(1002, 2, "REFUNDED"),
        shopify_order(1003, None),
        shopify_order(1004, 4, test=True),
    ],
    "shopify-airbyte": [
        ("customers", {"id": 1, "phone": MOBILES[1], "first_name": "Asha"}),
        ("customers", {"id": 2, "phone": MOBILES[2], "first_name": "Bilal"}),
        ("orders", {"id": 5, "name": "#1001", "financial_status": "paid", "customer": {"id": 1}, "test": False}),
        ("orders", {"id": 6, "name": "#1002", "financial_status": "pending", "customer": {"id": 2}, "test": False}),
        ("orders", {"id": 7, "name": "#1003", "financial_status": "paid", "customer": None, "test": False}),
    ],
    "leadsquared": [
        ("leads", {"ProspectID": "a-1", "FirstName": "Asha", "Mobile": MOBILES[1], "DoNotCall": "0"}),
        ("leads", {"ProspectID": "a-2", "FirstName": "Bilal", "Phone": f"+91-{MOBILES[2]}", "DoNotCall": "0"}),
        ("leads", {"ProspectID": "a-3", "FirstName": "Chitra", "Phone": None, "Mobile": "", "DoNotCall": "0"}),
        (
            "leads",
            {
                "ProspectID": "a-4", "FirstName": "Dev", "Mobile": MOBILES[4], "DoNotCall": "0",
                "ProspectStage": "Customer", "LeadConversionDate": "2026-10-02 04:30:00",
            },
        ),
        ("leads", {"ProspectID": "a-2", "FirstName": "Bilal", "Phone": f"+91-{MOBILES[2]}", "DoNotCall": "1"}),
    ],
    "freshsales": [
        ("contacts", {"id": 7, "first_name": "Asha", "mobile_number": MOBILES[1], "won_deals_count": 1}),
        ("contacts", {"id": 7, "first_name": "Asha", "mobile_number": MOBILES[1], "won_deals_count": 1}),
        ("contacts", {"id": 8, "first_name": "Bilal", "mobile_number": None, "work_number": LANDLINE}),
        ("leads", {"id": 7, "first_name": "Chitra", "mobile_number": MOBILES[3], "won_deals_count": 0}),
        ("leads", {"id": 9, "first_name": "Dev", "mobile_number": None, "work_number": None}),
    ],
}  # fmt: skip

EXPECTED = {
    "hubspot": {"1": "active", "3": "active", "5": "converted"},
    "hubspot-singer": {"104": "converted", "105": "active"},
    "shopify": {"1": "converted", "2": "active", "4": "active"},
    "shopify-airbyte": {"1": "converted", "2": "active"},
    "leadsquared": {"a-1": "active", "a-2": "disabled", "a-4": "converted"},
    "freshsales": {"c7": "converted", "c8": "active", "l7": "active"},
}
FILTERED = {"hubspot": 2, "hubspot-singer": 3, "shopify": 4, "shopify-airbyte": 2, "leadsquared": 1, "freshsales": 1}


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(Options(port=0, token=TOKEN, rate_limit=10_000)) as sandbox:
        yield sandbox


def run(
    sandbox: Running,
    folder: Path,
    records: list[tuple[str, dict[str, Any]]],
    *,
    declared: dict[str, Any] | None = None,
    **settings: Any,
) -> Result:
    config = {
        "auth_token": TOKEN, "ref_id": CAMPAIGN, "api_url": sandbox.url, "rate_limit": {"calls": None},
        "ledger_url": f"sqlite:///{folder}/ledger.db", **settings,
    }  # fmt: skip
    streams = {
        stream: singer.schema(stream, declared or list(record), key=[next(iter(record))]) for stream, record in records
    }
    lines = [*streams.values(), *(singer.record(stream, **record) for stream, record in records), singer.state(1)]
    result = run_target(config, lines, cwd=folder)
    check_manners(result)
    assert (result.status, result.states) == (0, [1]), result.stderr
    return result


def states(sandbox: Running) -> dict[str, str]:
    return {lead_id: str(lead.state) for lead_id, lead in sandbox.campaigns.leads(CAMPAIGN).items()}


@pytest.mark.parametrize("name", INPUT)
def test_exactly_the_expected_leads_and_conversions_are_there(name: str, sandbox: Running, tmp_path: Path) -> None:
    """A token, a ref_id and the preset are all it takes; a second run sends nothing."""
    result = run(sandbox, tmp_path, INPUT[name], mappings=[{"preset": name}])
    assert result.summary is not None
    assert states(sandbox) == EXPECTED[name]
    assert (result.summary["filtered"], result.summary["rejected"]) == (FILTERED[name], 0)

    again = run(sandbox, tmp_path, _newest(name), mappings=[{"preset": name}])
    assert again.summary is not None
    assert (again.summary["calls"], again.summary["accepted"]) == (0, 0)
    assert again.summary["unchanged"] + again.summary["coalesced"] == again.summary["actions"] > 0


def _newest(name: str) -> list[tuple[str, dict[str, Any]]]:
    """What a tap reads anew: every record as it is by now."""
    found = {(stream, next(iter(record.values()))): (stream, record) for stream, record in INPUT[name]}
    return list(found.values())


def test_who_may_be_called_again_stays_disabled_and_is_not_sent(sandbox: Running, tmp_path: Path) -> None:
    """Nothing undoes it, as docs/leadsquared.md says: an upsert of what did not change would be a call for nothing."""
    lead = {"ProspectID": "a-1", "FirstName": "Asha", "Mobile": MOBILES[1]}
    for flag in "010":
        run(sandbox, tmp_path, [("leads", {**lead, "DoNotCall": flag})], mappings=[{"preset": "leadsquared"}])
    found = sandbox.campaigns.leads(CAMPAIGN)["a-1"]
    assert (found.state, found.history) == ("disabled", ("upsert", "disable"))


def test_a_checkout_and_its_customer_that_differ_are_judged_after_merging(sandbox: Running, tmp_path: Path) -> None:
    """What was read last counts, and nothing is sent again however often both come."""
    checkout = {"id": f"{GID}/AbandonedCheckout/88", "customer": {"id": f"{GID}/Customer/2"}, "completedAt": None,
                "shippingAddress": {"phone": MOBILES[3], "name": "B. Khan", "city": "Pune"}}  # fmt: skip
    customer = {"id": f"{GID}/Customer/2", "phone": MOBILES[2], "firstName": "Bilal"}
    calls = []
    for _ in range(3):
        records = [("abandoned_checkouts", checkout), ("customers", customer)]
        result = run(sandbox, tmp_path, records, mappings=[{"preset": "shopify"}])
        assert result.summary is not None
        calls.append(result.summary["calls"])
    assert calls == [1, 0, 0]
    assert sandbox.campaigns.leads(CAMPAIGN)["2"].fields["contact_name"] == "Bilal"


def test_every_preset_has_a_run() -> None:
    assert sorted(INPUT) == list(presets.NAMES)


@pytest.mark.parametrize("name", ["hubspot", "hubspot-singer", "shopify"])
def test_flattened_records_are_the_same_leads(name: str, sandbox: Running, tmp_path: Path) -> None:
    flat = [(stream, singer.flattened(record)) for stream, record in INPUT[name]]
    run(sandbox, tmp_path, flat, mappings=[{"preset": name}])
    assert states(sandbox) == EXPECTED[name]


def test_the_targets_own_flattening_changes_nothing(sandbox: Running, tmp_path: Path) -> None:
    text = {"type": ["string", "null"]}
    inner = {"type": "object", "properties": dict.fromkeys(INPUT["hubspot"][0][1]["properties"], text)}
    declared = {"id": text, "properties": inner, "archived": {"type": "boolean"}}
    flat = {"flattening_enabled": True, "flattening_max_depth": 5}
    run(sandbox, tmp_path, INPUT["hubspot"], declared=declared, mappings=[{"preset": "hubspot"}], **flat)
    assert states(sandbox) == EXPECTED["hubspot"]


def test_a_campaign_by_region_with_a_preset(sandbox: Running, tmp_path: Path) -> None:
    """Who has no campaign is rejected as such; the others are sent."""
    router = {"by": "properties.city", "to": {"Pune": "west", "Agra": "north"}}
    records = [hubspot(str(number), "Asha", MOBILES[number]) for number in range(3)]
    for (_, record), city in zip(records, ["Pune", "Agra", "Goa"], strict=True):
        record["properties"]["city"] = city
    result = run(sandbox, tmp_path, records, mappings=[{"preset": "hubspot", "ref_id": router}], ref_id=None)
    assert result.summary is not None
    assert result.summary["by_reason"] == {"no_campaign": 1}
    assert [list(sandbox.campaigns.leads(name)) for name in ("west", "north", CAMPAIGN)] == [["0"], ["1"], []]


@pytest.mark.parametrize(
    "mapped", [{}, {"mappings": [{"stream": "contacts", "action": "delete"}]}], ids=["none", "other"]
)
def test_a_plan_tries_a_preset(scene: Scene, mapped: dict[str, Any]) -> None:
    """With a token and a campaign, or in place of other rules; `explain` does the same."""
    streams = [singer.schema("contacts", ["id", "properties"], key=["id"])]
    lines = [*streams, *(singer.record(stream, **record) for stream, record in INPUT["hubspot"])]
    told = command(scene, "plan", lines, "--preset", "hubspot", "--json", **mapped)
    assert told.status == 0, told.stderr
    assert json.loads(told.stdout)["to_send"] == len(EXPECTED["hubspot"]) + 1  # one of them is converted too
    shown = command(scene, "explain", lines, "--preset", "hubspot", "--records", "1", **mapped)
    assert "rule 1 (preset 'hubspot'" in shown.stdout
