"""What tap-freshsales writes, recorded in shape, through the preset `freshsales`; its invalid schemas do no harm.

It reads all of its streams, a contact once for each view that holds it, and writes a STATE after every contact.
People and numbers are invented, and the expectations are written out by hand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

PRESET = [{"preset": "freshsales"}]
TEXT, NUMBER, MOMENT = (
    {"type": ["null", "string"]}, {"type": ["null", "integer"]}, {"type": ["null", "string"], "format": "date-time"},
)  # fmt: skip
PEOPLE = {
    "id": NUMBER, "first_name": TEXT, "last_name": TEXT, "email": TEXT, "work_number": TEXT, "mobile_number": TEXT,
    "city": TEXT, "do_not_disturb": {"type": ["null", "boolean"]}, "updated_at": MOMENT,
}  # fmt: skip
"""Fewer than its records have."""
APPOINTMENTS = {
    "id": NUMBER, "title": {"type": ["null", "text"]}, "updated_at": MOMENT,
    "appointment_attendees_attributes": {"type": ["null", "Array of Objects"]},
}  # fmt: skip
TASKS = {"id": NUMBER, "title": TEXT, "description": {"type": ["null", "text"]}}
CONVERTED = {"won_deals_count": 2, "won_deals_amount": "250000.5"}


def person(stream: str, number: int, **fields: Any) -> str:
    """A contact or a lead as the API gives it."""
    mobile = fields.pop("mobile_number", f"+91-99999{number:05}")
    return singer.record(stream, **{
        "id": number, "first_name": "Canary", "last_name": str(number), "display_name": f"Canary {number}",
        "mobile_number": mobile, "work_number": None, "email": f"canary{number}@example.com", "emails": [],
        "phone_numbers": [], "city": "Pune", "custom_field": {"cf_product": "loan"}, "lifecycle_stage_id": 71,
        "won_deals_count": 0, "won_deals_amount": "0.0", "is_deleted": False, "do_not_disturb": False,
        "updated_at": "2026-10-02T10:00:00+05:30", **fields,
    })  # fmt: skip


def view(number: int) -> str:
    return singer.state({f"contacts_{number}": "2026-10-02T10:00:00+05:30"})


MESSAGES = [
    singer.schema("contacts", PEOPLE),
    *(person("contacts", 7, **CONVERTED), view(1)),
    *(person("contacts", 8, mobile_number=None, work_number="0806 123 4567"), view(1)),
    *(person("contacts", 9, mobile_number=None), view(1)),
    *(person("contacts", 7, **CONVERTED), view(2)),
    *(person("contacts", 11), view(2)),
    singer.schema("appointments", APPOINTMENTS),
    singer.record("appointments", id=1, title="Visit", appointment_attendees_attributes=[{"attendee_id": 7}]),
    singer.schema("deals", {"id": NUMBER, "amount": {"type": ["null", "number"]}, "custom_field": TEXT}),
    singer.record("deals", id=5, amount=250000.5, custom_field='{"cf_term": null}', deal_stage_id=9),
    singer.schema("leads", PEOPLE),
    person("leads", 7, custom_field={}),
    singer.schema("tasks", TASKS),
    singer.record("tasks", id=3, title="Call", description="Canary asked for a call"),
]


@pytest.mark.parametrize("properties", [APPOINTMENTS, TASKS])
def test_these_schemas_are_invalid_indeed(properties: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.SchemaError):
        jsonschema.Draft7Validator.check_schema({"type": "object", "properties": properties})


def test_contacts_and_leads_are_sent_and_the_other_streams_do_no_harm(scene: Scene) -> None:
    """Once each, and a second run of the same sends nothing; who has no number is filtered."""
    result = scene.run(MESSAGES, mappings=PRESET)
    assert (result.status, result.summary["rejected"]) == (0, 0), result.stderr
    assert result.states[-1] == {"contacts_2": "2026-10-02T10:00:00+05:30"}
    fields = {"city": "Pune", "custom_field": '{"cf_product": "loan"}', "lifecycle_stage_id": 71}
    assert {lead_id: (lead["state"], lead["fields"]) for lead_id, lead in scene.leads().items()} == {
        "c7": ("converted", told(7, "9999900007", **fields)),
        "c8": ("active", told(8, "8061234567", **fields)),
        "c11": ("active", told(11, "9999900011", **fields)),
        "l7": ("active", told(7, "9999900007", city="Pune", custom_field="{}")),
    }
    assert scene.leads()["c7"]["detail"] == {"won_deals_count": 2, "won_deals_amount": "250000.5"}
    assert scene.done("c7") == ["upsert", "convert"]

    again = scene.run(MESSAGES, mappings=PRESET)
    assert (again.status, again.summary["calls"]) == (0, 0)


def told(number: int, phone_number: str, **more: Any) -> dict[str, Any]:
    """The fields that every one of them has."""
    mail = f"canary{number}@example.com"
    return {"phone_number": phone_number, "contact_name": f"Canary {number}", "email": mail, **more}


def test_who_was_deleted_is_disabled_and_who_wins_a_deal_converted(scene: Scene) -> None:
    """As they are read again, each by a run of its own; nothing else is sent."""
    scene.run(MESSAGES, mappings=PRESET)
    changed = [person("contacts", 8, mobile_number=None, is_deleted=True), person("contacts", 11, won_deals_count=1)]
    result = scene.run([singer.schema("contacts", PEOPLE), *changed, view(2)], mappings=PRESET)

    assert (result.status, result.summary["by_action"]) == (0, {"convert": 1, "disable": 1})
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == {"c7": "converted", "c8": "disabled", "c11": "converted", "l7": "active"}


def test_who_must_not_be_disturbed_is_disabled_with_a_custom_field_by_itself(scene: Scene) -> None:
    """The field is added as docs/freshsales.md shows it; who was never sent is refused, which does no harm."""
    rules = [{**PRESET[0], "fields": {"product": "from_json(custom_field).cf_product"}}]
    scene.run([singer.schema("contacts", PEOPLE), person("contacts", 8), view(1)], mappings=rules)
    opted_out = [person("contacts", number, do_not_disturb=True) for number in (8, 12)]
    result = scene.run([*MESSAGES, *opted_out, view(1)], mappings=rules)

    assert (result.status, result.summary["by_reason"]) == (0, {"unknown_lead": 1})
    states = {lead_id: lead["state"] for lead_id, lead in scene.leads().items()}
    assert states == {"c7": "converted", "c8": "disabled", "c11": "active", "l7": "active"}
    assert scene.leads()["c7"]["fields"]["product"] == "loan"
