"""Find out, without sending a lead, whether a run could work.

With CRM v2, one empty lead (`[{}]`) is posted to lead-updated of each campaign: the API checks token, address,
campaign and endpoint before it looks at a lead, and an update without a lead_id changes nothing
(docs/assumptions.md). With SquadIQ v4, lead responses are asked for where there are none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from squadstack.api.client import Client
from squadstack.api.dialect import DIALECTS
from squadstack.api.messages import NoAnswerError
from squadstack.api.retry import WHITELISTING, Disposition, decide, is_unreachable
from squadstack.exceptions import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.ledger.ledger import Ledger
    from squadstack.settings.target import TargetSettings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, whether it is right, and a sentence about it."""

    what: str
    is_right: bool
    sentence: str


def check(settings: TargetSettings, campaigns: list[str]) -> Iterator[Finding]:
    """Look at the ledger, then at every campaign.

    Args:
        settings: Of the target.
        campaigns: The ref_ids of its rules.
    """
    from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

    try:
        ledger = Ledger(settings.ledger_url, business=settings.business, host=settings.host, key=settings.ledger_key)
    except LedgerError as error:
        yield Finding("ledger", is_right=False, sentence=str(error))
        return
    yield Finding("ledger", is_right=True, sentence=f"{ledger.place} knows {ledger.count_leads()} leads.")
    client = Client.of(settings)
    for campaign in campaigns:
        yield _check_campaign(campaign, client, ledger, settings)
    client.close()
    ledger.close()


def _check_campaign(campaign: str, client: Client, ledger: Ledger, settings: TargetSettings) -> Finding:
    what = f"campaign {campaign}"
    permit = ledger.budget.reserve(settings.limit, leads=1)
    time.sleep(max(0.0, permit.due - time.monotonic()))
    try:
        outcome = client.send(DIALECTS[settings.api].probe(campaign))
    except NoAnswerError as error:
        decision = decide(error)
        hint = f" {WHITELISTING}" if is_unreachable(error) else ""
        return Finding(what, is_right=False, sentence=f"No answer: {decision.sentence}.{hint}")
    decision = decide(outcome)
    match decision.disposition:
        case Disposition.JUDGE | Disposition.HALVE:
            return Finding(what, is_right=True, sentence="token, address, campaign and endpoint are right.")
        case Disposition.STOP:
            return Finding(what, is_right=False, sentence=decision.sentence)
        case _:
            return Finding(what, is_right=False, sentence=f"Not to be told now: {decision.sentence}. Try again later.")
