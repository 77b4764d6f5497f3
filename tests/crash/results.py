"""What the long runs share: a temporary database, and a table of their results."""

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
def temporary_database(kind: str) -> Iterator[str]:
    """Yield the address of a new PostgreSQL database, or "" for the cluster's own SQLite file."""
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


def print_results(results: Json, out: Path | None) -> None:
    """Print results as a table, with the date and the machine, and write them to a JSON file."""
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    results = {"date": f"{datetime.now(UTC):%Y-%m-%d}", "machine": machine, **results}
    for name, value in results.items():
        shown = value
        if isinstance(value, dict):
            shown = ", ".join(f"{count} {key}" for key, count in sorted(value.items()))
        sys.stdout.write(f"{name:24} {shown}\n")
    if out is not None:
        out.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
