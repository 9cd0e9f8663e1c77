"""A pretend HubSpot: one portal's contacts and deals, as its APIs of several ages tell them.

What a request may ask (which properties, since when, which page) is honoured, so that a tap gets what it asks for.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sources.impersonation import Asked

TOKEN = "pat-invented"
PAGE = 3
"""Rows of an answer at most, so that there are several pages."""

Row = dict[str, Any]

ALWAYS = ("createdate", "hs_object_id", "lastmodifieddate")
CONTACT_PROPERTIES = {
    **dict.fromkeys(ALWAYS, "datetime"), "hs_object_id": "number", "firstname": "string", "lastname": "string",
    "email": "string", "phone": "string", "mobilephone": "string", "hs_whatsapp_phone_number": "string",
    "hs_searchable_calculated_phone_number": "string", "city": "string", "state": "string", "company": "string",
    "lifecyclestage": "enumeration", "hs_lead_status": "enumeration", "hubspot_owner_id": "enumeration",
    "hs_lifecyclestage_customer_date": "datetime", "hs_merged_object_ids": "enumeration",
}  # fmt: skip
DEAL_PROPERTIES = {
    "dealname": "string", "dealstage": "enumeration", "amount": "number", "closedate": "datetime",
    "createdate": "datetime", "hs_lastmodifieddate": "datetime", "hs_is_closed_won": "bool",
}  # fmt: skip
PROPERTIES = {"contacts": CONTACT_PROPERTIES, "contact": CONTACT_PROPERTIES, "deals": DEAL_PROPERTIES}


def contact(number: int, changed: str, **properties: str | None) -> Row:
    """Invent a contact. All values of properties are texts or null."""
    known = {**dict.fromkeys(CONTACT_PROPERTIES), "lifecyclestage": "lead", **properties}
    dates = {"createdate": "2025-06-01T04:30:00.000Z", "lastmodifieddate": changed, "hs_object_id": str(number)}
    return {
        "id": str(number), "properties": {**known, **dates}, "createdAt": dates["createdate"], "updatedAt": changed,
        "archived": False,
    }  # fmt: skip


def deal(number: int, changed: str, contacts: list[int], **properties: str) -> Row:
    """Invent a deal, as the oldest API tells it."""
    millis = int(datetime.datetime.fromisoformat(changed).timestamp() * 1000)
    values = {"hs_lastmodifieddate": str(millis), "createdate": str(millis), **properties}
    told = {name: {"value": value, "timestamp": millis, "source": "API", "sourceId": None}
            for name, value in values.items()}  # fmt: skip
    linked = {"associatedVids": contacts, "associatedCompanyIds": [], "associatedDealIds": []}
    return {"portalId": 62515, "dealId": number, "isDeleted": False, "associations": linked, "properties": told}


@dataclass(slots=True)
class HubSpot:
    """The portal. A list of contacts has no order of its own, a search has the one that is asked for."""

    contacts: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    hosts = ("api.hubapi.com",)

    def allows(self, asked: Asked) -> bool:
        return asked.headers["Authorization"] == f"Bearer {TOKEN}"

    def answer(self, asked: Asked) -> Any:
        told: Any = None
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["crm", "v3", "properties", name]:
                told = {"results": _properties(name)}
            case "GET", ["properties", "v1" | "v2", name, "properties"] | ["companies" as name, "v2", "properties"]:
                told = _properties(name)
            case "GET", ["crm", "v3", "schemas"]:
                told = {"results": []}
            case "GET", ["crm", "v3", "objects", "contact" | "contacts"]:
                told = self._list(asked.query)
            case "POST", ["crm", "v3", "objects", "contact" | "contacts", "search"]:
                told = self._search(asked.body)
            case "POST", ["crm", "v4", "associations", _, _, "batch", "read"]:
                told = {"status": "COMPLETE", "results": []}
            case "GET", ["deals", "v1", "deal", "paged"]:
                told = self._paged_deals(asked.query)
        return told

    def _list(self, query: dict[str, str]) -> Row:
        names = query.get("properties", "").split(",")
        start = int(query.get("after", 0))
        return _page(self._told(self.contacts, names), start, int(query["limit"]))

    def _search(self, body: Row) -> Row:
        """Search as the taps do: by what properties are at least, and at most."""
        filters = body.get("filters") or body["filterGroups"][0]["filters"]
        found = [row for row in self.contacts if all(_matches(row["properties"], wanted) for wanted in filters)]
        order = body["sorts"][0]["propertyName"]
        told = self._told(sorted(found, key=lambda row: row["properties"][order]), body["properties"])
        return {"total": len(told), **_page(told, int(body.get("after") or 0), body["limit"])}

    def _told(self, rows: list[Row], names: list[str]) -> list[Row]:
        kept = {*ALWAYS, *names}
        return [
            {**row, "properties": {name: value for name, value in row["properties"].items() if name in kept}}
            for row in rows
        ]

    def _paged_deals(self, query: dict[str, str]) -> Row:
        start = int(query.get("offset", 0))
        rows = self.deals[start : start + 2]
        if query["includeAssociations"] != "True":
            rows = [{**row, "associations": {}} for row in rows]
        if query.get("includeAllProperties") != "True":
            rows = [{**row, "properties": {}} for row in rows]
        end = start + len(rows)
        return {"deals": rows, "hasMore": end < len(self.deals), "offset": end}


def _properties(name: str) -> list[Row]:
    return [{"name": each, "label": each, "type": kind, "fieldType": "text", "hubspotDefined": True}
            for each, kind in PROPERTIES.get(name, {}).items()]  # fmt: skip


def _page(rows: list[Row], start: int, limit: int) -> Row:
    end = start + min(limit, PAGE)
    more = {"paging": {"next": {"after": str(end), "link": "unused"}}} if end < len(rows) else {}
    return {"results": rows[start:end], **more}


def _matches(properties: Row, wanted: Row) -> bool:
    """Tell whether a number, or a moment in milliseconds, is as large or as small as wanted."""
    value = properties[wanted["propertyName"]]
    number = int(value if value.isdigit() else datetime.datetime.fromisoformat(value).timestamp() * 1000)
    return number >= int(wanted["value"]) if wanted["operator"] == "GTE" else number <= int(wanted["value"])
