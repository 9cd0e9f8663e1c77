"""The settings of the tap, declared once (docs/settings.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from squadstack.settings.common import CommonSettings
from squadstack.settings.declaration import setting

if TYPE_CHECKING:
    from collections.abc import Iterator

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_PLACES = {"file", "s3", "gs"}


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
    events_url: str | None = setting(
        "string", "Events", "Where disposition events lie: a folder, or a bucket like s3://… or gs://….", default=None
    )

    def faults(self) -> Iterator[str]:
        """What is wrong with the settings together, one sentence each."""
        yield from super().faults()
        scheme = _SCHEME.match(self.events_url or "")
        if self.events_url is not None and (
            not self.events_url.strip() or "::" in self.events_url or (scheme and scheme[1].lower() not in _PLACES)
        ):
            yield "Setting 'events_url' must be a folder, or a bucket like s3://… or gs://…."

    @property
    def base_url(self) -> str:
        """Scheme and host of the API, without a slash at the end."""
        return self.api_url.rstrip("/")
