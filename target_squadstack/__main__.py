"""The command `target-squadstack`, and `python -m target_squadstack`."""

from __future__ import annotations

import sys

from squadstack.singer.log_level import check_log_level
from target_squadstack import collector


def main() -> None:
    """Run the target; a signal or a wrong log level while it is being loaded is no traceback either."""
    check_log_level("TARGET_SQUADSTACK")
    try:
        collector.begin_loading()
        from target_squadstack.target import TargetSquadStack  # noqa: PLC0415 - it takes a while, in which signals come

        TargetSquadStack.cli()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
