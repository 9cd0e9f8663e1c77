"""`squadstack rejects`: refusals are seen, understood, sent again and erased; over a real ledger, by real runs."""

from __future__ import annotations

import csv
import json
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click.testing
import pytest
from cryptography.fernet import Fernet
from flows.scene import CAMPAIGN, CONTACTS, SECRETS, TOKEN, Scene, contact, upsert
from support import singer
from support.crm_server import CrmServer
from support.run import Result, run_target, start_target

from squadstack.cli.main import main
from squadstack.cli.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

NOWHERE = {"field": "city", "value": "nowhere", "error_msg": "{'city': 'Invalid value provided.'}"}
OPEN = {"max_reject_percent": 100, "max_batch_wait_seconds": 0}
PHONE = b"99999"


@pytest.fixture
def refused(scene: Scene) -> Scene:
    """Two leads refused for their city, one for its number; one is accepted."""
    scene.server.set(reject=[NOWHERE])
    bad = [contact(1, city="nowhere"), contact(2, city="nowhere"), contact(3, phone_number="99999"), contact(4)]
    assert scene.run([CONTACTS, *bad, singer.state(1)], **OPEN).status == 0
    return scene


REPLAY = [Path(sys.executable).parent / "squadstack", "rejects", "replay"]


def command(scene: Scene, *words: str, status: int = 0, **settings: object) -> Result | click.testing.Result:
    """Run `squadstack rejects …` on the scene's ledger: in this process, but for what makes calls."""
    given = scene.settings(**{**OPEN, **settings})
    result: Result | click.testing.Result
    if words[0] == "replay":
        result = run_target(given, "", *words[1:], command=REPLAY, cwd=scene.folder)
        found = result.status
    else:
        config = scene.folder / "config.json"
        config.write_text(json.dumps(given))
        result = click.testing.CliRunner().invoke(main, ["rejects", *words, "--config", str(config)])
        found = result.exit_code
    assert found == status, result.stderr
    assert "Traceback" not in result.stderr
    assert [secret for secret in SECRETS if secret in result.stderr] == []
    return result


def told(scene: Scene, *words: str, **settings: object) -> Any:
    return json.loads(command(scene, *words, "--json", **settings).stdout)


def states(scene: Scene) -> dict[str, str]:
    return {reject["lead_id"]: reject["state"] for reject in scene.rejects()}


def files(scene: Scene) -> bytes:
    return b"".join(path.read_bytes() for path in scene.folder.iterdir() if path.name.startswith("ledger"))


# -- see -------------------------------------------------------------------------------------------------


@pytest.mark.any_ledger
def test_list_groups_by_reason_rule_and_field(refused: Scene) -> None:
    """And says what to do about each, without a value."""
    groups = [(group["count"], group["reason"], group["rule"], group["field"]) for group in told(refused, "list")]
    assert groups == [(2, "invalid_value", 0, "city"), (1, "invalid_phone", 0, "phone_number")]
    text = command(refused, "list").stdout
    assert "2  invalid_value: rule 0, stream contacts, action upsert, field city (such as " in text
    assert "Correct the number at the source" in text
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.any_ledger
def test_rejects_are_chosen(refused: Scene) -> None:
    [group] = told(refused, "list", "--reason", "invalid_phone")
    assert group["count"] == 1
    assert [group["count"] for group in told(refused, "list", "--lead-id", "lead-2")] == [1]
    assert told(refused, "list", "--rule", "7") == told(refused, "list", "--state", "stale") == []
    assert command(refused, "list", "--rule", "7").stdout == "There are no such rejects.\n"
    assert sum(group["count"] for group in told(refused, "list", "--state", "all")) == 3


@pytest.mark.any_ledger
def test_show_tells_all(refused: Scene) -> None:
    [number] = [reject["reject_id"] for reject in refused.rejects() if reject["lead_id"] == "lead-2"]
    [shown] = told(refused, "show", str(number))
    assert (shown["record"]["city"], shown["message"]) == ("nowhere", "city: Invalid value provided.")
    assert "lead-2" in command(refused, "show", str(number)).stdout
    assert "There is no reject 99." in command(refused, "show", "99", status=1).stderr


def test_export_as_a_table(refused: Scene) -> None:
    path = refused.folder / "rejects.csv"
    command(refused, "export", "--output", str(path))
    with path.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["lead_id"]: row["reason"] for row in rows} == {
        "lead-1": "invalid_value",
        "lead-2": "invalid_value",
        "lead-3": "invalid_phone",
    }
    assert {json.loads(row["record"])["lead_id"] for row in rows} == {"lead-1", "lead-2", "lead-3"}
    assert path.stat().st_mode & 0o777 == 0o600
    assert "File exists" in command(refused, "export", "--output", str(path), status=1).stderr
    lines = command(refused, "export", "--json").stdout.splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["open"] * 3


def test_what_is_exported_as_a_tap_writes_it_can_be_sent(refused: Scene) -> None:
    refused.server.set(reject=[])
    messages = command(refused, "export", "--format", "singer", "--reason", "invalid_value").stdout
    assert refused.run(messages, **OPEN).status == 0
    assert set(refused.leads()) == {"lead-1", "lead-2", "lead-4"}
    assert states(refused) == {"lead-1": "stale", "lead-2": "stale", "lead-3": "open"}


# -- send again ------------------------------------------------------------------------------------------


@pytest.mark.any_ledger
def test_mended_and_sent_again_all_are_accepted(refused: Scene) -> None:
    """The cause is gone at SquadStack, and the rule has come to take another field."""
    refused.server.set(reject=[])
    fields = {"lead_id": "lead_id", "phone_number": "coalesce(None, '9999900003')", "contact_name": "contact_name"}
    rules = [{"stream": "contacts", "action": "upsert", "fields": fields, "include": ["city"]}]
    outcome = told(refused, "replay", mappings=rules)
    assert (outcome["rejects"], outcome["accepted"], outcome["undelivered"]) == (3, 3, 0)
    assert told(refused, "list") == []
    assert states(refused) == dict.fromkeys(("lead-1", "lead-2", "lead-3"), "accepted")
    assert all(refused.done(f"lead-{number}") == ["upsert"] for number in range(1, 5))
    assert told(refused, "replay")["rejects"] == 0


def test_refused_again_the_new_one_stands(refused: Scene) -> None:
    text = command(refused, "replay").stdout
    assert "3  open rejects" in text
    assert "3  rejected again" in text
    found = [(reject["lead_id"], reject["state"]) for reject in refused.rejects()]
    assert sorted(found) == sorted((f"lead-{n}", state) for n in (1, 2, 3) for state in ("open", "replaced"))


def test_a_dry_run_sends_nothing_again(refused: Scene) -> None:
    calls = len(refused.server.calls())
    outcome = told(refused, "replay", "--reason", "invalid_value", dry_run=True)
    assert (outcome["planned"], outcome["accepted"]) == (2, 0)
    assert (len(refused.server.calls()), set(states(refused).values())) == (calls, {"open"})


def test_a_replay_that_is_refused_as_a_whole_is_no_failure(scene: Scene) -> None:
    """The brake looks at what is new."""
    scene.server.set(reject=[NOWHERE])
    bad = [contact(number, city="nowhere") for number in range(30)]
    assert scene.run([CONTACTS, *bad], **OPEN).status == 0
    assert told(scene, "replay", max_reject_percent=10)["rejected_again"] == 30


@pytest.mark.any_ledger
def test_what_was_overtaken_is_not_sent(refused: Scene) -> None:
    """A later record of the lead was accepted, or changes nothing: the reject's values are old."""
    assert refused.run([CONTACTS, contact(4, city="nowhere"), contact(1)], **OPEN).status == 0
    assert refused.run([CONTACTS, contact(4)], **OPEN).summary["unchanged"] == 1  # type: ignore[index]
    assert states(refused) == {"lead-1": "stale", "lead-2": "open", "lead-3": "open", "lead-4": "stale"}
    refused.server.set(reject=[])
    assert told(refused, "replay", "--reason", "invalid_value")["accepted"] == 1
    assert {lead: refused.done(lead) for lead in ("lead-1", "lead-2", "lead-4")} == {
        "lead-1": ["upsert"],
        "lead-2": ["upsert"],
        "lead-4": ["upsert"],
    }


@pytest.mark.any_ledger
def test_earlier_rejects_of_a_lead_do_not_overtake_later_ones(scene: Scene) -> None:
    """Both are sent, in the order in which they were read, over several replays."""
    scene.server.set(reject=[NOWHERE, {**NOWHERE, "field": "town"}])
    one, two = upsert(), {"stream": "orders", "action": "convert", "include": ["lead_id", "detail"]}
    sold = [singer.schema("orders", ["lead_id", "detail"]), singer.record("orders", id=1, lead_id="lead-1", detail="x")]
    scene.run([CONTACTS, contact(1, city="nowhere"), *sold], mappings=[one, two], **OPEN)
    assert [reject["reason"] for reject in scene.rejects()] == ["invalid_value", "unknown_lead"]
    scene.server.set(reject=[])
    told(scene, "replay", "--reason", "invalid_value", mappings=[one, two])
    assert told(scene, "replay", mappings=[one, two])["accepted"] == 1
    assert scene.done("lead-1") == ["upsert", "convert"]


def test_an_outage_leaves_them_open(refused: Scene) -> None:
    refused.server.set(reject=[], always="503")
    result = command(refused, "replay", "--json", "--reason", "invalid_value", max_outage_seconds=0, status=1)
    assert json.loads(result.stdout)["undelivered"] == 2
    assert "The API could not be used" in result.stderr
    refused.server.set(always=None)
    assert told(refused, "replay", "--reason", "invalid_value")["accepted"] == 2


REJECTS, LIMIT = 400, {"calls": 40, "period_seconds": 1, "slack_seconds": 0.1}
SLOWLY = {**OPEN, "batch_size_rows": 10, "rate_limit": LIMIT}


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_moment_each_is_sent_at_most_once_more(tmp_path: Path, seed: int) -> None:
    """What was settled is not sent again; in the end all are accepted."""
    with CrmServer(token=TOKEN, answer=(0.01, 0.1), seed=seed, reject=[NOWHERE], process=True) as server:
        scene = Scene(server, tmp_path)
        bad = [contact(number, city="nowhere") for number in range(REJECTS)]
        assert scene.run([CONTACTS, *bad], **OPEN).status == 0
        server.set(reject=[])
        with start_target(scene.settings(**SLOWLY), command=REPLAY, cwd=tmp_path) as running:
            server.wait(scene.leads, timeout=30)
            time.sleep(random.Random(seed).uniform(0, 0.6))
            running.kill()
            running.wait()
        settled = {lead_id for lead_id, state in states(scene).items() if state == "accepted"}
        sent = {lead_id for call in server.calls() for lead_id in call.lead_ids if lead_id in scene.leads()}
        assert told(scene, "replay", **SLOWLY)["undelivered"] == 0
        histories = server.histories(CAMPAIGN)
    assert histories.keys() == {f"lead-{number}" for number in range(REJECTS)}
    repeats = {lead_id for lead_id, history in histories.items() if len(history) > 1}
    assert max(map(len, histories.values())) <= 2
    assert repeats <= sent - settled
    assert set(states(scene).values()) == {"accepted"}


def test_what_is_overtaken_while_it_waits_is_not_sent(refused: Scene) -> None:
    """Another run delivers a newer record of the lead meanwhile. Red if it is judged only when it is taken in."""
    refused.server.set(reject=[], script=[{"delay": 8.0}])
    slowly = {**OPEN, "batch_size_rows": 1, "max_in_flight": 1}
    with start_target(
        refused.settings(**slowly), "--reason", "invalid_value", command=REPLAY, cwd=refused.folder
    ) as running:
        refused.server.wait(lambda: refused.done("lead-1"))
        assert refused.run([CONTACTS, contact(2, city="Agra"), singer.state(1)], **OPEN).status == 0
        assert running.wait().status == 0
    assert refused.leads()["lead-2"]["fields"]["city"] == "Agra"
    assert (refused.done("lead-2"), states(refused)["lead-2"]) == (["upsert"], "stale")


@pytest.mark.any_ledger
def test_two_at_once_send_none_twice(refused: Scene) -> None:
    """The second one ends with a sentence, a run leaves the rejects to it; a killed one is in nobody's way."""
    refused.server.set(reject=[])
    refused.server.hold()
    with start_target(refused.settings(**OPEN), command=REPLAY, cwd=refused.folder) as running:
        refused.server.wait(lambda: refused.server.held)
        result = command(refused, "replay", "--json", status=1)
        assert "Another run is sending rejects of this business again" in result.stderr
        with refused.running(**OPEN, retry_rejected=["invalid_value"]) as run:
            run.wait_for_log("This run leaves them alone.")
            running.kill()
            running.wait()
            run.close_stdin()
            assert run.wait().status == 0
    refused.server.release()
    assert told(refused, "replay", "--reason", "invalid_value")["accepted"] == 2
    assert refused.done("lead-1") in (["upsert"], ["upsert", "upsert"])


@pytest.mark.parametrize("reasons", [["invalid_value"], ["invalid_phone"]])
@pytest.mark.any_ledger
def test_retry_rejected_does_so_at_the_start_of_a_run(refused: Scene, reasons: list[str]) -> None:
    """Before the input, whose later values then stand; only of these reasons."""
    refused.server.set(reject=[])
    result = refused.run([CONTACTS, contact(1, city="Pune"), singer.state(2)], retry_rejected=reasons, **OPEN)
    assert (result.status, result.states) == (0, [2])
    assert refused.leads()["lead-1"]["fields"]["city"] == "Pune"
    assert "open" not in {reject["state"] for reject in refused.rejects() if reject["reason"] == "invalid_value"} or (
        reasons == ["invalid_phone"]
    )
    assert ("lead-2" in refused.leads()) == (reasons == ["invalid_value"])
    assert len([reject for reject in refused.rejects() if reject["state"] == "replaced"]) == (
        reasons == ["invalid_phone"]
    )


def test_retry_rejected_does_not_send_what_was_overtaken(refused: Scene) -> None:
    assert refused.run([CONTACTS, contact(1), contact(2)], **OPEN).status == 0
    refused.server.set(reject=[])
    assert refused.run([CONTACTS], retry_rejected=["invalid_value"], **OPEN).status == 0
    assert (refused.done("lead-1"), refused.done("lead-2")) == (["upsert"], ["upsert"])


# -- erase -----------------------------------------------------------------------------------------------


def test_nothing_of_a_lead_is_left(refused: Scene) -> None:
    """Not in any of the ledger's files; the rejects of others stay, and the ledger works on."""
    secret = b"person-canary-42"
    person = contact(42, contact_name=secret.decode(), city="nowhere")
    assert refused.run([CONTACTS, person], **OPEN).status == 0
    assert secret in files(refused)
    assert told(refused, "purge", "--lead-id", "lead-42") == {"erased": 1}
    assert secret not in files(refused)
    assert b"9999900042" not in files(refused)
    assert set(states(refused)) == {"lead-1", "lead-2", "lead-3"}
    assert refused.run([CONTACTS, contact(4)], **OPEN).summary["unchanged"] == 1  # type: ignore[index]


def test_what_was_sent_for_a_lead_is_erased_too(refused: Scene) -> None:
    """A tap that still brings it sends it anew: nothing tells any more that it is unchanged."""
    assert told(refused, "purge", "--lead-id", "lead-4") == {"erased": 0}
    assert refused.run([CONTACTS, contact(4)], **OPEN).summary["accepted"] == 1  # type: ignore[index]


@pytest.mark.any_ledger
def test_a_lead_whose_id_could_not_be_read_is_found_in_the_record(scene: Scene) -> None:
    rule = {**upsert(), "fields": {"lead_id": "int(lead_id)"}}
    path = contact(3, lead_id="gid://shopify/Customer/3")
    assert scene.run([CONTACTS, contact(1), contact(2), path], mappings=[rule], **OPEN).status == 0
    for lead_id in ("lead-1", "3"):
        assert told(scene, "purge", "--lead-id", lead_id) == {"erased": 1}
    assert [reject["record"]["lead_id"] for reject in scene.rejects()] == ["lead-2"]


def test_older_ones_are_erased(refused: Scene) -> None:
    assert told(refused, "purge", "--older-than", "1") == {"erased": 0}
    assert PHONE in files(refused)
    assert command(refused, "purge", "--older-than", "0").stdout == "3 rejects were erased.\n"
    assert (refused.rejects(), PHONE in files(refused)) == ([], False)


def test_purge_wants_to_know_what(refused: Scene) -> None:
    assert "Give either" in command(refused, "purge", status=2).stderr
    assert "Give either" in command(refused, "purge", "--older-than", "1", "--lead-id", "x", status=2).stderr
    assert "Give either" in command(refused, "purge", "--lead-id", " ", status=2).stderr


# -- encryption ------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(scene: Scene) -> Iterator[tuple[Scene, str]]:
    """A lead that was refused, its values encrypted, and the key."""
    key = Fernet.generate_key().decode()
    scene.server.set(reject=[{**NOWHERE, "error_msg": "{'city': 'Invalid value provided: Canary.'}"}])
    result = scene.run([CONTACTS, contact(1, city="nowhere"), singer.state(1)], ledger_key=key, **OPEN)
    assert (result.status, result.states) == (0, [1])
    return scene, key


def test_with_a_key_no_value_lies_in_the_files(sealed: tuple[Scene, str]) -> None:
    """With it everything is there."""
    scene, key = sealed
    assert not any(secret in files(scene) for secret in (PHONE, b"Canary", b"nowhere"))
    [shown] = told(scene, "show", "1", ledger_key=key)
    assert (shown["record"]["phone_number"], shown["message"]) == (
        "9999900001",
        "city: Invalid value provided: Canary.",
    )
    scene.server.set(reject=[])
    assert told(scene, "replay", ledger_key=key)["accepted"] == 1


@pytest.mark.parametrize("words", [("list",), ("show", "1"), ("export",), ("replay",)])
def test_without_the_key_or_with_another_one_a_sentence(sealed: tuple[Scene, str], words: tuple[str, ...]) -> None:
    scene, _ = sealed
    assert "holds encrypted rejects: give the setting 'ledger_key'" in command(scene, *words, status=1).stderr
    other = Fernet.generate_key().decode()
    assert "is not the key with which rejects" in command(scene, *words, status=1, ledger_key=other).stderr


def test_a_run_does_not_mix_keys(sealed: tuple[Scene, str]) -> None:
    """Another key stops it before anything is read; none is a warning, since clear rejects can be read by anybody."""
    scene, _ = sealed
    result = scene.run([CONTACTS, contact(2)], ledger_key=Fernet.generate_key().decode(), **OPEN)
    assert (result.status, "is not the key with which" in result.stderr, scene.leads()) == (1, True, {})
    result = scene.run([CONTACTS, contact(2)], **OPEN)
    assert (result.status, "new ones are kept in clear" in result.stderr) == (0, True)


def test_erasing_needs_no_key(sealed: tuple[Scene, str]) -> None:
    scene, _ = sealed
    assert told(scene, "purge", "--lead-id", "lead-1") == {"erased": 1}
    assert told(scene, "list") == []


# -- manners ---------------------------------------------------------------------------------------------


def test_progress_is_a_plain_line_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("squadstack.cli.progress._EVERY_SECONDS", 0)
    with Progress("Rejects") as progress:
        progress.follow(3, lambda: 1)
        progress.show(2)
    assert capsys.readouterr().err == "Rejects: 1 of 3\nRejects: 2 of 3\n"


def test_progress_is_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with Progress("Rejects") as progress:
        progress.follow(3, lambda: 1)
    told = capsys.readouterr().err
    assert "1 of 3" in told
    assert "\x1b[" in told
