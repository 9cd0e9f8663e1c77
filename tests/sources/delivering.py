"""A tap's lines through the target into a pretend SquadStack, with the settings that a preset needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.scene import Scene
    from sources.tap import Tap

Rules = list[dict[str, Any]]


def deliver(scene: Scene, tap: Tap, catalog: dict[str, Any], mappings: Rules) -> dict[str, Any]:
    """Run tap and target once, keep the STATE for the next time, and tell the summary."""
    result = scene.run(tap.read(catalog), mappings=mappings)
    assert result.status == 0, result.stderr[-3000:]
    assert result.summary is not None
    tap.state = result.states[-1]
    return result.summary


def check_that_nothing_is_sent_again(scene: Scene, tap: Tap, catalog: dict[str, Any], mappings: Rules) -> None:
    """Run once more from the STATE: the tap repeats its last records, and no call is made."""
    before = scene.server.calls()
    summary = deliver(scene, tap, catalog, mappings)
    assert summary["records"] > 0
    assert (summary["calls"], summary["accepted"], summary["rejected"]) == (0, 0, 0)
    assert scene.server.calls() == before


def sent(scene: Scene) -> dict[str, dict[str, Any]]:
    """Tell what SquadStack holds of each lead."""
    return {lead_id: lead["fields"] for lead_id, lead in scene.leads().items()}


def details(scene: Scene) -> dict[str, Any]:
    """Tell who is converted, and with which detail."""
    return {lead_id: lead["detail"] for lead_id, lead in scene.leads().items() if lead["state"] == "converted"}
