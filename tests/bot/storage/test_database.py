"""One pool for SQLite or PostgreSQL: writers queue, readers don't wait, a lock is refused soon."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.storage import database as module
from bot.storage.database import Database, DatabaseBusy, insert_new, seconds_now
from bot.storage.migrations import migrate
from bot.storage.requests import RequestStore
from bot.storage.tables import workers

AGENT_SECONDS = 3.0  # that's how long Slack waits for an answer
WRITERS = 50


def write(database: Database, worker_id: str, *, is_urgent: bool = False) -> None:
    with database.transaction(is_urgent=is_urgent) as connection:
        insert_new(connection, workers, {"worker_id": worker_id, "beat_at": 0.0})


def count(database: Database) -> int:
    with database.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(workers)).scalar_one()


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Keep the file locked, as another process may."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def test_fifty_writers_of_one_process_queue_and_none_finds_the_file_locked(
    database: Database,
) -> None:
    @sa.event.listens_for(database.engine, "connect")
    def never_wait(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=0")  # SQLite itself would refuse immediately

    barrier = threading.Barrier(WRITERS)

    def work(number: int) -> None:
        barrier.wait()
        for turn in range(3):
            write(database, f"{number}-{turn}")

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(work, range(WRITERS)))
    assert count(database) == 3 * WRITERS


def test_the_next_writer_goes_on_after_a_rollback(database: Database) -> None:
    with pytest.raises(LookupError), database.transaction() as connection:
        insert_new(connection, workers, {"worker_id": "undone", "beat_at": 0.0})
        raise LookupError
    write(database, "next")
    with database.connect() as connection:
        assert connection.execute(sa.select(workers.c.worker_id)).scalars().all() == ["next"]


@pytest.mark.parametrize(
    ("is_urgent", "patience"), [(True, "TURN_SECONDS"), (False, "BACKGROUND_TURN_SECONDS")]
)
def test_a_writer_that_waits_for_too_long_is_refused(
    is_urgent: bool, patience: str, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, patience, 0.01)
    with (
        database.transaction(),
        pytest.raises(DatabaseBusy, match="the database is busy"),
        database.transaction(is_urgent=is_urgent),
    ):
        pass
    write(database, "next")


def test_readers_wait_for_no_writer(database: Database, file: Path) -> None:
    with database.transaction() as connection:
        insert_new(connection, workers, {"worker_id": "w", "beat_at": 0.0})
        assert count(database) == 0
    with lock(file):
        assert count(database) == 1


def test_a_locked_file_is_refused_within_the_agents_three_seconds(
    requests_store: RequestStore, file: Path, a_request: Callable[..., Request]
) -> None:
    begun = time.monotonic()
    with lock(file), pytest.raises(sa.exc.OperationalError) as refusal:
        requests_store.add(a_request(text="canary"), [])
    assert time.monotonic() - begun < AGENT_SECONDS - 0.1
    said = f"{refusal.value} {refusal.value!r}"
    assert "locked" in said
    assert not [private for private in ("canary", "jane@", "Ada Agent") if private in said]


def test_urgent_writers_that_queue_for_a_locked_file_are_refused_as_soon(
    database: Database, file: Path
) -> None:
    def seconds_until_refused(number: int) -> float:
        threading.Event().wait(number / 10)  # they come one after the other
        begun = time.monotonic()
        with pytest.raises(sa.exc.SQLAlchemyError):
            write(database, f"w{number}", is_urgent=True)
        return time.monotonic() - begun

    with lock(file), ThreadPoolExecutor(10) as threads:
        assert max(threads.map(seconds_until_refused, range(10))) < AGENT_SECONDS - 0.1


def test_an_urgent_writer_goes_before_the_jobs_that_wait(database: Database) -> None:
    order: list[str] = []
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with database.transaction():
            held.set()
            release.wait(10)

    def do_job(_: int) -> None:
        with database.transaction():
            order.append("job")

    with ThreadPoolExecutor(11) as threads:
        threads.submit(hold)
        held.wait(10)
        jobs = threads.map(do_job, range(10))
        threading.Timer(0.2, release.set).start()  # by then this thread waits
        with database.transaction(is_urgent=True):
            order.append("urgent")
        list(jobs)
    assert order.count("job") == 10
    assert order.index("urgent") <= 1  # one job may have been next in line


def test_the_process_that_created_the_tables_refuses_a_locked_file_as_soon(
    tmp_path: Path,
) -> None:
    file = tmp_path / "new.sqlite"
    database = Database(f"sqlite:///{file}")
    migrate(database)
    begun = time.monotonic()
    with lock(file), pytest.raises(sa.exc.OperationalError, match="locked"):
        write(database, "w")
    assert time.monotonic() - begun < AGENT_SECONDS - 0.1
    database.close()


def test_a_locked_row_on_postgresql_is_refused_within_the_agents_three_seconds(
    postgresql: str, connect: Callable[[str], Database]
) -> None:
    database, other = connect(postgresql), connect(postgresql)
    with other.transaction() as connection:
        insert_new(connection, workers, {"worker_id": "w", "beat_at": 0.0})
        begun = time.monotonic()
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            write(database, "w")
        assert time.monotonic() - begun < AGENT_SECONDS - 0.1


def test_only_a_row_with_a_new_key_is_inserted(
    database_url: str, connect: Callable[[str], Database]
) -> None:
    database = connect(database_url)
    with database.transaction() as connection:
        assert insert_new(connection, workers, {"worker_id": "w", "beat_at": 1.0})
        assert not insert_new(connection, workers, {"worker_id": "w", "beat_at": 2.0})
        assert insert_new(connection, workers, {"worker_id": "v", "beat_at": 3.0})
    with database.connect() as connection:
        rows = connection.execute(sa.select(workers).order_by(workers.c.beat_at))
        assert [tuple(row) for row in rows] == [("w", 1.0), ("v", 3.0)]


def test_the_databases_clock_is_in_seconds_since_1970(
    database_url: str, connect: Callable[[str], Database]
) -> None:
    database = connect(database_url)
    with database.connect() as connection:
        first = connection.execute(sa.select(seconds_now(database))).scalar_one()
        second = connection.execute(sa.select(seconds_now(database))).scalar_one()
    assert isinstance(first, float)
    assert abs(first - time.time()) < 5.0
    assert second >= first


def test_unixepoch_answers_fractions_of_a_second_on_every_sqlite(database: Database) -> None:
    before = time.time()
    with database.connect() as connection:
        now = connection.execute(sa.text("SELECT unixepoch('subsec')")).scalar_one()
    assert before <= now <= time.time()


def test_a_sqlite_connection_keeps_foreign_keys_and_writes_ahead(database: Database) -> None:
    with database.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("foreign_keys", "journal_mode", "busy_timeout")
        }
    assert pragmas == {"foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 1500}


def test_postgresql_gives_up_a_server_that_is_gone_within_half_a_minute(
    postgresql: str, connect: Callable[[str], Database]
) -> None:
    database = connect(postgresql)
    with database.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        parameters = driver.info.get_parameters()
    idle, interval, tries = (
        int(parameters[f"keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * tries <= 30
    assert int(parameters["tcp_user_timeout"]) <= 30_000
    assert int(parameters["connect_timeout"]) <= 5


def test_a_bad_url_is_an_argument_error() -> None:
    with pytest.raises(sa.exc.ArgumentError):
        Database("no url")
