"""A pretend SquadIQ v4 to read from, in a thread, over real HTTP; written from the documents alone.

    with ResponsesServer(order="descending", page_cap=10) as server:
        server.put("campaign", "lead-1", 1_700_000_000, lead_outcome="Connected")
        ...                             # send calls to server.url
        assert [call.query["page"] for call in server.calls] == [1]

A row's moment is given in seconds, or, if they are to be exact, in microseconds by `at`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from support.leads import NAME_CANARY, PHONE_CANARY
from support.responses.business import Business, Call, Row
from support.responses.options import Options
from support.responses.times import SECOND
from support.responses.web import Web

if TYPE_CHECKING:
    from collections.abc import Iterable

CAMPAIGN = "loans"


class ResponsesServer:
    """The handle: start by `with`; see Options for what may be given and changed."""

    def __init__(self, **options: Any) -> None:
        self.options = Options(**options)
        self.business = Business(self.options)
        self._web: Web | None = None

    def __enter__(self) -> Self:
        self._web = Web(self.business)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._web is not None
        self._web.close()
        if kind is None and self._web.faults:
            msg = "the pretend server itself failed:\n" + "\n".join(self._web.faults)
            raise RuntimeError(msg)

    @property
    def url(self) -> str:
        """Scheme, host and port."""
        assert self._web is not None
        return f"http://127.0.0.1:{self._web.server_address[1]}"

    @property
    def calls(self) -> list[Call]:
        """Every call so far, the refused ones too."""
        return list(self.business.calls)

    @property
    def throttled(self) -> int:
        """Calls that the limit refused."""
        return self.business.throttled

    def set(self, **changes: Any) -> None:
        """Change options while the server runs."""
        self.business.options = self.options = replace(self.options, **changes)

    def forget(self) -> None:
        """Forget the calls and all leads."""
        self.business.calls.clear()
        self.business.campaigns.clear()

    def rows(self, campaign: str = CAMPAIGN) -> dict[str, Row]:
        """Tell a campaign's leads by their lead_id; there is one from then on."""
        return self.business.campaigns.setdefault(campaign, {})

    def put(
        self,
        campaign: str,
        lead_id: str,
        seconds: float | None = None,
        *,
        at: int | None = None,
        answers: Any = None,
        **fields: Any,
    ) -> None:
        """Have a lead processed then, anew if there is one."""
        moment = at if seconds is None else round(seconds * SECOND)
        number = lead_id.rpartition("-")[2]
        told = {
            "phone_number": f"+91{PHONE_CANARY}{number:>05}",
            "contact_name": f"{NAME_CANARY} {number}",
            "latest_recording_url": f"https://recordings.example/{NAME_CANARY}/{number}",
            "latest_called_at": None,
            "created_at": None,
            "lead_outcome": "Connected",
            "lead_responses": {"interest": f"{NAME_CANARY} yes"} if answers is None else answers,
        }
        self.rows(campaign)[lead_id] = Row(lead_id, moment, {**told, **fields})

    def fill(self, campaign: str, seconds: Iterable[float], first: int = 1) -> None:
        """Have leads processed at these moments, numbered from `first`."""
        for number, moment in enumerate(seconds, first):
            self.put(campaign, f"lead-{number}", moment)
