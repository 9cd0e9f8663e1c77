"""What one run learned, the next one knows: an upsert may lack number and name once SquadStack has the lead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.scene import CONTACTS, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

RULES = [upsert(), {"stream": "erasures", "action": "delete", "include": ["lead_id"]}]
ERASURES = singer.schema("erasures", ["lead_id"], key=["lead_id"])


def bare(lead_id: str, **fields: object) -> str:
    """Write a record that says nothing of who the lead is."""
    return singer.record("contacts", lead_id=lead_id, **fields)


def test_an_upsert_without_number_is_for_leads_that_were_accepted(scene: Scene) -> None:
    """By this business, at this host, in this campaign, and not deleted since."""
    first = scene.run([CONTACTS, contact(1), contact(2), bare("lead-3", city="Pune"), singer.state(1)], mappings=RULES)
    assert (first.status, first.states) == (0, [1])
    erasure = singer.record("erasures", lead_id="lead-2")
    scene.run([ERASURES, erasure, singer.state(2)], mappings=RULES)
    second = [bare("lead-1", city="Agra"), bare("lead-2", city="Agra"), bare("lead-3", city="Agra")]
    result = scene.run([CONTACTS, *second, singer.state(3)], mappings=RULES)
    assert (result.status, result.states) == (0, [3])
    assert scene.leads()["lead-1"]["fields"]["city"] == "Agra"
    assert set(scene.leads()) == {"lead-1"}
    assert [(reject["lead_id"], reject["reason"]) for reject in scene.rejects()] == [
        ("lead-3", "missing_field"),
        ("lead-2", "missing_field"),
        ("lead-3", "missing_field"),
    ]
    calls = len(scene.server.calls())
    for stranger in ({"business": "another"}, {"ref_id": "other"}):
        result = scene.run([CONTACTS, bare("lead-1"), singer.state(4)], mappings=RULES, **stranger)
        assert result.summary is not None
        assert result.summary["by_reason"] == {"missing_field": 1}
    assert len(scene.server.calls()) == calls


def test_it_is_judged_when_its_turn_comes(scene: Scene) -> None:
    """Behind an upsert on its way, it is sent if that one is accepted, and rejected if not."""
    scene.server.set(reject=[{"field": "city", "value": "nowhere"}])
    scene.server.hold("apply")
    with scene.running(max_batch_wait_seconds=0, batch_size_rows=2) as running:
        running.write(CONTACTS, contact(1), contact(2, city="nowhere"))
        scene.server.wait(lambda: sum(len(call.lead_ids) for call in scene.server.calls()) == 2)
        running.write(bare("lead-1", city="Pune"), bare("lead-2", city="Pune"), singer.state(1))
        running.close_stdin()
        scene.server.release()
        result = running.wait()
    assert (result.status, result.states) == (0, [1])
    assert scene.done("lead-1") == ["upsert", "upsert"]
    assert scene.done("lead-2") == []
    assert [(reject["lead_id"], reject["reason"]) for reject in scene.rejects()] == [
        ("lead-2", "invalid_value"),
        ("lead-2", "missing_field"),
    ]
