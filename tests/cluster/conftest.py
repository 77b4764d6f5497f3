"""A real PostgreSQL of the tests' own, and small processes that are made of the bot's own parts.

The server listens on a loopback port, its data lies in a temporary folder, and it ends with the
tests. Every test gets a database of its own: ``postgresql``, ``sqlite``, or both in turn with
``database_url``.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.storage.tables import open_database

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent
PATIENCE = 20.0
# Nothing here survives the tests, so nothing need reach the disk.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")

Look = Callable[[], object]


def wait_until(look: Look, what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not look():
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain: {what}"
        time.sleep(0.02)


def _find(program: str) -> str | None:
    """Find a program of the server: on the path, or where Debian keeps each version's."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=_version)
    return shutil.which(program) or (str(kept[-1]) if kept else None)


def _version(program: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in program.parts[-3].split(".") if part.isdigit())


class PostgreSQL:
    """One server; ``new_database`` makes it useful."""

    def __init__(self, initdb: str, postgres: str) -> None:
        self._postgres = postgres
        self._databases = count()
        self._folder = Path(tempfile.mkdtemp(prefix="proactive-postgresql-"))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # which the server refuses
            user = next(u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody"))
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid}
        self._data = self._folder / "data"
        made = self._run(
            initdb, "-D", self._data, "-U", "bot", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        assert made.returncode == 0, made.stdout
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        settings = ("listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=")
        options = [word for setting in settings + _FAST for word in ("-c", setting)]
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._postgres, "-D", self._data, *options],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                **self._as_user,
            )
        wait_until(self._answers, f"PostgreSQL answers; see {self._folder}/log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT cuts connections and shuts down, SIGQUIT crashes."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(PATIENCE)
            self._server = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        name = f"test{next(self._databases)}"
        with self._connect("postgres") as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        return f"postgresql://bot@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        with self._connect("postgres") as connection:
            name = sa.make_url(url).database
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))

    @contextlib.contextmanager
    def _connect(self, database: str) -> Iterator[sa.Connection]:
        engine = sa.create_engine(
            f"postgresql+psycopg://bot@127.0.0.1:{self.port}/{database}",
            isolation_level="AUTOCOMMIT",
            poolclass=sa.NullPool,
        )
        with engine.connect() as connection:
            yield connection

    def _answers(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, (self._folder / "log").read_text()
        try:
            with self._connect("postgres"):
                return True
        except sa.exc.OperationalError:
            return False

    def _run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            **self._as_user,
        )


@pytest.fixture(scope="session")
def server() -> Iterator[PostgreSQL]:
    initdb, postgres = _find("initdb"), _find("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL's server is not installed; on Debian: apt-get install postgresql")
    server = PostgreSQL(initdb, postgres)
    yield server
    server.remove()


@pytest.fixture
def postgresql(server: PostgreSQL) -> Iterator[str]:
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'proactive.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def connect() -> Iterator[Callable[[str], sa.Engine]]:
    engines: list[sa.Engine] = []

    def connect(url: str) -> sa.Engine:
        engines.append(open_database(url))
        return engines[-1]

    yield connect
    for engine in engines:
        engine.dispose()


@pytest.fixture
def database(database_url: str, connect: Callable[[str], sa.Engine]) -> sa.Engine:
    return connect(database_url)


class Program:
    """A Python program of this folder, as a process that is told lines and answers lines."""

    def __init__(self, name: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAMS / name, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> str:
        """Return the next line that it prints; "" when it ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        print(line, file=self.process.stdin, flush=True)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def finish(self) -> str:
        """Let it end and return what it printed after the lines heard."""
        return self.process.communicate(timeout=PATIENCE)[0]


@pytest.fixture
def start() -> Iterator[Callable[..., Program]]:
    started: list[Program] = []

    def start(name: str, *arguments: object) -> Program:
        started.append(Program(name, *arguments))
        return started[-1]

    yield start
    for program in started:
        program.process.kill()
        program.process.communicate()


class Ledger:
    """What the workers wrote: which process began and ended which work."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        with database.begin() as connection:
            for table in ("begun", "ended"):
                connection.execute(sa.text(f"CREATE TABLE {table} (request_id TEXT, process INT)"))
            connection.execute(sa.text("CREATE TABLE gate (is_open INT)"))

    def open_the_gate(self) -> None:
        with self._database.begin() as connection:
            connection.execute(sa.text("INSERT INTO gate VALUES (1)"))

    def rows(self, table: str) -> list[tuple[str, int]]:
        query = f"SELECT request_id, process FROM {table} ORDER BY request_id, process"
        with self._database.connect() as connection:
            return [(row.request_id, row.process) for row in connection.execute(sa.text(query))]

    def dequeued(self, kind: str) -> list[tuple[str, int]]:
        """Return the work of a kind, each with when the engine took it from its queue."""
        schema = "dbos." if self._database.dialect.name == "postgresql" else ""
        query = (
            f"SELECT workflow_uuid, started_at_epoch_ms FROM {schema}workflow_status"
            f" WHERE workflow_uuid LIKE 'work:{kind}%'"
        )
        with self._database.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(sa.text(query))]

    def begun(self, worker: Program) -> list[str]:
        return [name for name, process in self.rows("begun") if process == worker.process.pid]

    def holders(self) -> dict[str, str]:
        """Return which executor the engine believes to be at each work."""
        schema = "dbos." if self._database.dialect.name == "postgresql" else ""
        query = f"SELECT workflow_uuid, executor_id FROM {schema}workflow_status"
        with self._database.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(sa.text(query))}


@pytest.fixture
def ledger(database: sa.Engine) -> Ledger:
    return Ledger(database)


@pytest.fixture
def worker(database_url: str, start: Callable[..., Program]) -> Callable[[float], Program]:
    return lambda every: start("worker.py", database_url, every)


def busy(worker: Callable[[float], Program], ledger: Ledger, every: float, *names: str) -> Program:
    """Start a worker and return when it is at work on all the names."""
    program = worker(every)
    assert program.hear()
    for name in names:
        program.tell(name)
    wait_until(lambda: ledger.begun(program) == sorted(names), "the work is begun")
    return program
