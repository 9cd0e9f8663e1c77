"""Talks to a sandbox over HTTP, as a caller of SquadStack would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import requests

    from squadstack.sandbox.server import Running

CAMPAIGN = "loans"

Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Caller:
    sandbox: Running
    http: requests.Session

    def post(self, path: str, **options: Json) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.token}"} | options.pop("headers", {})
        return self.http.post(self.sandbox.url + path, headers=headers, timeout=30, **options)

    def send(self, action: str, body: object, ref_id: str = CAMPAIGN, **options: Json) -> requests.Response:
        endpoint = f"lead-{action.removesuffix('e')}ed"
        return self.post(f"/voice/crm-integration-v2/{ref_id}/{endpoint}", json=body, **options)

    def get(self, path: str) -> Json:
        return self.http.get(self.sandbox.url + path, timeout=30).json()

    def lead(self, lead_id: str, ref_id: str = CAMPAIGN) -> Json:
        return self.get("/sandbox/leads")["campaigns"][ref_id][lead_id]

    def given(self, state: str, *lead_ids: str, ref_id: str = CAMPAIGN) -> None:
        leads = {lead_id: {"state": state} for lead_id in lead_ids}
        self.sandbox.campaigns.restore({"campaigns": {ref_id: leads}})


def person(lead_id: str, **more: object) -> dict[str, object]:
    return {"lead_id": lead_id, "phone_number": "9999999999", "contact_name": "John Doe", **more}
