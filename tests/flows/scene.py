"""Where whole runs happen: a pretend SquadStack, a ledger, and the real command between them."""

from __future__ import annotations

import dataclasses
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from support import singer
from support.leads import NAME_CANARY, PHONE_CANARY, lead
from support.run import Result, Running, run_target, start_target

from squadstack.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from support.command import Input
    from support.crm_server import CrmServer

TOKEN = "canary-token"
CAMPAIGN = "main"
SECRETS = (TOKEN, NAME_CANARY, PHONE_CANARY)
"""What no run may show: the token, and a piece of every name and number of invented leads."""

CONTACTS = singer.schema("contacts", ["lead_id", "phone_number", "contact_name"], key=["lead_id"])


def contact(number: int, **fields: object) -> str:
    """Write the record of an invented lead."""
    return singer.record("contacts", **lead(number, **fields))


def upsert(stream: str = "contacts", **more: object) -> dict[str, Any]:
    """Make a rule that upserts everything as it is."""
    return {"stream": stream, "action": "upsert", "include": ["*"], **more}


@dataclass(frozen=True, slots=True)
class Scene:
    """One business: a server, a ledger, and runs of the target between them."""

    server: CrmServer
    folder: Path
    database: str = ""
    """The setting `ledger_url`; without it, a file in the folder."""

    @property
    def ledger_url(self) -> str:
        return self.database or f"sqlite:///{self.folder}/ledger.db"

    def settings(self, **changes: object) -> dict[str, Any]:
        """Tell what stands in the configuration file."""
        return {
            "auth_token": TOKEN,
            "ref_id": CAMPAIGN,
            "api_url": self.server.url,
            "ledger_url": self.ledger_url,
            **changes,
        }

    def run(
        self,
        input: Input,  # noqa: A002 - as subprocess.run names it
        *arguments: str,
        env: Mapping[str, str | None] | None = None,
        command: str | Sequence[str | Path] = "target-squadstack",
        **settings: object,
    ) -> Result:
        """Run the target to its end; whatever it was given, it must keep its manners."""
        config = self.settings(**settings)
        result = run_target(config, input, *arguments, env=env, command=command, cwd=self.folder)
        check_manners(result)
        return result

    @contextmanager
    def running(
        self, *, command: str | Sequence[str | Path] = "target-squadstack", **settings: object
    ) -> Iterator[Running]:
        """Start the target, and leave it waiting for its input."""
        with start_target(self.settings(**settings), command=command, cwd=self.folder) as running:
            yield running
            check_manners(running.wait(timeout=30))

    def rejects(self, business: str = "default") -> list[dict[str, Any]]:
        """Tell what the ledger holds of refused actions."""
        ledger = Ledger(self.ledger_url, business=business, host=self.server.url.removeprefix("http://"))
        try:
            return [dataclasses.asdict(reject) for reject in ledger.rejects.each()]
        finally:
            ledger.close()

    def leads(self, ref_id: str = CAMPAIGN) -> dict[str, Any]:
        """Tell the leads that the server holds."""
        return self.server.leads(ref_id)

    def done(self, lead_id: str, ref_id: str = CAMPAIGN) -> list[str]:
        """Tell which actions took effect on a lead, in order."""
        return [action for action, _ in self.server.history(ref_id, lead_id)]


def check_manners(result: Result) -> None:
    """Hold what is true of every run: no traceback, nothing personal, books that balance, an honest status."""
    for text in (result.stdout, result.stderr):
        assert "Traceback" not in text
        assert [secret for secret in SECRETS if secret in text] == []
    assert isinstance(result.states, list)  # each line of the output is JSON
    books = result.summary
    if books is None:
        assert result.status != 0
        return
    fates = ("accepted", "unchanged", "coalesced", "rejected", "planned", "undelivered")
    assert books["actions"] == sum(books[fate] for fate in fates)
    assert books["accepted"] == sum(books["by_action"].values())
    assert books["rejected"] == sum(books["by_reason"].values())
    assert books["undelivered"] == 0 or result.status != 0
