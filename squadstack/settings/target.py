"""The settings of the target, declared once (contract: "Settings of the target")."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import phonenumbers

from squadstack.exceptions import ConfigurationError
from squadstack.settings.common import api_url_faults, rate_limit_faults
from squadstack.settings.declaration import setting
from squadstack.settings.rate_limit import RATE_LIMIT_SCHEMA, RateLimit

API_URLS = {"crm-v2": "https://api.squadstack.com"}

_RULE = {
    "type": "object",
    "required": ["stream", "action"],
    "properties": {
        "stream": {"type": "string", "description": "Name or glob of the streams that this rule takes."},
        "action": {"type": "string", "description": "create, update, upsert, convert, disable or delete."},
        "when": {"type": "string", "description": "Expression; records for which it is no are left out."},
        "ref_id": {"type": "string", "description": "The campaign, if not the one of the setting ref_id."},
        "fields": {"type": "object", "description": "Field of the lead: expression, or list of candidates."},
        "include": {
            "type": "array",
            "items": {"type": "string"},
            "description": "More top-level fields, by name or glob, under their own names.",
        },
    },
    "additionalProperties": False,
}


@dataclass(frozen=True, kw_only=True)
class TargetSettings:
    """What the user said about sending leads. Its repr shows no secret."""

    auth_token: str = setting("string", "Token", "Bearer token of the SquadStack API.", secret=True, minLength=1)
    ref_id: str | None = setting(
        "string",
        "Campaign reference",
        "Reference ID of the campaign of every rule that names none.",
        default=None,
    )
    mappings: list[dict[str, Any]] = setting(
        "array",
        "Mappings",
        "Rules that say which stream becomes which action; without any, every stream is upserted as it is.",
        default=[],
        items=_RULE,
    )
    unmapped_streams: str = setting(
        "string",
        "Unmapped streams",
        "Whether a stream that no rule names is ignored or an error.",
        default="ignore",
        enum=["ignore", "error"],
    )
    api: str = setting("string", "API", "Which of SquadStack's APIs is spoken.", default="crm-v2", enum=["crm-v2"])
    api_url: str | None = setting(
        "string", "API address", "Scheme and host of the API, if not that of the chosen API.", default=None
    )
    business: str = setting(
        "string",
        "Business",
        "Whose budget, leads and rejects these are; the ledger keeps each business apart.",
        default="default",
        minLength=1,
    )
    rate_limit: dict[str, Any] = setting(
        "object",
        "Rate limit",
        "The business's limit: calls and records a period, its length, a call's slack, calls left to others.",
        default={"calls": 100, "records": None, "period_seconds": 60, "slack_seconds": 1, "reserve": 0},
        **RATE_LIMIT_SCHEMA,
    )
    max_in_flight: int = setting(
        "integer", "Calls at once", "Calls being worked on at once.", default=8, minimum=1, maximum=256
    )
    batch_size_rows: int = setting(
        "integer", "Leads in a call", "The most leads in a call.", default=100, minimum=1, maximum=100
    )
    max_batch_wait_seconds: float = setting(
        "number",
        "Longest wait",
        "An incomplete batch is sent after this long; 0: with the next permit.",
        default=30,
        minimum=0,
    )
    request_timeout_seconds: float = setting(
        "number",
        "Time for a call",
        "The longest that one call may take, from connecting to the last byte.",
        default=60,
        exclusiveMinimum=0,
    )
    max_outage_seconds: float = setting(
        "number",
        "Longest outage",
        "How long a batch that may succeed later is tried, from its first failure.",
        default=900,
        minimum=0,
    )
    null_values: str = setting(
        "string", "Nulls", "Whether fields that are null are left out or sent.", default="omit",
        enum=["omit", "send"],
    )  # fmt: skip
    phone_region: str = setting(
        "string",
        "Phone region",
        "Country whose numbers are sent, and read without a country code.",
        default="IN",
    )
    phone_format: str = setting(
        "string",
        "Phone format",
        "national (10 digits in India) or e164 without the plus.",
        default="national",
        enum=["national", "e164"],
    )
    phone_type: str = setting(
        "string",
        "Phone type",
        "Whether any valid number may be sent, or mobile ones only.",
        default="any",
        enum=["any", "mobile"],
    )
    max_reject_percent: float = setting(
        "number",
        "Most rejects",
        "The run stops when more than this share of its actions was rejected.",
        default=50,
        minimum=0,
        maximum=100,
    )
    ledger_url: str = setting(
        "string",
        "Ledger",
        "Where the ledger lives: SQLite on a local disk, or PostgreSQL for several machines.",
        default="sqlite:///.squadstack/ledger.db",
        secret=True,
    )
    summary_path: str | None = setting(
        "string", "Summary file", "File that gets the run's summary as JSON.", default=None
    )
    user_agent: str | None = setting(
        "string", "User agent", "User-Agent of every call, if not the package's name and version.",
        default=None,
    )  # fmt: skip

    def __post_init__(self) -> None:
        faults = [*api_url_faults(self.base_url), *rate_limit_faults(self.limit)]
        if self.phone_region not in phonenumbers.SUPPORTED_REGIONS:
            faults.append("Setting 'phone_region' must be a country of two capital letters, such as IN.")
        if faults:
            raise ConfigurationError(*faults)

    @cached_property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        return (self.api_url or API_URLS[self.api]).rstrip("/")

    @cached_property
    def limit(self) -> RateLimit:
        """The rate limit, with its defaults for the keys that were left out."""
        return RateLimit(**self.rate_limit)
