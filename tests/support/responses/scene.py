"""Where whole runs of the tap happen: a pretend SquadIQ, a ledger, and the real command between them."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.leads import NAME_CANARY, PHONE_CANARY
from support.responses_server import CAMPAIGN
from support.run import Result, Running, run_target, start_target

from tap_squadstack.tap import TapSquadStack

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from support.responses_server import ResponsesServer

NOW = 1_750_000_000
"""The server's clock: 2025-06-15T15:06:40Z."""
TOKEN = "canary-token"
SECRETS = (TOKEN, NAME_CANARY, PHONE_CANARY)
STREAMS = ("lead_responses", "lead_response_answers")
TAP = "tap-squadstack"


@dataclass(slots=True)
class Output:
    """What a run of the tap wrote; a line that was cut off is none."""

    text: str
    schemas: list[str] = field(default_factory=list)
    records: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    states: list[Any] = field(default_factory=list)
    before: list[set[str]] = field(default_factory=list)
    """For each STATE the ids of the leads that were written before it."""

    def __post_init__(self) -> None:
        for stream in STREAMS:
            self.records[stream] = []
        for line in self.text.splitlines(keepends=True):
            if line.endswith("\n"):
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "SCHEMA":
                self.schemas.append(message["stream"])
            case "RECORD":
                assert message["stream"] in self.schemas
                self.records[message["stream"]].append(message["record"])
            case "STATE":
                self.states.append(message["value"])
                self.before.append(self.ids())

    def ids(self, stream: str = STREAMS[0]) -> set[str]:
        return {record["lead_id"] for record in self.records[stream]}

    def bookmark(self, stream: str = STREAMS[0], campaign: str = CAMPAIGN) -> Any:
        """Tell the last bookmark of a campaign; None: there is none."""
        partitions = self.states[-1]["bookmarks"].get(stream, {}).get("partitions", []) if self.states else []
        found = [one.get("replication_key_value") for one in partitions if one["context"] == {"campaign_id": campaign}]
        assert len(found) <= 1
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class TapScene:
    """One business that reads."""

    server: ResponsesServer
    folder: Path

    def settings(self, **changes: object) -> dict[str, Any]:
        """Tell what stands in the configuration file."""
        return {
            "auth_token": TOKEN,
            "campaign_ids": [CAMPAIGN],
            "api_url": self.server.url,
            "ledger_url": f"sqlite:///{self.folder}/ledger.db",
            "rate_limit": {"calls": None},
            **changes,
        }

    def arguments(self, state: Any = None, catalog: Any = None) -> list[str | Path]:
        """Write the files that the command is to read; text is written as it is."""
        found: list[str | Path] = []
        for name, content in (("state", state), ("catalog", catalog)):
            if content is not None:
                path = self.folder / f"{name}.json"
                path.write_text(content if isinstance(content, str) else json.dumps(content))
                found += [f"--{name}", path]
        return found

    def run(
        self,
        *arguments: str,
        state: Any = None,
        catalog: Any = None,
        env: dict[str, str | None] | None = None,
        command: str | Sequence[str | Path] = TAP,
        status: int = 0,
        **settings: object,
    ) -> tuple[Output, Result]:
        """Run the tap to its end; whatever happens, it must keep its manners."""
        given = [*arguments, *self.arguments(state, catalog)]
        result = run_target(self.settings(**settings), "", *given, env=env, command=command, cwd=self.folder)
        assert result.status == status, result.stderr[-2000:]
        check_manners(result.stderr)
        return Output(result.stdout), result

    def sync(self, *, state: Any = None, catalog: Any = None, **settings: object) -> Output:
        """Run the tap in this process, which is faster than the command."""
        written = io.BytesIO()
        state = json.loads(json.dumps(state))
        with contextlib.redirect_stdout(io.TextIOWrapper(written, write_through=True)) as held:
            TapSquadStack(config=self.settings(**settings), state=state, catalog=catalog).sync_all()
            held.flush()
            return Output(written.getvalue().decode())

    def discover(self) -> dict[str, Any]:
        """Tell the catalog."""
        return json.loads(json.dumps(TapSquadStack(config=self.settings()).catalog_dict))

    def start(self, *, state: Any = None, env: dict[str, str | None] | None = None, **settings: object) -> Running:
        """Start the tap."""
        given = self.arguments(state)
        return start_target(self.settings(**settings), *given, env=env, command=TAP, cwd=self.folder)


def check_manners(stderr: str) -> None:
    """Hold what is true of every run: no traceback, and nothing personal in the log."""
    assert "Traceback" not in stderr
    assert [secret for secret in SECRETS if secret in stderr] == []
