"""The SDK's own tests of a target, unmodified, against a pretend SquadStack."""

from __future__ import annotations

import json
import signal
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from flows.scene import CAMPAIGN, TOKEN, Scene
from singer_sdk.testing import get_target_test_class, target_test_streams
from support.crm_server import CrmServer

from target_squadstack.target import TargetSquadStack

if TYPE_CHECKING:
    from collections.abc import Iterator

RULE = {
    "stream": "*",
    "action": "upsert",
    "fields": {"lead_id": "coalesce(id, Id)", "phone_number": "'9999900001'", "contact_name": "'Canary'"},
    "include": ["*"],
}
CONFIG: dict[str, Any] = {"auth_token": TOKEN, "ref_id": CAMPAIGN, "mappings": [RULE]}
"""The suite wants it before there is a server; `server` adds the rest."""


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrmServer]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with CrmServer(token=TOKEN) as server:
        CONFIG.update(Scene(server, tmp_path_factory.mktemp("standard")).settings(**CONFIG))
        yield server
        assert len(server.leads(CAMPAIGN)) > 10
    for number, handler in handlers.items():
        signal.signal(number, handler)


class TestStandard(get_target_test_class(TargetSquadStack, config=CONFIG)):  # type: ignore[misc]
    """All of them."""


@pytest.mark.parametrize(
    "name",
    [
        "multiple_state_messages",
        "no_primary_keys_append",
        "record_missing_required_property",
        "user_location_data",
        "user_location_upsert_data",
    ],
)
def test_its_other_inputs_pass_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Streams that the SDK brings along and does not test itself: exit 0, and the last STATE comes out."""
    path = resources.files(target_test_streams) / f"{name}.singer"
    with path.open() as lines:
        assert TargetSquadStack(config=CONFIG).run(lines) == 0
    messages = map(json.loads, path.read_text().splitlines())
    states = [message["value"] for message in messages if message["type"] == "STATE"]
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()[-1:]] == states[-1:]
