"""The settings of the target, declared once (docs/settings.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from squadstack.settings.common import CommonSettings
from squadstack.settings.declaration import setting
from squadstack.settings.rule import RULE_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator

ACTIONS = ("create", "update", "upsert", "convert", "disable", "delete")

_REASONS = (
    "missing_field",
    "invalid_phone",
    "invalid_value",
    "no_campaign",
    "unknown_lead",
    "already_exists",
    "lead_active",
    "lead_converted",
    "lead_deleted",
    "conflict",
    "other",
)

_KEY_BYTES = 32

API_URLS = {"crm-v2": "https://api.squadstack.com", "squadiq-v4": "https://api.squadiq.in"}


@dataclass(frozen=True, kw_only=True)
class TargetSettings(CommonSettings):
    """What the user said about sending leads. Its repr shows no secret."""

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
        items=RULE_SCHEMA,
    )
    unmapped_streams: str = setting(
        "string",
        "Unmapped streams",
        "Whether a stream that no rule names is ignored or an error.",
        default="ignore",
        enum=["ignore", "error"],
    )
    api: str = setting("string", "API", "Which of SquadStack's APIs is spoken.", default="crm-v2", enum=list(API_URLS))
    api_url: str | None = setting(
        "string", "API address", "Scheme and host of the API, if not that of the chosen API.", default=None
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
    skip_unchanged: bool = setting(
        "boolean",
        "Skip unchanged",
        "An action all of whose values were the last accepted for its lead is not sent.",
        default=True,
    )
    full_refresh: bool = setting("boolean", "Full refresh", "Unchanged leads are sent too.", default=False)
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
    field_key: str | None = setting(
        "string",
        "Key of fields",
        "32 bytes as base64, with which encrypt(x) encrypts in the mappings.",
        default=None,
        secret=True,
    )
    max_reject_percent: float = setting(
        "number",
        "Most rejects",
        "The run stops when more than this share of its actions was rejected.",
        default=50,
        minimum=0,
        maximum=100,
    )
    max_actions: dict[str, int] = setting(
        "object",
        "Most actions",
        "The most actions of a kind in a run, by action; such actions are held to the end and sent only if all fit.",
        default={"delete": 100},
        properties={name: {"type": "integer", "minimum": 0} for name in ACTIONS},
        additionalProperties=False,
    )
    max_missing_percent: float = setting(
        "number",
        "Most missing",
        "No lead is taken for missing when more than this share of a stream's known leads is.",
        default=10,
        minimum=0,
        maximum=100,
    )
    full_refresh_complete: bool = setting(
        "boolean",
        "Complete at the end",
        "Whether every stream has been read completely when the input ends, for rules with on_missing.",
        default=False,
    )
    after_delete: str = setting(
        "string",
        "After a deletion",
        "Whether a create, update or upsert of a lead that was deleted through this ledger is blocked or allowed.",
        default="block",
        enum=["block", "allow"],
    )
    retry_rejected: list[str] = setting(
        "array",
        "Rejects to retry",
        "Reason codes whose rejects, unless overtaken, are sent again at the start of a run.",
        default=[],
        items={"type": "string", "enum": list(_REASONS)},
    )
    ledger_key: str | None = setting(
        "string",
        "Key of the ledger",
        "A Fernet key; with it, the values of rejects are kept encrypted.",
        default=None,
        secret=True,
    )
    ledger_retention_days: float = setting(
        "number", "Retention", "How many days rejects and runs are kept.", default=30, exclusiveMinimum=0
    )
    dry_run: bool = setting(
        "boolean",
        "Dry run",
        "Everything is done but calling the API: no STATE is written, and the ledger stays as it is.",
        default=False,
    )
    summary_path: str | None = setting(
        "string", "Summary file", "File that gets the run's summary as JSON.", default=None
    )

    def faults(self) -> Iterator[str]:
        """What is wrong with the settings together, one sentence each."""
        import phonenumbers  # noqa: PLC0415 - its data is large, and only a configuration needs it

        yield from super().faults()
        if self.ledger_key is not None and not _is_fernet_key(self.ledger_key):
            yield "Setting 'ledger_key' must be a Fernet key: 32 bytes in URL-safe base64, which are 44 characters."
        if self.field_key is not None and not _is_key(self.field_key):
            yield "Setting 'field_key' must be 32 bytes in base64, which are 44 characters."
        if self.phone_region not in phonenumbers.SUPPORTED_REGIONS:
            yield "Setting 'phone_region' must be a country of two capital letters, such as IN."

    @property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        return (self.api_url or API_URLS[self.api]).rstrip("/")


def _is_fernet_key(text: str) -> bool:
    return _is_key(text, b"-_")


def _is_key(text: str, altchars: bytes = b"+/") -> bool:
    try:
        return len(base64.b64decode(text, altchars=altchars, validate=True)) == _KEY_BYTES
    except ValueError:
        return False
