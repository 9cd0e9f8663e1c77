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

    def call(self, method: str, path: str, **options: Json) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.sandbox.token}"} | options.pop("headers", {})
        return self.http.request(method, self.sandbox.url + path, headers=headers, timeout=30, **options)

    def post(self, path: str, **options: Json) -> requests.Response:
        return self.call("POST", path, **options)

    def send(self, action: str, body: object, ref_id: str = CAMPAIGN, **options: Json) -> requests.Response:
        endpoint = f"lead-{action.removesuffix('e')}ed"
        return self.post(f"/voice/crm-integration-v2/{ref_id}/{endpoint}", json=body, **options)

    def squadiq(self, action: str, body: object, campaign: str = CAMPAIGN, **options: Json) -> requests.Response:
        method = "PATCH" if action == "update" else "POST"
        return self.call(method, f"/api/v4/leads/{action}/{campaign}/", json=body, **options)

    def read(self, campaign: str = CAMPAIGN, **parameters: object) -> requests.Response:
        return self.call("GET", f"/api/v4/leads/responses/{campaign}/", params=parameters)

    def judge(self, *lead_ids: str, ref_id: str = CAMPAIGN) -> None:
        for lead_id in lead_ids:
            assert self.post(f"/sandbox/judge/{ref_id}/{lead_id}").status_code == 200

    def get(self, path: str) -> Json:
        return self.http.get(self.sandbox.url + path, timeout=30).json()

    def lead(self, lead_id: str, ref_id: str = CAMPAIGN) -> Json:
        return self.get("/sandbox/leads")["campaigns"][ref_id][lead_id]

    def given(self, state: str, *lead_ids: str, ref_id: str = CAMPAIGN) -> None:
        leads = {lead_id: {"state": state} for lead_id in lead_ids}
        self.sandbox.campaigns.restore({"campaigns": {ref_id: leads}})


def seen(lead: Json) -> Json:
    """A lead of the look inside, without its times and what came of processing it."""
    return {name: lead[name] for name in ("state", "fields", "detail", "history")}


def processed(second: float, **more: object) -> dict[str, object]:
    """A lead to restore that was processed in a second since 1970."""
    result = {
        "lead_outcome": "Connected : Objective Met",
        "lead_responses": {"interested": "Yes"},
        "latest_recording_url": "https://recordings.example.com/1.mp3",
        "latest_called_at": second,
        "processed_at": second,
    }
    return {"state": "judged", "result": result, **more}


def person(lead_id: str, **more: object) -> dict[str, object]:
    return {"lead_id": lead_id, "phone_number": "9999999999", "contact_name": "John Doe", **more}
