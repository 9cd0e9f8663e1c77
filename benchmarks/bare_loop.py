"""The floor: decode each line with msgspec, post every hundred records with requests, nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import requests


def main(url: str, path: str) -> None:
    """Post all records of a file of Singer messages."""
    session = requests.Session()
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    batch: list[object] = []
    with Path(path).open("rb") as lines:
        for line in lines:
            message = decode(line)
            if message["type"] == "RECORD":
                batch.append(message["record"])
            if len(batch) == 100:
                post(session, url, encode(batch))
                batch.clear()
    if batch:
        post(session, url, encode(batch))


def post(session: requests.Session, url: str, body: bytes) -> None:
    """Post one batch."""
    session.post(
        f"{url}/voice/crm-integration-v2/bench/lead-upserted",
        data=body,
        headers={"Content-Type": "application/json"},
        timeout=60,
    ).raise_for_status()


if __name__ == "__main__":
    main(*sys.argv[1:])
