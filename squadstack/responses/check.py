"""Find out whether leads could be read: ask for one row of each campaign."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from squadstack.api import squadiq_v4
from squadstack.api.client import Client
from squadstack.api.messages import NoAnswerError, Response
from squadstack.api.retry import WHITELISTING, Disposition, decide, is_unreachable
from squadstack.api.verdicts import UnreadableAnswerError
from squadstack.exceptions import LedgerError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from squadstack.ledger.ledger import Ledger
    from squadstack.settings.tap import TapSettings


def check(settings: TapSettings) -> Iterator[tuple[bool, str]]:
    """Look at the ledger, then at every campaign: whether it is right, and a sentence about it."""
    from squadstack.ledger.ledger import Ledger  # noqa: PLC0415 - SQLAlchemy only where a ledger opens

    try:
        ledger = Ledger(settings.ledger_url, business=settings.business, host=settings.host)
    except LedgerError as error:
        yield False, f"ledger: {error}"
        return
    client = Client.of(settings)
    for campaign in dict.fromkeys(settings.campaign_ids):
        is_right, sentence = _check_campaign(campaign, client, ledger, settings)
        yield is_right, f"campaign {campaign}: {sentence}"
    client.close()
    ledger.close()


def _check_campaign(campaign: str, client: Client, ledger: Ledger, settings: TapSettings) -> tuple[bool, str]:
    permit = ledger.budget.reserve(settings.limit, leads=0)
    time.sleep(max(0.0, permit.due - time.monotonic()))
    request = squadiq_v4.responses_request(campaign, after=None, before=None, page=1, page_size=1)
    try:
        return _judge(client.send(request))
    except NoAnswerError as error:
        hint = f" {WHITELISTING}" if is_unreachable(error) else ""
        return False, f"No answer: {decide(error).sentence}.{hint}"


def _judge(response: Response) -> tuple[bool, str]:
    decision = decide(response)
    match decision.disposition:
        case Disposition.JUDGE:
            try:
                squadiq_v4.read_page(response)
            except UnreadableAnswerError as error:
                return False, f"This cannot be SquadStack's answer: {error}. Check api_url."
            return True, "token, address and campaign are right."
        case Disposition.STOP | Disposition.HALVE:
            return False, squadiq_v4.why_stopped(response, decision.sentence)
        case _:
            return False, f"Not to be told now: {decision.sentence}. Try again later."
