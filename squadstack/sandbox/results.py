"""What a pretend caller hears from a lead: outcome and answers, always the same for the same lead.

The answers are made up from campaign, lead_id and how often the lead was processed, so that a test can rely
on them: each time differs from the one before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

OBJECTIVE_MET: Final = "Connected : Objective Met"
"""The outcome of the documented example; the others are made up in its likeness."""
NO_ANSWER: Final = "Not Connected : No Answer"

_OUTCOMES: Final = (
    OBJECTIVE_MET,
    "Connected : Not Interested",
    "Connected : Call Later",
    NO_ANSWER,
    "Connected : Wrong Person",
)
_INTERESTS: Final = ("Yes", "No", "Maybe")
_TIMES_OF_DAY: Final = ("Morning", "Afternoon", "Evening", "Any")
_LANGUAGES: Final = ("English", "Hindi", "Tamil", "Bengali", "Marathi")
_LONGEST_WRAP_UP: Final = 180


@dataclass(frozen=True, slots=True)
class Result:
    """What came of processing a lead, under the names of SquadIQ v4 ("Get Leads", Response Structure).

    Attributes:
        lead_outcome: How the journey ended.
        lead_responses: Question to answer; empty if nobody answered the call.
        latest_recording_url: Where the call can be heard; None if nobody answered it.
        latest_called_at: When the lead was called last, in seconds since 1970.
        processed_at: When the journey ended, in seconds since 1970.
        times: How often the lead has been processed, this time included.
    """

    lead_outcome: str
    lead_responses: Mapping[str, str]
    latest_recording_url: str | None
    latest_called_at: float
    processed_at: float
    times: int = 1


def draw(ref_id: str, lead_id: str, times: int = 0) -> int:
    """A number below 2**64 that looks random and is always the same for a lead and a time."""
    digest = hashlib.sha256(ascii((ref_id, lead_id, times)).encode()).digest()
    return int.from_bytes(digest[:8])


def result_of(ref_id: str, lead_id: str, times: int, since: float, now: float) -> Result:
    """Process a lead for the nth time.

    Args:
        ref_id: The campaign.
        lead_id: The lead.
        times: Which time it is, from 1.
        since: When the lead began to wait for a call, in seconds since 1970.
        now: Seconds since 1970.
    """
    number = draw(ref_id, lead_id) + times
    outcome = _OUTCOMES[number % len(_OUTCOMES)]
    answered = outcome != NO_ANSWER
    return Result(
        lead_outcome=outcome,
        lead_responses=_answers(number) if answered else {},
        latest_recording_url=f"https://recordings.example.com/{number:x}.mp3" if answered else None,
        latest_called_at=max(since, now - number % _LONGEST_WRAP_UP),
        processed_at=now,
        times=times,
    )


def _answers(number: int) -> dict[str, str]:
    return {
        "interested": _INTERESTS[number % len(_INTERESTS)],
        "preferred_time": _TIMES_OF_DAY[number % len(_TIMES_OF_DAY)],
        "language": _LANGUAGES[number // len(_LANGUAGES) % len(_LANGUAGES)],
    }
