"""`python -m target_squadstack`."""

from __future__ import annotations

from target_squadstack.target import TargetSquadStack

TargetSquadStack.cli()
