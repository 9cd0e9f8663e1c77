"""`squadstack receive`: take the events that SquadStack pushes."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

import click

from squadstack.events.payloads import LONGEST_BODY
from squadstack.events.receiving import Receiving, secrets_of
from squadstack.exceptions import SquadStackError


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Where events are stored; the tap's events_url.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8791, show_default=True, help="0 takes a free one.")
@click.option(
    "--max-body-bytes",
    type=click.IntRange(1, LONGEST_BODY),
    default=1 << 20,
    show_default=True,
    help="The largest body that is taken.",
)
@click.option(
    "--body-seconds",
    type=click.FloatRange(0, 3600, min_open=True),
    default=10,
    show_default=True,
    help="The longest that a sender may take for the head of a call, and for its body.",
)
@click.option(
    "--segment-seconds",
    type=click.FloatRange(0, min_open=True),
    default=3600,
    show_default=True,
    help="How long a file is written before the next is begun.",
)
def receive(host: str, port: int, **options: Any) -> None:
    """Take the events that SquadStack pushes to POST /events, and store them for the tap to read.

    SQUADSTACK_RECEIVE_SECRETS holds what senders must bear: one secret, or two with a comma between while it is
    changed. An event that is answered with 201 is on disk. GET /health tells whether events can be stored.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    try:
        _serve(Receiving(secrets=secrets_of(os.environ), **options), host, port)
    except SquadStackError as error:
        raise click.ClickException(str(error)) from None
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        message = f"The receiver needs {missing}: pip install 'squadstack-connectors[receive]'"
        raise click.ClickException(message) from None
    except OSError as error:
        message = f"Cannot listen on {host} port {port}: {error.strerror}"
        raise click.ClickException(message) from None


def _serve(receiving: Receiving, host: str, port: int) -> None:
    # What only the extra `receive` installs, and what other commands need not wait for.
    from squadstack.events.serving import serve  # noqa: PLC0415 -- see above

    serve(receiving, host=host, port=port, announce=lambda url: click.echo(f"SquadStack receiver on {url}/events"))
