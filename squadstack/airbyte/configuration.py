"""A configuration as the form writes it → as tap and target read it. What is in their form already, stays so.

What was left empty in the form was not given: it may write an empty text, list or object for it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from squadstack.airbyte.forms import CAMPAIGN, FIELDS
from squadstack.exceptions import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_squadstack.configuration import Configuration

_UNLIMITED = {"calls": None, "records": None}
_EMPTY: tuple[Any, ...] = (None, "", [], {})


def of_source(config: dict[str, Any]) -> dict[str, Any]:
    """The tap's configuration.

    Raises:
        ConfigurationError: It holds what is no setting; the tap itself tells every other fault.
    """
    from squadstack.settings.declaration import json_schema  # noqa: PLC0415 - for `spec` it would be too much
    from squadstack.settings.tap import TapSettings  # noqa: PLC0415 - likewise

    given = _settings(config)
    known = json_schema(TapSettings)["properties"]
    if extra := [name for name in given if name not in known]:
        raise ConfigurationError(*(f"There is no setting '{name}' in this version." for name in extra))
    return given


def of_destination(config: dict[str, Any]) -> tuple[dict[str, Any], Configuration]:
    """The target's configuration, as it is given and as it is read.

    Raises:
        ConfigurationError: With a sentence for every fault.
    """
    from target_squadstack.target import TargetSquadStack  # noqa: PLC0415 - for `spec` it would be too much

    given = _settings(config)
    if isinstance(given.get("mappings"), list):
        given["mappings"] = [_rule(rule) for rule in given["mappings"]]
    faults: list[str] = []
    if not given.get("ledger_url"):
        faults.append(
            "Setting 'ledger_url' is missing. A container keeps no disk: name a PostgreSQL database, or a SQLite "
            "file on a volume."
        )
    if given.get("full_refresh_complete"):
        faults.append(
            "Setting 'full_refresh_complete' cannot be used in Airbyte: a sync that broke off ends like a whole one, "
            "so whoever was not read would be taken for gone."
        )
    try:
        read = TargetSquadStack.configuration(dict(given), parse_env=False)
    except ConfigurationError as error:
        faults += error.faults
    if faults:
        raise ConfigurationError(*faults)
    return given, read


@contextmanager
def faults_as_ours() -> Iterator[None]:
    """Have what the SDK says of a configuration said as what the user can mend."""
    from singer_sdk.exceptions import (  # noqa: PLC0415 - for `spec` it would be too much
        ConfigValidationError,
        MapExpressionError,
        StreamMapConfigError,
    )

    try:
        yield
    except ConfigValidationError as error:
        raise ConfigurationError(*error.errors) from None
    except (MapExpressionError, StreamMapConfigError, NotImplementedError) as error:
        msg = f"Setting 'stream_maps' cannot be used: {error}"
        raise ConfigurationError(msg) from None


def _settings(config: dict[str, Any]) -> dict[str, Any]:
    """The settings that were given, with the rate limit that its choice stands for. An empty list or object is said."""
    given = {name: value for name, value in config.items() if value not in (None, "")}
    if (limits := given.get("max_actions")) and not (filled := _filled(limits)):
        del given["max_actions"]  # no limit at all is said by an empty object, not by one whose parts are empty
    elif limits:
        given["max_actions"] = filled
    limit = given.get("rate_limit")
    if not isinstance(limit, dict) or "kind" not in limit:
        return given
    rest = {name: value for name, value in _filled(limit).items() if name != "kind"}
    return {**given, "rate_limit": _UNLIMITED if limit["kind"] == "unlimited" else rest}


def _rule(rule: Any) -> Any:
    """A rule as the target has it; what is neither form its reader tells."""
    if not isinstance(rule, dict):
        return rule
    own = {"fields", "ref_id"}
    given = {name: part if name in own else _filled(part) for name, part in rule.items()}
    given = {name: part for name, part in given.items() if part not in _EMPTY}
    if _is_list_of_objects(given.get(FIELDS)):
        fields = dict(given["fields"]) if isinstance(given.get("fields"), dict) else {}
        for entry in given.pop(FIELDS):
            _put(fields, str(entry.get("name", "")), entry.get("expressions"))
        given["fields"] = fields
    if isinstance(given.get(CAMPAIGN), dict) and (campaign := _ref_id(given.pop(CAMPAIGN))):
        given["ref_id"] = campaign
    return given


def _filled(value: Any) -> Any:
    """A part of the form without what was left empty in it, at every depth."""
    if isinstance(value, dict):
        filled = {name: _filled(part) for name, part in value.items()}
        return {name: part for name, part in filled.items() if part not in _EMPTY}
    if isinstance(value, list):
        return [part for part in map(_filled, value) if part not in _EMPTY]
    return value


def _put(fields: dict[str, Any], name: str, expressions: Any) -> None:
    """Add a field of the form's list; a dot leads into an object."""
    if not name:
        msg = "The mappings hold a field of the lead without a name."
        raise ConfigurationError(msg)
    whole, _, part = name.partition(".")
    if part:
        inner = fields.setdefault(whole, {})
        if not isinstance(inner, dict):
            msg = f"The mappings say of '{whole}' both what it is and what its parts are."
            raise ConfigurationError(msg)
        fields, name = inner, part
    if name in fields:
        msg = f"The mappings name the field '{name}' twice: give it one list of expressions."
        raise ConfigurationError(msg)
    fields[name] = expressions[0] if isinstance(expressions, list) and len(expressions) == 1 else expressions


def _ref_id(campaign: dict[str, Any]) -> Any:
    """The campaign of a rule, or what chooses it by a value."""
    if campaign.get("kind") != "by_value":
        return campaign.get("ref_id")
    router = {key: value for key, value in campaign.items() if key != "kind"}
    if not router.get("by") or not router.get("to"):
        msg = "The mappings choose a campaign by a value, and do not say by which, or not which campaigns."
        raise ConfigurationError(msg)
    if _is_list_of_objects(router["to"]):
        values = [str(entry.get("value", "")) for entry in router["to"]]
        if len(set(values)) < len(values):
            msg = "The mappings name two campaigns for the same value: give each value one."
            raise ConfigurationError(msg)
        router["to"] = dict(zip(values, (entry.get("ref_id") for entry in router["to"]), strict=True))
    return router


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, dict) for entry in value)
