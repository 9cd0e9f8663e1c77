"""A warehouse to fill, and to read by the real tap."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

STREAM = "squadstack-leads"
FULL_TABLE = {"replication-method": "FULL_TABLE"}
INCREMENTAL = {"replication-method": "INCREMENTAL", "replication-key": "_sdc_updated_at"}


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A database with a table `people`, and a view of those who are leads."""

    connection: psycopg.Connection
    tap: Path
    folder: Path
    url: str

    def put(self, number: int, changed: str = "2026-10-01", **columns: object) -> None:
        """Write a row, over the one that is there: its name, number and city tell its number."""
        row = {
            "id": number, "name": f"Canary {number}", "mobile": f"+91-99999{number:05}", "city": "Pune",
            "worth": 2500.50, "is_customer": False, "changed": f"{changed}T10:00:00+05:30", **columns,
        }  # fmt: skip
        names, values = ", ".join(row), ", ".join(["%s"] * len(row))
        renewed = ", ".join(f"{name} = excluded.{name}" for name in row)
        self.connection.execute(
            f"INSERT INTO people ({names}) VALUES ({values}) ON CONFLICT (id) DO UPDATE SET {renewed}",  # noqa: S608
            list(row.values()),
        )

    def remove(self, number: int) -> None:
        self.connection.execute("DELETE FROM people WHERE id = %s", [number])

    def read(self, method: dict[str, str], state: Any = None, **settings: object) -> list[str]:
        """Tell what the tap writes; it must have come to its end."""
        config = {"sqlalchemy_url": self.url, "filter_schemas": ["squadstack"], **settings}
        given = ["--config", self._file("config", config)]
        catalog = json.loads(self._run(*given, "--discover"))
        [(entry, chosen)] = [
            (entry, each["metadata"])
            for entry in catalog["streams"]
            for each in entry["metadata"]
            if not each["breadcrumb"]
        ]
        assert entry["tap_stream_id"] == STREAM
        chosen.update({"selected": True, **method})  # as Meltano does
        given += ["--catalog", self._file("catalog", catalog)]
        given += ["--state", self._file("state", state)] if state else []
        return self._run(*given).splitlines()

    def _file(self, name: str, content: Any) -> Path:
        path = self.folder / f"tap-{name}.json"
        path.write_text(json.dumps(content))
        return path

    def _run(self, *arguments: str | Path) -> str:
        done = subprocess.run([self.tap, *arguments], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout
