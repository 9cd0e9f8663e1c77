"""The Singer face of reading lead responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Tap

from squadstack.settings.declaration import json_schema
from squadstack.settings.tap import TapSettings
from tap_squadstack.streams import LeadResponseAnswersStream, LeadResponsesStream

if TYPE_CHECKING:
    from singer_sdk import Stream


class TapSquadStack(Tap):
    """Read lead responses from SquadStack, incrementally."""

    name = "tap-squadstack"
    package_name = "squadstack-connectors"
    config_jsonschema: ClassVar[dict[str, Any]] = json_schema(TapSettings)

    def discover_streams(self) -> list[Stream]:
        """The streams there are."""
        return [LeadResponsesStream(tap=self), LeadResponseAnswersStream(tap=self)]
