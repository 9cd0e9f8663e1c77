"""`squadstack`: the operator's tool. Each command lies in a module of its own and is imported when used."""

from __future__ import annotations

from importlib import import_module

import click

_COMMANDS = {
    "baseline": "Note all values of an input as accepted: for a campaign that is filled already.",
    "check": "Tell whether token, campaigns, network and ledger are right; sends no lead.",
    "explain": "Show what the rules make of some records.",
    "plan": "Tell what a run with an input would do, and how long it would take; calls nothing.",
    "receive": "Take the events that SquadStack pushes, and store them for the tap to read.",
    "rejects": "See what was rejected, and what to do about it; send it again; erase it.",
    "sandbox": "Run a pretend SquadStack on this machine, to try the connector on.",
}


class _LazyGroup(click.Group):
    """Commands by name, imported only when they are run or when their own help is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(import_module(f"squadstack.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup)
@click.version_option(package_name="squadstack-connectors", prog_name="squadstack")
def main() -> None:
    """Work with SquadStack's connectors: try, check and operate them."""
