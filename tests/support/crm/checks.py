"""What is wrong with a call as a whole, whatever its rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.crm import answers, verdicts
from support.crm.options import ACTIONS, Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.crm.answers import Reply
    from support.crm.visits import Request, Visit

MOST_ROWS = 100


def check_token(request: Request, options: Options) -> Reply | None:
    if options.expired:
        return answers.refusal(401, "Token expired")
    if request.authorization != f"Bearer {options.token}":
        return answers.refusal(401, "Invalid auth token")
    return None


def check_call(visit: Visit, options: Options) -> Reply | None:
    """Find what is wrong with a call as a whole."""
    checks: tuple[Callable[[Visit, Options], Reply | None], ...] = (_check_route, _check_body, _check_poison)
    return next((refused for check in checks if (refused := check(visit, options))), None)


def _check_route(visit: Visit, options: Options) -> Reply | None:
    entry = visit.entry
    if visit.request.method != "POST":
        return answers.refusal(400, "Wrong request type.")
    known = options.campaigns is None or entry.ref_id in options.campaigns
    if options.disabled is True or entry.action not in ACTIONS.values() or not known:
        return answers.refusal(404, "No active integration found.")
    if options.disabled and entry.action in options.disabled:
        return answers.refusal(404, "This endpoint is not enabled in your Integration")
    if visit.request.content_type.partition(";")[0].strip() != "application/json":
        return answers.refusal(400, "Invalid headers.")
    return None


def _check_body(visit: Visit, options: Options) -> Reply | None:
    if options.max_bytes is not None and len(visit.request.body) > options.max_bytes:
        return answers.refusal(413, "Request Entity Too Large")
    if not visit.rows or not all(isinstance(row, dict) for row in visit.rows):
        return answers.refusal(400, "Invalid data. Expected a lead or a list of leads.")
    if len(visit.rows) > MOST_ROWS:
        return answers.refusal(400, f"A maximum of {MOST_ROWS} leads per API call")
    return None


def _check_poison(visit: Visit, options: Options) -> Reply | None:
    for rule in options.poison:
        if any(row.get(rule["field"]) == rule["value"] for row in visit.rows):
            text = rule.get("error_msg", f'{{"{rule["field"]}":["{verdicts.INVALID}"]}}')
            return answers.refusal(rule.get("status", 400), text)
    return None
