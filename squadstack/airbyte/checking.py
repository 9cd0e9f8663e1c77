"""`check`: whether a run could work, as the platform asks it. A failure is an answer, not an error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from squadstack.airbyte import failures
from squadstack.airbyte.command import leave_on_signals
from squadstack.airbyte.configuration import of_destination
from squadstack.airbyte.reading import tap_of
from squadstack.airbyte.volumes import warning_of
from squadstack.delivery.check import check as findings_of
from squadstack.exceptions import ConfigurationError
from squadstack.responses.check import check as findings_of_reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from squadstack.airbyte.command import Call

log = logging.getLogger("squadstack")


def check_source(call: Call) -> int:
    """Ask for one row of every campaign."""

    def look() -> tuple[Iterable[tuple[bool, str]], list[str]]:
        settings = tap_of(call).settings
        leave_on_signals()  # the tap would note one and go on
        return findings_of_reading(settings), []

    return _answer(call, look)


def check_destination(call: Call) -> int:
    """Do what `squadstack check` does, and look where the ledger is."""

    def look() -> tuple[Iterable[tuple[bool, str]], list[str]]:
        _, read = of_destination(call.config)
        campaigns = sorted({campaign for rule in read.mapper.rules for campaign in rule.campaigns})
        findings = findings_of(read.settings, campaigns)
        warnings = warning_of(read.settings.ledger_url)
        return (((one.is_right, f"{one.what}: {one.sentence}") for one in findings), warnings)

    return _answer(call, look)


def _answer(call: Call, look: Callable[[], tuple[Iterable[tuple[bool, str]], list[str]]]) -> int:
    try:
        findings, warnings = look()
        wrong = [sentence for is_right, sentence in findings if not is_right]
    except Exception as error:  # noqa: BLE001 - whatever it is: no run could work
        failure = failures.as_sentence(error)
        wrong, warnings = list(failure.faults if isinstance(failure, ConfigurationError) else [str(failure)]), []
    for warning in warnings:
        log.warning("%s", warning)
    status = {"status": "FAILED" if wrong else "SUCCEEDED"}
    if told := " ".join(wrong or warnings):
        status["message"] = told
    call.output.write({"type": "CONNECTION_STATUS", "connectionStatus": status})
    return 0
