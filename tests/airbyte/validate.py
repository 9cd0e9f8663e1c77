"""Run by the environment of Airbyte's packages: every line of standard input is a message of the protocol."""

from __future__ import annotations

import sys

from airbyte_protocol.models import AirbyteMessage

if __name__ == "__main__":
    for line in sys.stdin:
        AirbyteMessage.model_validate_json(line)
