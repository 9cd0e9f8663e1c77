"""Every example of SquadStack's documents, replayed."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from sandbox.driving import Caller

EXAMPLES = sorted(Path(__file__).with_name("documented").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_documented_example(shared: Caller, path: Path) -> None:
    """The documented call is answered with the documented status and body."""
    example = json.loads(path.read_text())
    _restore(shared, example["given"])
    response = shared.post(example["request"]["path"], json=example["request"]["body"])
    assert response.json() == example["answer"]["body"]
    assert response.status_code == example["answer"]["status"]


def test_all_examples_are_here() -> None:
    """Each of the six actions has its one single and its three bulk examples."""
    paths = Counter(json.loads(path.read_text())["request"]["path"] for path in EXAMPLES)
    assert list(paths.values()) == [4] * 6


def _restore(caller: Caller, given: list[dict[str, Any]]) -> None:
    leads = {lead["lead_id"]: {"state": lead["state"]} for lead in given}
    caller.sandbox.campaigns.restore({"campaigns": {"ref_id": leads}})
