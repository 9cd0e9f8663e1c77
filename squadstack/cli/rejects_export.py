"""`squadstack rejects export`: as a table for people, or as the messages of a Singer tap."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sys
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import click

from squadstack.cli.options import config_option
from squadstack.cli.progress import Progress
from squadstack.cli.rejects_shared import as_row, choosing, opened, selection_of, state_option

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from squadstack.ledger.rows import KeptReject

COLUMNS = (
    "reject_id", "rejected_at", "stream", "rule", "campaign", "lead_id", "action", "reason", "state", "changed_at",
    "message", "record",
)  # fmt: skip


@click.command()
@config_option
@choosing
@state_option
@click.option("--format", "form", type=click.Choice(["csv", "singer"]), default="csv", show_default=True)
@click.option(
    "--output", type=click.Path(dir_okay=False), help="A new file, readable by you only; else standard output."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON object for each reject instead, one a line.")
def export(configs: tuple[str, ...], form: str, output: str | None, *, as_json: bool, **chosen: Any) -> None:
    """Write rejects out, with their source records: these are personal data.

    csv: a row for each reject. singer: SCHEMA and RECORD messages of the source records, each record once, as
    their tap wrote them.
    """
    selection = selection_of(chosen)
    with opened(configs) as ledger, _writable(output) as file, Progress("Rejects") as progress:
        progress.total = ledger.rejects.count(selection)
        _FORMS["json" if as_json else form](_counted(ledger.rejects.each(selection), progress), file)


@contextmanager
def _writable(path: str | None) -> Iterator[IO[str]]:
    if path is None:
        yield sys.stdout
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        msg = f"The file {path} cannot be written: {error.strerror}."
        raise click.ClickException(msg) from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        yield file


def _counted(rejects: Iterable[KeptReject], progress: Progress) -> Iterator[KeptReject]:
    for number, reject in enumerate(rejects, start=1):
        yield reject
        progress.show(number)


# -- forms -------------------------------------------------------------------------------------------------


def as_csv(rejects: Iterable[KeptReject], file: IO[str]) -> None:
    """A row for each, the record as JSON in the last column."""
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for reject in rejects:
        writer.writerow({**as_row(reject), "record": json.dumps(reject.record, ensure_ascii=False)})


def as_lines(rejects: Iterable[KeptReject], file: IO[str]) -> None:
    """A JSON object for each."""
    for reject in rejects:
        file.write(json.dumps(as_row(reject)) + "\n")


def as_singer(rejects: Iterable[KeptReject], file: IO[str]) -> None:
    """The source records, each once, behind schemas that grow with what they hold."""
    kinds: dict[str, dict[str, set[str]]] = {}
    written: set[bytes] = set()
    for reject in rejects:
        text = json.dumps({"type": "RECORD", "stream": reject.stream, "record": reject.record}, sort_keys=True)
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        if digest in written:
            continue
        written.add(digest)
        known = kinds.setdefault(reject.stream, {})
        if _learn(known, reject.record) or not known:
            file.write(json.dumps(_schema(reject.stream, known)) + "\n")
        file.write(text + "\n")


def _learn(known: dict[str, set[str]], record: dict[str, Any]) -> bool:
    """Add what a record's fields are to what is known of the stream; tells whether anything is new."""
    new = {name: _kind(value) for name, value in record.items() if _kind(value) not in known.get(name, set())}
    for name, kind in new.items():
        known.setdefault(name, {"null"}).add(kind)
    return bool(new)


def _schema(stream: str, known: dict[str, set[str]]) -> dict[str, Any]:
    properties = {name: {"type": sorted(kinds)} for name, kinds in known.items()}
    schema = {"type": "object", "properties": properties}
    return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": []}


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


_FORMS: dict[str, Callable[[Iterable[KeptReject], IO[str]], None]] = {
    "csv": as_csv,
    "json": as_lines,
    "singer": as_singer,
}
