"""Logs as messages of the protocol: what stands on standard error, the platform shows as errors."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from squadstack.exceptions import SquadStackError

if TYPE_CHECKING:
    from squadstack.airbyte.output import Output

_LEVELS = {"CRITICAL": "FATAL", "ERROR": "ERROR", "WARNING": "WARN", "INFO": "INFO", "DEBUG": "DEBUG"}


def log_to(output: Output, *, is_debug: bool) -> None:
    """Have all logs written there; the level is INFO, or what LOGLEVEL says."""
    told = os.environ.get("LOGLEVEL", "INFO").upper()
    level = told if told in logging.getLevelNamesMapping() else "INFO"
    os.environ["LOGLEVEL"] = level  # the SDK reads it too, and fails at one that there is not
    root = logging.getLogger()
    root.handlers[:] = [_Handler(output)]
    root.setLevel(logging.DEBUG if is_debug else level)
    logging.captureWarnings(capture=True)


class _Handler(logging.Handler):
    """Writes sentences alone: a traceback may show values."""

    def __init__(self, output: Output) -> None:
        super().__init__()
        self._output = output

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = {"level": _LEVELS.get(record.levelname, "TRACE"), "message": record.getMessage()}
            self._output.write({"type": "LOG", "log": message})
        except SquadStackError:
            pass  # nobody reads any more: whoever writes what matters is told
        except Exception:  # noqa: BLE001 - a log must not end a run
            self._output.write({"type": "LOG", "log": {"level": "WARN", "message": "A line of the log was lost."}})
