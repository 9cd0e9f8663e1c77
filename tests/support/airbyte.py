"""Airbyte's messages, and whole runs of the source and the destination, as the platform starts them."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.run import run_target, start_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from support.command import Result, Running

SOURCE, DESTINATION = "source-squadstack", "destination-squadstack"

Message = dict[str, Any]


def record(stream: str, /, namespace: str | None = None, **data: object) -> str:
    """Write a record."""
    told: Message = {"stream": stream, "data": data, "emitted_at": 1}
    return json.dumps({"type": "RECORD", "record": {**told, **({"namespace": namespace} if namespace else {})}})


def stream_state(stream: str, value: object = None, namespace: str | None = None, **more: object) -> str:
    """Write the STATE of a stream; `more` stands beside it."""
    descriptor: Message = {"name": stream, **({"namespace": namespace} if namespace else {})}
    told = {"type": "STREAM", "stream": {"stream_descriptor": descriptor, "stream_state": {"at": value}}, **more}
    return json.dumps({"type": "STATE", "state": told})


def configured(*streams: str | tuple[str, Mapping[str, object]], **more: object) -> Message:
    """Configure streams, by name, or with their properties."""
    found = []
    for stream in streams:
        name, properties = (stream, {}) if isinstance(stream, str) else stream
        found.append(
            {
                "stream": {
                    "name": name,
                    "json_schema": {"type": "object", "properties": dict(properties)},
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "incremental",
                "destination_sync_mode": "append_dedup",
                "primary_key": [["lead_id"]],
                **more,
            }
        )
    return {"streams": found}


@dataclass(slots=True)
class Said:
    """What a run wrote on standard output: every line of it is a message."""

    messages: list[Message] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Said:
        return cls([json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")])

    def all(self, kind: str) -> list[Message]:
        """Tell the bodies of the messages of a type."""
        key = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
        return [message[key] for message in self.messages if message["type"] == kind]

    def records(self, stream: str) -> list[Message]:
        return [one["data"] for one in self.all("RECORD") if one["stream"] == stream]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Tell why the run failed: the kind of the failure, and the sentence."""
        traces = [one["error"] for one in self.all("TRACE") if one["type"] == "ERROR"]
        return [(error["failure_type"], error["message"]) for error in traces]

    @property
    def statuses(self) -> list[tuple[str, str]]:
        """Tell the streams' statuses."""
        traces = [one["stream_status"] for one in self.all("TRACE") if one["type"] == "STREAM_STATUS"]
        return [(one["stream_descriptor"]["name"], one["status"]) for one in traces]

    @property
    def counts(self) -> list[tuple[float, float]]:
        """Tell what each acknowledgement counts: committed and rejected records."""
        stats = [one["destinationStats"] for one in self.all("STATE")]
        return [(one["recordCount"], one["rejectedRecordCount"]) for one in stats]

    @property
    def log(self) -> str:
        return "\n".join(one["message"] for one in self.all("LOG"))


@dataclass(frozen=True, slots=True)
class Face:
    """A source or a destination with its configuration, in a folder."""

    command: str
    config: Message
    folder: Path
    secrets: tuple[str, ...] = ()

    def run(
        self,
        verb: str,
        lines: Iterable[str] | str | bytes = "",
        *,
        status: int = 0,
        env: Mapping[str, str | None] | None = None,
        catalog: Any = None,
        state: Any = None,
        debug: bool = False,
        **changes: object,
    ) -> Said:
        """Run a verb to its end; whatever happens, it must keep its manners."""
        result = run_target(
            self._config(changes),
            lines,
            *self._files(catalog, state),
            *(["--debug"] if debug else []),
            env=env,
            command=[*self._command(), verb],
            cwd=self.folder,
        )
        return self.check(result, status)

    def start(
        self, verb: str, *, env: Mapping[str, str | None] | None = None, catalog: Any = None, **changes: object
    ) -> Running:
        """Start a verb."""
        files = self._files(catalog, None)
        return start_target(self._config(changes), *files, env=env, command=[*self._command(), verb], cwd=self.folder)

    def check(self, result: Result, status: int = 0) -> Said:
        """Hold what is true of every run: messages alone, no secret, nothing on standard error."""
        assert result.status == status, result.stdout[-3000:] + result.stderr[-3000:]
        assert result.stderr == ""
        assert "Traceback" not in result.stdout
        said = Said.of(result.stdout)
        for message in said.messages:
            if message["type"] != "RECORD":
                assert [secret for secret in self.secrets if secret in json.dumps(message)] == []
        return said

    def _config(self, changes: Mapping[str, object]) -> Message:
        given = {**self.config, **changes}
        return {name: value for name, value in given.items() if value is not None}

    def _command(self) -> list[str]:
        return [str(Path(sys.executable).parent / self.command)]

    def _files(self, catalog: Any, state: Any) -> list[str | Path]:
        found: list[str | Path] = []
        for name, content in (("catalog", catalog), ("state", state)):
            if content is not None:
                path = self.folder / f"{name}.json"
                path.write_text(content if isinstance(content, str) else json.dumps(content))
                found += [f"--{name}", path]
        return found
