"""A vendor's tap at work: the published package, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airbyte.tools import environment
from support.run import plain_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sources.impersonation import Network

HERE = Path(__file__).resolve().parent


def installed(package: str) -> Path:
    """Tell where the commands of a package are, installing it when it is not there yet."""
    return environment(f".venv-sources/{package}", HERE / "requirements" / f"{package}.txt")


@dataclass(slots=True)
class Tap:
    """A tap with its configuration, in a folder; it goes on from where it stopped."""

    command: Path
    config: dict[str, Any]
    folder: Path
    network: Network
    selection: str = "--catalog"
    """How it is told the catalog."""
    state: Any = None

    def discover(self) -> dict[str, Any]:
        """Tell the catalog, with nothing selected."""
        catalog: dict[str, Any] = json.loads(self._run("--discover"))
        return catalog

    def read(self, catalog: dict[str, Any]) -> list[str]:
        """Tell the lines that the tap writes from where it stopped."""
        given = [self.selection, self._file("catalog", catalog)]
        if self.state is not None:
            given += ["--state", self._file("state", self.state)]
        return self._run(*given).splitlines()

    def _run(self, *arguments: str) -> str:
        command = [self.command, "--config", self._file("config", self.config), *arguments]
        env = plain_environment(self.network.env)
        found = subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)
        assert found.returncode == 0, found.stderr[-5000:]
        return found.stdout

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / f"tap-{name}.json"
        path.write_text(json.dumps(content))
        return str(path)


def select(catalog: dict[str, Any], fields: dict[str, Sequence[str] | None]) -> dict[str, Any]:
    """Select streams, and of each these fields; None: all of them."""
    for stream in catalog["streams"]:
        wanted = stream["tap_stream_id"] in fields
        names = fields.get(stream["tap_stream_id"])
        for entry in stream["metadata"]:
            place = entry["breadcrumb"]
            chosen = wanted and (not place or names is None or place[1] in names)
            entry["metadata"]["selected"] = chosen
    return catalog
