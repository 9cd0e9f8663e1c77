"""Nothing personal is shown, at any level, whatever goes wrong. `Scene.run` looks for it after every run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CONTACTS, SECRETS, TOKEN, contact, upsert
from support import singer

if TYPE_CHECKING:
    from flows.scene import Scene

ECHO = "Canary 9999900001 said: " + TOKEN
TALKATIVE = {
    "LOGLEVEL": "DEBUG",
    "TARGET_SQUADSTACK_LOGLEVEL": "DEBUG",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONDEVMODE": "1",
}


@pytest.mark.parametrize(
    ("server", "extra", "status"),
    [
        pytest.param(
            {"reject": [{"field": "city", "value": "nowhere", "error_msg": ECHO}], "script": ["500", "truncated"]},
            [contact(7, phone_number="99999"), contact(8, city="nowhere"), singer.record("contacts", lead_id="9")],
            0,
            id="rejects",
        ),
        pytest.param({"always": {"status": 401, "body": {"error_msg": ECHO}}}, [], 1, id="refused"),
        pytest.param({"always": {"status": 503, "body": ECHO}}, [], 1, id="outage"),
        pytest.param({"always": {"status": 200, "body": ECHO}}, [], 1, id="unreadable"),
        pytest.param(
            {"poison": [{"field": "city", "value": "nowhere", "error_msg": ECHO}]},
            [contact(8, city="nowhere")],
            0,
            id="halved",
        ),
        pytest.param({}, ['{"type": "RECORD", "stream": "contacts", "record": {"contact_name": "Canary'], 1, id="cut"),
        pytest.param({}, [contact(1, joined={"at": ["Canary"]}, lead_id={"Canary": "99999"})], 0, id="odd values"),
        pytest.param({}, [singer.record("contacts", contact_name="Canary")], 1, id="no key"),
    ],
)
def test_nothing_personal_in_the_log(scene: Scene, server: dict[str, Any], extra: list[str], status: int) -> None:
    """At DEBUG, with an API that repeats number, name and token in its answers."""
    scene.server.set(**server)
    result = scene.run(
        [CONTACTS, contact(1), *extra, singer.state(1)],
        env=TALKATIVE,
        max_outage_seconds=1 if "always" in server else 20,
        summary_path=str(scene.folder / "summary.json"),
    )
    assert result.status == status
    assert "DEBUG" in result.stderr
    left = b"".join(path.read_bytes() for path in scene.folder.iterdir() if "ledger" not in path.name).decode()
    assert [secret for secret in SECRETS if secret in left] == []


def test_a_value_that_breaks_an_expression_is_not_shown(scene: Scene) -> None:
    """Its kind of fault alone is kept, in the ledger."""
    rule = {**upsert(), "fields": {"year": "int(contact_name)", "age": "json.loads(phone_number)['Canary']"}}
    result = scene.run([CONTACTS, contact(1), contact(2), singer.state(1)], env=TALKATIVE, mappings=[rule])
    assert (result.status, result.states) == (0, [1])
    assert [reject["message"] for reject in scene.rejects()] == ["year: ValueError"] * 2


def test_a_value_that_breaks_a_stream_map_is_not_shown(scene: Scene) -> None:
    """The SDK's exception would hold it, and its traceback the record."""
    maps = {"contacts": {"year": "int(contact_name)"}}
    result = scene.run([CONTACTS, contact(1), singer.state(1)], env=TALKATIVE, stream_maps=maps)
    assert (result.status, result.stdout) == (1, "")
