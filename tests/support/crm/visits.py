"""One call: as it came in, as it is recorded, and on its way through the business."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from support.crm.options import ACTIONS, Json, Plan

PREFIX = "/voice/crm-integration-v2/"


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came in."""

    method: str
    path: str
    authorization: str
    content_type: str
    user_agent: str
    body: bytes


@dataclass(slots=True)
class Entry:
    """The record of one call; `Call` of the handle, while it is being written."""

    arrived: float
    ref_id: str
    action: str
    lead_ids: tuple[str, ...]
    user_agent: str
    array: bool
    at: float | None = None
    answered: float | None = None
    status: int | None = None
    fault: str | None = None
    counted: bool = False
    applied: int = 0


@dataclass(slots=True)
class Visit:
    """One call on its way through the business."""

    request: Request
    entry: Entry
    leads: Any
    plan: Plan | None
    conflicts: frozenset[str] = frozenset()

    @property
    def rows(self) -> list[Json]:
        return self.leads if isinstance(self.leads, list) else [self.leads]


def route(path: str) -> tuple[str, str]:
    """Read the campaign and the action out of a path."""
    ref_id, _, last = path.partition("?")[0].removeprefix(PREFIX).strip("/").partition("/")
    return (ref_id, ACTIONS.get(last, last)) if path.startswith(PREFIX) else ("", path)


def parse(body: bytes) -> object:
    """Read strict JSON, in which NaN is none; None stands for what cannot be read."""
    try:
        return json.loads(body, parse_constant=_refuse)
    except ValueError:
        return None


def _refuse(constant: str) -> object:
    raise ValueError(constant)


def has_id(row: Json) -> bool:
    return isinstance(row.get("lead_id"), str)
