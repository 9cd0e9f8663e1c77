"""What one would write with the SDK in an afternoon: a BatchSink that posts its records as they are.

Its defaults are the SDK's: records are validated, batches are sent one after another, no answer is judged.
"""

from __future__ import annotations

import requests
from singer_sdk import BatchSink, Target
from singer_sdk import typing as th


class PlainSink(BatchSink):
    """Posts every full batch."""

    max_size = 100

    def setup(self) -> None:
        """Keep one connection."""
        self.session = requests.Session()

    def process_batch(self, context: dict) -> None:
        """Post a batch."""
        path = f"{self.config['api_url']}/voice/crm-integration-v2/bench/lead-upserted"
        self.session.post(path, json=context["records"], timeout=60).raise_for_status()


class PlainTarget(Target):
    """The target."""

    name = "plain-target"
    config_jsonschema = th.PropertiesList(th.Property("api_url", th.StringType, required=True)).to_dict()
    default_sink_class = PlainSink


if __name__ == "__main__":
    PlainTarget.cli()
