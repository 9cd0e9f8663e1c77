"""A real PostgreSQL with a view of leads, and the real tap that reads it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airbyte.tools import environment
from support.postgres import database
from warehouse.reading import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS = Path(__file__).resolve().with_name("requirements.txt")
LEADS = """
    CREATE SCHEMA squadstack;
    CREATE TABLE people (
        id integer PRIMARY KEY, name text, mobile text, city text, worth numeric, is_customer boolean DEFAULT false,
        changed timestamptz NOT NULL
    );
    CREATE VIEW squadstack.leads AS
        SELECT id AS lead_id, mobile AS phone_number, name AS contact_name, city, worth, changed AS _sdc_updated_at
        FROM people WHERE NOT is_customer;
"""


@pytest.fixture(scope="session")
def tap_postgres() -> Path:
    """The tap's command, in an environment of its own."""
    return environment(".venv-tap-postgres", REQUIREMENTS) / "tap-postgres"


@pytest.fixture
def warehouse(tap_postgres: Path, tmp_path: Path) -> Iterator[Warehouse]:
    """A database whose view has no row."""
    with database(tmp_path, LEADS) as (connection, url):
        yield Warehouse(connection, tap_postgres, tmp_path, url)
