"""Options that several commands share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from squadstack.exceptions import ConfigurationError
from squadstack.mapping import presets
from squadstack.settings.files import read_file

if TYPE_CHECKING:
    from target_squadstack.configuration import Configuration

config_option = click.option(
    "--config",
    "configs",
    multiple=True,
    required=True,
    metavar="FILE|ENV",
    help="The target's configuration: a JSON file, or ENV for TARGET_SQUADSTACK_* variables. Repeatable.",
)

input_option = click.option(
    "--input",
    "file",
    type=click.File("rb"),
    help="A file of Singer messages, as a tap writes them; without it, standard input.",
)

preset_option = click.option(
    "--preset", type=click.Choice(presets.NAMES), help="Try the rules of a preset, in place of those of 'mappings'."
)

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a text for people.")


def read_target(configs: tuple[str, ...], preset: str | None = None) -> Configuration:
    """Read the target's configuration as the target itself would; a fault is a sentence and exit status 1."""
    from target_squadstack.target import TargetSquadStack  # noqa: PLC0415 - the SDK only where it is needed

    try:
        return TargetSquadStack.configuration(given_by(configs, preset), parse_env="ENV" in configs)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from None


def given_by(configs: tuple[str, ...], preset: str | None = None) -> dict[str, object]:
    """What the configuration files say together, and a preset above all; a fault is a sentence and exit status 1."""
    given: dict[str, object] = {}
    try:
        for config in configs:
            if config != "ENV":
                given |= read_file(config)
    except ConfigurationError as error:
        raise click.ClickException(str(error)) from None
    if preset is not None:
        os.environ.pop("TARGET_SQUADSTACK_MAPPINGS", None)  # the environment stands above the files
        given["mappings"] = [{"preset": preset}]
    return given
