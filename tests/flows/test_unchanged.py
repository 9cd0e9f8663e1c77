"""What the API has accepted already is not sent again: not by the next run, not by another token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from flows.scene import CAMPAIGN, CONTACTS, contact, upsert
from support import singer
from support.crm_server import CrmServer

if TYPE_CHECKING:
    from flows.scene import Scene

pytestmark = pytest.mark.any_ledger

RULES = [
    upsert(),
    {"stream": "orders", "action": "convert", "include": ["lead_id", "detail"]},
    {"stream": "opt_outs", "action": "disable", "include": ["lead_id"]},
    {"stream": "erasures", "action": "delete", "include": ["lead_id"]},
]
LENIENT = {"max_reject_percent": 100}
SCHEMAS = [
    singer.schema("contacts", ["lead_id", "phone_number", "contact_name", "city"], key=["lead_id"]),
    singer.schema("orders", ["lead_id", "detail"], key=["lead_id"]),
    singer.schema("opt_outs", ["lead_id"], key=["lead_id"]),
    singer.schema("erasures", ["lead_id"], key=["lead_id"]),
]
ALL = [
    *SCHEMAS,
    *(contact(number, city="Pune") for number in range(5)),
    singer.record("orders", lead_id="lead-1", detail="paid"),
    singer.record("opt_outs", lead_id="lead-2"),
    singer.record("erasures", lead_id="lead-3"),
    singer.state(1),
]


def city(scene: Scene, *cities: str, **changes: object) -> dict[str, int]:
    """Send one lead with each of the cities, a run each; returns the last summary."""
    for name in cities:
        result = scene.run([CONTACTS, contact(1, city=name), singer.state(1)], mappings=[upsert()], **changes)
        assert result.status == 0, result.stderr
    return result.summary


def test_the_same_input_twice_makes_no_call(scene: Scene) -> None:
    """Upserts, a conversion, a disabling and a deletion; and the second run says so."""
    first = scene.run(ALL, mappings=RULES)
    assert (first.summary["accepted"], first.summary["coalesced"]) == (8, 0)
    second = scene.run(ALL, mappings=RULES, auth_token="canary-token")
    assert (second.status, second.states, second.summary["calls"]) == (0, [1], 0)
    assert (second.summary["unchanged"], second.summary["by_reason"]) == (7, {"lead_deleted": 1})


def test_only_the_latest_value_counts(scene: Scene) -> None:
    """A → B → A sends A."""
    assert city(scene, "Pune", "Agra", "Pune")["accepted"] == 1
    assert scene.server.leads(CAMPAIGN)["lead-1"]["fields"]["city"] == "Pune"
    assert city(scene, "Pune")["unchanged"] == 1


def test_two_rules_that_feed_one_lead_leave_each_other_in_peace(scene: Scene) -> None:
    """In turn, by field; and a rule with a new field sends again."""
    basic = {**upsert(), "include": ["lead_id", "phone_number", "contact_name"]}
    more = {"stream": "profiles", "action": "update", "include": ["*"]}
    profiles = singer.schema("profiles", ["lead_id", "city", "plan"], key=["lead_id"])
    messages = [CONTACTS, profiles, contact(1), singer.record("profiles", lead_id="lead-1", city="Pune")]
    for calls in (1, 0, 0):
        assert scene.run(messages, mappings=[basic, more]).summary["calls"] == calls
    messages.append(singer.record("profiles", lead_id="lead-1", city="Pune", plan="gold"))
    assert scene.run(messages, mappings=[basic, more]).summary["calls"] == 1


def test_full_refresh_sends_all(scene: Scene) -> None:
    city(scene, "Pune")
    assert city(scene, "Pune", full_refresh=True)["accepted"] == 1
    assert city(scene, "Pune", skip_unchanged=False)["accepted"] == 1


@pytest.mark.parametrize("changes", [{"business": "other"}, {"ref_id": "other"}])
def test_another_business_or_campaign_knows_nothing_of_it(scene: Scene, changes: dict[str, object]) -> None:
    city(scene, "Pune")
    assert city(scene, "Pune", **changes)["accepted"] == 1


def test_another_host_knows_nothing_of_it(scene: Scene) -> None:
    """The sandbox first, then the real one: all are sent."""
    city(scene, "Pune")
    with CrmServer(token="canary-token") as other:
        assert city(scene, "Pune", api_url=other.url)["accepted"] == 1
        assert "lead-1" in other.leads(CAMPAIGN)


def test_a_lost_answer_leaves_nothing_unchanged(scene: Scene) -> None:
    """The call was carried out and its answer lost, with the run: nobody knows, so the next run sends it again."""
    scene.server.set(script=["lost"])
    first = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[upsert()], max_outage_seconds=0)
    assert (first.status, first.states) == (1, [])
    second = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[upsert()])
    assert (second.summary["accepted"], second.states) == (1, [1])


@pytest.mark.long
def test_after_a_lost_answer_another_action_does_not_bring_the_old_values_back(scene: Scene) -> None:
    """A, then B, which was taken unheard, then a disabling that is answered: A is not what stands."""
    city(scene, "Pune")
    scene.server.set(script=["lost"])
    lost = [CONTACTS, contact(1, city="Agra"), singer.state(1)]
    assert scene.run(lost, mappings=[upsert()], max_outage_seconds=0).status == 1
    scene.run([*SCHEMAS, singer.record("opt_outs", lead_id="lead-1"), singer.state(1)], mappings=RULES)
    assert scene.server.leads(CAMPAIGN)["lead-1"]["fields"]["city"] == "Agra"
    assert city(scene, "Pune")["accepted"] == 1
    assert scene.server.leads(CAMPAIGN)["lead-1"]["fields"]["city"] == "Pune"


@pytest.mark.long
def test_a_deletion_whose_lead_may_be_back_is_sent(scene: Scene) -> None:
    """Deleted, then brought back unheard, then a deletion that did nothing: red if it counts as done."""
    erasure = [*SCHEMAS, singer.record("erasures", lead_id="lead-1"), singer.state(1)]
    settings = {"mappings": RULES, "after_delete": "allow", "max_outage_seconds": 0}
    scene.run([*SCHEMAS, contact(1), *erasure], **settings)
    scene.server.set(script=["lost", "403"])
    assert scene.run([CONTACTS, contact(1), singer.state(1)], **settings).status == 1
    assert scene.run(erasure, **settings).status == 1
    assert "lead-1" in scene.leads()
    assert scene.run(erasure, **settings).summary["accepted"] == 1
    assert scene.leads() == {}


BUSY = "Another request for the same lead is getting processed already"


@pytest.mark.long
@pytest.mark.parametrize("first", [{"status_code": 409, "data": {"error_msg": BUSY}}, None])
def test_a_row_that_did_nothing_leaves_no_doubt(scene: Scene, first: dict[str, object] | None) -> None:
    """Told to come later, then refused: the other rule's lead is unchanged. Red if the first try counts as unheard."""
    rules = [upsert(), {"stream": "orders", "action": "convert", "include": ["lead_id", "detail"]}]
    paid = singer.record("orders", lead_id="lead-1", detail="paid")
    scene.run([CONTACTS, contact(1), singer.state(1)], mappings=rules)
    refused = {"status_code": 400, "data": {"error_msg": "detail is bad"}}
    script = [{"rows": {0: row}} for row in (first, refused) if row]
    scene.server.set(script=script)
    assert scene.run([*SCHEMAS, paid, singer.state(1)], mappings=rules, **LENIENT).summary["by_reason"] == {"other": 1}
    assert scene.run([CONTACTS, contact(1), singer.state(1)], mappings=rules).summary["calls"] == 0


@pytest.mark.long
def test_a_create_that_was_not_done_is_not_taken_for_ours(scene: Scene) -> None:
    """Told to come later, then that the lead is there: it is somebody else's."""
    scene.server.seed(CAMPAIGN, [{"lead_id": "lead-1", "phone_number": "9999912345", "contact_name": "Farid"}])
    scene.server.set(script=[{"rows": {0: {"status_code": 409, "data": {"error_msg": BUSY}}}}])
    create = {**upsert(), "action": "create"}
    result = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[create], **LENIENT)
    assert (result.summary["accepted"], result.summary["by_reason"]) == (0, {"already_exists": 1})


def test_a_refused_value_is_not_remembered(scene: Scene) -> None:
    """Rejected, then the same again: it is sent again, since it was never accepted."""
    update = {**upsert(), "action": "update"}
    for _ in range(2):
        result = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[update])
        assert result.summary["by_reason"] == {"unknown_lead": 1}


def test_after_a_deletion_a_lead_comes_back_only_if_it_may(scene: Scene) -> None:
    """Rejected as `lead_deleted` by default, without a call; `after_delete: allow` sends it."""
    erasure = [*SCHEMAS, contact(1), singer.record("erasures", lead_id="lead-1"), singer.state(1)]
    scene.run(erasure, mappings=RULES)
    blocked = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[upsert()])
    assert (blocked.status, blocked.summary["calls"], blocked.summary["by_reason"]) == (0, 0, {"lead_deleted": 1})
    allowed = scene.run([CONTACTS, contact(1), singer.state(1)], mappings=[upsert()], after_delete="allow")
    assert (allowed.summary["accepted"], "lead-1" in scene.server.leads(CAMPAIGN)) == (1, True)


def test_deletions_that_were_done_before_do_not_count(scene: Scene) -> None:
    """Three of three allowed, then the same and three more: the limit is on what would be done."""
    leads = [*map(contact, range(6))]
    gone = [singer.record("erasures", lead_id=f"lead-{number}") for number in range(6)]
    scene.run([*SCHEMAS, *leads, *gone[:3], singer.state(1)], mappings=RULES, max_actions={"delete": 3})
    again = scene.run([*SCHEMAS, *gone, singer.state(2)], mappings=RULES, max_actions={"delete": 3})
    assert (again.status, again.states) == (0, [2]), again.stderr
    assert (again.summary["unchanged"], again.summary["by_action"]) == (3, {"delete": 3})
    assert scene.server.leads(CAMPAIGN) == {}
