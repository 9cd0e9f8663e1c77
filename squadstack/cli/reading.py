"""Read Singer messages as the target does, for commands that send nothing."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import IO, TYPE_CHECKING, Any

from squadstack.cli.options import given_by, read_target
from squadstack.cli.progress import Progress
from squadstack.singer.log_level import check_log_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from target_squadstack.target import TargetSquadStack

_LEVEL = "TARGET_SQUADSTACK_LOGLEVEL"


def read(
    configs: tuple[str, ...], file: IO[bytes] | None, deliver_by: Callable[..., Any], preset: str | None = None
) -> int:
    """Read the whole input, and return the exit status; warnings and failures are on standard error.

    Args:
        configs: As the option `--config` gives them.
        file: The input; None: standard input.
        deliver_by: Makes what takes the records, of settings and mapper.
        preset: Whose rules stand in place of those of the configuration.
    """
    target = _target(configs, deliver_by, preset)
    with _progress(target):
        failure = target.deliver(file)  # type: ignore[arg-type]  # read by its descriptor
    if failure:
        target.logger.error("%s", failure)
    return target.status(failure)


def _target(configs: tuple[str, ...], deliver_by: Callable[..., Any], preset: str | None) -> TargetSquadStack:
    check_log_level("TARGET_SQUADSTACK")
    if "LOGLEVEL" not in os.environ:
        os.environ.setdefault(_LEVEL, "WARNING")
    read_target(configs, preset)  # tells all faults
    from target_squadstack.target import TargetSquadStack  # noqa: PLC0415 - the SDK only where it is needed

    return TargetSquadStack(config=given_by(configs, preset), parse_env_config="ENV" in configs, deliver_by=deliver_by)


@contextlib.contextmanager
def _progress(target: TargetSquadStack) -> Iterator[None]:
    """Tell every now and then how many records were read."""
    is_over = threading.Event()

    def follow(progress: Progress) -> None:
        while not is_over.wait(0.25):
            if "delivery" in target.__dict__:
                progress.show(target.delivery.summary.records)

    with Progress("Records read") as progress:
        thread = threading.Thread(target=follow, args=(progress,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
