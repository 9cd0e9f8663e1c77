"""A pretend LeadSquared with one question: the leads that were changed between two moments, a page at a time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS_KEY, SECRET_KEY = "canary-access", "canary-secret"
PAGE = 3
"""Leads in a page, however many are asked for."""


class LeadSquared:
    """Its leads, and the questions that came."""

    def __init__(self) -> None:
        self.url = ""
        self.leads: dict[str, dict[str, str | None]] = {}
        self.questions: list[dict[str, Any]] = []

    def put(self, number: int, changed: str, **fields: str | None) -> None:
        """Write a lead, over what is known of it."""
        known = self.leads.get(f"a-{number}") or {
            "ProspectID": f"a-{number}", "FirstName": "Canary", "LastName": str(number), "EmailAddress": None,
            "Phone": None, "Mobile": None, "ProspectStage": "Prospect", "DoNotCall": "0", "LeadConversionDate": None,
        }  # fmt: skip
        self.leads[f"a-{number}"] = {**known, "ModifiedOn": f"2025-10-{changed}.000", **fields}

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Tell the leads of a page, with the fields that were asked for, as lists of attributes."""
        self.questions.append(question)
        window, page = question["Parameter"], question["Paging"]["PageIndex"]
        asked = question["Columns"]["Include_CSV"].split(",")
        found = [
            lead
            for lead in self.leads.values()
            if window["FromDate"] <= str(lead["ModifiedOn"])[:19] < window["ToDate"]
        ]
        found.sort(key=lambda lead: str(lead[question["Sorting"]["ColumnName"]]))
        assert question["Sorting"]["Direction"] == "0"
        told = found[(page - 1) * PAGE : page * PAGE]
        lists = [[{"Attribute": name, "Value": lead.get(name)} for name in asked] for lead in told]
        return {"RecordCount": len(found), "Leads": [{"LeadPropertyList": attributes} for attributes in lists]}


@contextmanager
def leadsquared() -> Iterator[LeadSquared]:
    """One without leads, that listens on this machine."""
    account = LeadSquared()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            keys = (self.headers["x-LSQ-AccessKey"], self.headers["x-LSQ-SecretKey"])
            is_right = self.path == "/v2/LeadManagement.svc/Leads.RecentlyModified" and keys == (ACCESS_KEY, SECRET_KEY)
            self.send_response(200 if is_right else 401)
            self.end_headers()
            self.wfile.write(json.dumps(account.answer(question) if is_right else {}).encode())

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        account.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield account
        finally:
            server.shutdown()
