"""`squadstack sandbox`: a pretend SquadStack to try things on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from squadstack.sandbox.faults import Fault, parse_faults
from squadstack.sandbox.options import Options


def _faults(_context: click.Context, _parameter: click.Parameter, texts: tuple[str, ...]) -> dict[Fault, float]:
    try:
        return parse_faults(texts)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def _address(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is not None and not text.startswith(("http://", "https://")):
        message = "it must begin with http:// or https://."
        raise click.BadParameter(message)
    return text


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("--port", type=click.IntRange(0, 65535), default=8790, show_default=True, help="0 takes a free one.")
@click.option("--token", default="sandbox-token", show_default=True, help="What callers must bear.")
@click.option(
    "--rate-limit",
    type=click.IntRange(min=1),
    default=100,
    show_default=True,
    help="The most calls in any period, all endpoints and campaigns together.",
)
@click.option(
    "--period",
    type=click.FloatRange(0, 86400, min_open=True),
    default=60,
    show_default=True,
    help="The period of the rate limit, in seconds.",
)
@click.option(
    "--latency",
    type=click.FloatRange(0, 3600),
    default=0,
    show_default=True,
    help="How long to work on a call, in seconds.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME:SHARE",
    callback=_faults,
    help=f"What befalls a share (0 to 1) of the calls: {', '.join(Fault)}. May be repeated.",
)
@click.option("--seed", default=0, show_default=True, help="Where the sequence of faults begins.")
@click.option(
    "--work",
    type=click.FloatRange(0, 86400, min_open=True),
    is_flag=False,
    flag_value=60,
    metavar="[SECONDS]",
    help="Call the leads, so long after they came on average (60 if not said). Their answers can be read.",
)
@click.option(
    "--push",
    metavar="URL",
    callback=_address,
    help="Push an event there for each call, judgement and processed lead.",
)
@click.option(
    "--events",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write these events into this folder.",
)
@click.option(
    "--data",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the leads in this JSON file; they are forgotten otherwise.",
)
def sandbox(**options: Any) -> None:
    """Run a pretend SquadStack that answers as the documents of CRM v2 and SquadIQ v4 say.

    Point `api_url` at the address it prints and try things: nobody is called. GET /sandbox/leads shows what
    it holds, GET /sandbox/calls what it was asked, POST /sandbox/judge/REF_ID/LEAD_ID ends a lead's journey.
    The campaigns no-integration, no-permission, only-ACTION, …-unjudged and …-unique-email refuse what their
    names say; …-exclusive, …-newest-first and …-epoch are read otherwise.
    """
    settings = Options(**options)
    try:
        _serve(settings)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        message = f"The sandbox needs {missing}: pip install 'squadstack-connectors[sandbox]'"
        raise click.ClickException(message) from None
    except OSError as error:
        message = f"Cannot listen on {settings.host} port {settings.port}: {error.strerror}"
        raise click.ClickException(message) from None


def _serve(settings: Options) -> None:
    # What only the extra `sandbox` installs, and what other commands need not wait for.
    from squadstack.sandbox.server import run  # noqa: PLC0415 -- see above
    from squadstack.sandbox.storage import DataFileError  # noqa: PLC0415 -- see above

    def announce(url: str) -> None:
        click.echo(f"SquadStack sandbox on {url} (token: {settings.token})")

    try:
        run(settings, announce)
    except DataFileError as error:
        raise click.ClickException(str(error)) from None
