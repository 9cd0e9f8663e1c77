"""What can go wrong, told apart by what the reader must do next.

SquadStackError
├── ConfigurationError      change a setting; nothing was sent
├── InputError              mend the tap: what it wrote is not Singer
├── LedgerError             make the ledger's database reachable, whole or writable
├── UnreadableRowError      tell SquadStack: a row is not as documented; reading stops before it
├── EventsError             make the place of events reachable, readable or writable
├── StoppedError            a signal came
└── UndeliveredError        something could not be delivered; the next run sends it again
    ├── AccessError         ask SquadStack or change token, ref_id or network: trying again is no use
    │   └── UnknownCampaignError    the same, for one campaign of several
    ├── OutageError         try again later: the API was out of reach for too long
    │   └── UnsteadyCampaignError   the same, for one campaign of several
    ├── TooManyRejectsError look at the rejects: most of the input is refused
    └── TooManyActionsError look at the input: it holds more of a limited kind than `max_actions` allows

Every message is one or two sentences for the user and holds no value of a record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class SquadStackError(Exception):
    """The root: whatever the user can cause, with a sentence that says what to do."""


class ConfigurationError(SquadStackError):
    """A setting is missing, of the wrong kind, or contradicts another.

    Args:
        faults: One sentence for each fault, so that all can be mended at once.
    """

    def __init__(self, *faults: str) -> None:
        super().__init__(" ".join(faults))
        self.faults = faults


class InputError(SquadStackError):
    """A line of the input is no Singer message that makes sense where it stands."""


class LedgerError(SquadStackError):
    """The ledger cannot be opened, read or written."""


class UnreadableRowError(SquadStackError):
    """A row of the API cannot be read; to skip it would be to lose it."""


class EventsError(SquadStackError):
    """The place where events lie cannot be read or written."""


class StoppedError(SquadStackError):
    """The run was asked to stop."""

    def __init__(self) -> None:
        super().__init__("The run was stopped by a signal; the next one goes on from its last STATE.")


class UndeliveredError(SquadStackError):
    """Some actions are neither accepted nor rejected; STATE stays before them."""


class AccessError(UndeliveredError):
    """SquadStack refuses the caller as such: token, permission, campaign, endpoint or address."""


class UnknownCampaignError(AccessError):
    """SquadStack knows no such campaign, or refuses what is asked about it."""


class OutageError(UndeliveredError):
    """The API gave no usable answer within `max_outage_seconds`, or none at all at the start."""


class UnsteadyCampaignError(OutageError):
    """What the API says of a campaign keeps changing, so that nobody knows whether it was read whole."""


class TooManyRejectsError(UndeliveredError):
    """A larger share than `max_reject_percent` was rejected."""


class TooManyActionsError(UndeliveredError):
    """There were more actions of a limited kind than `max_actions` allows; none of that kind was sent."""

    @classmethod
    def of(cls, found: Mapping[str, int], allowed: Mapping[str, int]) -> TooManyActionsError:
        """The failure for the kinds of which too many were found."""
        told = " and ".join(f"{count} of {name}, where {allowed[name]} are allowed" for name, count in found.items())
        return cls(
            f"The input asks for too many actions of a limited kind: {told}. None of the held actions was sent, and "
            "STATE stays before the first. If that many are meant, raise max_actions."
        )


OF_ONE_CAMPAIGN = (UnknownCampaignError, UnsteadyCampaignError, UnreadableRowError)
"""What keeps one campaign from being read, and no other."""


def place_of(error: BaseException) -> str:
    """Function and line where an exception was raised: unlike its text, that holds no value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else "?"
