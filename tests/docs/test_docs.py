"""The documents say what the program does: nothing is left out, nothing is told that is not there."""

from __future__ import annotations

import copy
import inspect
import json
import re
import sqlite3
from typing import TYPE_CHECKING, Any

import click
import duckdb
import pytest
import yaml
from docs.pages import PROJECT, anchors, blocks, code, codes, links, own_pages, page, pages, section, tables
from singer_sdk import Stream, Tap, Target
from singer_sdk.plugin_base import PluginBase
from singer_sdk.singerlib.encoding.base import GenericSingerReader
from singer_sdk.sinks import RecordSink

from docs import program
from squadstack.api import retry
from squadstack.api.advice import advice_on
from squadstack.api.error_messages import read_error, reason_of
from squadstack.api.messages import Response
from squadstack.api.retry import Disposition
from squadstack.api.verdicts import ActionName, Reason
from squadstack.cli.main import main
from squadstack.cli.rejects_shared import STATES
from squadstack.delivery.outcomes import Summary
from squadstack.ledger import database
from squadstack.ledger.ledger import Ledger
from squadstack.ledger.schema import metadata
from squadstack.mapping import presets
from squadstack.mapping.expressions import compile_expression, scope
from squadstack.mapping.functions import FUNCTIONS, MODULES
from squadstack.mapping.rules import compile_rules
from squadstack.sandbox.faults import Fault
from squadstack.settings.declaration import json_schema
from squadstack.settings.rate_limit import RATE_LIMIT_SCHEMA, RateLimit
from squadstack.settings.tap import TapSettings
from squadstack.settings.target import TargetSettings
from squadstack.singer.plugin import SentencePlugin
from tap_squadstack import schemas
from tap_squadstack.events import EventStream
from tap_squadstack.own_bookmarks import OwnBookmarkStream
from tap_squadstack.streams import LeadResponseAnswersStream, LeadResponsesStream, ResponsesStream
from tap_squadstack.tap import TapSquadStack
from target_squadstack.reader import WakefulReader
from target_squadstack.sinks import LeadSink
from target_squadstack.target import TargetSquadStack

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {"Settings of the target": TargetSettings, "Settings of the tap": TapSettings}
RULE = json_schema(TargetSettings)["properties"]["mappings"]["items"]
TOP = {name: command for name in main.list_commands(None) if (command := main.get_command(None, name))}
COMMANDS = {
    " ".join(names): command
    for top, group in TOP.items()
    for *names, command in (
        [(top, name, one) for name, one in group.commands.items()] if isinstance(group, click.Group) else [(top, group)]
    )
}
HEADING = re.compile(r"^#+ `squadstack (.+)`$", re.MULTILINE)


def column(name: str, heading: str, first: str) -> list[str]:
    """The texts in backticks of a table's first column."""
    return [text for row in tables(section(name, heading))[first] for text in codes(row[0])]


# -- settings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("heading", SETTINGS)
def test_every_setting_is_told_with_its_default(heading: str) -> None:
    schema = json_schema(SETTINGS[heading])
    written = {}
    for name, default, meaning in tables(section("docs/settings.md", heading))["setting"]:
        assert meaning.endswith("."), name
        written[code(name)] = code(default) if default in {"required", "none"} else yaml.safe_load(code(default))

    assert written == {
        name: "required" if name in schema["required"] else declared.get("default", "none")
        for name, declared in schema["properties"].items()
    }


@pytest.mark.parametrize("heading", SETTINGS)
def test_every_secret_is_called_one(heading: str) -> None:
    written = {code(row[0]) for row in tables(section("docs/settings.md", heading))["setting"] if "(secret)" in row[0]}

    properties = json_schema(SETTINGS[heading])["properties"]
    assert written == {name for name, declared in properties.items() if declared.get("secret")}


def test_every_key_of_the_rate_limit_is_told_with_its_default() -> None:
    rows = tables(section("docs/settings.md", "Keys of the rate limit"))["key"]
    written = {code(name): yaml.safe_load(code(default)) for name, default, _ in rows}

    assert written == {name: getattr(RateLimit(), name) for name in RATE_LIMIT_SCHEMA["properties"]}


def test_every_setting_of_the_sdk_is_told() -> None:
    accepted = set()
    for plugin, settings in ((TargetSquadStack, TargetSettings), (TapSquadStack, TapSettings)):
        schema = copy.deepcopy(json_schema(settings))
        own = set(schema["properties"])
        plugin.append_builtin_config(schema)
        accepted |= set(schema["properties"]) - own

    assert set(column("docs/settings.md", "Settings of the Singer SDK", "setting")) == accepted


# -- the mapping -------------------------------------------------------------------------------------


def test_every_key_of_a_rule_is_told() -> None:
    rows = tables(section("docs/mapping.md", "Keys of a rule"))["key"]

    assert {code(row[0]) for row in rows} == set(RULE["properties"])
    assert {code(row[0]) for row in rows if row[1] == "without `preset`"} == set(RULE["else"]["required"])


def test_every_preset_is_told() -> None:
    assert sorted(column("docs/presets.md", "Presets", "preset")) == list(presets.NAMES)


@pytest.mark.parametrize("name", presets.NAMES)
def test_what_a_preset_reads_is_told_with_what_it_sends(name: str) -> None:
    """On its source's page stands every field that a lead has beside phone and name."""
    source = f"docs/{name.partition('-')[0]}.md"
    text = page(source if source in pages() else "docs/presets.md")
    rules = compile_rules([{"preset": name}], ref_id="campaign")
    fields = {field for rule in rules for field in rule.fields} - {"lead_id", "phone_number", "contact_name"}

    assert [field for field in sorted(fields) if f"`{field}`" not in text] == []


def test_every_key_that_may_stand_beside_a_preset_is_told() -> None:
    keys = column("docs/presets.md", "Change one", "key")

    assert compile_rules([{"preset": "hubspot", **dict.fromkeys(keys[:2], "x"), "fields": {}}], ref_id=None)
    assert keys == ["ref_id", "when", "fields"]


def test_every_action_is_told() -> None:
    assert set(column("docs/mapping.md", "Keys of a rule", "action")) == set(ActionName)


def test_every_function_is_told() -> None:
    written = {text.partition("(")[0] for text in column("docs/mapping.md", "Expressions", "function")}

    assert written == set(FUNCTIONS)
    assert all(f"`{name}`" in section("docs/mapping.md", "Expressions") for name in MODULES)


def expression_examples() -> list[tuple[str, str]]:
    rows = tables(section("docs/mapping.md", "Expressions"))["expression"]
    return [(code(expression), value) for expression, value in rows]


@pytest.mark.parametrize(("text", "told"), expression_examples())
def test_every_example_of_an_expression_has_the_value_that_is_told(text: str, told: str) -> None:
    [record] = [json.loads(block) for block in blocks(section("docs/mapping.md", "Expressions"), "json")]
    expression = compile_expression(text)
    names = scope(record, stream="leads", config={})

    if told == "rejected":
        with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is rejects the action
            expression.evaluate(names)
    else:
        value = expression.evaluate(names)
        assert json.dumps(value) == json.dumps(json.loads(code(told)))


@pytest.mark.parametrize("name", own_pages())
def test_every_mapping_that_is_shown_can_be_compiled(name: str) -> None:
    for block in blocks(page(name), "yaml"):
        for mappings in _mappings(yaml.safe_load(block)):
            assert compile_rules(mappings, ref_id="campaign")


def _mappings(shown: Any) -> list[Any]:
    """All values of a key `mappings`, however deep."""
    if isinstance(shown, list):
        return [found for item in shown for found in _mappings(item)]
    if not isinstance(shown, dict):
        return []
    deeper = [found for value in shown.values() for found in _mappings(value)]
    return [shown["mappings"], *deeper] if "mappings" in shown else deeper


# -- delivery ----------------------------------------------------------------------------------------


def test_every_reason_code_is_told() -> None:
    assert column("docs/delivery.md", "Reason codes", "code") == list(Reason)


def documented_messages() -> list[tuple[str, str]]:
    rows = tables(section("docs/delivery.md", "Reason codes"))["code"]
    return [(message, code(reason)) for reason, _, messages, _ in rows for message in codes(messages)]


@pytest.mark.parametrize(("message", "reason"), documented_messages())
def test_every_documented_message_has_the_reason_code_that_is_told(message: str, reason: str) -> None:
    assert reason_of(read_error(message)) == reason


def advice() -> list[tuple[str, str, str]]:
    rows = tables(section("docs/rejects.md", "Understand"))["message"]
    return [(code(message), code(reason), told) for message, reason, told in rows]


@pytest.mark.parametrize(("message", "reason", "told"), advice())
def test_every_message_has_the_advice_that_is_told(message: str, reason: str, told: str) -> None:
    assert advice_on(reason, read_error(message).text) == told


def test_every_documented_message_of_squadstack_is_advised_on() -> None:
    told = "\n".join(message for message, _, _ in advice())

    assert [message for message, _ in documented_messages() if message.rstrip(".") not in told] == []


def test_every_state_of_a_reject_is_told() -> None:
    assert column("docs/rejects.md", "States", "state") == list(STATES)


def test_every_field_of_the_summary_is_told() -> None:
    assert column("docs/delivery.md", "Summary", "field") == list(Summary().as_dict())


STATUS_WORDS = {
    "judged": Disposition.JUDGE,
    "halved": Disposition.HALVE,
    "retried": Disposition.RETRY,
    "waits,": Disposition.WAIT,
    "stops": Disposition.STOP,
}


def test_every_status_leads_to_what_is_told() -> None:
    told: dict[str, Disposition] = {}
    for statuses, outcome in tables(section("docs/delivery.md", "What the answer to a call leads to"))["status"]:
        if " with" not in statuses:
            told |= dict.fromkeys(codes(statuses), STATUS_WORDS[outcome.split()[0]])

    for status in range(200, 600):
        expected = told[str(status) if str(status) in told else f"{status // 100}xx"]
        assert retry.decide(Response(status)).disposition is expected, status


# -- operations --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_every_command_is_told_with_its_default(name: str) -> None:
    [place] = [place for place in own_pages() if name in HEADING.findall(page(place))]
    rows = tables(section(place, f"`squadstack {name}`"))["option"]
    options = [option for option in COMMANDS[name].params if isinstance(option, click.Option)]

    assert {code(row[0]): row[1].strip("`") for row in rows} == {option.opts[0]: _default(option) for option in options}


def _default(option: click.Option) -> str:
    if option.required:
        return "required"
    if option.is_flag:
        return "off"
    default = option.to_info_dict()["default"]
    return "none" if option.multiple or default is None or callable(default) else str(default)


def test_every_command_has_a_section() -> None:
    told = [name for place in own_pages() for name in HEADING.findall(page(place))]

    assert sorted(told) == sorted(COMMANDS)


def test_every_fault_of_the_sandbox_is_told() -> None:
    assert column("docs/operations.md", "`squadstack sandbox`", "fault") == list(Fault)


def documented_sentences() -> list[str]:
    """What the program says, as the documents quote it: `…` stands for what is filled in."""
    found = [row[0] for name in own_pages() for row in tables(page(name)).get("sentence", [])]
    found += [row[1] for row in tables(section("docs/input.md", "What stops the run"))["input"]]
    return [text for cell in found for text in codes(cell)]


@pytest.mark.parametrize("sentence", documented_sentences())
def test_every_sentence_that_is_quoted_is_one_that_the_program_can_say(sentence: str) -> None:
    assert program.can_say(sentence)


def test_the_program_does_not_say_just_anything() -> None:
    assert not program.can_say("SquadStack does not accept the weather (401)")


def test_every_reason_for_which_a_run_stops_at_an_answer_is_told() -> None:
    told = section("docs/operations.md", "What to do on an error")
    stopping = [retry.decide(Response(status, body=body)).sentence
                for status, body in ((401, b""), (403, b""), (404, b""), (404, b"No active integration found."),
                                     (404, b"not enabled in your Integration"))]  # fmt: skip

    for sentence in stopping:
        assert sentence.partition(")")[0] + ")" in told


def test_every_way_in_which_the_ledger_fails_is_told() -> None:
    told = column("docs/operations.md", "What to do on an error", "sentence")

    for cause in database._CAUSES.values():
        assert f"… {cause}" in told


# -- lead responses ----------------------------------------------------------------------------------

STREAMS = {LeadResponsesStream: schemas.LEAD_RESPONSES, LeadResponseAnswersStream: schemas.LEAD_RESPONSE_ANSWERS}


def test_every_stream_is_told() -> None:
    headings = [line for line in section("docs/responses.md", "Streams").splitlines() if line.startswith("### ")]

    assert [heading.removeprefix("### ").strip("`") for heading in headings] == [stream.name for stream in STREAMS]


@pytest.mark.parametrize("stream", STREAMS)
def test_every_column_of_a_stream_is_told_with_its_type_and_the_key(stream: type[ResponsesStream]) -> None:
    told = section("docs/responses.md", f"`{stream.name}`")
    [key] = [line for line in told.replace("\n", " ").split(". ") if "key is" in line]

    assert {code(row[0]): row[1] for row in tables(told)["column"]} == {
        name: "time" if declared.get("format") == "date-time" else "object" if "object" in declared["type"] else "text"
        for name, declared in STREAMS[stream]["properties"].items()
    }
    assert tuple(codes(key.partition("key is")[2])) == stream.primary_keys


def test_the_columns_that_are_never_null_are_told() -> None:
    assert schemas.LEAD_RESPONSES["required"] == column("docs/responses.md", "`lead_responses`", "column")[:3]
    assert "All but the first three may be null." in section("docs/responses.md", "`lead_responses`")


def test_every_job_that_reads_is_told_with_its_loader() -> None:
    jobs = yaml.safe_load((PROJECT / "meltano.yml").read_text(encoding="utf-8"))["jobs"]
    told = tables(section("docs/responses.md", "Into files, DuckDB, PostgreSQL"))["job"]

    assert {code(row[0]): [f"tap-squadstack {code(row[1])}"] for row in told} == {
        job["name"]: job["tasks"] for job in jobs if job["name"].startswith("responses-")
    }
    for job in jobs:
        assert any(f"`{job['name']}`" in page(name) for name in own_pages()), job["name"]


def test_the_sql_for_the_warehouse_runs() -> None:
    tables_of = {
        stream.name: ", ".join(f"{name} VARCHAR" for name in STREAMS[stream]["properties"]) for stream in STREAMS
    }
    [shown] = blocks(page("docs/responses.md"), "sql")
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA squadstack")
        for name, columns in tables_of.items():
            connection.execute(f"CREATE TABLE squadstack.{name} ({columns})")
        connection.execute(shown)


# -- security ----------------------------------------------------------------------------------------


def test_every_table_of_the_ledger_is_told() -> None:
    assert set(column("SECURITY.md", "What is stored", "table")) == set(metadata.tables)


@pytest.mark.parametrize("name", own_pages())
def test_the_sql_that_is_shown_runs(name: str, tmp_path: Path) -> None:
    Ledger(f"sqlite:///{tmp_path}/ledger.db", business="b", host="h").close()
    connection = sqlite3.connect(tmp_path / "ledger.db")
    for block in blocks(page(name), "sql") if name != "docs/responses.md" else []:  # its SQL is the warehouse's
        connection.executescript(block)
    connection.close()


# -- the README --------------------------------------------------------------------------------------


def test_the_configurations_of_the_readme_are_valid() -> None:
    [as_json] = [json.loads(block) for block in blocks(page("README.md"), "json")]
    [as_yaml] = [yaml.safe_load(block) for block in blocks(page("README.md"), "yaml")]
    [loader] = as_yaml["plugins"]["loaders"]

    for shown in (as_json, loader["config"]):
        given = TargetSquadStack.configuration({"auth_token": "x", **shown}, parse_env=False)
        assert given.mapper.rules[0].stream == "contacts"


def test_the_input_that_the_readme_tries_is_one_accepted_and_one_rejected_lead() -> None:
    [script] = [block for block in blocks(page("README.md"), "sh") if "leads.jsonl" in block]
    lines = [json.loads(line) for line in script.splitlines() if line.startswith("{")]
    [config] = [line for line in lines if "type" not in line]
    given = TargetSquadStack.configuration(config, parse_env=False)
    outcomes = [outcome for line in lines if line.get("type") == "RECORD"
                for outcome in given.mapper.map(line["stream"], line["record"], None)]  # fmt: skip

    assert [type(outcome).__name__ for outcome in outcomes] == ["LeadAction", "Rejection"]
    assert outcomes[1].reason == Reason.INVALID_PHONE


def test_what_is_called_missing_is_missing() -> None:
    """If this fails, something has arrived: take it out of the README's list."""
    paragraphs = [text for text in page("README.md").split("\n\n") if text.startswith("Not yet")]
    missing = {text for paragraph in paragraphs for text in codes(paragraph)}
    apis = json_schema(TargetSettings)["properties"]["api"]["enum"]

    assert missing.isdisjoint({*json_schema(TargetSettings)["properties"], *RULE["properties"], *TOP, *apis})


# -- all pages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", pages())
def test_every_link_leads_somewhere(name: str) -> None:
    for target in links(page(name)):
        path, _, anchor = target.partition("#")
        file = (PROJECT / name).parent / path if path else PROJECT / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target


@pytest.mark.parametrize("name", own_pages())
def test_every_file_that_is_named_is_there(name: str) -> None:
    roots = ("squadstack/", "target_squadstack/", "tap_squadstack/", "tests/", "demo/", "hub/")
    for text in codes(page(name)):
        if text.startswith(roots):
            assert (PROJECT / text).exists(), text


def test_every_room_is_drawn() -> None:
    [drawing] = blocks(section("docs/architecture.md", "The rooms"), "")
    inner = (PROJECT / "squadstack").iterdir()
    rooms = [path.name for path in inner if path.suffix == ".py" or (path / "__init__.py").exists()]

    for room in {*rooms, "squadstack", "tap_squadstack", "target_squadstack"} - {"__init__.py"}:
        assert room in drawing, room


def test_every_hook_of_the_sdk_that_is_overridden_is_told() -> None:
    told = {(row[0], text) for row in tables(section("docs/architecture.md", "Hooks of the SDK"))["class"]
            for text in codes(row[1])}  # fmt: skip
    classes = [("plugin", SentencePlugin, PluginBase), ("target", TargetSquadStack, Target),
               ("sink", LeadSink, RecordSink), ("reader", WakefulReader, GenericSingerReader),
               ("tap", TapSquadStack, Tap), ("stream", ResponsesStream, Stream),
               ("stream", LeadResponsesStream, Stream), ("stream", OwnBookmarkStream, Stream),
               ("stream", EventStream, Stream)]  # fmt: skip

    assert told == {
        (name, hook)
        for name, ours, theirs in classes
        for hook, value in vars(ours).items()
        if not hook.startswith("__") and any(hook in vars(base) for base in theirs.__mro__) and _is_code(value)
    }


def _is_code(value: object) -> bool:
    return inspect.isroutine(value) or isinstance(value, property) or type(value).__name__ == "classproperty"
