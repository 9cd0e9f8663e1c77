"""What the API says of one lead, in the words of its pages: in a bulk row, and when the lead came alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.crm.options import Json

REQUIRED = "This field is required."
BLANK = "This field may not be blank."
INVALID = "Invalid value provided."
UNJUDGED = "Unjudged leads cannot be re-activated"
THROTTLED = "Request was throttled. Please try after {} seconds"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The row of an array, and the whole answer when the lead was sent as an object."""

    status: int
    data: Json
    alone_status: int
    alone: Json

    @property
    def row(self) -> Json:
        return {"status_code": self.status, "data": self.data}


def said(status: int, text: str, *, alone_status: int | None = None, alone: Json | None = None) -> Verdict:
    """Refuse a lead with a text."""
    data = {"error_msg": text}
    return Verdict(status, data, alone_status or status, alone or data)


def accepted(action: str, payload: Json) -> Verdict:
    """Echo the lead; a lead disabled alone is answered 202."""
    return Verdict(200, payload, 202 if action == "disable" else 200, payload)


def bad_fields(action: str, errors: dict[str, str]) -> Verdict:
    """Refuse fields: a Python dict's repr in a row, JSON in a string alone."""
    detail = {"detail": f'"{next(iter(errors))}" is a required field!'}
    match action:
        case "disable" | "delete":
            alone: Json = detail
        case "convert" if REQUIRED in errors.values():
            alone = {"error_msg": compact(detail)}
        case _:
            alone = {"error_msg": compact({name: [text] for name, text in errors.items()})}
    return said(400, str(errors), alone=alone)


def unknown(action: str, lead_id: str) -> Verdict:
    """Refuse a lead that does not exist."""
    text = f"lead_id:{lead_id} doesn't exist on our platform."
    match action:
        case "disable" | "delete":
            alone = {"detail": '"lead_id" provided does not exist with us.'}
            return said(400, text, alone_status=404, alone=alone)
        case "convert":
            return said(400, text, alone={"error_msg": compact({"detail": text})})
        case _:
            either = (
                "Either lead with given lead_id does not exist in SquadIQ system "
                "or lead has already been processed by SquadIQ!"
            )
            return said(400, text, alone={"error_msg": either})


def deleted(lead_id: str) -> Verdict:
    """Refuse to delete again."""
    alone = {"detail": '"lead_id" provided does not exist with us.'}
    return said(404, f"lead_id:{lead_id} has been deleted from our platform.", alone=alone)


def converted(action: str, lead_id: str) -> Verdict:
    """Refuse what a converted lead does not take."""
    if action == "convert":
        text = f"lead_id:{lead_id} has been marked as converted from our platform."
        return said(400, text, alone={"error_msg": compact({"detail": text})})
    return said(
        400,
        f"We cannot accept this request as the lead_id: {lead_id} has already been marked as converted.",
    )


def duplicate(lead_id: str) -> Verdict:
    """Refuse to create again."""
    text = (
        f"Duplicate Lead ID shared: A lead with the given Lead ID: '{lead_id}' is already present in this "
        "campaign, please use a different Lead ID, or reach out to us at support@squadstack.com."
    )
    alone = {"error_msg": compact({"error_type": 1, "detail": "Internal ID already exists"})}
    return said(409, text, alone=alone)


def taken(name: str) -> Verdict:
    """Refuse a value of a unique field that another lead has."""
    return said(409, f"Lead with the same {name} is already present")


def in_flight(action: str, ref_id: str) -> Verdict:
    """Refuse a lead that another call names that is not answered yet."""
    text = "Another request for the same lead is getting processed already"
    if action == "update":
        return said(409, compact({"detail": f"campaign:{ref_id}. {text}", "error_type": 1}))
    return said(409, compact({"error_type": 1, "detail": text}))


def compact(value: object) -> str:
    """Write JSON as the API does inside its texts."""
    return json.dumps(value, separators=(",", ":"))
