"""Commands that send nothing, at work on a scene."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.scene import SECRETS
from support import singer
from support.leads import lead
from support.run import run_target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.scene import Scene
    from support.command import Input, Result

SQUADSTACK = Path(sys.executable).parent / "squadstack"
RULES: list[dict[str, Any]] = [
    {"stream": "contacts", "action": "upsert", "include": ["lead_id", "phone_number", "contact_name", "city"]},
    {"stream": "contacts", "action": "disable", "when": "sold", "fields": {"lead_id": "lead_id"}},
    {"stream": "changes", "action": "update", "when": "not is_new", "include": ["lead_id", "city"]},
    {"stream": "changes", "action": "create", "when": "is_new",
     "include": ["lead_id", "phone_number", "contact_name"]},
]  # fmt: skip
"""Four actions; the API refuses none of what `script` makes of them."""

FIGURES = ("records", "filtered", "actions", "unchanged", "coalesced", "rejected")


def command(scene: Scene, name: str, input: Input, *arguments: str, **settings: object) -> Result:  # noqa: A002
    """Run a command that sends nothing; it shows nothing personal."""
    line = [SQUADSTACK, name]
    result = run_target(scene.settings(**settings), input, *arguments, command=line, cwd=scene.folder)
    assert "Traceback" not in result.stderr, result.stderr
    assert [secret for secret in SECRETS if secret in result.stdout + result.stderr] == []
    return result


def plan(scene: Scene, input: Input, **settings: object) -> dict[str, Any]:  # noqa: A002
    """Tell the plan of a run."""
    result = command(scene, "plan", input, "--json", **settings)
    assert result.status == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


def script(seed: int, *, records: int, leads: int) -> Iterator[str]:
    """Write what a tap may: leads that come up again and again, some of them without a valid number."""
    draw = random.Random(seed)
    names = ["lead_id", "phone_number", "contact_name", "city", "sold", "is_new"]
    yield from (singer.schema(stream, names, key=[]) for stream in ("contacts", "changes"))
    valid: list[int] = []
    for number in range(records):
        fields: dict[str, object] = {"city": draw.choice("abc"), "sold": draw.random() < 0.15}
        if valid and draw.random() < 0.15:
            is_new = draw.random() < 0.3
            which = 1_000 * seed + number if is_new else draw.choice(valid)
            yield singer.record("changes", **lead(which, **fields, is_new=is_new))
            continue
        which = draw.randrange(leads)
        if draw.random() < 0.06:
            fields |= {"phone_number": "12", "sold": False}
        else:
            valid.append(which)
        yield singer.record("contacts", **lead(which, **fields))
        if number % 50 == 0:
            yield singer.state(number)
    yield singer.state("end")
