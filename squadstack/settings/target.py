"""The settings of the target, declared once (docs/settings.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from squadstack.settings.common import CommonSettings
from squadstack.settings.declaration import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

_ACTIONS = ("create", "update", "upsert", "convert", "disable", "delete")

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
        "on_missing": {
            "type": "string",
            "description": "disable or delete: what is done with leads that a complete read no longer holds.",
        },
    },
    "additionalProperties": False,
}


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
        properties={name: {"type": "integer", "minimum": 0} for name in _ACTIONS},
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
    ledger_retention_days: float = setting(
        "number", "Retention", "How many days rejects and runs are kept.", default=30, exclusiveMinimum=0
    )
    summary_path: str | None = setting(
        "string", "Summary file", "File that gets the run's summary as JSON.", default=None
    )

    def faults(self) -> Iterator[str]:
        """What is wrong with the settings together, one sentence each."""
        import phonenumbers  # noqa: PLC0415 - its data is large, and only a configuration needs it

        yield from super().faults()
        if self.phone_region not in phonenumbers.SUPPORTED_REGIONS:
            yield "Setting 'phone_region' must be a country of two capital letters, such as IN."

    @property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        return (self.api_url or API_URLS[self.api]).rstrip("/")
