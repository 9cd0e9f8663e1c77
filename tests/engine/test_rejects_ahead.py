"""The mapping refuses while it reads, the API answers later: the brake must not take that for a bad input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.scene import CONTACTS, contact
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

LEADS, EVERY = 4_000, 10


def test_a_tenth_without_a_valid_phone_number_does_not_stop_a_run(scene: Scene) -> None:
    """400 of 4,000 are refused before the first answer comes: 10 %, and the setting says 50."""
    scene.server.set(answer=1.0)
    bad = {"phone_number": "1"}
    messages = [contact(number, **(bad if number % EVERY == 0 else {})) for number in range(LEADS)]
    result = scene.run([CONTACTS, *messages, singer.state("end")], max_in_flight=32)
    assert (result.status, result.states) == (0, ["end"]), result.stderr[-1000:]
    assert len(scene.leads()) == LEADS - LEADS // EVERY
    assert len(scene.rejects()) == LEADS // EVERY
