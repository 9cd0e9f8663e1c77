"""What can be told of the images without building them."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from xml.etree import ElementTree as ET

import pytest
import yaml
from docs.pages import PROJECT

PROJECT_FILE = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
FACES = pytest.mark.parametrize("face", ["source", "destination"])


def instructions(face: str) -> list[tuple[str, str]]:
    """Tell the lines of a Dockerfile: instruction and what follows."""
    text = (PROJECT / "connectors" / f"{face}-squadstack" / "Dockerfile").read_text()
    found = [line.partition(" ")[::2] for line in text.splitlines() if line and not line.startswith("#")]
    return [(name, rest) for name, rest in found]


def of(face: str, name: str) -> list[str]:
    return [rest for instruction, rest in instructions(face) if instruction == name]


@FACES
def test_the_entry_point_is_the_console_script(face: str) -> None:
    """Named for the platform too, which takes it from the environment."""
    script = f"/usr/local/bin/{face}-squadstack"
    assert of(face, "ENTRYPOINT") == [f'["{script}"]']
    assert f'AIRBYTE_ENTRYPOINT="{script}"' in of(face, "ENV")
    assert f"{face}-squadstack" in PROJECT_FILE["scripts"]


@FACES
def test_it_is_unbuffered_and_not_root(face: str) -> None:
    assert "PYTHONUNBUFFERED=1" in of(face, "ENV")
    [user] = of(face, "USER")
    assert user == "airbyte"
    assert any("useradd" in command and user in command for command in of(face, "RUN"))
    names = [name for name, _ in instructions(face)]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name == "RUN")


@FACES
def test_labels_and_metadata_name_the_same_image(face: str) -> None:
    metadata = yaml.safe_load((PROJECT / "connectors" / f"{face}-squadstack" / "metadata.yaml").read_text())["data"]
    labels = dict(label.split("=", 1) for label in of(face, "LABEL"))
    assert labels == {
        "io.airbyte.name": metadata["dockerRepository"],
        "io.airbyte.version": metadata["dockerImageTag"],
    }
    assert metadata["dockerImageTag"] == PROJECT_FILE["version"]
    assert metadata["dockerRepository"] == f"squadstack/{face}-squadstack"
    assert metadata["connectorType"] == face
    assert metadata["connectorBuildOptions"]["baseImage"].endswith(of(face, "FROM")[0])


@FACES
def test_everything_that_is_copied_is_there(face: str) -> None:
    """All packages of the wheel are; the files beside the Dockerfile are there and read."""
    copied = {source for rest in of(face, "COPY") for source in rest.split()[:-1]}
    assert all((PROJECT / source).exists() for source in copied)
    build = tomllib.loads((PROJECT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert copied >= {*build["packages"], "pyproject.toml", PROJECT_FILE["readme"], *PROJECT_FILE["license-files"]}
    folder = PROJECT / "connectors" / f"{face}-squadstack"
    ET.parse(folder / "icon.svg")  # noqa: S314 - our own file
    assert (folder / "README.md").read_text().startswith(f"# SquadStack {face} for Airbyte")
    tests = yaml.safe_load((folder / "acceptance-test-config.yml").read_text())
    assert tests["connector_image"] == f"squadstack/{face}-squadstack:dev"


@FACES
def test_the_page_tells_how_to_build_and_load_it(face: str) -> None:
    told = (PROJECT / "docs/airbyte.md").read_text()
    assert f"docker build -f connectors/{face}-squadstack/Dockerfile -t squadstack/{face}-squadstack:0.1.0 ." in told
    assert f"kind load docker-image squadstack/{face}-squadstack:{PROJECT_FILE['version']} -n airbyte-abctl" in told


@pytest.mark.parametrize(("face", "extras"), [("source", {"postgres", "s3", "gcs"}), ("destination", {"postgres"})])
def test_what_a_setting_may_need_is_installed(face: str, extras: set[str]) -> None:
    """The driver of a shared ledger, and of the source what reads events in buckets: nobody can add it there."""
    [installed] = [found for run in of(face, "RUN") for found in re.findall(r"'\.\[(.*)\]'", run)]
    assert set(installed.split(",")) == extras
    assert extras <= PROJECT_FILE["optional-dependencies"].keys()


def test_two_definitions() -> None:
    files = (PROJECT / "connectors").glob("*/metadata.yaml")
    ids = [yaml.safe_load(path.read_text())["data"]["definitionId"] for path in files]
    assert len(set(ids)) == 2


def test_no_package_of_airbytes_comes_along() -> None:
    """In all that the connector's installation brings, extras of the image included."""
    wanted, seen = ["squadstack-connectors"], set()
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            requires = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        needed = [text for text in requires if "extra ==" not in text or name == "squadstack-connectors"]
        wanted += [re.split(r"[^\w.-]", text, maxsplit=1)[0] for text in needed]
    assert "singer-sdk" in seen
    assert [name for name in seen if name.startswith("airbyte") or name == "backoff"] == []
