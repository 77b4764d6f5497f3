"""A database that release 0.1 left behind is upgraded once and loses nothing.

The two dumps were made by that release: requests in every state, jobs under way, a posting.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from bot.job import Job, JobKind
from bot.jobs.queue import JobQueue
from bot.jobs.repair import Repair
from bot.state import State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.migrations import migrate
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.tables import history, metadata, postings, requests
from tests.bot.storage.test_tables import head, read_indexes
from tests.conftest import PATIENCE, wait_until

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
KEPT = (requests, history, postings)
ADDED = {  # columns that release 0.1 didn't have
    *("planned_at", "decisions", "user_id", "stuck", "text_digest", "finished_at", "erased_at"),
    *("template", "template_name", "after_conversation", "open_conversation_id", "said"),
    *("override_reason", "overridden", "rules_version"),
    *("approval_for", "approval_until", "approver_id", "approver_name", "approved_digest"),
}
# It's told when to begin, so that all of them begin together.
MIGRATE = """
import sys
from bot.storage.database import Database
from bot.storage.migrations import migrate
database = Database(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
migrate(database)
"""
STATES_OF_0_1 = set(State) - {State.PUSHED, State.UNAPPROVED}
UNSENT = {"V00CHECKING", "V02SCHEDULED", "V03SENDING", "V20SCHEDULED"}
WITH_NEWS = {"V06DELIVERED"}


def load_dump(url: str) -> None:
    address = sa.make_url(url)
    if address.get_backend_name() == "sqlite":
        file = sqlite3.connect(str(address.database))
        file.executescript((HERE / "release_0_1.sqlite.sql").read_text())
        file.close()
        return
    dump = (HERE / "release_0_1.postgresql.sql").read_text().splitlines(keepends=True)
    statements = "".join(line for line in dump if not line.startswith("\\"))  # psql's commands
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())


@pytest.fixture
def postgresql(empty_postgresql: str) -> str:
    return empty_postgresql


@pytest.fixture
def old_url(database_url: str) -> str:
    """Return the URL of a database as release 0.1 left it."""
    load_dump(database_url)
    return database_url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """Open the database without upgrading it."""
    database = Database(database_url)
    yield database
    database.close()


def migrate_in_three_processes(url: str) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MIGRATE, url],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        print(file=process.stdin, flush=True)
    for process in processes:
        _, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, errors) == (0, "")


def read(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of the tables that hold what people did, as release 0.1 knew them."""
    with database.connect() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(
                    sa.select(*_columns_of_0_1(table)).order_by(*table.primary_key)
                )
            ]
            for table in KEPT
        }


def _columns_of_0_1(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.c if column.name not in ADDED]


def read_version(database: Database) -> list[str]:
    with database.connect() as connection:
        return list(
            connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars()
        )


def test_three_processes_upgrade_a_database_of_release_0_1_together_and_lose_nothing(
    old_url: str, database: Database
) -> None:
    before = read(database)
    state = [column.name for column in _columns_of_0_1(requests)].index("state")
    assert {row[state] for row in before["requests"]} == STATES_OF_0_1
    assert (len(before["requests"]), len(before["history"]), len(before["postings"])) == (14, 29, 1)
    migrate_in_three_processes(old_url)
    assert read(database) == before
    assert read_version(database) == [head()]


def test_three_processes_create_an_empty_database_together(
    database_url: str, database: Database
) -> None:
    migrate_in_three_processes(database_url)
    assert read(database) == {"requests": [], "history": [], "postings": []}
    assert read_version(database) == [head()]


def test_an_upgraded_database_has_the_tables_and_indexes_of_a_new_one(
    old_url: str, database: Database, connect: Callable[[str], Database], tmp_path: Path
) -> None:
    migrate(database)
    upgraded = {name: sql for name, sql in read_indexes(database).items() if is_ours(sql)}
    tables = set(sa.inspect(database.engine).get_table_names())
    assert set(metadata.tables) <= tables
    assert "rate_budget" not in tables
    with database.transaction() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    new = {name: sql for name, sql in read_indexes(database).items() if is_ours(sql)}
    assert upgraded == new


def is_ours(sql: str) -> bool:
    on = sql.partition(" ON ")[2].removeprefix("public.").partition(" ")[0]
    return on in metadata.tables


def test_upgrading_again_changes_nothing(old_url: str, database: Database) -> None:
    migrate(database)
    before = read(database), read_indexes(database), read_version(database)
    migrate(database)
    assert (read(database), read_indexes(database), read_version(database)) == before


def test_requests_can_be_read_and_moved_after_the_upgrade(old_url: str, database: Database) -> None:
    migrate(database)
    store = RequestStore(database, lambda _connection, _job: None, Keys(database))
    loaded = [store.load(row[0]) for row in read(database)["requests"]]
    assert {request.state for request in loaded} == STATES_OF_0_1
    assert {request.decisions for request in loaded} == {0}
    planned = store.load("V02SCHEDULED")
    assert planned.planned_at == planned.send_at is not None
    assert store.load("V03SENDING").planned_at is None
    assert planned.contact_ids == (f"{2:036}", f"{102:036}")
    assert store.load("V20SCHEDULED").identity.value == "+442079460018"


class Started:
    """The queue and the repair of a bot that has just started; it notes which jobs ran."""

    def __init__(self, database: Database, worker_id: str) -> None:
        self.ran: list[tuple[JobKind, str]] = []
        self.queue = JobQueue(database, worker_id)
        store = RequestStore(database, self.queue.enqueue, Keys(database))
        self.repair = Repair(database, store, self.queue, Pause(database, self.queue.enqueue))
        self.queue.start(dict.fromkeys(JobKind, self._note))
        self.repair.start()

    def _note(self, job: Job) -> None:
        self.ran.append((job.kind, job.request_id))

    def stop(self) -> None:
        self.repair.stop()
        self.queue.stop()


def test_what_release_0_1_had_begun_goes_on_in_the_new_queue(
    old_url: str, database: Database
) -> None:
    migrate(database)
    bot = Started(database, "first")
    try:
        expected = [(JobKind.DELIVER, request_id) for request_id in UNSENT]
        expected += [(JobKind.PUBLISH, request_id) for request_id in WITH_NEWS]
        wait_until(lambda: len(bot.ran) >= len(expected), "the jobs have run")
        assert bot.queue.list_jobs_of_0_1() == []
    finally:
        bot.stop()
    again = Started(database, "second")
    assert again.queue.list_unfinished() == []  # it has nothing to adopt any more
    again.stop()
    assert sorted(bot.ran) == sorted(expected)
    assert again.ran == []
