"""Whole answers: the bulk result, refusals of a call, and the faults that bend an answer's content."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING

from support.crm import verdicts
from support.crm.options import STATUS_FAULTS, Json, Options, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from support.crm.verdicts import Verdict

HTML = "<!DOCTYPE html><html><body><h1>We will be right back</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out, and how it is mistreated on its way."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    plan: Plan = field(default_factory=Plan)
    options: Options = field(default_factory=Options)


def refusal(status: int, text: str) -> Reply:
    """Refuse a call."""
    return Reply(status, _encode({"error_msg": text}))


def throttled(wait: float, at: float, options: Options) -> Reply:
    """Refuse a call for the limit's sake, telling the wait as the options have it."""
    seconds = max(1, math.ceil(wait))
    told = seconds if options.throttle_seconds is None else options.throttle_seconds
    silent = options.retry_after == "absent"
    text = "Request was throttled." if silent else verdicts.THROTTLED.format(told)
    body = f"{{{text}}}".encode() if options.throttle_body == "braces" else _encode({"error_msg": text})
    match options.retry_after:
        case "text" | "absent":
            headers = {}
        case "seconds":
            headers = {"Retry-After": str(seconds)}
        case "date":
            headers = {"Retry-After": formatdate(math.ceil(at + wait), usegmt=True)}
        case other:
            headers = {"Retry-After": str(other)}
    return Reply(429, body, headers=headers)


def instead(plan: Plan) -> Reply | None:
    """Find what the plan answers whatever was asked: a status, or a proxy's page."""
    if plan.fault == "html200":
        return Reply(200, HTML.encode(), content_type="text/html")
    if plan.status is None and plan.fault not in STATUS_FAULTS:
        return None
    status = plan.status or int(plan.fault or 0)
    body = {"error_msg": STATUS_FAULTS.get(str(status), "")} if plan.body is None else plan.body
    if isinstance(body, str):
        kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
        return Reply(status, body.encode(), content_type=kind)
    return Reply(status, _encode(body))


def alone(verdict: Verdict, plan: Plan) -> Reply:
    """Answer the object form."""
    body = {} if plan.fault == "no_result" else dict(verdict.alone)
    if plan.fault == "wrong_id" and "lead_id" in body:
        body["lead_id"] = f"not-{body['lead_id']}"
    return Reply(verdict.alone_status, _encode({**body, **(plan.patch or {})}))


def bulk(results: Sequence[Verdict], plan: Plan) -> Reply:
    """Answer the array form: always 200, with what came of each row."""
    rows = [verdict.row for verdict in results]
    good = sum(verdict.status < 300 for verdict in results)
    status = "success" if good == len(rows) else "partial_sucess" if good else "failure"
    if plan.fault in _BENT:
        rows = _BENT[plan.fault](rows)
    body: Json = {"status": status, "message": "Bulk operation completed successfully", "result": rows}
    body["metadata"] = {"total_leads": len(results), "success": good, "failed": len(results) - good}
    if plan.fault == "no_result":
        del body["result"]
    return Reply(200, _encode({**body, **(plan.patch or {})}))


def _wrong_id(rows: list[Json]) -> list[Json]:
    for position, row in enumerate(rows):
        if "lead_id" in row["data"]:
            data = {**row["data"], "lead_id": f"not-{row['data']['lead_id']}"}
            return [*rows[:position], {**row, "data": data}, *rows[position + 1 :]]
    return rows


_BENT: dict[str | None, Callable[[list[Json]], list[Json]]] = {
    "short": lambda rows: rows[:-1],
    "long": lambda rows: [*rows, rows[-1]],
    "reordered": lambda rows: [*rows[1:], rows[0]],
    "wrong_id": _wrong_id,
}


def _encode(body: object) -> bytes:
    return json.dumps(body).encode()
