"""A command at work, with real pipes: hand it lines, read its STATEs, signal it, see what it left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self, cast

if TYPE_CHECKING:
    import resource
    import tempfile


SUMMARY = "Run summary: "
TAIL = 3000

Input = str | bytes | Iterable[str]
"""Text and bytes are handed over as they are; of anything else each item is a line."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run left behind."""

    status: int
    """The exit status; negative: the signal that killed it."""
    stdout: str
    stderr: str
    seconds: float
    max_rss: int
    """The most memory that it held, in bytes."""
    cpu_seconds: float

    @property
    def states(self) -> list[Any]:
        """The STATE lines; one cut off by a kill is none."""
        return [json.loads(line) for line in self.stdout.splitlines(keepends=True) if line.endswith("\n")]

    @property
    def summary(self) -> dict[str, Any] | None:
        """The run's last summary; None: it wrote none."""
        _, found, rest = self.stderr.rpartition(SUMMARY)
        return json.JSONDecoder().raw_decode(rest)[0] if found else None


class Running:
    """A command at work. Use it with `with`, so that nothing outlives the test."""

    def __init__(
        self,
        command: Sequence[str | Path],
        cwd: Path,
        env: Mapping[str, str],
        folder: tempfile.TemporaryDirectory[str],
    ) -> None:
        self._folder = folder
        self._began = time.monotonic()
        # An own session: a signal to the test runner's group is none of the command's business.
        self._process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._news = threading.Condition()
        self._read_states = 0
        self._ended: tuple[int, resource.struct_rusage, float] | None = None
        self._texts = {"stdout": bytearray(), "stderr": bytearray()}
        pipes = {"stdout": self._process.stdout, "stderr": self._process.stderr}
        self._threads = [
            threading.Thread(target=self._collect, args=(name, pipe), daemon=True) for name, pipe in pipes.items()
        ]
        self._most_memory = 0
        self._threads.append(threading.Thread(target=self._reap, daemon=True))
        self._threads.append(threading.Thread(target=self._watch_memory, daemon=True))
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ended(self) -> bool:
        return self._ended is not None

    @property
    def stdout(self) -> str:
        """What it wrote so far."""
        return self._texts["stdout"].decode(errors="replace")

    @property
    def stderr(self) -> str:
        """What it logged so far."""
        return self._texts["stderr"].decode(errors="replace")

    @property
    def states(self) -> list[Any]:
        """The STATE lines so far."""
        return [json.loads(line) for line in self._lines()]

    def write(self, *messages: str) -> None:
        """Hand lines to the command, waiting while it takes none; nothing happens if it has ended."""
        self._put(messages)

    def feed(self, input: Input, *, close: bool = True) -> threading.Thread:  # noqa: A002 - as subprocess.run names it
        """Write from a thread, so that the test can go on while the command is slow to read."""

        def work() -> None:
            self._put(input)
            if close:
                self.close_stdin()

        thread = threading.Thread(target=work, daemon=True)
        self._threads.append(thread)
        thread.start()
        return thread

    def close_stdin(self) -> None:
        """End the input."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.close()

    def read_state(self, timeout: float = 10) -> Any:
        """Take the next STATE that was not taken yet, waiting for it."""
        with self._news:
            if not self._news.wait_for(lambda: len(self._lines()) > self._read_states, timeout):
                raise TimeoutError(self._complaint("no further STATE", timeout))
            self._read_states += 1
            return json.loads(self._lines()[self._read_states - 1])

    def wait_for_log(self, text: str, timeout: float = 10) -> None:
        """Wait until a text stands in the log."""
        with self._news:
            if not self._news.wait_for(lambda: text in self.stderr, timeout):
                raise TimeoutError(self._complaint(f"no {text!r} in the log", timeout))

    def send_signal(self, number: int) -> None:
        """Signal the command, unless it has ended."""
        if self._ended is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it without a warning."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float = 60) -> Result:
        """Wait for the end; the input is not closed by this."""
        with self._news:
            if not self._news.wait_for(lambda: self._ended, timeout):
                raise TimeoutError(self._complaint("no end", timeout))
        for thread in self._threads[:2]:
            thread.join(10)
        status, usage, seconds = cast("tuple[int, resource.struct_rusage, float]", self._ended)
        return Result(
            status=status,
            stdout=self.stdout,
            stderr=self.stderr,
            seconds=seconds,
            max_rss=self._most_memory or usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
            cpu_seconds=usage.ru_utime + usage.ru_stime,
        )

    def close(self) -> None:
        """Kill it if it still runs, and what it may have started; let go of everything."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for thread in self._threads:
            thread.join(10)
        self.close_stdin()
        self._folder.cleanup()

    def _lines(self) -> list[bytes]:
        """The lines of its output so far; one that is not finished is none."""
        return bytes(self._texts["stdout"]).split(b"\n")[:-1]

    def _put(self, input: Input) -> None:  # noqa: A002 - as subprocess.run names it
        with contextlib.suppress(BrokenPipeError):
            match input:
                case bytes():
                    self._stdin.write(input)
                case str():
                    self._stdin.write(input.encode("utf-8", "surrogatepass"))
                case _:
                    for line in input:
                        self._stdin.write(f"{line.rstrip(chr(10))}\n".encode("utf-8", "surrogatepass"))
            self._stdin.flush()

    def _collect(self, name: str, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                with self._news:
                    self._texts[name] += chunk
                    self._news.notify_all()

    def _watch_memory(self) -> None:
        """Follow the most memory it ever held: what the kernel tells at its end begins at ours, which is large."""
        status = Path(f"/proc/{self.pid}/status")
        while self._ended is None and status.exists():
            with contextlib.suppress(OSError):  # it ends just now
                found = re.search(rb"VmHWM:\s+(\d+) kB", status.read_bytes())
                self._most_memory = int(found[1]) * 1024 if found else self._most_memory
            time.sleep(0.02)

    def _reap(self) -> None:
        """Wait for the process in a way that tells what it used."""
        _, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        with self._news:
            self._ended = (self._process.returncode, usage, time.monotonic() - self._began)
            self._news.notify_all()

    def _complaint(self, what: str, timeout: float) -> str:
        return f"{what} within {timeout} s; the log ends with:\n{self.stderr[-TAIL:]}"
