"""A Singer tap for LeadSquared's leads, as an example: one flat record a lead, by the time of its last change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import RESTStream, Stream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import BaseAPIPaginator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from requests import Response
    from singer_sdk.helpers.types import Context

PAGE_SIZE = 1000
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
FIELDS = (
    "ProspectID", "FirstName", "LastName", "EmailAddress", "Phone", "Mobile", "Source", "SourceCampaign",
    "ProspectStage", "DoNotCall", "Score", "OwnerIdName", "CreatedOn", "ModifiedOn", "LeadConversionDate",
)  # fmt: skip


class FromLastChange(BaseAPIPaginator[tuple[str, int]]):
    """Asks on from the last lead's second, so that no lead is skipped when others change meanwhile.

    The page number grows only while one second fills whole pages. What is on a border comes twice.
    """

    def get_next(self, response: Response) -> tuple[str, int] | None:
        """Moment and page to ask for, until a page is empty."""
        moment, page = self.current_value
        last = max((lead["ModifiedOn"][:19] for lead in leads_of(response)), default=None)
        if last is None:
            return None
        return (last, 1) if last > moment else (moment, page + 1)


class LeadsStream(RESTStream[tuple[str, int]]):
    """Leads, oldest change first."""

    name = "leads"
    path = "/v2/LeadManagement.svc/Leads.RecentlyModified"
    primary_keys = ("ProspectID",)
    replication_key = "ModifiedOn"

    def __init__(self, tap: Tap) -> None:
        self._fields = [*FIELDS, *tap.config["custom_fields"]]
        types = {"ModifiedOn": th.DateTimeType}
        properties = [th.Property(name, types.get(name, th.StringType)) for name in self._fields]
        super().__init__(tap, schema=th.PropertiesList(*properties).to_dict(), http_method="POST")

    @property
    def url_base(self) -> str:
        """The account's host."""
        return str(self.config["api_url"]).rstrip("/")

    @property
    def http_headers(self) -> dict[str, str]:
        """The keys, which are then in no address that might be logged."""
        return {"x-LSQ-AccessKey": self.config["access_key"], "x-LSQ-SecretKey": self.config["secret_key"]}

    def get_new_paginator(self) -> FromLastChange:
        """Begin at the bookmark, or at the start date."""
        start = self.get_starting_timestamp(None) or BEGINNING
        return FromLastChange((f"{start.astimezone(UTC):%Y-%m-%d %H:%M:%S}", 1))

    def prepare_request_payload(
        self, context: Context | None, next_page_token: tuple[str, int] | None
    ) -> dict[str, Any]:
        """Ask for a page of what was changed since a moment."""
        moment, page = next_page_token or ("", 1)
        return {
            "Parameter": {"FromDate": moment, "ToDate": f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"},
            "Columns": {"Include_CSV": ",".join(self._fields)},
            "Paging": {"PageIndex": page, "PageSize": PAGE_SIZE},
            "Sorting": {"ColumnName": "ModifiedOn", "Direction": "0"},
        }

    def parse_response(self, response: Response) -> Iterable[dict[str, Any]]:
        """Write leads flat, their last change as a moment in UTC."""
        for lead in leads_of(response):
            yield {**lead, "ModifiedOn": lead["ModifiedOn"].replace(" ", "T") + "Z"}


def leads_of(response: Response) -> list[dict[str, Any]]:
    """Take the leads of an answer out of their lists of attributes."""
    leads = response.json()["Leads"]
    return [{each["Attribute"]: each["Value"] for each in lead["LeadPropertyList"]} for lead in leads]


class TapLeadSquared(Tap):
    """Reads LeadSquared."""

    name = "tap-leadsquared"
    config_jsonschema: ClassVar[dict[str, Any]] = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True, description="Such as https://api-in21.leadsquared.com."),
        th.Property("access_key", th.StringType, required=True, secret=True),
        th.Property("secret_key", th.StringType, required=True, secret=True),
        th.Property("start_date", th.DateTimeType, description="Leads changed from here on are read."),
        th.Property("custom_fields", th.ArrayType(th.StringType), default=[], description="Such as mx_City."),
    ).to_dict()

    def discover_streams(self) -> list[Stream]:
        """Leads are all."""
        return [LeadsStream(self)]


if __name__ == "__main__":
    TapLeadSquared.cli()
