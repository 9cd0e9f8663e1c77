"""How far a long command has come: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Self

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    import rich.progress

_EVERY_SECONDS = 5.0


class Progress:
    """Writes to standard error, so that standard output is the command's answer alone. Safe to use from threads.

    Args:
        what: What is being counted.

    Attributes:
        total: How many there are, once that is known; else 0.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self.total = 0
        self._count: Callable[[], int] | None = None
        self._bar: rich.progress.Progress | None = None
        self._told_at = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.console import Console  # noqa: PLC0415 - only where somebody looks on
            from rich.progress import Progress as Bar  # noqa: PLC0415 - see above

            self._bar = Bar(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._what, total=None)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def follow(self, total: int, count: Callable[[], int]) -> None:
        """From now on `refresh` asks how many are done."""
        self.total, self._count = total, count
        self.refresh()

    def refresh(self) -> None:
        """Tell how many are done, by asking."""
        if self._count is not None:
            self.show(self._count())

    def show(self, done: int) -> None:
        """Tell that so many are done."""
        counted = f"{self._what}: {done} of {self.total}" if self.total else f"{self._what}: {done}"
        if self._bar is not None:
            self._bar.update(self._task, description=counted, completed=done, total=self.total or None)
        elif time.monotonic() > self._told_at + _EVERY_SECONDS:
            self._told_at = time.monotonic()
            click.echo(counted, err=True)
