"""The six endpoints of CRM v2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from squadstack.sandbox.actions import ENDPOINTS, Action, Asked, Kind, Row, Verdict
from squadstack.sandbox.answers import answer
from squadstack.sandbox.fields import lead_id_of
from squadstack.sandbox.reading import MAX_LEADS, read_call

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.routing import Route

    from squadstack.sandbox.calls import Call
    from squadstack.sandbox.campaigns import Campaigns
    from squadstack.sandbox.gate import Gate, Handle, Pause
    from squadstack.sandbox.refusals import Answer

_PATH: Final = "/voice/crm-integration-v2/{ref_id}/"


def crm_routes(gate: Gate, campaigns: Campaigns) -> list[Route]:
    """The routes of this module."""
    return [gate.route("POST", _PATH + name, action, _handle(campaigns, action)) for name, action in ENDPOINTS.items()]


def _handle(campaigns: Campaigns, action: Action) -> Handle:
    async def handle(request: Request, call: Call, pause: Pause) -> Answer:
        content_type = request.headers.get("content-type", "")
        asked = read_call(call.ref_id, action, content_type, await request.body(), MAX_LEADS)
        call.leads = len(asked.rows)
        return await _work(campaigns, asked, pause)

    return handle


async def _work(campaigns: Campaigns, asked: Asked, pause: Pause) -> Answer:
    """Take time over the leads, during which they are busy for other calls, then act."""
    with campaigns.claim(asked.ref_id, asked.rows) as claimed:
        await pause()
        verdicts = [_act(campaigns, asked, row, claimed) for row in asked.rows]
    return answer(asked, verdicts)


def _act(campaigns: Campaigns, asked: Asked, row: Row, claimed: frozenset[str]) -> Verdict:
    lead_id = lead_id_of(row)
    if lead_id is not None and lead_id not in claimed:
        return Verdict(Kind.BUSY)
    return campaigns.act(asked.ref_id, asked.action, row)
