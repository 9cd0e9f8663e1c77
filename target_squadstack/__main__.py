"""The command `target-squadstack`, and `python -m target_squadstack`."""

from __future__ import annotations

import logging
import os
import sys

_LEVEL_VARIABLES = ("TARGET_SQUADSTACK_LOGLEVEL", "LOGLEVEL")


def main() -> None:
    """Run the target; a signal or a wrong log level while it is being loaded is no traceback either."""
    for variable in _LEVEL_VARIABLES:
        if os.environ.get(variable, "INFO").upper() not in logging.getLevelNamesMapping():
            sys.exit(f"{variable} must be one of {', '.join(logging.getLevelNamesMapping())}.")
    try:
        from target_squadstack.target import TargetSquadStack  # noqa: PLC0415 - it takes a while, in which signals come

        TargetSquadStack.cli()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
