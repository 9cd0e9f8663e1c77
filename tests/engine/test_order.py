"""20,000 actions on 500 leads: whatever fails on the way, each lead meets its actions in order, once."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN, TOKEN, Scene
from support import singer
from support.crm_server import CrmServer

if TYPE_CHECKING:
    from pathlib import Path

ACTIONS, LEADS = 20_000, 500
STREAMS = ("web", "shop", "calls")
FAULTS = {"500": 0.05, "reset": 0.05, "lost": 0.05, "truncated": 0.05}
KINDS = ("create", "update", "upsert", "convert", "disable", "delete")
Done = tuple[str, dict[str, Any]]

pytestmark = pytest.mark.long


def mappings() -> list[dict[str, Any]]:
    """Rules by which a record says itself what is to be done."""
    fields = {"convert": ["detail"], "disable": [], "delete": []}
    return [
        {
            "stream": stream,
            "action": kind,
            "when": f"kind == '{kind}'",
            "fields": {name: name for name in ["lead_id", *fields.get(kind, ["phone_number", "contact_name", *"abc"])]},
        }
        for stream in STREAMS
        for kind in KINDS
    ]


def script(seed: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Invent what happens to the leads: (stream, action, fields), each allowed where the lead then stands."""
    dice = random.Random(seed)
    state = dict.fromkeys((f"lead-{number}" for number in range(LEADS)), "none")
    found = []
    for number in range(ACTIONS):
        lead_id = dice.choice(list(state))
        match state[lead_id]:
            case "none":
                kind = dice.choice(["create", "upsert"])
            case "converted":
                kind = dice.choice(["disable", "delete", "delete"])
            case _:
                kind = dice.choice(["update"] * 6 + ["upsert"] * 6 + ["disable"] * 2 + ["convert", "delete"])
        state[lead_id] = {"delete": "none", "convert": "converted"}.get(kind, state[lead_id])
        if kind in {"create", "upsert", "update"}:
            state[lead_id] = "there"
        fields: dict[str, Any] = {"lead_id": lead_id}
        if kind in {"create", "upsert"}:
            fields |= {"phone_number": f"99999{int(lead_id[5:]):05}", "contact_name": f"Canary {lead_id}"}
        if kind in {"create", "upsert", "update"}:
            fields[dice.choice("abc")] = number
        if kind == "convert":
            fields["detail"] = f"order {number}"
        found.append((dice.choice(STREAMS), kind, fields))
    return found


def final(history: list[Done]) -> tuple[str, dict[str, Any], object]:
    """Apply actions one by one: the state, the fields, the detail."""
    state, fields, detail = "gone", dict[str, Any](), None
    for kind, payload in history:
        match kind:
            case "convert":
                state, detail = "converted", payload["detail"]
            case "disable":
                state = "converted" if state == "converted" else "disabled"
            case "delete":
                state, fields, detail = "gone", {}, None
            case _:
                state, fields = "active", {**fields, **payload}
                fields.pop("lead_id")
    return state, fields, detail


def explains(asked: list[Done], met: list[Done]) -> bool:
    """Whether a lead met what was asked in order, merged only as allowed, repeated only as a lost answer explains.

    A call that took effect and whose answer was lost is sent again, so an action may be met again at once.
    Merged: upserts and updates into the first of them, and into the delete behind them.
    """
    reached = _with_absent(asked, {0})
    for number, done in enumerate(met):
        again = reached if number and met[number - 1] == done else set[int]()
        reached = _with_absent(asked, {after for place in reached for after in _after(asked, place, *done)} | again)
    return len(asked) in reached


def _with_absent(asked: list[Done], places: set[int]) -> set[int]:
    """Go on past what leaves no trace: a lead that is not there, upserted and deleted in one."""
    found = set(places)
    for place in sorted(places):
        if place == 0 or asked[place - 1][0] == "delete":
            after = _after(asked, place, "delete", None)
            found |= _with_absent(asked, after)
    return found


def _after(asked: list[Done], place: int, kind: str, payload: dict[str, Any] | None) -> set[int]:
    """Tell how many of the asked may be done after a call that did this."""
    found = set()
    merged: dict[str, Any] = {}
    first = None
    for number in range(place, len(asked)):
        what, fields = asked[number]
        if what == "delete":
            if kind == "delete" and payload in (None, fields):
                found.add(number + 1)
            break
        if what not in {"upsert", "update"} or (first == "update" and what == "upsert"):
            if first is None and (what, fields) == (kind, payload):
                found.add(number + 1)
            break
        first = first or what
        merged |= fields
        if (first, merged) == (kind, payload):
            found.add(number + 1)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_each_lead_meets_its_actions_in_order(tmp_path: Path, seed: int) -> None:
    """Three streams, six kinds, a fault in every fifth call: nothing is lost. Red without the order key of a lead."""
    asked = script(seed)
    names = ["lead_id", "kind", "phone_number", "contact_name", "detail", *"abc"]
    messages = [singer.schema(stream, names, key=[]) for stream in STREAMS]
    messages += [singer.record(stream, kind=kind, **fields) for stream, kind, fields in asked]
    with CrmServer(token=TOKEN, process=True, faults=FAULTS, seed=seed, answer=(0, 0.03)) as server:
        result = Scene(server, tmp_path).run(
            [*messages, singer.state("end")],
            mappings=mappings(),
            max_actions={},
            rate_limit={"calls": None},
            after_delete="allow",
            skip_unchanged=False,
            max_in_flight=16,
            batch_size_rows=50,
            max_batch_wait_seconds=0,
            max_reject_percent=100,
        )
        stats, histories, leads = server.stats(), server.histories(CAMPAIGN), server.leads(CAMPAIGN)
    told = f"{stats}; {result.summary}; {result.seconds:.1f} s"
    assert (result.status, result.states[-1:]) == (0, ["end"]), result.stderr[-2000:]
    assert (stats["overlaps"], stats["repeats"], stats["conflicts"]) == (0, 0, 0), told
    assert result.summary is not None
    assert result.summary["rejected"] == 0, told
    by_lead: dict[str, list[Done]] = {}
    for _, kind, fields in asked:
        by_lead.setdefault(fields["lead_id"], []).append((kind, fields))
    unexplained = [lead_id for lead_id, those in by_lead.items() if not explains(those, histories.get(lead_id, []))]
    assert unexplained == [], (
        f"{unexplained[:5]}: {by_lead[unexplained[0]]} became {histories.get(unexplained[0])}; {told}"
    )
    differing = [lead_id for lead_id, those in by_lead.items() if final(those) != seen(leads.get(lead_id))]
    assert differing == [], f"{differing[:5]}: {final(by_lead[differing[0]])} became {leads.get(differing[0])}; {told}"
    print(told)  # noqa: T201


def seen(lead: dict[str, Any] | None) -> tuple[str, dict[str, Any], object]:
    """Tell of a lead as the server holds it what `final` tells."""
    return ("gone", {}, None) if lead is None else (lead["state"], lead["fields"], lead["detail"])
