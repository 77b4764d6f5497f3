"""One pool for SQLite or PostgreSQL: writers queue, readers don't wait, a lock is refused soon."""

from __future__ import annotations

import os
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
from bot.storage.database import (
    Database,
    create_file,
    insert_new,
    seconds_now,
)
from bot.storage.migrations import migrate
from bot.storage.open import open_database
from bot.storage.requests import RequestStore
from bot.storage.tables import workers
from bot.storage.write_lock import DatabaseBusy

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
    ("is_urgent", "patience"), [(True, "WAIT_SECONDS"), (False, "BACKGROUND_WAIT_SECONDS")]
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
        threading.Timer(1.0, release.set).start()  # by then this thread waits
        with database.transaction(is_urgent=True):
            order.append("urgent")
        list(jobs)
    assert order.count("job") == 10
    assert order[0] == "urgent"


def test_on_postgresql_an_urgent_writer_waits_for_no_job_and_the_next_job_waits_for_it(
    postgresql: str, connect: Callable[[str], Database]
) -> None:
    database = connect(postgresql)
    order: list[str] = []
    began = threading.Event()

    def do_job() -> None:
        began.set()
        with database.transaction():
            order.append("job")

    with ThreadPoolExecutor(1) as threads:
        with database.transaction(), database.transaction(is_urgent=True):
            order.append("urgent")  # while a job is under way
        with database.transaction(is_urgent=True):
            waiting = threads.submit(do_job)
            began.wait(10)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            order.append("urgent")
        waiting.result(10)
    assert order == ["urgent", "urgent", "job"]


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


def test_a_sqlite_connection_takes_little_memory(database: Database) -> None:
    with database.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar_one() == -512  # KiB


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


@pytest.fixture
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _modes(file: Path) -> dict[str, str]:
    return {one.name: oct(one.stat().st_mode & 0o777) for one in sorted(file.parent.iterdir())}


@pytest.mark.usefixtures("_usual_umask")
def test_only_this_user_can_read_the_file_its_wal_and_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "data" / "proactive.sqlite"
    create_file(file)
    database = Database(f"sqlite:///{file}")
    migrate(database)
    write(database, "one")
    names = ("proactive.sqlite", "proactive.sqlite-shm", "proactive.sqlite-wal")
    assert _modes(file) == dict.fromkeys(names, "0o600")
    assert file.parent.stat().st_mode & 0o777 == 0o700
    database.close()


@pytest.mark.usefixtures("_usual_umask")
def test_files_that_an_earlier_release_let_others_read_are_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "proactive.sqlite"
    earlier = sqlite3.connect(file)
    earlier.execute("PRAGMA journal_mode=WAL")
    earlier.execute("CREATE TABLE t (x)")
    assert set(_modes(file).values()) == {"0o644"}
    create_file(file)
    assert set(_modes(file).values()) == {"0o600"}
    assert len(_modes(file)) == 3
    earlier.execute("INSERT INTO t VALUES (1)")  # an open file isn't disturbed
    earlier.close()


@pytest.mark.usefixtures("_usual_umask")
@pytest.mark.parametrize(("is_own", "mode"), [(True, 0o700), (False, 0o755)])
def test_the_default_data_folder_of_an_earlier_release_is_closed_to_others_and_no_chosen_one(
    tmp_path: Path, is_own: bool, mode: int
) -> None:
    folder = tmp_path / "proactive"
    folder.mkdir(0o755)
    file = folder / "proactive.sqlite"
    open_database(f"sqlite:///{file}", folder if is_own else tmp_path / "other").close()
    assert folder.stat().st_mode & 0o777 == mode
    assert set(_modes(file).values()) == {"0o600"}


def test_a_group_that_was_let_in_on_purpose_stays(tmp_path: Path) -> None:
    file = tmp_path / "proactive.sqlite"
    create_file(file)
    file.chmod(0o640)
    create_file(file)
    assert _modes(file) == {"proactive.sqlite": "0o640"}


def test_a_file_of_somebody_else_is_used_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    file = tmp_path / "proactive.sqlite"
    file.touch()
    file.chmod(0o666)
    monkeypatch.setattr(Path, "chmod", refuse)  # as for a user who isn't the owner
    create_file(file)
    assert "other users can read" in caplog.text


def test_no_folder_for_temporary_files_is_needed(database: Database) -> None:
    with database.connect() as connection:
        assert connection.execute(sa.text("PRAGMA temp_store")).scalar_one() == 2  # in memory
