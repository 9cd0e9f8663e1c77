"""`squadstack check`."""

from __future__ import annotations

import dataclasses
import json

import click

from squadstack.cli.options import config_option, json_option, read_target
from squadstack.delivery.check import Finding
from squadstack.delivery.check import check as findings_of


@click.command()
@config_option
@json_option
def check(configs: tuple[str, ...], *, as_json: bool) -> None:
    """Tell whether token, campaigns, network and ledger are right.

    Posts one empty lead to lead-updated of every campaign that the rules name, which changes nothing; takes
    one call of the budget for each. Exit status 1 if anything is wrong.
    """
    given = read_target(configs)
    campaigns = sorted({campaign for rule in given.mapper.rules for campaign in rule.campaigns})
    findings: list[Finding] = []
    for finding in findings_of(given.settings, campaigns):
        findings.append(finding)
        if not as_json:
            click.echo(f"{'ok   ' if finding.is_right else 'WRONG'}  {finding.what}: {finding.sentence}")
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings]))
    if not all(finding.is_right for finding in findings):
        raise SystemExit(1)
