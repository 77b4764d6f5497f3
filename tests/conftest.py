"""What all tests share: databases of both kinds, and patience.

``postgresql`` starts a real server on a loopback port, with its data in a temporary folder. It
ends with the tests. Each test gets its own database: ``postgresql``, ``sqlite``, or both in turn
with ``database_url``.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings

from bot.storage.database import Database
from bot.storage.migrations import migrate
from sandbox.ports import find_free_port
from tests.inspecting_proxy import InspectingProxy, make_certificate

PATIENCE = 20.0
TESTS = Path(__file__).parent
WAIT_FOR_PROCESSES = ("cluster", "crash", "product", "page")
# Nothing here outlives the tests, so nothing has to reach the disk, nor to be on one.
_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=128MB")
_MEMORY = Path("/dev/shm")
_ROOM = 2**30  # bytes; each server takes about 200 MB

T = TypeVar("T")

# The tests share a small machine, where a case of milliseconds may take seconds.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that wait for processes, so that the fast ones fill the gaps."""
    items.sort(key=lambda item: item.path.relative_to(TESTS).parts[0] not in WAIT_FOR_PROCESSES)


def wait_until(
    look: Callable[[], T | None], what: str = "the caller's condition", patience: float = PATIENCE
) -> T:
    """Wait until ``look`` finds something true, and return it; fail if it doesn't."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"waited {patience:.0f} s for nothing: {what}"
        time.sleep(0.02)
    return found


def find_program(name: str) -> str | None:
    """Find a program of the server: on the path, or where Debian keeps each version's."""
    kept = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=_version)
    return shutil.which(name) or (str(kept[-1]) if kept else None)


def _version(program: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in program.parts[-3].split(".") if part.isdigit())


def _find_memory() -> Path | None:
    """Return a folder in memory, if it has room for a server: a container's often has none."""
    has_room = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM
    return _MEMORY if has_room and os.access(_MEMORY, os.W_OK) else None


class PostgreSQL:
    """One server. Call ``new_database`` before you use it and ``remove`` at the end."""

    def __init__(self, initdb: str, postgres: str) -> None:
        self._postgres = postgres
        self._databases = count()
        self._folder = Path(tempfile.mkdtemp(prefix="proactive-postgresql-", dir=_find_memory()))
        self._as_user: dict[str, Any] = {}
        if os.geteuid() == 0:  # the server refuses to run as root
            user = next(u for u in pwd.getpwall() if u.pw_name in ("postgres", "nobody"))
            os.chown(self._folder, user.pw_uid, user.pw_gid)
            self._as_user = {"user": user.pw_uid, "group": user.pw_gid}
        self._data = self._folder / "data"
        made = self._run(
            initdb, "-D", self._data, "-U", "bot", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"
        )
        assert made.returncode == 0, made.stdout
        self.port = find_free_port()
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
        """Stop the server: SIGINT closes all connections and shuts down, SIGQUIT crashes it."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(PATIENCE)
            self._server = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self, template: str = "template1") -> str:
        name = f"test{next(self._databases)}"
        with self._connect("postgres") as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {template}"))
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
    initdb, postgres = find_program("initdb"), find_program("postgres")
    if initdb is None or postgres is None:
        pytest.skip("PostgreSQL's server is not installed; on Debian: apt-get install postgresql")
    server = PostgreSQL(initdb, postgres)
    yield server
    server.remove()


@pytest.fixture
def empty_postgresql(server: PostgreSQL) -> Iterator[str]:
    """Return the URL of a database without any table."""
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture(scope="session")
def migrated_postgresql(server: PostgreSQL) -> str:
    """Migrate one database for all tests; each gets a copy. Return its name."""
    url = server.new_database()
    database = Database(url)
    migrate(database)
    database.close()
    return str(sa.make_url(url).database)


@pytest.fixture
def postgresql(server: PostgreSQL, migrated_postgresql: str) -> Iterator[str]:
    """Return the URL of a database with this version's tables."""
    url = server.new_database(migrated_postgresql)
    yield url
    server.drop(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one file for all tests; each gets a copy."""
    file = tmp_path_factory.mktemp("database") / "migrated.sqlite"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    database.close()
    return file


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Return the URL of a file that isn't there yet; ``connect`` creates it."""
    return f"sqlite:///{tmp_path / 'proactive.sqlite'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(request.param))


def open_quickly(where: Path | str) -> Database:
    """Open a file or a URL and don't wait for the disk: no test pulls the plug."""
    database = Database(f"sqlite:///{where}" if isinstance(where, Path) else where)
    if not database.is_postgresql:

        @sa.event.listens_for(database.engine, "connect")
        def hurry(connection: Any, _: object) -> None:
            connection.execute("PRAGMA synchronous=OFF")

    return database


@pytest.fixture
def connect(migrated_file: Path) -> Iterator[Callable[[str], Database]]:
    """Open a database with this version's tables; it's closed after the test."""
    opened: list[Database] = []

    def connect(url: str) -> Database:
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite" and not Path(str(address.database)).exists():
            shutil.copy(migrated_file, str(address.database))
        opened.append(open_quickly(url))
        return opened[-1]

    yield connect
    for database in opened:
        database.close()


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Let this process trust one authority of the machine's hundred; the bots trust them all.

    No test calls the internet, and to read them all takes 40 ms for each session with Genesys.
    """
    file = tmp_path_factory.mktemp("authorities") / "one.pem"
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    with pytest.MonkeyPatch.context() as environment:
        if known:
            file.write_text(ssl.DER_cert_to_PEM_cert(known[0]))
            environment.setenv("SSL_CERT_FILE", str(file))
        yield


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed; on Debian: apt-get install openssl")
    return make_certificate(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def proxy(authority: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InspectingProxy]:
    """Start a proxy that this process must use, and whose authority it trusts."""
    proxy = InspectingProxy(authority)
    for name in ("https_proxy", "http_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # where nobody is
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    yield proxy
    proxy.stop()
