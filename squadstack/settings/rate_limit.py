"""The business's limit on calls, as every face of the connector is told it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RATE_LIMIT_SCHEMA: dict[str, Any] = {
    "properties": {
        "calls": {"type": ["integer", "null"], "minimum": 1},
        "records": {"type": ["integer", "null"], "minimum": 1},
        "period_seconds": {"type": "number", "exclusiveMinimum": 0},
        "slack_seconds": {"type": "number", "minimum": 0},
        "reserve": {"type": "integer", "minimum": 0},
    },
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """How many calls, or records, the business may send in a period.

    Attributes:
        calls: Calls in any period; None: not limited.
        records: Leads in any period, all calls together; None: not limited.
        period_seconds: The period's length.
        slack_seconds: The longest that a call takes from its start until the server counts it.
        reserve: Calls of the limit that are left to others.
    """

    calls: int | None = 100
    records: int | None = None
    period_seconds: float = 60
    slack_seconds: float = 1
    reserve: int = 0

    @property
    def own_calls(self) -> int | None:
        """Calls of a period that this connector may use."""
        return None if self.calls is None else self.calls - self.reserve
