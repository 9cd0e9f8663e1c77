"""Check the log level before the SDK is imported, which would end in a traceback."""

from __future__ import annotations

import logging
import os
import sys


def check_log_level(plugin: str) -> None:
    """End with a sentence if the environment names a log level that there is not.

    Args:
        plugin: As its variables begin, like TARGET_SQUADSTACK.
    """
    for variable in (f"{plugin}_LOGLEVEL", "LOGLEVEL"):
        if os.environ.get(variable, "INFO").upper() not in logging.getLevelNamesMapping():
            sys.exit(f"{variable} must be one of {', '.join(logging.getLevelNamesMapping())}.")
