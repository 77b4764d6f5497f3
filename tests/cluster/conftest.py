"""Small processes that are made of the bot's own parts, on databases of both kinds."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.storage.database import Database
from tests.cluster import worker as worker_program
from tests.conftest import PATIENCE, wait_until

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent

# Processes are forked from one that has imported their programs already, which saves seconds for
# each.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.cluster.agents", "tests.cluster.worker", "psycopg"])

__all__ = ["PATIENCE", "Program", "Records", "Worker", "start_busy", "wait_until"]


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


class Worker:
    """A process that runs ``worker.py``."""

    def __init__(self, url: str) -> None:
        self._pipe, theirs = _FORKS.Pipe()
        self._process = _FORKS.Process(target=worker_program.run, args=(url, theirs), daemon=True)
        self._process.start()
        theirs.close()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @cached_property
    def worker_id(self) -> str:
        """Wait until it works; return its name in the queue."""
        return str(self._hear())

    def enqueue(self, *request_ids: str) -> None:
        for request_id in request_ids:
            self._pipe.send(request_id)

    def stop(self) -> None:
        """Stop it as SIGTERM stops the bot."""
        self._pipe.send(None)
        assert self._hear() == "stopped"
        self._process.join(PATIENCE)

    def kill(self) -> None:
        self._process.kill()
        self._process.join(PATIENCE)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def _hear(self) -> object:
        assert self._pipe.poll(PATIENCE), "the process says nothing"
        return self._pipe.recv()


class Records:
    """What the workers wrote: which process began, sent and ended which job."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._schema = "dbos." if database.is_postgresql else ""
        with database.transaction() as connection:
            for table in ("begun", "ended"):
                connection.execute(sa.text(f"CREATE TABLE {table} (request_id TEXT, pid INT)"))
            connection.execute(sa.text("CREATE TABLE sent (request_id TEXT PRIMARY KEY, pid INT)"))
            connection.execute(sa.text("CREATE TABLE gate (is_open INT)"))

    def open_the_gate(self) -> None:
        with self._database.transaction() as connection:
            connection.execute(sa.text("INSERT INTO gate VALUES (1)"))

    def freeze(self, worker: Worker) -> None:
        """Freeze a process, but on SQLite not in a write, which would lock all others out."""
        with self._database.transaction() as connection:
            connection.execute(sa.text("DELETE FROM gate WHERE is_open = 0"))  # takes the lock
            os.kill(worker.pid, signal.SIGSTOP)
            time.sleep(0.1)  # until all of its threads have stopped

    def rows(self, table: str) -> list[tuple[str, int]]:
        query = f"SELECT request_id, pid FROM {table} ORDER BY request_id, pid"
        with self._database.connect() as connection:
            return [(row.request_id, row.pid) for row in connection.execute(sa.text(query))]

    def begun_by(self, worker: Worker) -> list[str]:
        return [name for name, pid in self.rows("begun") if pid == worker.pid]

    def jobs(self) -> dict[str, tuple[str, str]]:
        """Return each job's state and the worker that the queue believes to be at it."""
        query = (
            f"SELECT queue_partition_key, status, executor_id FROM {self._schema}workflow_status"
        )
        with self._database.connect() as connection:
            return {row[0]: (row[1], row[2]) for row in connection.execute(sa.text(query))}


@pytest.fixture
def records(database_url: str) -> Iterator[Records]:
    """Prepare the workers' tables in a database that has none of the bot's own."""
    database = Database(database_url)
    yield Records(database)
    database.close()


@pytest.fixture
def start_worker(database_url: str) -> Iterator[Callable[[], Worker]]:
    started: list[Worker] = []

    def start_worker() -> Worker:
        started.append(Worker(database_url))
        return started[-1]

    yield start_worker
    for worker in started:
        worker.kill()


def start_busy(start_worker: Callable[[], Worker], records: Records, *names: str) -> Worker:
    """Start a worker and wait until it's at all these jobs; others have no place for them."""
    worker = start_worker()
    assert worker.worker_id
    worker.enqueue(*names)
    wait_until(lambda: records.begun_by(worker) == sorted(names), "the jobs have begun")
    return worker
