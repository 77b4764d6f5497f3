"""What the long runs need besides bots: a database, and a table of figures."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.conftest import PostgreSQL, find_program

Json = dict[str, Any]


@contextlib.contextmanager
def a_database(kind: str) -> Iterator[str]:
    """Yield the address of a new PostgreSQL's database, or "" for the team's own SQLite file."""
    if kind == "sqlite":
        yield ""
        return
    initdb, postgres = find_program("initdb"), find_program("postgres")
    if initdb is None or postgres is None:
        raise SystemExit("PostgreSQL's server is not installed.")
    server = PostgreSQL(initdb, postgres)
    try:
        yield server.new_database()
    finally:
        server.remove()


def show(figures: Json, out: Path | None) -> None:
    """Print figures as a table, with where and when they were made, and write them as JSON."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    figures = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine, **figures}
    for name, value in figures.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{count} {key}" for key, count in sorted(value.items()))
        sys.stdout.write(f"{name:24} {shown}\n")
    if out is not None:
        out.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
