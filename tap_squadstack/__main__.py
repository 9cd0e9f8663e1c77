"""`python -m tap_squadstack`."""

from __future__ import annotations

from tap_squadstack.tap import TapSquadStack

TapSquadStack.cli()
