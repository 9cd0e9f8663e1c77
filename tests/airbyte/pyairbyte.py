"""Run by the environment of PyAirbyte: read a source twice, or write another's users; tells what happened as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any

import airbyte as ab


def read(given: dict[str, Any]) -> dict[str, Any]:
    """Read all streams into DuckDB."""
    source = ab.get_source("source-squadstack", config=given["config"], local_executable=given["source"])
    source.check()
    source.select_streams(given["streams"])
    cache = ab.caches.DuckDBCache(db_path=given["cache"], schema_name="main")
    result = source.read(cache=cache)
    return {
        "read": result.processed_records,
        "held": {name: len(result[name]) for name in given["streams"]},
    }


def write(given: dict[str, Any]) -> dict[str, Any]:
    """Write the users that the faker makes up."""
    made_up = {"count": given["count"], "seed": 1, "parallelism": 1}
    source = ab.get_source("source-faker", config=made_up, local_executable=given["source"], streams=["users"])
    destination = ab.get_destination(
        "destination-squadstack", config=given["config"], local_executable=given["destination"]
    )
    destination.check()
    result = destination.write(source, cache=ab.caches.DuckDBCache(db_path=given["cache"]))
    states = result.get_state_provider()._state_message_artifacts or []
    stats = [state.destinationStats for state in states]
    told = [(one.recordCount > 0, one.rejectedRecordCount) for one in stats]
    return {"written": result.processed_records, "acknowledged": told}


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    told = {"read": read, "write": write}[given["do"]](given)
    sys.stdout.write(f"\nTOLD {json.dumps(told)}\n")
