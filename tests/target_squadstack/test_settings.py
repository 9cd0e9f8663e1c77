"""Faults of the settings are told as sentences by the real command: no traceback, no value of a secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from flows.scene import CONTACTS, TOKEN, check_manners, contact
from support import singer
from support.run import run_target

if TYPE_CHECKING:
    from pathlib import Path

    from flows.scene import Scene

INPUT = [CONTACTS, contact(1), singer.state(1)]


def test_all_faults_are_told_at_once(scene: Scene) -> None:
    """Those of settings by their names, those of rules by their numbers; nothing is read, sent or created."""
    rules = [
        {"stream": "contacts", "action": "upsert", "fields": {"lead_id": "id"}},
        {"stream": "contacts", "action": "upsrt", "fields": {"lead_id": "id ++"}},
        {"stream": "contacts", "action": "create", "fields": {"lead_id": "id"}, "when": "nope(id)"},
        {"stream": "orders", "action": "convert", "fields": {"lead_id": "id"}},
        {"stream": "orders", "action": "disable", "fields": {"city": "city"}},
    ]
    result = scene.run(INPUT, mappings=rules, ref_id=None, ledger_url=None)
    assert (result.status, result.stdout) == (1, "")
    for sentence in (
        "Rule 1 (stream 'contacts'): it names no campaign; give it a ref_id, or set the setting ref_id.",
        "Rule 2 (stream 'contacts'): there is no action 'upsrt'",
        "Rule 2 (stream 'contacts'): 'lead_id': 'id ++' is not an expression.",
        "Rule 3 (stream 'contacts'): 'when': 'nope(id)' uses the function nope, which there is none of.",
        "Rule 3 (stream 'contacts'): action 'create' needs the field phone_number.",
        "Rule 3 (stream 'contacts'): action 'create' needs the field contact_name.",
        "Rule 4 (stream 'orders'): action 'convert' needs the field detail.",
        "Rule 5 (stream 'orders'): action 'disable' needs the field lead_id.",
    ):
        assert sentence in result.stderr
    assert scene.server.calls() == []
    assert list(scene.folder.iterdir()) == []


def test_settings_that_are_unknown_missing_or_wrong(scene: Scene) -> None:
    """A misspelled setting is not ignored, and neither is one that there is not."""
    result = scene.run(
        INPUT,
        auth_token=None,
        max_inflight=3,
        each_row=True,
        api_url={"token": TOKEN},
        batch_size_rows=101,
        rate_limit={"calls": 0, "cals": 1},
        max_outage_seconds=TOKEN,
        mappings=[{"stream": "x", "acton": "upsert"}],
    )
    assert (result.status, result.stdout) == (1, "")
    for sentence in (
        "Setting 'auth_token' is missing.",
        "There is no setting 'max_inflight' in this version. Did you mean 'max_in_flight'?",
        "There is no setting 'each_row' in this version.",
        "Setting 'api_url' must be of type string.",
        "Setting 'batch_size_rows' is out of bounds: maximum 100.",
        "Setting 'rate_limit' has no key 'cals'.",
        "Setting 'rate_limit.calls' is out of bounds",
        "Setting 'max_outage_seconds' must be of type number.",
        "Rule 1: 'action' is missing.",
        "Rule 1 has no key 'acton'.",
    ):
        assert sentence in result.stderr


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://api.squadstack.com", "must begin with https://"),
        (f"https://{TOKEN}@api.squadstack.com", "must be scheme and host only"),
        ("https://api.squadstack.com/v1", "must be scheme and host only"),
    ],
)
def test_the_token_goes_nowhere_in_clear_text(scene: Scene, url: str, sentence: str) -> None:
    result = scene.run(INPUT, api_url=url)
    assert (result.status, result.stdout) == (1, "")
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (f'{{"auth_token": "{TOKEN}"', "is not JSON (line 1, column"),
        (f'["{TOKEN}"]', "must hold one JSON object"),
        (b'"\xff', "is not JSON"),
        (None, "cannot be read: No such file or directory"),
    ],
    ids=["broken", "a list", "no text", "missing"],
)
def test_a_configuration_file_that_is_none(tmp_path: Path, content: str | bytes | None, sentence: str) -> None:
    path = tmp_path / "mine.json"
    if content is not None:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    result = run_target({}, INPUT, "--config", str(path), cwd=tmp_path)
    check_manners(result)
    assert (result.status, result.stdout) == (1, "")
    assert f"The configuration file {path} {sentence}" in result.stderr


def test_settings_from_the_environment(scene: Scene) -> None:
    """As text, objects and lists as JSON; what is no number is told without its value."""
    settings = scene.settings(batch_size_rows=1, mappings=[{"stream": "*", "action": "upsert", "include": ["*"]}])
    env = {
        f"TARGET_SQUADSTACK_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    result = run_target({}, [*INPUT, contact(2)], "--config", "ENV", env=env, cwd=scene.folder)
    check_manners(result)
    assert (result.status, result.states) == (0, [1])
    assert sorted(call.lead_ids for call in scene.server.calls()) == [("lead-1",), ("lead-2",)]
    env |= {"TARGET_SQUADSTACK_MAX_IN_FLIGHT": TOKEN, "TARGET_SQUADSTACK_MAPPINGS": "{" + TOKEN}
    result = run_target({}, INPUT, "--config", "ENV", env=env, cwd=scene.folder)
    check_manners(result)
    assert result.status == 1
    assert "Setting 'max_in_flight' must be of type integer." in result.stderr
    assert "Setting 'mappings' must be of type array." in result.stderr


def test_the_command_tells_about_itself(tmp_path: Path) -> None:
    """`--about` shows every setting; secrets are marked as such."""
    result = run_target({}, "", "--about", "--format=json", cwd=tmp_path)
    assert result.status == 0
    about = json.loads(result.stdout)
    settings = about["settings"]["properties"]
    assert {name for name, declared in settings.items() if declared.get("secret")} == {
        "auth_token",
        "field_key",
        "ledger_key",
        "ledger_url",
    }
    assert about["settings"]["required"] == ["auth_token"]
    assert list(tmp_path.iterdir()) == []
