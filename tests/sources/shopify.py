"""A pretend Shopify: one shop's customers, orders and abandoned checkouts, by the Admin API in GraphQL.

It answers with the fields that are asked for, within the window that is asked for, page by page; orders as a file that
a bulk operation leaves.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sources.graphql import Selection, cut, selection

if TYPE_CHECKING:
    from sources.impersonation import Asked

TOKEN = "shpat_invented"
HANDLE = "invented-shop"
SHOP = f"{HANDLE}.myshopify.com"
FILES = "storage.googleapis.com"
PAGE = 2
GID = "gid://shopify"

Row = dict[str, Any]

_WINDOW = re.compile(r"updated_at:>='([^']+)' AND updated_at:<'([^']+)'")
_SCOPES = ("read_customers", "read_orders", "read_products")


@dataclass(slots=True)
class Shopify:
    """The shop. Rows are told in the order of their last change."""

    customers: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)
    checkouts: list[Row] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    hosts = (SHOP, FILES)

    def allows(self, asked: Asked) -> bool:
        return asked.host == FILES or asked.headers["X-Shopify-Access-Token"] == TOKEN

    def answer(self, asked: Asked) -> Any:
        match asked.method, asked.host, asked.path.strip("/").split("/"):
            case "GET", host, ["admin", "api", _, "shop.json"] if host == SHOP:
                return {"shop": {"id": 548380009, "name": "Invented Shop", "myshopify_domain": SHOP}}
            case "POST", host, ["admin", "api", _, "graphql.json"] if host == SHOP:
                return self._graphql(asked.body["query"], asked.body.get("variables") or {})
            case "GET", host, ["bulk", number] if host == FILES:
                return self.files[int(number)]
        return None

    def _graphql(self, query: str, variables: Row) -> Any:
        [(name, selected)] = selection(query).items()
        match name:
            case "currentAppInstallation":
                return _data(name, {"accessScopes": [{"handle": handle} for handle in _SCOPES]})
            case "customers":
                return _data(name, _connection(self.customers, selected, variables))
            case "abandonedCheckouts":
                return _data(name, _connection(self.checkouts, selected, variables))
            case "bulkOperationRunQuery":
                return _data(name, {"bulkOperation": self._export(variables["query"]), "userErrors": []})
            case "node":
                return _data(name, self._operation(int(re.findall(r"BulkOperation/(\d+)", query)[0])))
        return None

    def _export(self, query: str) -> Row:
        """Write the orders of a window, one a line; their lists of further rows are none here."""
        node = selection(query)["orders"]["edges"]["node"]
        fields = {name: inner for name, inner in node.items() if "edges" not in inner}
        lines = [json.dumps(cut(row, fields)) for row in _within(self.orders, query)]
        self.files.append("".join(f"{line}\n" for line in lines).encode())
        return self._operation(len(self.files) - 1)

    def _operation(self, number: int) -> Row:
        """Tell a bulk operation; one without orders leaves no file."""
        text = self.files[number]
        return {
            "id": f"{GID}/BulkOperation/{number}", "status": "COMPLETED", "errorCode": None, "fileSize": len(text),
            "createdAt": "2025-07-01T00:00:00Z", "completedAt": "2025-07-01T00:00:00Z",
            "objectCount": text.count(b"\n"), "url": f"https://{FILES}/bulk/{number}" if text else None,
        }  # fmt: skip


def _data(name: str, value: Any) -> Row:
    return {"data": {name: value}}


def _connection(rows: list[Row], selected: Selection, variables: Row) -> Row:
    found = _within(rows, variables["query"])
    start = int(variables.get("after") or 0)
    end = start + min(variables["first"], PAGE)
    told = cut(found[start:end], selected["edges"]["node"])
    return {
        "edges": [{"node": row} for row in told],
        "pageInfo": {"endCursor": str(end), "hasNextPage": end < len(found)},
    }


def _within(rows: list[Row], text: str) -> list[Row]:
    """Tell the rows of the window that a text names."""
    [(first, last)] = [[datetime.fromisoformat(moment) for moment in found] for found in _WINDOW.findall(text)]
    changed = sorted(rows, key=lambda row: row["updatedAt"])
    return [row for row in changed if first <= datetime.fromisoformat(row["updatedAt"]) < last]
