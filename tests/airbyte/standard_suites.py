"""Run by the environment of airbyte-cdk: its standard tests, over the console scripts."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import orjson
import pytest
from airbyte_cdk.models import AirbyteMessageSerializer
from airbyte_cdk.sources import Source
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import DestinationTestSuiteBase, SourceTestSuiteBase

FOLDER = Path(os.environ["SUITES_FOLDER"])
pytestmark = pytest.mark.filterwarnings("error::airbyte_cdk.test.standard_tests.DiscoveredCatalogWarning")
pytest_plugins = ["airbyte_cdk.test.standard_tests.pytest_hooks"]


class Shim(Source):
    """Stands for a console script: hands its messages on."""

    command = ""

    def launch(self, args: list[str]) -> Any:
        """Run it."""
        run = subprocess.run([self.command, *args], capture_output=True, check=False)
        assert run.stderr == b""
        messages = [AirbyteMessageSerializer.load(orjson.loads(line)) for line in run.stdout.splitlines()]
        yield from messages

    def _with(self, verb: str, **files: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            given = []
            for name, content in files.items():
                path = Path(folder) / name
                path.write_bytes(orjson.dumps(content))
                given += [f"--{name}", str(path)]
            return list(self.launch([verb, *given]))

    def read(self, logger: Any, config: Any, catalog: Any, state: Any = None) -> Any:  # noqa: ARG002
        yield from self._with("read", config=config, catalog=catalog)

    def check(self, logger: Any, config: Any) -> Any:  # noqa: ARG002
        [found] = [one.connectionStatus for one in self._with("check", config=config) if one.connectionStatus]
        return found

    def discover(self, logger: Any, config: Any) -> Any:  # noqa: ARG002
        [found] = [one.catalog for one in self._with("discover", config=config) if one.catalog]
        return found

    def spec(self, logger: Any) -> Any:  # noqa: ARG002
        [found] = [one.spec for one in self.launch(["spec"]) if one.spec]
        return found


class SourceSquadstack(Shim):
    command = os.environ["SUITES_SOURCE"]


class DestinationSquadstack(Shim):
    command = os.environ["SUITES_DESTINATION"]


def scenarios(face: str) -> list[ConnectorTestScenario]:
    names = ("rejected_actions", "disposition_events", "calls", "judgements", "broken_events")
    empty = [{"name": name, "bypass_reason": "there may be none"} for name in names] if face == "source" else []
    return [
        ConnectorTestScenario(config_path=FOLDER / f"{face}.json", status="succeed", empty_streams=empty),
        ConnectorTestScenario(config_path=FOLDER / f"{face}-wrong.json", status="failed", sections=("connection",)),
    ]


class TestSource(SourceTestSuiteBase):
    connector = SourceSquadstack

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return FOLDER

    @classmethod
    def get_scenarios(cls) -> list[ConnectorTestScenario]:
        return scenarios("source")


class TestDestination(DestinationTestSuiteBase):
    connector = DestinationSquadstack

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return FOLDER

    @classmethod
    def get_scenarios(cls) -> list[ConnectorTestScenario]:
        return scenarios("destination")
