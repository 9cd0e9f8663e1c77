"""The command `tap-squadstack`, and `python -m tap_squadstack`."""

from __future__ import annotations

import sys

from squadstack.singer.log_level import check_log_level


def main() -> None:
    """Run the tap; a signal or a wrong log level while it is being loaded is no traceback either."""
    check_log_level("TAP_SQUADSTACK")
    try:
        from tap_squadstack.tap import TapSquadStack  # noqa: PLC0415 - it takes a while, in which signals come

        TapSquadStack.cli()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
