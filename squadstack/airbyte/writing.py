"""`write`: Airbyte's records to SquadStack, by way of the Singer target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from squadstack.airbyte import catalogs
from squadstack.airbyte.accounts import Accounts
from squadstack.airbyte.command import fail
from squadstack.airbyte.configuration import faults_as_ours, of_destination
from squadstack.airbyte.reader import AirbyteReader
from squadstack.airbyte.states import Acknowledgements
from target_squadstack import collector
from target_squadstack.target import TargetSquadStack

if TYPE_CHECKING:
    from squadstack.airbyte.command import Call


def write(call: Call) -> int:
    """Deliver standard input; acknowledge each STATE once what it covers is settled."""
    collector.begin_loading()
    streams = catalogs.written_streams(call.catalog)
    given, _ = of_destination(call.config)
    accounts = Accounts()
    with faults_as_ours():
        target = TargetSquadStack(
            config=given,
            message_reader=AirbyteReader(streams, accounts),
            states=Acknowledgements(call.output),
            checkpoints=accounts,
        )
    failure = target.deliver()
    status = target.status(failure)
    return fail(call.output, failure) if failure and status == 1 else status


def discover(call: Call) -> int:
    """Tell what is taken: the same, whatever is configured."""
    call.output.write(catalogs.taken())
    return 0
