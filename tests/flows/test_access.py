"""Refusals of the caller stop the run at once: nothing is lost, nothing rejected, one sentence says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CONTACTS, contact
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

INPUT = [CONTACTS, contact(1), contact(2), singer.state(1), contact(3), contact(4), singer.state(2), contact(5)]
SERIAL = {"batch_size_rows": 2, "max_in_flight": 1}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param({"status": 401, "body": {"error_msg": "Token expired"}}, "set auth_token", id="401"),
        pytest.param({"status": 403, "body": {"error_msg": "No."}}, "whitelist", id="403"),
        pytest.param({"fault": "404"}, "no active integration of this ref_id", id="404-campaign"),
        pytest.param(
            {"status": 404, "body": {"error_msg": "This endpoint is not enabled in your Integration"}},
            "endpoint is not enabled",
            id="404-endpoint",
        ),
        pytest.param({"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}}, "check api_url", id="redirect"),
    ],
)
def test_a_refused_call_stops_the_run(scene: Scene, answer: dict[str, Any], sentence: str) -> None:
    """A wrong token, permission, campaign or endpoint: what was delivered stays covered, the rest undelivered."""
    scene.server.set(script=[None, answer])
    result = scene.run(INPUT, **SERIAL)
    assert result.status == 1
    assert result.states == [1]
    assert sentence in result.stderr
    assert [call.lead_ids for call in scene.server.calls()] == [("lead-1", "lead-2"), ("lead-3", "lead-4")]
    assert scene.rejects() == []
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (2, 3)


def test_a_refused_row_stops_the_run(scene: Scene) -> None:
    """A row's own 403 is about the caller as well: the other row of its call is settled, it is not."""
    denied = {"status_code": 403, "data": {"error_msg": "You do not have permission to perform this action."}}
    scene.server.set(script=[None, {"rows": {"1": denied}}])
    result = scene.run(INPUT, **SERIAL)
    assert (result.status, result.states) == (1, [1])
    assert "denies permission (403)" in result.stderr
    assert set(scene.leads()) == {"lead-1", "lead-2", "lead-3"}
    assert len(scene.server.calls()) == 2
    assert scene.rejects() == []
    assert result.summary is not None
    assert (result.summary["accepted"], result.summary["undelivered"]) == (3, 2)


def test_a_new_token_goes_on_where_the_old_one_stopped(scene: Scene) -> None:
    """With the last STATE and a token that is valid again, the next run delivers the rest."""
    scene.server.set(expired=True)
    refused = scene.run(INPUT, **SERIAL)
    assert (refused.status, refused.stdout, scene.leads()) == (1, "", {})
    scene.server.set(expired=False)
    result = scene.run(INPUT, **SERIAL)
    assert (result.status, result.states[-1]) == (0, 2)
    assert set(scene.leads()) == {f"lead-{number}" for number in range(1, 6)}
