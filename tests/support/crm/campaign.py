"""The leads of one campaign: what is refused, what takes effect, and the ledger of what did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.crm import verdicts
from support.crm.verdicts import BLANK, INVALID, REQUIRED, Verdict

if TYPE_CHECKING:
    from support.crm.options import Json, Options

_PHONE = re.compile(r"(91)?[1-9][0-9]{9}")  # mobiles begin with 6 to 9, landlines with their area code
_SIZES = {"lead_id": 255, "phone_number": 12, "contact_name": 48}
_MANDATORY = {
    "create": ("lead_id", "phone_number", "contact_name"),
    "upsert": ("lead_id", "phone_number", "contact_name"),
    "convert": ("lead_id", "detail"),
}


@dataclass(slots=True)
class Lead:
    """A lead that exists."""

    fields: Json
    detail: object = None
    converted: bool = False
    disabled: bool = False
    judged: bool = False

    @property
    def state(self) -> str:
        for name in ("converted", "disabled", "judged"):
            if getattr(self, name):
                return name
        return "active"


@dataclass(slots=True)
class Campaign:
    """One ref_id."""

    leads: dict[str, Lead] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    history: dict[str, list[tuple[str, Json]]] = field(default_factory=dict)
    values: dict[object, str] = field(default_factory=dict)
    """Values of the unique field, and whose they are."""
    reactivated: int = 0

    def act(self, action: str, payload: Json, options: Options) -> Verdict:
        """Judge one lead, and let it take effect if nothing is against it."""
        refusal = (
            self._check_fields(action, payload, options)
            or _check_rules(payload, options)
            or self._check_state(action, payload["lead_id"], options)
            or self._check_unique(action, payload, options)
        )
        if refusal is None:
            self._apply(action, payload, options)
        return refusal or verdicts.accepted(action, payload)

    def _check_fields(self, action: str, payload: Json, options: Options) -> Verdict | None:
        mandatory = _MANDATORY.get(action, ("lead_id",))
        if action == "upsert" and payload.get("lead_id") in self.leads:
            mandatory = ("lead_id",)
        errors = {name: REQUIRED for name in mandatory if name not in payload}
        for name, value in payload.items():
            if error := _check_value(action, name, value, options):
                errors[name] = error
        return verdicts.bad_fields(action, errors) if errors else None

    def _check_state(self, action: str, lead_id: str, options: Options) -> Verdict | None:
        lead = self.leads.get(lead_id)
        if lead is None:
            if action in {"create", "upsert"}:
                return None
            gone = action == "delete" and lead_id in self.deleted
            return verdicts.deleted(lead_id) if gone else verdicts.unknown(action, lead_id)
        if lead.converted and action in {"update", "upsert", "convert"}:
            return verdicts.converted(action, lead_id)
        if action in options.unjudged and lead.state == "active":
            return verdicts.said(400, verdicts.UNJUDGED)
        if action == "create" and lead.state != "judged":
            return verdicts.duplicate(lead_id)
        return None

    def _check_unique(self, action: str, payload: Json, options: Options) -> Verdict | None:
        if options.unique is None or action not in {"create", "update", "upsert"}:
            return None
        owner = self.values.get(payload.get(options.unique))
        return verdicts.taken(options.unique) if owner not in {None, payload["lead_id"]} else None

    def _apply(self, action: str, payload: Json, options: Options) -> None:
        lead_id = payload["lead_id"]
        self.history.setdefault(lead_id, []).append((action, payload))
        match action:
            case "convert":
                self.leads[lead_id].converted = True
                self.leads[lead_id].detail = payload["detail"]
            case "disable":
                self.leads[lead_id].disabled = True
            case "delete":
                del self.leads[lead_id]
                self.deleted.add(lead_id)
                self.values = {value: owner for value, owner in self.values.items() if owner != lead_id}
            case _:
                self.write(payload, options.unique)

    def write(self, payload: Json, unique: str | None = None) -> None:
        """Create a lead or change it; either makes it active again."""
        lead_id = payload["lead_id"]
        lead = self.leads.setdefault(lead_id, Lead({}))
        self.reactivated += lead.judged
        self.deleted.discard(lead_id)
        lead.fields.update(payload)
        lead.disabled = lead.judged = False
        if unique is not None and unique in payload:
            self.values[payload[unique]] = lead_id


def _check_value(action: str, name: str, value: object, options: Options) -> str | None:
    """Tell what is wrong with a value, if anything."""
    text = isinstance(value, str)
    if value is None or (isinstance(value, str) and not value.strip()):
        if name in _SIZES or (name == "detail" and action == "convert"):
            return BLANK if action in {"create", "update", "upsert"} else REQUIRED
        return None if text or options.accept_null else INVALID
    if name == "detail" and action == "convert":
        return None if text or isinstance(value, dict) else INVALID
    if name in _SIZES:
        bad = not isinstance(value, str) or len(value) > _SIZES[name]
        return INVALID if bad or (name == "phone_number" and not _PHONE.fullmatch(str(value))) else None
    return None if text or (isinstance(value, int) and not isinstance(value, bool)) else INVALID


def _check_rules(payload: Json, options: Options) -> Verdict | None:
    for rule in options.reject:
        if payload.get(rule["field"]) == rule["value"]:
            text = rule.get("error_msg", str({rule["field"]: INVALID}))
            return verdicts.said(rule.get("status_code", 400), text)
    return None
