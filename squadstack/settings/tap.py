"""The settings of the tap, declared once (docs/settings.md)."""

from __future__ import annotations

from dataclasses import dataclass

from squadstack.settings.common import CommonSettings
from squadstack.settings.declaration import setting


@dataclass(frozen=True, kw_only=True)
class TapSettings(CommonSettings):
    """What the user said about reading lead responses. Its repr shows no secret."""

    campaign_ids: list[str] = setting(
        "array",
        "Campaigns",
        "IDs of the campaigns to read.",
        items={"type": "string", "minLength": 1},
        minItems=1,
    )
    api_url: str = setting("string", "API address", "Scheme and host of the API.", default="https://api.squadiq.in")
    start_date: str | None = setting(
        "string",
        "Start date",
        "Leads processed from this moment on are read; without it, all.",
        default=None,
        format="date-time",
    )
    page_size: int = setting(
        "integer", "Rows a page", "Rows that are asked for at once; the API may give fewer.", default=100, minimum=1
    )
    lag_seconds: float = setting(
        "number",
        "Lag",
        "What was processed less than this ago, by the API's clock, waits for the next run.",
        default=300,
        minimum=0,
    )
    lookback_seconds: float = setting(
        "number", "Lookback", "How far before its bookmark a run begins.", default=300, minimum=0
    )

    @property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        return self.api_url.rstrip("/")
