"""A PostgreSQL server of the benchmarks' own, as durable as its defaults make it.

Its data is in a temporary folder. Its programs must be installed.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.process import (
    LOAD_CORES,
    on_cores,
    plain_environment,
    wait_for,
)
from sandbox.ports import LOOPBACK, find_free_port

PATIENCE = 60.0


class PostgreSQLMissing(Exception):
    """PostgreSQL's server is not installed. On Debian: apt-get install postgresql."""


def find_programs() -> tuple[str, str]:
    """Return initdb and postgres, from the path or from Debian's folders."""
    found = []
    for program in ("initdb", "postgres"):
        kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"))
        path = shutil.which(program) or (str(kept[-1]) if kept else None)
        if path is None:
            raise PostgreSQLMissing(PostgreSQLMissing.__doc__)
        found.append(path)
    return found[0], found[1]


@contextlib.contextmanager
def postgresql() -> Iterator[Callable[[], str]]:
    """Run a server; lend a function that creates a database and returns its address.

    It runs on the cores of the load, because for the bot it's another machine. Raises
    PostgreSQLMissing.
    """
    initdb, postgres = find_programs()
    folder = Path(tempfile.mkdtemp(prefix="proactive-postgresql-"))
    data, port, databases = folder / "data", find_free_port(), count()
    options: dict[str, Any] = {"cwd": folder, "env": plain_environment(), **_as_somebody(folder)}
    server: subprocess.Popen[bytes] | None = None
    try:
        with (folder / "log").open("ab") as log, on_cores(LOAD_CORES):
            options |= {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
            words = ["-U", "bot", "-A", "trust", "-E", "UTF8", "--no-locale"]
            subprocess.run([initdb, "-D", str(data), *words], check=True, **options)
            settings = (f"listen_addresses={LOOPBACK}", f"port={port}", "unix_socket_directories=")
            chosen = [word for setting in settings for word in ("-c", setting)]
            server = subprocess.Popen([postgres, "-D", str(data), *chosen], **options)
        wait_for(lambda: _create(port, "ready"), f"PostgreSQL answers; see {folder}/log", PATIENCE)

        def new_database() -> str:
            name = f"benchmark{next(databases)}"
            assert _create(port, name), f"can't create the database {name}"
            return f"postgresql://bot@{LOOPBACK}:{port}/{name}"

        yield new_database
    finally:
        if server is not None:
            server.terminate()  # it waits for open connections
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(2.0)
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _as_somebody(folder: Path) -> dict[str, Any]:
    """Choose another user than root, because the server refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    user = next(one for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody"))
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid}


def _create(port: int, name: str) -> bool:
    engine = sa.create_engine(
        f"postgresql+psycopg://bot@{LOOPBACK}:{port}/postgres",
        isolation_level="AUTOCOMMIT",
        poolclass=sa.NullPool,
    )
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
    except sa.exc.OperationalError:
        return False
    return True
