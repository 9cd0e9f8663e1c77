"""What to do about a rejected action, by what was said of it; and which field it is about (docs/rejects.md).

What SquadStack says is in its documents: CRM v2, "Status codes" of each endpoint. The rest the mapping says.
"""

from __future__ import annotations

import re

from squadstack.api import error_messages
from squadstack.api.verdicts import Reason

_BY_MESSAGE: tuple[tuple[str | re.Pattern[str], str], ...] = (
    (r"^the record is no object", "Mend the tap: it wrote a record that holds nothing."),
    (
        r"after_delete is block",
        "Nothing; or set after_delete to allow, if leads that were deleted are to come back.",
    ),
    (
        r"and the lead is not known$",
        "Let the rule give phone_number and contact_name, or send the lead in full once.",
    ),
    (r"^lead_id is missing", "Let the rule take lead_id from a field that is always there, or leave such records out."),
    (r"^detail is empty", "Fill in at the source what the detail is made of, or leave such records out."),
    (
        r"is no mobile number of",
        "Correct the number at the source, add a candidate to the rule, or allow any phone_type.",
    ),
    (r"is no valid number of", "Correct the number at the source, or add a candidate to the rule."),
    (
        r": [A-Z]\w+(?:Error|Exception|Defined|Name)$",
        "Mend the rule's expression of this field: it fails on such a record.",
    ),
    (error_messages.TAKEN, "Find out which of the two leads the value belongs to, and correct the other."),
)

_BY_REASON = {
    Reason.MISSING_FIELD: "Fill the field in at the source, or add a candidate to the rule.",
    Reason.INVALID_PHONE: "Correct the number at the source, or add a candidate to the rule.",
    Reason.INVALID_VALUE: "Correct the field at the source, or give the rule an expression that SquadStack takes.",
    Reason.NO_CAMPAIGN: "Name the campaign of such records in the rule's ref_id, or give it a default.",
    Reason.UNKNOWN_LEAD: "Create the lead first, or let the rule upsert; a lead that was processed takes no more.",
    Reason.ALREADY_EXISTS: "Let the rule upsert instead of create.",
    Reason.LEAD_ACTIVE: "Send it again once SquadStack has judged the lead.",
    Reason.LEAD_CONVERTED: "Nothing: a converted lead takes no more updates.",
    Reason.LEAD_DELETED: "Nothing: the lead is deleted.",
    Reason.CONFLICT: "Find out which of the two leads the value belongs to, and correct the other.",
    Reason.OTHER: "Read what was said (squadstack rejects show), and ask SquadStack.",
}

_NAMED = re.compile(r"(?:^|; )([A-Za-z_][\w.]{0,63}): ")
_OURS = re.compile(r"^((?:lead_id|phone_number|contact_name|detail)(?: and contact_name)?) (?:is|missing)\b")


def advice_on(reason: str, message: str) -> str:
    """What to do about a reject, as a sentence."""
    said = next((told for pattern, told in _BY_MESSAGE if re.search(pattern, message)), None)
    if said is not None and reason != Reason.ALREADY_EXISTS:  # "the same lead_id is already present" is another thing
        return said
    return _BY_REASON.get(Reason(reason), _BY_REASON[Reason.OTHER])


def field_of(reason: str, message: str) -> str | None:
    """The field that a message is about, if it names one."""
    taken = error_messages.TAKEN.search(message)
    if taken is not None and re.fullmatch(r"\w+", taken[1]):
        return taken[1]
    found = _OURS.search(message) or _NAMED.search(message)
    if found is not None:
        return found[1]
    return "phone_number" if reason == Reason.INVALID_PHONE else None
