"""A pretend Shopify by its REST API, which Airbyte's source reads: other names, numbers as ids, prices as text."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sources.shopify import SHOP, TOKEN, Row
from support.leads import FOREIGN, LANDLINE

if TYPE_CHECKING:
    from sources.impersonation import Asked


@dataclass(slots=True)
class ShopifyRest:
    """The shop, by the name of its files. Rows are told in the order of their last change."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    hosts = (SHOP,)

    def allows(self, asked: Asked) -> bool:
        return asked.headers["X-Shopify-Access-Token"] == TOKEN

    def answer(self, asked: Asked) -> Any:
        match asked.path.strip("/").split("/"):
            case ["admin", "oauth", "access_scopes.json"]:
                return {"access_scopes": [{"handle": handle} for handle in ("read_customers", "read_orders")]}
            case ["admin", "api", _, "shop.json"]:
                return {"shop": {"id": 548380009, "name": "Invented Shop", "myshopify_domain": SHOP}}
            case ["admin", "api", _, "events.json"]:  # of orders that were deleted
                return {"events": []}
            case ["admin", "api", _, file] if (name := file.removesuffix(".json")) in self.rows:
                return {name: self._changed(name, asked.query)}
        return None

    def _changed(self, name: str, query: dict[str, str]) -> list[Row]:
        """Tell what was changed within the window that is asked for."""
        first, last = _moment(query["updated_at_min"]), _moment(query.get("updated_at_max", "9999-01-01"))
        rows = sorted(self.rows[name], key=lambda row: _moment(row["updated_at"]))
        return [row for row in rows if first <= _moment(row["updated_at"]) <= last]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def address(phone: str | None, name: str, city: str = "Pune") -> Row:
    return {"phone": phone, "name": name, "city": city, "country": "India", "country_code": "IN"}


def customer(number: int, day: int, first: str | None, phone: str | None = None, **more: Any) -> Row:
    return {
        "id": number, "first_name": first, "last_name": None, "phone": phone, "email": None, "addresses": [],
        "orders_count": 0, "total_spent": "0.00", "tags": "", **_dates(day), **more,
    }  # fmt: skip


def order(number: int, day: int, buyer: Row | None, status: str = "paid", **more: Any) -> Row:
    return {
        "id": number, "name": f"#{number}", "financial_status": status, "cancelled_at": None, "test": False,
        "customer": buyer, "total_price": "2499.00", "currency": "INR", **_dates(day), **more,
    }  # fmt: skip


def checkout(number: int, day: int, buyer: Row | None, **more: Any) -> Row:
    return {
        "id": number, "token": f"token-{number}", "phone": None, "email": None, "completed_at": None,
        "customer": buyer, "shipping_address": None, "billing_address": None, "total_price": "99.00",
        "abandoned_checkout_url": f"https://invented-shop.example.com/recover/{number}", **_dates(day), **more,
    }  # fmt: skip


def _dates(day: int) -> Row:
    return {"created_at": "2025-06-01T10:00:00+05:30", "updated_at": f"2025-06-{day:02}T10:00:00+05:30"}


def shop() -> ShopifyRest:
    """Fill a shop; of each kind the last one was changed last. All people are invented."""
    asha = customer(1, 2, "Asha", "+91-9999900001", last_name="Rao", email="asha@example.com", orders_count=2,
                    total_spent="4998.50", tags="new, vip")  # fmt: skip
    bilal = customer(2, 3, "Bilal", default_address=address("09999900002", "Bilal Khan", "Agra"))
    chitra = customer(3, 4, "Chitra", FOREIGN)
    return ShopifyRest(
        {
            "customers": [asha, bilal, chitra, customer(4, 5, "Dev", LANDLINE)],
            "orders": [
                order(1001, 2, asha),
                order(1002, 3, bilal, "refunded"),
                order(1003, 4, None),
                order(1004, 5, bilal, test=True),
                order(1005, 6, bilal, cancelled_at="2025-06-06T10:00:00+05:30"),
                order(1006, 7, chitra),
                order(1007, 8, bilal, "pending"),
                order(1008, 9, asha),
            ],
            "checkouts": [
                checkout(81, 2, chitra, phone="9999900003", shipping_address=address(None, "Chitra Das")),
                checkout(82, 3, None, shipping_address=address(None, "Hari"),
                         billing_address=address("+91 99999 00008", "Hari Om", "Agra")),
                checkout(83, 4, None, phone="9999900009", completed_at="2025-06-04T10:00:00+05:30"),
                checkout(84, 5, bilal, shipping_address=address("9999900002", "Bilal", "Agra")),
            ],
        }
    )  # fmt: skip
