"""A pretend SquadIQ v4 that takes leads, by its document alone: statuses, and hardly a body."""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

SUCCESS = {"create": 201, "update": 200, "convert": 200, "disable": 201, "delete": 202}
ARRAYS = {"create": True, "update": False, "convert": False, "disable": True, "delete": False}
Lead = dict[str, Any]


@dataclass
class SquadIqServer:
    """Leads of one campaign, and the calls that came.

    Attributes:
        leads: By lead_id; a converted lead has `converted`, a disabled one `disabled`.
        calls: Method, last part of the path and number of leads of each call, in order.
        script: Statuses, or bodies with them, for the next calls, which then do nothing; None: as always.
        lost: How many of the next creates are done and never answered.
    """

    token: str
    campaign: str = "main"
    leads: dict[str, Lead] = field(default_factory=dict)
    calls: list[tuple[str, str, int]] = field(default_factory=list)
    script: list[tuple[int, bytes] | None] = field(default_factory=list)
    lost: int = 0

    def __enter__(self) -> Self:
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self) -> Counter[str]:
        """How many calls came of each action."""
        return Counter(action for _, action, _ in self.calls)

    def answer(self, method: str, path: str, token: str, body: Any) -> tuple[int, bytes] | None:
        """Do what a call asks; None: it is never answered."""
        _, api, version, room, action, campaign, end = path.split("/")
        assert (api, version, room, end) == ("api", "v4", "leads", "")
        rows = body if isinstance(body, list) else [body]
        with self._lock:
            self.calls.append((method, action, len(rows)))
            if token != f"Bearer {self.token}":
                return 403, b'{"detail": "Authentication credentials were not provided."}'
            if campaign != self.campaign:
                return 404, b'{"detail": "No such campaign."}'
            if self.script and (scripted := self.script.pop(0)):
                return scripted
            if method != ("PATCH" if action == "update" else "POST") or isinstance(body, list) != ARRAYS[action]:
                return 400, b'{"detail": "Wrong form."}'
            refusal = next(filter(None, (self._refusal(action, row) for row in rows)), None)
            if refusal is None:
                for row in rows:
                    self._apply(action, row)
            if action == "create" and self.lost and refusal is None:
                self.lost -= 1
                return None
            return refusal or (SUCCESS[action], b"")

    def _refusal(self, action: str, row: Lead) -> tuple[int, bytes] | None:
        is_there = row["lead_id"] in self.leads
        if action == "create" and is_there:
            return 400, b'{"lead_id": ["Lead with the same lead_id is already present"]}'
        if action in {"update", "convert", "delete"} and not is_there:
            return 404, b'{"detail": "Not found."}'
        if row.get("city") == "Nowhere":
            return 400, b'{"city": ["Invalid value provided."]}'
        if action == "convert" and len(row["detail"]) > 32:
            return 400, b'{"detail": ["Ensure this field has no more than 32 characters."]}'
        return None

    def _apply(self, action: str, row: Lead) -> None:
        lead_id = row["lead_id"]
        if action == "delete":
            del self.leads[lead_id]
        elif action == "convert":
            self.leads[lead_id]["converted"] = row["detail"]
        elif action == "disable":
            self.leads.setdefault(lead_id, {})["disabled"] = True
        else:
            self.leads.setdefault(lead_id, {}).update(row)


def _handler(server: SquadIqServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length) or b"null")
            answered = server.answer(self.command, self.path, self.headers.get("Authorization", ""), body)
            if answered is None:
                self.close_connection = True
                return
            status, text = answered
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = do_PATCH = _do  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
