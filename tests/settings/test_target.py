"""The settings of the target: what the contract says of each."""

from __future__ import annotations

from typing import Any

import pytest

from squadstack.api.verdicts import Reason
from squadstack.exceptions import ConfigurationError
from squadstack.settings.declaration import json_schema, read
from squadstack.settings.rate_limit import RateLimit
from squadstack.settings.target import TargetSettings

TOKEN = "canary-token"
RULE = {"stream": "contacts", "action": "upsert", "fields": {"lead_id": "id"}}


def settings(**config: Any) -> TargetSettings:
    return read(TargetSettings, {"auth_token": TOKEN, **config})


def faults(**config: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigurationError) as caught:
        settings(**config)
    assert TOKEN not in str(caught.value)
    return caught.value.faults


# -- defaults ----------------------------------------------------------------------------------------

CONTRACT = {
    "ref_id": None,
    "mappings": [],
    "unmapped_streams": "ignore",
    "api": "crm-v2",
    "business": "default",
    "rate_limit": {"calls": 100, "records": None, "period_seconds": 60, "slack_seconds": 1, "reserve": 0},
    "max_in_flight": 8,
    "batch_size_rows": 100,
    "max_batch_wait_seconds": 30,
    "request_timeout_seconds": 60,
    "max_outage_seconds": 900,
    "null_values": "omit",
    "phone_region": "IN",
    "phone_format": "national",
    "phone_type": "any",
    "max_reject_percent": 50,
    "ledger_url": "sqlite:///.squadstack/ledger.db",
    "summary_path": None,
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_defaults_are_those_of_the_contract(name: str) -> None:
    assert getattr(settings(), name) == CONTRACT[name]


def test_only_the_token_is_required() -> None:
    assert json_schema(TargetSettings)["required"] == ["auth_token"]


def test_every_setting_tells_its_default_in_the_schema() -> None:
    told = {name: schema.get("default") for name, schema in json_schema(TargetSettings)["properties"].items()}
    assert {name: told[name] for name in CONTRACT} == CONTRACT


# -- secrets -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["auth_token", "ledger_url"])
def test_a_secret_is_declared_as_one_and_not_shown(name: str) -> None:
    assert json_schema(TargetSettings)["properties"][name]["secret"]
    assert "canary" not in repr(settings(**{name: "postgresql://me:canary@host/db"}))


@pytest.mark.parametrize("token", ["canary\n", "canary\r\nX-Other: 1", " canary", "canáry", "canary\0", "canary\ud800"])
def test_a_token_that_no_header_can_carry_is_refused_at_the_start(token: str) -> None:
    assert faults(auth_token=token) == (
        "Setting 'auth_token' holds what no header can carry: a line break, or a letter that is not ASCII.",
    )


def test_a_user_agent_that_no_header_can_carry_is_refused_at_the_start() -> None:
    assert "user_agent" in faults(user_agent="canary\n")[0]
    assert settings(user_agent="my agent/1.0 (test)").user_agent == "my agent/1.0 (test)"


# -- api_url -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (None, "https://api.squadstack.com"),
        ("https://api.squadstack.com/", "https://api.squadstack.com"),
        ("https://staging.example:8443", "https://staging.example:8443"),
        ("HTTPS://API.example", "HTTPS://API.example"),
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://127.0.0.1", "http://127.0.0.1"),
        ("http://127.9.9.9:1", "http://127.9.9.9:1"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_api_url_is_https_or_loopback(given: str | None, used: str) -> None:
    assert settings(api_url=given).base_url == used


@pytest.mark.parametrize(
    "url",
    [
        "http://api.squadstack.com",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://0.0.0.0",
        "http://10.0.0.1",
        "http://[::2]",
    ],
)
def test_clear_text_goes_to_loopback_only(url: str) -> None:
    assert faults(api_url=url) == (
        "Setting 'api_url' must begin with https://, because the token goes there; http:// only to loopback.",
    )


@pytest.mark.parametrize(
    "url",
    [
        "api.squadstack.com",
        "//api.squadstack.com",
        "ftp://api.squadstack.com",
        "https://",
        "https:///path",
        "https://api.squadstack.com/v2",
        "https://api.squadstack.com?x=1",
        "https://api.squadstack.com?",
        "https://api.squadstack.com#x",
        "https://api.squadstack.com/#",
        "https://canary@api.squadstack.com",
        "https://user:canary@api.squadstack.com",
        "https://:canary@api.squadstack.com",
        "https://evil.example\\@api.squadstack.com",
        "https://api.squadstack.com:canary",
        "https://api.squadstack.com:99999",
        "https://api.squadstack.com:0",
        "https://api .squadstack.com",
        " https://api.squadstack.com",
        "https://api.squadstack.com\n",
        "https://[::1",
        "https://[canary]",
    ],
)
def test_an_api_url_is_scheme_and_host_only(url: str) -> None:
    assert faults(api_url=url) == ("Setting 'api_url' must be scheme and host only, like https://api.squadstack.com.",)


def test_the_ledger_is_kept_apart_by_host_and_port() -> None:
    assert settings(api_url="http://127.0.0.1:8080/").host == "127.0.0.1:8080"


# -- rate_limit --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "limit"),
    [
        ({}, RateLimit(calls=100, records=None, period_seconds=60, slack_seconds=1, reserve=0)),
        ({"calls": 50}, RateLimit(calls=50)),
        ({"calls": None, "records": 100}, RateLimit(calls=None, records=100)),
        ({"period_seconds": 0.5}, RateLimit(period_seconds=0.5)),
        ('{"slack_seconds": 0, "reserve": 10}', RateLimit(slack_seconds=0, reserve=10)),
        ({"calls": "50", "records": "100"}, RateLimit(calls=50, records=100)),
    ],
)
def test_keys_of_the_rate_limit_that_are_left_out_keep_their_defaults(given: object, limit: RateLimit) -> None:
    assert settings(rate_limit=given).limit == limit


def test_the_reserve_is_left_to_others() -> None:
    assert settings(rate_limit={"calls": 100, "reserve": 30}).limit.own_calls == 70
    assert settings(rate_limit={"calls": None, "reserve": 30}).limit.own_calls is None


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"calls": 0}, "Setting 'rate_limit.calls' is out of bounds: minimum 1."),
        ({"records": 0}, "Setting 'rate_limit.records' is out of bounds: minimum 1."),
        ({"period_seconds": 0}, "Setting 'rate_limit.period_seconds' is out of bounds: exclusiveMinimum 0."),
        ({"slack_seconds": -1}, "Setting 'rate_limit.slack_seconds' is out of bounds: minimum 0."),
        ({"reserve": -1}, "Setting 'rate_limit.reserve' is out of bounds: minimum 0."),
        ({"reserve": 100}, "Setting 'rate_limit' leaves no calls: 'reserve' must be less than 'calls'."),
        ({"call": 1}, "Setting 'rate_limit' has no key 'call'. Did you mean 'calls'?"),
        ("100", "Setting 'rate_limit' must be of type object."),
    ],
)
def test_a_rate_limit_that_cannot_be_kept_is_a_fault(given: object, fault: str) -> None:
    assert faults(rate_limit=given) == (fault,)


# -- bounds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("batch_size_rows", [1, 100], [0, 101, 1.5]),
        ("max_in_flight", [1, 256], [0, 257]),
        ("max_batch_wait_seconds", [0, 0.5], [-1]),
        ("request_timeout_seconds", [0.5], [0, -1]),
        ("max_outage_seconds", [0], [-1]),
        ("max_reject_percent", [0, 100], [-1, 101]),
        ("unmapped_streams", ["ignore", "error"], ["warn"]),
        ("null_values", ["omit", "send"], ["null"]),
        ("phone_format", ["national", "e164"], ["E164"]),
        ("phone_type", ["any", "mobile"], ["landline"]),
        ("phone_region", ["IN", "US"], ["in", "IND", "India", "XX"]),
        ("business", ["b"], [""]),
        ("api", ["crm-v2"], ["crm-v3"]),
    ],
)
def test_a_setting_takes_what_it_can_be_and_nothing_else(name: str, good: list[object], bad: list[object]) -> None:
    for value in good:
        assert getattr(settings(**{name: value}), name) == value
    for value in bad:
        assert f"'{name}'" in faults(**{name: value})[0]


# -- rules -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        ({"action": "upsert"}, "Rule 2: 'stream' is missing."),
        ({"stream": "s"}, "Rule 2: 'action' is missing."),
        ({**RULE, "feilds": {}}, "Rule 2 has no key 'feilds'. Did you mean 'fields'?"),
        ({**RULE, "fields": "id"}, "Rule 2: 'fields' must be of type object."),
        ({**RULE, "include": "email"}, "Rule 2: 'include' must be of type array."),
        ({**RULE, "include": [7]}, "Rule 2: 'include[0]' must be of type string."),
        ({**RULE, "when": True}, "Rule 2: 'when' must be of type string."),
        ("contacts", "Rule 2 must be of type object."),
    ],
)
def test_a_rule_of_the_wrong_form_is_told_by_its_number(rule: object, fault: str) -> None:
    assert faults(mappings=[RULE, rule]) == (fault,)


def test_several_faults_are_told_at_once() -> None:
    told = faults(mappings=[RULE, {}], batch_size_rows=1000, api_ulr="https://x", phone_type="canary")
    assert len(told) == 4
    assert "canary" not in "".join(told)


def test_faults_of_settings_that_contradict_are_told_at_once() -> None:
    assert len(faults(api_url="http://x", phone_region="??", rate_limit={"calls": 1, "reserve": 1})) == 3


# -- rejects -----------------------------------------------------------------------------------------


def test_any_reason_may_be_retried() -> None:
    assert settings(retry_rejected=list(Reason)).retry_rejected == list(Reason)
    assert json_schema(TargetSettings)["properties"]["retry_rejected"]["items"]["enum"] == list(Reason)
    [fault] = faults(retry_rejected=["lead_active", "weather"])
    assert fault.startswith("Setting 'retry_rejected[1]' must be one of 'missing_field'")


@pytest.mark.parametrize("key", ["canary", "A" * 43, "!" * 44, "QUFB"])
def test_a_key_of_the_ledger_that_is_none_is_a_fault_that_does_not_show_it(key: str) -> None:
    [fault] = faults(ledger_key=key)
    assert fault.startswith("Setting 'ledger_key' must be a Fernet key")
    assert key not in fault


def test_the_key_of_the_ledger_is_not_shown() -> None:
    key = "A" * 42 + "E="
    given = settings(ledger_key=key)
    assert given.ledger_key == key
    assert key not in repr(given)
