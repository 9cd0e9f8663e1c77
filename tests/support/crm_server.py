"""A pretend SquadStack CRM v2 to test against, in a thread or in a process of its own.

    with CrmServer(limit=30, period=3.0, process=True) as server:
        ...                             # send calls to server.url
        assert server.throttled == 0
        assert server.history("ref", "lead-1") == [("upsert", {...})]

From a shell: python tests/support/crm_server.py --port 8080 --config '{"limit": 100}'. Everything that
the handle does is then a POST of its arguments to /__control__/NAME.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if not __package__:  # started by its path: `support` lies beside our folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.crm.business import Business
from support.crm.options import Json, Options
from support.crm.running import Spawned, Threaded
from support.crm.web import Web

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


@dataclass(frozen=True, slots=True)
class Call:
    """One call that the server met, in the order of arrival. Times are epoch seconds."""

    arrived: float
    """When its last byte was read."""
    at: float | None
    """When the limiter stamped it, taken or refused; None: it did not get there yet."""
    answered: float | None
    """When its answer left; None: never, or not yet."""
    ref_id: str
    action: str
    """create, update, upsert, convert, disable, delete; else the end of the path."""
    lead_ids: tuple[str, ...]
    status: int | None
    """The status answered; None: no answer left (reset, lost, blackhole)."""
    fault: str | None
    """The fault that it met."""
    counted: bool
    """Whether the limiter took it: neither 429 nor 401."""
    applied: int
    """Rows that took effect."""
    array: bool
    """Whether the array form was used."""
    user_agent: str


class CrmServer:
    """The handle: start by `with`, see Options for what may be given and changed."""

    def __init__(self, *, process: bool = False, port: int = 0, **options: Any) -> None:
        self.options = Options(**options)
        self.process = process
        self.port = port
        self._server: Threaded | Spawned | None = None

    def __enter__(self) -> Self:
        self._server = (Spawned if self.process else Threaded)(self.options, self.port)
        self.port = self._server.port
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        errors = self._ask("errors") if kind is None else []
        if self._server is not None:
            self._server.close()
            self._server = None
        if errors:
            msg = "the pretend server itself failed:\n" + "\n".join(errors)
            raise RuntimeError(msg)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self.port}"

    def endpoint(self, ref_id: str, action: str) -> str:
        """Spell the address of an endpoint, e.g. endpoint("ref", "lead-created")."""
        return f"{self.url}/voice/crm-integration-v2/{ref_id}/{action}"

    def calls(self) -> list[Call]:
        """Tell every call that arrived, the refused ones too."""
        return [Call(**{**entry, "lead_ids": tuple(entry["lead_ids"])}) for entry in self._ask("calls")]

    def leads(self, ref_id: str) -> dict[str, Json]:
        """Tell the leads that exist: {lead_id: {"state", "fields", "detail"}}.

        States: active, judged, disabled, converted. A deleted lead is gone.
        """
        found: dict[str, Json] = self._ask("leads", ref_id=ref_id)
        return found

    def history(self, ref_id: str, lead_id: str) -> list[tuple[str, Json]]:
        """Tell what took effect on a lead, in order."""
        return [tuple(done) for done in self._ask("history", ref_id=ref_id, lead_id=lead_id)]

    def histories(self, ref_id: str) -> dict[str, list[tuple[str, Json]]]:
        """Tell what took effect on every lead, deleted ones too."""
        found = self._ask("histories", ref_id=ref_id)
        return {lead_id: [tuple(done) for done in history] for lead_id, history in found.items()}

    def stats(self) -> dict[str, int]:
        """Tell all figures at once, at the price of one question."""
        found: dict[str, int] = self._ask("stats")
        return found

    @property
    def conflicts(self) -> int:
        """Rows answered 409 "getting processed already"."""
        return self.stats()["conflicts"]

    @property
    def overlaps(self) -> int:
        """Leads that were in flight when another call naming them arrived, whatever became of it."""
        return self.stats()["overlaps"]

    @property
    def repeats(self) -> int:
        """Rows naming a lead that their own call had named already."""
        return self.stats()["repeats"]

    @property
    def throttled(self) -> int:
        """Calls that the limit refused (429s of a script are not among them)."""
        return self.stats()["throttled"]

    @property
    def reactivated(self) -> int:
        """Times that a judged lead was made active again."""
        return self.stats()["reactivated"]

    @property
    def held(self) -> int:
        """Calls that wait for release()."""
        return self.stats()["held"]

    def set(self, **changes: Any) -> None:
        """Change options while the server runs; a new script replaces what is left of the old one."""
        self._ask("change", changes=changes)

    def hold(self, where: str = "apply") -> None:
        """Block calls before they are applied, or applied and before the `answer`."""
        self._ask("hold", where=where)

    def release(self) -> None:
        """Let held calls go on."""
        self._ask("hold", where=None)

    def seed(self, ref_id: str, leads: Iterable[Json]) -> None:
        """Have leads there from the beginning, without a call and outside the history."""
        self._ask("seed", ref_id=ref_id, leads=list(leads))

    def judge(self, ref_id: str, *lead_ids: str) -> None:
        """End the journey of leads: create, update and upsert re-activate them from now on."""
        self._ask("judge", ref_id=ref_id, lead_ids=lead_ids)

    def wait(self, condition: Callable[[], object], timeout: float = 10) -> None:
        """Wait until something holds, e.g. wait(lambda: server.held == 2)."""
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                msg = f"not within {timeout} s; the server counts {self.stats()}"
                raise TimeoutError(msg)
            time.sleep(0.01)

    def _ask(self, question: str, **arguments: object) -> Any:
        if self._server is None:
            msg = "the server does not run; ask it inside the with block"
            raise RuntimeError(msg)
        answer = json.loads(self._server.ask(question, json.dumps(arguments).encode()))
        if "fault" in answer:
            raise ValueError(answer["fault"])
        return answer["done"]


def main() -> None:
    """Serve until interrupted or terminated, or until standard input closes if asked to."""
    parser = argparse.ArgumentParser(description="A pretend SquadStack CRM v2.")
    parser.add_argument("--port", type=int, default=0, help="0: any free one; it is printed")
    parser.add_argument("--config", type=json.loads, default={}, help="options, as JSON")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end with standard input")
    arguments = parser.parse_args()
    web = Web(Business(Options(**arguments.config)), arguments.port)
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    sys.stdout.write(f"{web.server_port}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        if arguments.until_stdin_closes:
            sys.stdin.read()
        else:
            signal.pause()
    web.close()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
