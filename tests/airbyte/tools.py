"""Other people's packages, each in an environment of its own: they and the connector need not agree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from docs.pages import PROJECT

HERE = Path(__file__).resolve().parent


def environment(name: str, requirements: Path) -> Path:
    """Make an environment, unless it is there already, and tell its folder of commands."""
    folder, wanted = PROJECT / name, requirements.read_text()
    ready = folder / ".ready"
    if not ready.exists() or ready.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        install = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--quiet", "-r", requirements]
        subprocess.run(install, check=True)
        ready.write_text(wanted)
    return folder / "bin"
