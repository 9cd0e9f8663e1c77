"""Presets: what each makes of records as the real taps write them. People and numbers are invented."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from mapping.making import faults, made, told
from support.leads import FOREIGN, LANDLINE
from support.singer import flattened

from squadstack.mapping import presets
from squadstack.mapping.coverage import Coverage
from squadstack.mapping.functions import functions_of
from squadstack.mapping.phones import PhoneRules
from squadstack.mapping.rules import compile_rules

MOBILE = "+91-9999900001"
GID = "gid://shopify"


def outcomes(name: str, stream: str, record: dict[str, Any], **overrides: Any) -> list[tuple[Any, ...]]:
    return told(made([{"preset": name, **overrides}], stream, record))


# -- all of them -----------------------------------------------------------------------------------------


def test_every_file_is_a_preset() -> None:
    folder = Path(presets.__file__).parent
    assert sorted(path.stem for path in folder.glob("*.yaml")) == list(presets.NAMES)


@pytest.mark.parametrize("name", presets.NAMES)
def test_a_preset_can_be_copied(name: str) -> None:
    """Its rules are a user's rules, and compile to the same."""
    copied = compile_rules(presets.rules(name), ref_id="main")
    brought = compile_rules([{"preset": name}], ref_id="main")
    assert [(rule.stream, rule.action, list(rule.fields)) for rule in copied] == [
        (rule.stream, rule.action, list(rule.fields)) for rule in brought
    ]
    assert presets.text(name).startswith("# ")


@pytest.mark.parametrize("name", presets.NAMES)
def test_whose_number_is_usable_is_judged_by_the_users_own_candidates(name: str) -> None:
    """In every rule of a stream of leads that asks for one. Red if whoever replaces the number loses its leads."""
    mapping = {"preset": name, "fields": {"phone_number": ["own.number", "other or third"]}}
    rules = compile_rules([mapping], ref_id="main")
    of_leads = {rule.stream for rule in rules if "phone_number" in rule.fields}
    filters = [rule.when.text for rule in rules if rule.when and rule.stream in of_leads]
    assert any("valid_phone((own.number), (other or third))" in text for text in filters)
    assert [text for text in filters if text.count("valid_phone(") != text.count("valid_phone((own.number)")] == []


def test_a_leads_own_id_holds_for_its_conversion_too() -> None:
    """And for its disabling: else another lead would be meant, and nobody disabled."""
    record = {"ProspectID": "guid", "Number": 77, "Phone": MOBILE, "ProspectStage": "Customer", "FirstName": "Asha"}
    found = outcomes("leadsquared", "leads", record, fields={"lead_id": "Number"})
    assert [(one[0], one[1]) for one in found] == [("upsert", "77"), ("convert", "77")]
    found = outcomes("leadsquared", "leads", {**record, "DoNotCall": "1"}, fields={"lead_id": "Number"})
    assert ("disable", "77") in [(one[0], one[1]) for one in found]


@pytest.mark.parametrize("name", presets.NAMES)
def test_the_rules_of_a_preset_can_be_told_apart(name: str) -> None:
    """All have the number of their entry; stream and action are different, and one rule converts a lead."""
    rules = compile_rules(
        [{"stream": "x", "action": "disable", "fields": {"lead_id": "id"}}, {"preset": name}], ref_id="r"
    )
    own = rules[1:]
    assert {rule.number for rule in own} == {2}
    assert len({(rule.stream, rule.action) for rule in own}) == len(own)
    assert [rule.action for rule in own].count("convert") == 1


def test_what_a_preset_reads_need_not_be_declared() -> None:
    """It looks in many places; but a stream that never came, and a user's own name, are told."""
    rules = compile_rules([{"preset": "shopify", "fields": {"shop": "shop_name"}}], ref_id="r")
    coverage = Coverage(rules)
    coverage.see("customers", {"properties": {"id": {}}})
    coverage.see("orders", {"properties": {"id": {}}})
    assert list(coverage.warnings()) == [
        "Rule 1 (preset 'shopify', upsert) matched no stream: there is none named 'abandoned_checkouts'.",
        "Rule 1 (preset 'shopify', upsert): no schema of stream 'customers' declares 'shop_name'.",
    ]


# -- overrides -------------------------------------------------------------------------------------------

CUSTOMER = {"id": "7", "properties": {"firstname": "Asha", "phone": MOBILE, "lifecyclestage": "customer"}}


def test_a_campaign_applies_to_each_rule() -> None:
    (upsert, convert) = made([{"preset": "hubspot", "ref_id": "own"}], "contacts", CUSTOMER, ref_id=None)
    assert (upsert.lead.campaign, convert.lead.campaign) == ("own", "own")
    router = {"by": "properties.city", "to": {"Pune": "west"}}
    assert outcomes("hubspot", "contacts", CUSTOMER, ref_id=router) == [("rejected", "no_campaign")] * 2


@pytest.mark.parametrize(
    "when", ["properties.city == 'Pune' or properties.city == 'Agra'", "'yes'", "properties.lifecyclestage"]
)
def test_a_filter_that_narrows_a_preset_converts_no_one_whom_the_preset_would_not(when: str) -> None:
    """Also one of several parts, and one whose value is a text: each of the two must say yes."""
    for stage in ("lead", "customer"):
        for city in ("Pune", "Delhi"):
            record = {"id": "7", "properties": {**CUSTOMER["properties"], "lifecyclestage": stage, "city": city}}
            all_of_it = outcomes("hubspot", "contacts", record)
            narrowed = outcomes("hubspot", "contacts", record, when=when)
            assert narrowed in (all_of_it, [])
            assert bool(narrowed) == (city == "Pune" or "city" not in when)


def test_a_filter_is_not_asked_where_the_preset_says_no() -> None:
    record = {"id": "7", "properties": {"phone": None}}
    assert outcomes("hubspot", "contacts", record, when="properties.phone.strip()") == []


def test_fields_are_added_and_replaced_where_any_may_be_sent() -> None:
    own = {"city": "'Pune'", "source": "'hubspot'"}
    upsert, convert = outcomes("hubspot", "contacts", CUSTOMER, fields=own)
    assert {"city": "Pune", "source": "hubspot"}.items() <= upsert[2].items()
    assert list(convert[2]) == ["detail"]


def test_faults_beside_a_preset_are_told_once_each() -> None:
    place = "Rule 1 (preset 'hubspot'): "
    assert faults({"preset": "hubspt"}) == (
        "Rule 1 (preset 'hubspt'): there is no preset 'hubspt'; the presets are " + ", ".join(presets.NAMES) + ".",
    )
    assert faults({"preset": "hubspot", "when": "a b", "fields": {"x": 7}, "include": ["*"]}) == (
        f"{place}beside 'preset' stand only ref_id, when and fields; drop include, or copy the preset.",
        place + "'x' must be an expression or a list of them; quote a literal: \"'text'\".",
        place + "'when': 'a b' is not an expression.",
    )
    (lacking,) = faults({"preset": "hubspot"}, ref_id=None)
    assert lacking.startswith("Rule 1 (preset 'hubspot'): it names no campaign")


# -- phones ----------------------------------------------------------------------------------------------

PHONES = [
    ("hubspot", "contacts", "properties.phone", "properties.mobilephone"),
    ("hubspot-singer", "contacts", "property_phone", "property_mobilephone"),
    ("shopify", "customers", "phone", "defaultAddress.phone"),
    ("shopify", "abandoned_checkouts", "shippingAddress.phone", "billingAddress.phone"),
    ("shopify-airbyte", "customers", "phone", "default_address.phone"),
    ("shopify-airbyte", "abandoned_checkouts", "phone", "billing_address.phone"),
    ("leadsquared", "leads", "Phone", "Mobile"),
    ("freshsales", "contacts", "work_number", "mobile_number"),
    ("freshsales", "leads", "work_number", "mobile_number"),
]


def with_phones(given: dict[str, Any]) -> dict[str, Any]:
    """A record that has some id, and values on these paths."""
    record: dict[str, Any] = {"id": "7", "ProspectID": "7"}
    for path, value in given.items():
        *objects, name = path.split(".")
        place = record
        for each in objects:
            place = place.setdefault(each, {})
        place[name] = value
    return record


@pytest.mark.parametrize("source", PHONES, ids=lambda row: f"{row[0]} {row[1]}")
@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize(
    "numbers",
    [
        (MOBILE, None, "9999900001"),
        (LANDLINE, MOBILE, "9999900001"),
        (LANDLINE, None, "8061234567"),
        ("09999900002", "", "9999900002"),
        ("9198765432", None, "9198765432"),
        (FOREIGN, MOBILE, "9999900001"),
        (FOREIGN, None, None),
        ("n/a", "", None),
        (None, None, None),
    ],
)
def test_the_mobile_number_is_sent_and_who_has_none_is_left_out(
    source: tuple[str, ...], numbers: tuple[str | None, ...], *, flat: bool
) -> None:
    name, stream, *paths = source
    *given, sent = numbers
    record = with_phones(dict(zip(paths, given, strict=True)))
    found = outcomes(name, stream, flattened(record) if flat else record)
    assert [row[0] for row in found] == ([] if sent is None else ["upsert"])
    assert [row[2]["phone_number"] for row in found] == ([] if sent is None else [sent])


def test_with_mobile_numbers_only_a_landline_is_left_out_too() -> None:
    phones = PhoneRules(mobile_only=True)
    record = {"id": "7", "properties": {"firstname": "Asha", "phone": LANDLINE}}
    assert made([{"preset": "hubspot"}], "contacts", record, phones=phones, functions=functions_of(phones, None)) == []


# -- hubspot ---------------------------------------------------------------------------------------------


def test_a_contact_of_hubspot() -> None:
    """All values are text, as Meltano's tap writes them."""
    properties = {
        "firstname": "Asha", "lastname": "Rao", "email": "asha@example.com", "phone": "099999 00002",
        "mobilephone": MOBILE, "city": "Pune", "lifecyclestage": "lead", "hs_lead_status": "NEW", "company": None,
    }  # fmt: skip
    sent = {
        "phone_number": "9999900001", "contact_name": "Asha Rao", "email": "asha@example.com", "city": "Pune",
        "lifecyclestage": "lead", "hs_lead_status": "NEW",
    }  # fmt: skip
    record = {"id": "101", "properties": properties, "archived": False}
    assert outcomes("hubspot", "contacts", record) == [("upsert", "101", sent)]
    assert outcomes("hubspot", "contacts", flattened(record)) == [("upsert", "101", sent)]
    assert outcomes("hubspot", "deals", {"id": "1"}) == []


def test_a_customer_of_hubspot_is_converted_with_what_stays_so() -> None:
    dates = {"hs_lifecyclestage_customer_date": "2026-10-02T04:30:00Z", "lastmodifieddate": "2026-11-01T00:00:00Z"}
    record = {"id": "101", "properties": {**CUSTOMER["properties"], **dates}}
    detail = {"lifecyclestage": "customer", "customer_since": "2026-10-02T04:30:00Z"}
    assert outcomes("hubspot", "contacts", record)[1] == ("convert", "101", {"detail": detail})
    assert outcomes("hubspot", "contacts", {**record, "properties": {**record["properties"], "phone": None}}) == []


@pytest.mark.parametrize(
    ("properties", "name"), [({"lastname": "Rao"}, "Rao"), ({"email": "a@example.com"}, "a@example.com")]
)
def test_the_name_has_fallbacks(properties: dict[str, str], name: str) -> None:
    (upsert,) = outcomes("hubspot", "contacts", {"id": "1", "properties": {"phone": MOBILE, **properties}})
    assert upsert[2]["contact_name"] == name


def test_a_won_deal_of_singers_hubspot_converts_its_contacts() -> None:
    deal = {
        "dealId": 9001,
        "property_dealname": {"value": "Loan", "timestamp": 1},
        "property_amount": {"value": 250000.5, "source": "API"},
        "property_hs_is_closed_won": {"value": True},
        "associations": {"associatedVids": [104, 105], "associatedCompanyIds": []},
    }
    detail = {"deal_id": 9001, "dealname": "Loan", "amount": "250000.5"}
    won = [("convert", "104", {"detail": detail}), ("convert", "105", {"detail": detail})]
    assert outcomes("hubspot-singer", "deals", deal) == won
    assert outcomes("hubspot-singer", "deals", {**deal, "property_hs_is_closed_won": {"value": "true"}}) == won
    assert outcomes("hubspot-singer", "deals", flattened(deal)) == won
    for value in (False, "false", None, ""):
        assert outcomes("hubspot-singer", "deals", {**deal, "property_hs_is_closed_won": {"value": value}}) == []
    assert outcomes("hubspot-singer", "deals", {**deal, "associations": {"associatedVids": []}}) == []


# -- shopify ---------------------------------------------------------------------------------------------

ORDER = {
    "id": f"{GID}/Order/5",
    "name": "#1001",
    "displayFinancialStatus": "PAID",
    "cancelledAt": None,
    "test": False,
    "customer": {"id": f"{GID}/Customer/7100000000001", "tags": "['vip']"},
    "totalPriceSet": {"shopMoney": {"amount": 2499.0, "currencyCode": "INR"}},
}


def test_a_paid_order_of_shopify_converts_its_customer() -> None:
    detail = {"order": "#1001", "amount": "2499", "currency": "INR"}
    expected = [("convert", "7100000000001", {"detail": detail})]
    assert outcomes("shopify", "orders", ORDER) == expected
    assert outcomes("shopify", "orders", flattened(ORDER)) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"displayFinancialStatus": "PENDING"},
        {"displayFinancialStatus": "REFUNDED"},
        {"displayFinancialStatus": "PARTIALLY_PAID"},
        {"displayFinancialStatus": None},
        {"cancelledAt": "2026-10-01T00:00:00Z"},
        {"test": True},
        {"customer": None},
        {"customer": {"id": None}},
    ],
)
def test_other_orders_of_shopify_convert_nobody(change: dict[str, Any]) -> None:
    assert outcomes("shopify", "orders", {**ORDER, **change}) == []


def test_a_customer_of_shopify() -> None:
    record = {
        "id": f"{GID}/Customer/42", "phone": None, "email": "b@example.com", "firstName": "Bilal", "lastName": None,
        "displayName": "Bilal", "defaultAddress": {"phone": MOBILE, "city": "Agra"}, "addresses": [],
        "numberOfOrders": "2", "amountSpent": {"amount": "310.50"}, "tags": ["vip", "new"],
    }  # fmt: skip
    sent = {
        "phone_number": "9999900001", "contact_name": "Bilal", "email": "b@example.com", "city": "Agra",
        "number_of_orders": "2", "amount_spent": "310.50", "tags": '["vip", "new"]',
    }  # fmt: skip
    assert outcomes("shopify", "customers", record) == [("upsert", "42", sent)]


@pytest.mark.parametrize(("customer", "lead"), [({"id": f"{GID}/Customer/42"}, "42"), (None, "checkout-88")])
def test_an_open_checkout_of_shopify_is_a_lead(customer: Any, lead: str) -> None:
    record = {
        "id": f"{GID}/AbandonedCheckout/88", "customer": customer, "completedAt": None,
        "shippingAddress": {"phone": "999 990 0003", "name": "Chitra D", "city": "Pune"},
        "abandonedCheckoutUrl": "https://shop.example.com/1", "totalPriceSet": {"shopMoney": {"amount": "99.00"}},
    }  # fmt: skip
    sent = {
        "phone_number": "9999900003", "contact_name": "Chitra D", "city": "Pune",
        "abandoned_checkout_url": "https://shop.example.com/1", "abandoned_checkout_amount": "99.00",
    }  # fmt: skip
    assert outcomes("shopify", "abandoned_checkouts", record) == [("upsert", lead, sent)]
    assert outcomes("shopify", "abandoned_checkouts", {**record, "completedAt": "2026-10-01T00:00:00Z"}) == []


@pytest.mark.parametrize(
    ("preset", "customer", "checkout"),
    [
        ("shopify", {"id": f"{GID}/Customer/88"}, {"id": f"{GID}/AbandonedCheckout/88", "shippingAddress": {}}),
        ("shopify-airbyte", {"id": 88}, {"id": 88, "customer": None, "shipping_address": {}}),
    ],
)
@pytest.mark.parametrize("flat", [False, True])
def test_a_checkout_of_nobody_is_never_the_lead_of_a_customer(
    preset: str, customer: dict[str, Any], checkout: dict[str, Any], *, flat: bool
) -> None:
    """Their numbers are of two kinds, and may be the same: two people would be one lead."""
    customer = {**customer, "phone": "9999900001", "email": "a@example.com"}
    address = {"phone": "9999900002", "name": "Hari"}
    checkout = {name: address if value == {} else value for name, value in checkout.items()}
    streams = {"customers": customer, "abandoned_checkouts": flattened(checkout) if flat else checkout}
    leads = [outcomes(preset, stream, record)[0][1] for stream, record in streams.items()]
    assert leads == ["88", "checkout-88"]
    assert outcomes(preset, "abandoned_checkouts", {**checkout, "id": None}) == [("rejected", "missing_field")]


@pytest.mark.parametrize(
    ("shipping", "billing", "name"),
    [(None, MOBILE, "Payer"), (MOBILE, None, "Receiver"), (MOBILE, "9999900002", "Receiver")],
)
def test_the_name_at_a_checkout_is_that_of_the_number(shipping: str | None, billing: str | None, name: str) -> None:
    """Else a caller would ask the one who pays for the one who receives."""
    shopify = {
        "id": f"{GID}/AbandonedCheckout/88",
        "shippingAddress": {"phone": shipping, "name": "Receiver"},
        "billingAddress": {"phone": billing, "name": "Payer"},
    }
    airbyte = {"id": 88, "shipping_address": shopify["shippingAddress"], "billing_address": shopify["billingAddress"]}
    for preset, record in (("shopify", shopify), ("shopify-airbyte", airbyte)):
        [upsert] = outcomes(preset, "abandoned_checkouts", record)
        assert upsert[2]["contact_name"] == name


def test_a_customer_of_shopify_may_have_name_and_number_in_an_address_only() -> None:
    """Also where the list of addresses was flattened to text, or is empty."""
    addresses = [{"phone": MOBILE, "name": "Farid"}]
    for preset, record in (
        ("shopify", {"id": f"{GID}/Customer/6", "addresses": addresses, "displayName": "f@example.com"}),
        ("shopify-airbyte", {"id": 6, "addresses": addresses, "email": "f@example.com"}),
    ):
        for given in (record, flattened(record)):
            [upsert] = outcomes(preset, "customers", given)
            assert (upsert[2]["phone_number"], upsert[2]["contact_name"]) == ("9999900001", "Farid")
        for none in ([], None, "[]", ""):
            assert outcomes(preset, "customers", {**record, "addresses": none}) == []


def test_airbytes_shopify() -> None:
    """snake_case, integer ids, `paid` in small letters."""
    order = {
        "id": 5, "name": "#1001", "financial_status": "paid", "cancelled_at": None, "test": False,
        "customer": {"id": 42, "phone": MOBILE}, "total_price": 2499.0, "currency": "INR",
    }  # fmt: skip
    detail = {"order": "#1001", "amount": "2499", "currency": "INR"}
    assert outcomes("shopify-airbyte", "orders", order) == [("convert", "42", {"detail": detail})]
    for change in ({"financial_status": "refunded"}, {"cancelled_at": "2026"}, {"test": True}, {"customer": None}):
        assert outcomes("shopify-airbyte", "orders", {**order, **change}) == []
    checkout = {"id": 88, "customer": {"id": 42, "phone": MOBILE, "first_name": "Bilal"}, "total_price": "99.00"}
    assert [row[:2] for row in outcomes("shopify-airbyte", "abandoned_checkouts", checkout)] == [("upsert", "42")]
    assert outcomes("shopify-airbyte", "abandoned_checkouts", {**checkout, "completed_at": "2026"}) == []
    customer = {
        "id": 42,
        "first_name": "Bilal",
        "last_name": "K",
        "default_address": {"phone": MOBILE},
        "orders_count": 2,
    }
    sent = {"phone_number": "9999900001", "contact_name": "Bilal K", "number_of_orders": 2}
    assert outcomes("shopify-airbyte", "customers", customer) == [("upsert", "42", sent)]


# -- leadsquared, freshsales -------------------------------------------------------------------------------

PROSPECT = {
    "ProspectID": "ed477000-0000-4000-8000-000000000001", "FirstName": "Asha", "LastName": "Rao", "Phone": LANDLINE,
    "Mobile": MOBILE, "EmailAddress": "a@example.com", "Source": "Web", "ProspectStage": "Open", "DoNotCall": "0",
    "Score": "12", "mx_City": "Pune", "ProspectAutoId": "9", "LeadConversionDate": None,
}  # fmt: skip


def test_a_lead_of_leadsquared() -> None:
    sent = {
        "mx_City": "Pune", "phone_number": "9999900001", "contact_name": "Asha Rao", "email": "a@example.com",
        "source": "Web", "prospect_stage": "Open", "score": "12",
    }  # fmt: skip
    assert outcomes("leadsquared", "leads", PROSPECT) == [("upsert", PROSPECT["ProspectID"], sent)]


@pytest.mark.parametrize(
    ("change", "actions"),
    [
        ({"ProspectStage": "Customer"}, ["upsert", "convert"]),
        ({"DoNotCall": "1"}, ["disable"]),
        ({"DoNotCall": "1", "Mobile": None, "Phone": None}, ["disable"]),
        ({"DoNotCall": "1", "ProspectStage": "Customer"}, ["convert", "disable"]),
        ({"DoNotCall": None}, ["upsert"]),
        ({"ProspectStage": "Customer", "Mobile": None, "Phone": ""}, []),
    ],
)
def test_what_becomes_of_a_lead_of_leadsquared(change: dict[str, Any], actions: list[str]) -> None:
    assert [row[0] for row in outcomes("leadsquared", "leads", {**PROSPECT, **change})] == actions


FRESH = {"id": 7, "first_name": "Asha", "last_name": "Rao", "mobile_number": MOBILE, "is_deleted": False}


@pytest.mark.parametrize(("stream", "lead"), [("contacts", "c7"), ("leads", "l7")])
def test_the_numbers_of_freshsales_do_not_collide(stream: str, lead: str) -> None:
    sent = {"phone_number": "9999900001", "contact_name": "Asha Rao"}
    assert outcomes("freshsales", stream, FRESH) == [("upsert", lead, sent)]
    assert outcomes("freshsales", stream, {**FRESH, "is_deleted": True}) == [("disable", lead, {})]
    assert outcomes("freshsales", stream, {**FRESH, "id": None}) == [("rejected", "missing_field")]


@pytest.mark.parametrize(("stream", "lead"), [("contacts", "c7"), ("leads", "l7")])
@pytest.mark.parametrize(
    ("value", "action"),
    [(True, "disable"), ("true", "disable"), (1, "disable"), (False, "upsert"), ("false", "upsert")],
)
def test_who_must_not_be_disturbed_in_freshsales_is_disabled(stream: str, lead: str, value: Any, action: str) -> None:
    """With a number or without."""
    record = {**FRESH, "do_not_disturb": value}
    assert [row[:2] for row in outcomes("freshsales", stream, record)] == [(action, lead)]
    without = outcomes("freshsales", stream, {**record, "mobile_number": None})
    assert [row[0] for row in without] == (["disable"] if action == "disable" else [])


@pytest.mark.parametrize("write", [{"cf_product": "loan"}, '{"cf_product": "loan"}'], ids=["object", "text"])
def test_custom_fields_of_freshsales_come_as_text_and_one_by_one_if_asked_for(write: Any) -> None:
    own = {"product": "from_json(custom_field).cf_product"}
    (row,) = outcomes("freshsales", "contacts", {**FRESH, "custom_field": write}, fields=own)
    assert row[2]["custom_field"] == '{"cf_product": "loan"}'
    assert row[2]["product"] == "loan"


@pytest.mark.parametrize(
    ("count", "converts"), [(1, True), ("2", True), (0, False), ("0", False), (None, False), ("", False)]
)
def test_a_contact_of_freshsales_with_a_won_deal_is_converted(count: Any, converts: bool) -> None:  # noqa: FBT001 - a case
    record = {**FRESH, "won_deals_count": count, "won_deals_amount": "10.0"}
    found = outcomes("freshsales", "contacts", record)
    detail = {"won_deals_count": count, "won_deals_amount": "10.0"}
    assert found[1:] == ([("convert", "c7", {"detail": detail})] if converts else [])
    assert [row[0] for row in outcomes("freshsales", "leads", record)] == ["upsert"]


def test_numbers_in_these_tests_are_invented() -> None:
    """Mobile numbers lie between 99999 00000 and 99999 99999, but for the one that must keep its 91."""
    text = Path(__file__).read_text(encoding="utf-8")
    found = set(re.findall(r"(?<!\d)[6-9]\d{9}(?!\d)", text))
    assert {number for number in found if not number.startswith("99999")} <= {"9198765432", "8061234567"}
