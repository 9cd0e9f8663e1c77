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

_ANYTHING: dict[str, Any] = {"type": ["object", "null"], "additionalProperties": True}
_EVENT_ID = th.Property("event_id", th.StringType, required=True, description="ID of the event, or its digest.")
_CAMPAIGN_ID = th.Property("campaign_id", th.StringType, description="Campaign of the lead.")
_LEAD_ID = th.Property("lead_id", th.StringType, description="ID of the lead in its campaign.")
_RECEIVED_AT = th.Property("received_at", th.DateTimeType, required=True, description="When it was received, UTC.")
_PHONE_NUMBER = th.Property("phone_number", th.StringType, description="Phone number of the lead.")
_CONTACT_NAME = th.Property("contact_name", th.StringType, description="Name of the lead.")
_CREATED_AT = th.Property("created_at", th.DateTimeType, description="When the lead was created, UTC.")

DISPOSITION_EVENTS = th.PropertiesList(
    _EVENT_ID,
    th.Property("event_type", th.StringType, required=True, description="What it is about."),
    th.Property("occurred_at", th.DateTimeType, description="When it occurred, UTC."),
    _CAMPAIGN_ID,
    _LEAD_ID,
    th.Property("outcome", th.StringType, description="How it ended: its disposition."),
    th.Property("processed_at", th.DateTimeType, description="When the lead was processed, UTC."),
    th.Property("payload", th.CustomType(_ANYTHING), required=True, description="All of it, as it was pushed."),
    _RECEIVED_AT,
).to_dict()

CALLS = th.PropertiesList(
    _EVENT_ID,
    _CAMPAIGN_ID,
    _LEAD_ID,
    th.Property("called_at", th.DateTimeType, description="When the lead was called, UTC."),
    th.Property("call_attempt_number", th.IntegerType, description="Which attempt it was."),
    th.Property("call_outcome", th.StringType, description="Outcome of the call."),
    th.Property("recording_url", th.StringType, description="Recording of the conversation."),
    _PHONE_NUMBER,
    _CONTACT_NAME,
    _CREATED_AT,
    _RECEIVED_AT,
    additional_properties=True,
).to_dict()

JUDGEMENTS = th.PropertiesList(
    _EVENT_ID,
    _CAMPAIGN_ID,
    _LEAD_ID,
    th.Property("processed_at", th.DateTimeType, description="When the lead was processed, UTC."),
    th.Property("lead_outcome", th.StringType, description="Outcome of the lead."),
    th.Property("latest_called_at", th.DateTimeType, description="When the lead was last called, UTC."),
    th.Property("latest_recording_url", th.StringType, description="Recording of the latest conversation."),
    th.Property("additional_notes", th.StringType, description="What was noted beside."),
    _PHONE_NUMBER,
    _CONTACT_NAME,
    _CREATED_AT,
    _RECEIVED_AT,
    additional_properties=True,
).to_dict()

BROKEN_EVENTS = th.PropertiesList(
    th.Property("file", th.StringType, required=True, description="File below events_url."),
    th.Property("position", th.IntegerType, required=True, description="Where the line begins, in bytes."),
    th.Property("reason", th.StringType, required=True, description="Why it is no event."),
    th.Property("text", th.StringType, required=True, description="The line."),
    _RECEIVED_AT,
).to_dict()
