"""The run that the connector is for: a thousand records on standard input, 40 of them bad."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from flows.scene import CAMPAIGN
from support import singer
from support.leads import LEAD_ID, lead

if TYPE_CHECKING:
    from flows.scene import Scene

TOTAL, STATE_EVERY = 1000, 90
MAPPING = {
    "stream": "contacts",
    "action": "upsert",
    "fields": {"lead_id": "lead_id", "phone_number": "phone_number", "contact_name": "contact_name"},
    "include": ["city"],
}
BAD = (
    ({"phone_number": "99999"}, "invalid_phone"),
    ({"phone_number": "+1 212 555 0123"}, "invalid_phone"),
    ({"phone_number": None}, "missing_field"),
    ({"contact_name": "  "}, "missing_field"),
    ({"lead_id": None}, "missing_field"),
    ({"city": {"at": float("nan")}}, "invalid_value"),
    ({"city": "nowhere"}, "invalid_value"),
    ({"lead_id": "sold-{}"}, "lead_converted"),
)
"""What is wrong with every 25th record, in turn, and the reason code that it must get."""


def test_every_good_lead_arrives_once_and_every_bad_one_is_explained(scene: Scene) -> None:
    scene.server.set(reject=[{"field": "city", "value": "nowhere"}])
    bad = dict(enumerate([BAD[turn % len(BAD)] for turn in range(TOTAL // 25)]))
    expected: dict[str | None, str] = {}
    messages = [singer.schema("contacts", ["lead_id", "phone_number", "contact_name", "city"], key=[])]
    for number in range(TOTAL):
        fields = lead(number, city="Pune")
        if number % 25 == 7:
            wrong, reason = bad[number // 25]
            fields |= {name: value.format(number) if isinstance(value, str) else value for name, value in wrong.items()}
            expected[f"{fields['lead_id']}/{number}"] = reason
        messages.append(singer.record("contacts", **fields, number=number))
        if number % STATE_EVERY == 0:
            messages.append(singer.state({"number": number}))
    _sell(scene, [f"sold-{number}" for number in range(TOTAL)])
    before = len(scene.server.calls())

    summary_path = scene.folder / "summary.json"
    result = scene.run(messages, mappings=[MAPPING], summary_path=str(summary_path))

    assert result.status == 0
    good = {LEAD_ID.format(number) for number in range(TOTAL) if number % 25 != 7}
    histories = scene.server.histories(CAMPAIGN)
    assert {lead_id for lead_id in histories if lead_id.startswith("lead-")} == good
    assert {len(histories[lead_id]) for lead_id in good} == {1}
    assert histories["lead-0"] == [("upsert", lead(0, city="Pune"))]

    rejects = {f"{reject['record']['lead_id']}/{reject['record']['number']}": reject for reject in scene.rejects()}
    assert {name: reject["reason"] for name, reject in rejects.items()} == expected
    assert {reject["rule"] for reject in rejects.values()} == {1}
    assert rejects["lead-7/7"]["record"]["phone_number"] == "99999"

    books = result.summary
    assert books is not None
    assert (books["records"], books["actions"], books["accepted"], books["rejected"]) == (1000, 1000, 960, 40)
    assert books["undelivered"] == books["filtered"] == books["retried"] == 0
    assert books["by_reason"] == Counter(expected.values())
    assert books == json.loads(summary_path.read_text())
    assert result.states[-1] == {"number": 990}

    calls = scene.server.calls()[before:]
    assert len(calls) == books["calls"] == 10
    assert scene.server.stats()["repeats"] == scene.server.stats()["overlaps"] == 0


def _sell(scene: Scene, lead_ids: list[str]) -> None:
    """Have leads there that are converted already."""
    rule = {"stream": "sold", "action": "convert", "fields": {"lead_id": "id", "detail": "'before'"}}
    scene.server.seed(CAMPAIGN, [lead(1, lead_id=lead_id) for lead_id in lead_ids])
    sold = [singer.schema("sold", ["id"]), *(singer.record("sold", id=lead_id) for lead_id in lead_ids)]
    assert scene.run(sold, mappings=[rule], business="somebody else").status == 0
