"""What `squadstack explain` shows of records, and what it does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from flows.planning import SQUADSTACK, command
from flows.scene import SECRETS, contact
from support import singer
from support.run import run_target

if TYPE_CHECKING:
    from flows.scene import Scene

RULES: list[dict[str, Any]] = [
    {
        "stream": "contacts",
        "action": "upsert",
        "when": "city != 'nowhere'",
        "fields": {"source": "'crm'", "amount": "5 + 1"},
        "include": ["lead_id", "phone_number", "contact_name", "city"],
    },
    {"stream": "orders", "action": "update", "fields": {"lead_id": "id", "city": "city"}},
    {"stream": "orders", "action": "convert", "fields": {"lead_id": "id", "detail": {"sum": "total.amount"}}},
]
CONTACTS = singer.schema("contacts", ["lead_id", "phone_number", "contact_name", "city", "email"], key=[])
ORDERS = singer.schema("orders", ["id", "city", "total"], key=[])
LINES = [
    CONTACTS,
    ORDERS,
    contact(1, city="Pune", email="canary-token@example.com", extra=1),
    contact(2, phone_number="99999", city="Agra"),
    contact(3, city="nowhere"),
    singer.record("orders", id="lead-1", city="Agra", total={"amount": 250}),
    singer.state(1),
]


def explain(scene: Scene, *arguments: str) -> dict[str, Any]:
    result = command(scene, "explain", LINES, "--json", *arguments, mappings=RULES)
    assert result.status == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def test_values_are_masked_but_those_of_the_rules(scene: Scene) -> None:
    """`command` holds the output free of names and numbers; no ledger is made."""
    told = explain(scene)
    first, second, third, fourth = told["records"]
    assert first["outcomes"][0]["payload"] == {
        "lead_id": "<6 characters>",
        "phone_number": "<10 digits>",
        "contact_name": "<8 characters>",
        "city": "<4 characters>",
        "source": "crm",
        "amount": "<a number>",
    }
    assert second["outcomes"][0]["reason"] == "invalid_phone"
    assert (third["outcomes"], third["filtered_by"]) == ([], ["1"])
    assert [one["action"] for one in fourth["outcomes"]] == ["update", "convert"]
    assert fourth["outcomes"][1]["payload"]["detail"] == {"sum": "<a number>"}
    assert list(scene.folder.iterdir()) == []
    assert scene.server.calls() == []


def test_what_no_rule_uses_and_what_collides(scene: Scene) -> None:
    told = explain(scene, "--records", "0")
    assert (told["records"], told["read"]) == ([], 4)
    assert told["unused_fields"] == {"contacts": ["email", "extra"]}
    assert [(one["rules"], one["leads"], one["fields"]) for one in told["collisions"]] == [
        (["1", "2"], 1, ["city"]),
        (["1", "3"], 1, []),
    ]


def test_one_lead(scene: Scene) -> None:
    assert [record["number"] for record in explain(scene, "--lead", "lead-1")["records"]] == [1, 4]
    assert [record["number"] for record in explain(scene, "--records", "2")["records"]] == [1, 2]


def test_values_are_shown_on_demand(scene: Scene) -> None:
    settings = scene.settings(mappings=RULES)
    result = run_target(settings, LINES, "--show-values", command=[SQUADSTACK, "explain"], cwd=scene.folder)
    assert "phone_number: 9999900001" in result.stdout
    assert "city: Pune" in result.stdout


def test_a_text_for_people(scene: Scene) -> None:
    text = command(scene, "explain", LINES, mappings=RULES).stdout
    for line in (
        "Record 1 of stream 'contacts'",
        "  rule 1: upsert in campaign main",
        "    phone_number: <10 digits>",
        "  rule 1: upsert in campaign main: rejected, invalid_phone: phone_number is no valid number of IN",
        "  rule 1: filtered",
        "4 records were read, 4 are shown.",
        "No rule uses these fields of stream 'contacts': email, extra.",
    ):
        assert line in text.splitlines()
    assert "Rules 1 and 2 (streams 'contacts' and 'orders') act on the same leads: 1." in text
    assert [secret for secret in SECRETS if secret in text] == []
