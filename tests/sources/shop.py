"""The people of the pretend Shopify. All are invented."""

from __future__ import annotations

from typing import Any

from sources.shopify import GID, Row, Shopify
from support.leads import FOREIGN, LANDLINE


def address(phone: str | None, name: str, city: str = "Pune") -> Row:
    return {"phone": phone, "name": name, "city": city, "country": "India", "countryCodeV2": "IN"}


def customer(number: int, day: int, first: str | None, phone: str | None = None, **more: Any) -> Row:
    known = {
        "id": f"{GID}/Customer/{number}", "firstName": first, "lastName": None, "displayName": first, "phone": phone,
        "email": None, "defaultAddress": None, "addresses": [], "numberOfOrders": "0", "tags": [], "taxExemptions": [],
        "amountSpent": {"amount": "0.0", "currencyCode": "INR"}, "createdAt": "2025-06-01T04:30:00Z",
        "updatedAt": f"2025-06-{day:02}T04:30:00Z",
    }  # fmt: skip
    return {**known, **more}


def order(number: int, day: int, buyer: int | None, status: str = "PAID", **more: Any) -> Row:
    money = {"amount": "2499.0", "currencyCode": "INR"}
    return {
        "id": f"{GID}/Order/{number}", "legacyResourceId": str(number), "name": f"#{number}", "test": False,
        "additionalFees": [], "displayFinancialStatus": status, "fullyPaid": status == "PAID", "cancelledAt": None,
        "customer": buyer and {"id": f"{GID}/Customer/{buyer}", "tags": ["vip"]},
        "totalPriceSet": {"shopMoney": money, "presentmentMoney": money}, "createdAt": "2025-06-01T04:30:00Z",
        "updatedAt": f"2025-06-{day:02}T04:30:00Z", **more,
    }  # fmt: skip


def checkout(number: int, day: int, buyer: int | None, shipping: Row | None, **more: Any) -> Row:
    money = {"amount": "99.0", "currencyCode": "INR"}
    return {
        "id": f"{GID}/AbandonedCheckout/{number}", "name": f"#{number}", "completedAt": None,
        "customer": buyer and {"id": f"{GID}/Customer/{buyer}", "lastOrder": None},
        "shippingAddress": shipping, "billingAddress": None, "totalPriceSet": {"shopMoney": money},
        "discountCodes": [], "taxLines": [], "taxesIncluded": True, "lineItems": {"edges": []},
        "abandonedCheckoutUrl": f"https://invented-shop.example.com/recover/{number}",
        "createdAt": "2025-06-01T04:30:00Z", "updatedAt": f"2025-06-{day:02}T04:30:00Z", **more,
    }  # fmt: skip


def shop() -> Shopify:
    """Fill a shop; of each kind the last one was changed last."""
    return Shopify(
        customers=[
            customer(1, 2, "Asha", "+91-9999900001", lastName="Rao", email="asha@example.com", numberOfOrders="2",
                     amountSpent={"amount": "4998.5", "currencyCode": "INR"}, tags=["vip", "new"]),
            customer(2, 3, "Bilal", None, defaultAddress=address("09999900002", "Bilal Khan", "Agra")),
            customer(3, 4, "Chitra", None, email="chitra@example.com"),
            customer(4, 5, "Dev", FOREIGN),
            customer(5, 6, "Esha", LANDLINE),
            customer(6, 7, None, None, displayName="farid@example.com", email="farid@example.com",
                     addresses=[address("99999 00006", "Farid")]),
            customer(7, 8, "Gita", "+919999900007"),
        ],
        orders=[
            order(1000, 1, 4),
            order(1001, 2, 1),
            order(1002, 3, 5, "REFUNDED"),
            order(1003, 4, None),
            order(1004, 5, 5, test=True),
            order(1005, 6, 6, cancelledAt="2025-06-06T04:30:00Z"),
            order(1006, 7, 7, "PENDING"),
            order(1007, 8, 5, "PARTIALLY_PAID"),
            order(1008, 9, 2),
        ],
        checkouts=[
            checkout(81, 2, 3, address("9999900003", "Chitra Das")),
            checkout(82, 3, None, address(None, "Hari"), billingAddress=address("+91 99999 00008", "Hari Om", "Agra")),
            checkout(83, 4, None, address("9999900009", "Indu"), completedAt="2025-06-04T04:30:00Z"),
            checkout(84, 5, 4, address(FOREIGN, "Dev")),
            checkout(85, 6, 7, address("9999900007", "Gita")),
        ],
    )  # fmt: skip
