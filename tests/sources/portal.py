"""The people of the pretend HubSpot. All are invented."""

from __future__ import annotations

from sources.hubspot import HubSpot, contact, deal
from support.leads import FOREIGN, LANDLINE

LEADS = {
    "101": {
        "phone_number": "9999900001", "contact_name": "Asha Rao", "email": "asha@example.com", "city": "Pune",
        "lifecyclestage": "lead", "hs_lead_status": "NEW",
    },
    "103": {
        "phone_number": "8061234567", "contact_name": "Chitra", "state": "Karnataka", "lifecyclestage": "lead",
    },
    "105": {"phone_number": "9999900005", "contact_name": "Esha Iyer", "lifecyclestage": "customer"},
    "106": {"phone_number": "9999900006", "contact_name": "Farid", "lifecyclestage": "lead"},
    "107": {
        "phone_number": "9999900007", "contact_name": "Gupta Traders", "company": "Gupta Traders",
        "lifecyclestage": "lead", "hubspot_owner_id": "7001",
    },
}  # fmt: skip
"""What the presets make of the contacts: 102 has no number, 104 an American one."""


def portal() -> HubSpot:
    """Fill a portal; of each kind the last one was changed last."""
    return HubSpot(
        contacts=[
            contact(101, "2025-06-02T04:30:00.000Z", firstname="Asha", lastname="Rao", email="asha@example.com",
                    mobilephone="+91-9999900001", phone=LANDLINE, city="Pune", hs_lead_status="NEW"),
            contact(102, "2025-06-03T04:30:00.000Z", firstname="Bilal", email="bilal@example.com"),
            contact(103, "2025-06-04T04:30:00.000Z", firstname="Chitra", phone=LANDLINE, state="Karnataka"),
            contact(104, "2025-06-05T04:30:00.000Z", firstname="Dev", phone=FOREIGN, lifecyclestage="customer",
                    hs_lifecyclestage_customer_date="2025-06-05T04:30:00.000Z"),
            contact(105, "2025-06-06T04:30:00.000Z", firstname="Esha", lastname="Iyer", phone="09999900005",
                    lifecyclestage="customer", hs_lifecyclestage_customer_date="2025-06-06T04:30:00.000Z"),
            contact(106, "2025-06-07T04:30:00.000Z", firstname="Farid", hs_whatsapp_phone_number="919999900006",
                    hs_merged_object_ids="98;99", phone=FOREIGN),
            contact(107, "2025-06-08T04:30:00.000Z", company="Gupta Traders", phone="99999 00007",
                    hubspot_owner_id="7001"),
        ],
        deals=[
            deal(9001, "2025-06-02T04:30:00.000Z", [101, 103], hs_is_closed_won="true", dealname="Loan",
                 amount="250000.50", closedate="1748838600000"),
            deal(9002, "2025-06-03T04:30:00.000Z", [106], hs_is_closed_won="false", dealname="Card"),
            deal(9003, "2025-06-04T04:30:00.000Z", [], hs_is_closed_won="true", dealname="Nobody's"),
            deal(9004, "2025-06-05T04:30:00.000Z", [104], hs_is_closed_won="true", dealname="Abroad"),
            deal(9005, "2025-06-06T04:30:00.000Z", [105], hs_is_closed_won="true", dealname="Car", amount="99"),
        ],
    )  # fmt: skip
