"""One of Airbyte's sources at work: the published package, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flows.scene import SECRETS
from support.airbyte import DESTINATION, Face, Said, configured
from support.run import plain_environment

if TYPE_CHECKING:
    from pathlib import Path

    from flows.scene import Scene
    from sources.delivering import Rules
    from sources.impersonation import Network


@dataclass(slots=True)
class Source:
    """A source with its configuration and streams, in a folder; it goes on from where it stopped."""

    command: Path
    config: dict[str, Any]
    streams: tuple[str, ...]
    cursor: str
    """The field by which it knows what is new."""
    folder: Path
    network: Network
    states: dict[str, Any] = field(default_factory=dict)

    @property
    def catalog(self) -> dict[str, Any]:
        return configured(*self.streams, cursor_field=[self.cursor], primary_key=[["id"]])

    def read(self) -> list[str]:
        """Tell the lines that Airbyte hands to a destination."""
        files = {"config": self.config, "catalog": self.catalog, "state": list(self.states.values())}
        arguments: list[str | Path] = []
        for name, content in files.items():
            path = self.folder / f"source-{name}.json"
            path.write_text(json.dumps(content))
            arguments += [f"--{name}", path]
        found = subprocess.run([self.command, "read", *arguments], cwd=self.folder, capture_output=True, text=True,
                               env=plain_environment(self.network.env), check=False)  # fmt: skip
        assert found.returncode == 0, found.stdout[-5000:] + found.stderr[-5000:]
        return [line for line in found.stdout.splitlines() if json.loads(line)["type"] in {"RECORD", "STATE"}]

    def deliver(self, scene: Scene, mappings: Rules) -> Said:
        """Sync once, and keep what the destination acknowledged."""
        lines = self.read()
        said = Face(DESTINATION, scene.settings(mappings=mappings), self.folder, SECRETS).run(
            "write", lines, catalog=self.catalog
        )
        for state in said.all("STATE"):
            name = state["stream"]["stream_descriptor"]["name"]
            self.states[name] = {key: value for key, value in state.items() if key != "destinationStats"}
        return said
