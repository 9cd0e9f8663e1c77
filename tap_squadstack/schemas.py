"""The schemas of the tap's streams (SquadIQ v4: "Get Leads", "Response Structure")."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

_TEXTS: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}}

LEAD_RESPONSES = th.PropertiesList(
    th.Property("campaign_id", th.StringType, required=True, description="Campaign that was read."),
    th.Property("lead_id", th.StringType, required=True, description="ID of the lead in its campaign."),
    th.Property("processed_at", th.DateTimeType, required=True, description="When the lead was processed, UTC."),
    th.Property("phone_number", th.StringType, description="Phone number of the lead."),
    th.Property("contact_name", th.StringType, description="Name of the lead."),
    th.Property("created_at", th.DateTimeType, description="When the lead was created, UTC."),
    th.Property("latest_called_at", th.DateTimeType, description="When the lead was last called, UTC."),
    th.Property("latest_recording_url", th.StringType, description="Recording of the latest conversation."),
    th.Property("lead_outcome", th.StringType, description="Outcome of the lead."),
    th.Property("lead_responses", th.CustomType(_TEXTS), description="What the lead answered, by key."),
    additional_properties=True,
).to_dict()

LEAD_RESPONSE_ANSWERS = th.PropertiesList(
    th.Property("campaign_id", th.StringType, required=True, description="Campaign that was read."),
    th.Property("lead_id", th.StringType, required=True, description="ID of the lead in its campaign."),
    th.Property("response_key", th.StringType, required=True, description="What was asked."),
    th.Property("processed_at", th.DateTimeType, required=True, description="When the lead was processed, UTC."),
    th.Property("response_value", th.StringType, description="What was answered."),
).to_dict()
