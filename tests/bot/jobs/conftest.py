"""The real job queue on a SQLite file, for all tests of a module: a process has only one DBOS."""

from __future__ import annotations

import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.job import Job, JobKind
from bot.jobs.queue import JobQueue
from bot.storage.keys import Keys
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.tables import history, postings, posts, request_customers, requests, workers
from tests.conftest import PATIENCE, open_quickly, wait_until


def do_nothing(_job: Job) -> None:
    """Succeed."""


class Team:
    """A queue whose jobs note that they began and ended, and do what a test says."""

    def __init__(self, file: Path) -> None:
        self.database = open_quickly(file)
        self.worker_id = uuid4().hex
        self.queue = JobQueue(self.database, self.worker_id)
        self.store = RequestStore(self.database, self.queue.enqueue, Keys(self.database))
        self.pause = Pause(self.database, self.queue.enqueue)
        self.gate = threading.Event()
        self.does: dict[str, Callable[[Job], object]] = {}  # by request id
        self.begun: list[Job] = []
        self.ended: list[Job] = []
        self.most_at_once: Counter[str] = Counter()
        self._running: Counter[str] = Counter()
        self._changed = threading.Condition()
        self.queue.start(dict.fromkeys(JobKind, self._run))

    def _run(self, job: Job) -> None:
        with self._changed:
            self.begun.append(job)
            self._running[job.request_id] += 1
            self.most_at_once[job.request_id] = max(
                self.most_at_once[job.request_id], self._running[job.request_id]
            )
            self._changed.notify_all()
        try:
            self.does.get(job.request_id, do_nothing)(job)
        finally:
            with self._changed:
                self._running[job.request_id] -= 1
                self.ended.append(job)
                self._changed.notify_all()

    def wait_at_the_gate(self, _job: Job) -> None:
        assert self.gate.wait(PATIENCE)

    def enqueue(self, *jobs: Job) -> None:
        self.store.enqueue(*jobs)

    def names_begun(self) -> list[str]:
        return [job.request_id for job in self.begun]

    def wait_for(self, look: Callable[[], object], what: str) -> None:
        """Wait for something that a job's beginning or end makes true."""
        with self._changed:
            assert self._changed.wait_for(look, PATIENCE), f"waited for nothing: {what}"

    def wait_until_idle(self) -> None:
        wait_until(lambda: self.queue.list_unfinished() == [], "all jobs have ended")

    def rows(self, query: str, **values: Any) -> list[tuple[Any, ...]]:
        with self.database.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(query), values)]

    def stored(self) -> list[tuple[str, str, list[Any]]]:
        """Return each job that the queue stores: its kind, its state and its arguments."""
        rows = self.rows(
            "SELECT s.name, s.status, i.inputs FROM workflow_status s"
            " JOIN workflow_input i USING (workflow_uuid) ORDER BY s.workflow_uuid"
        )
        return [(name, state, json.loads(text)["positionalArgs"]) for name, state, text in rows]

    def write(self, query: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(sa.text(query), values)

    def clear(self) -> None:
        """Let all jobs end, and forget them and all requests."""
        self.does.clear()
        self.gate.set()
        self.write("DELETE FROM workflow_status WHERE status IN ('ENQUEUED', 'DELAYED')")
        pending = "SELECT 1 FROM workflow_status WHERE status = 'PENDING' AND executor_id = :own"
        wait_until(lambda: not self.rows(pending, own=self.worker_id), "the jobs have ended")
        with self.database.transaction() as connection:
            for table in (posts, request_customers, history, postings, requests, workers):
                connection.execute(sa.delete(table))
            for name in ("workflow_status", "workflow_input", "workflow_output"):
                connection.execute(sa.text(f"DELETE FROM {name}"))
        self.gate.clear()
        self.begun.clear()
        self.ended.clear()
        self.most_at_once.clear()

    def close(self) -> None:
        self.clear()
        self.queue.stop()
        self.database.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Team]:
    file = tmp_path_factory.mktemp("jobs") / "proactive.sqlite"
    team = Team(Path(shutil.copy(migrated_file, file)))
    yield team
    team.close()


@pytest.fixture
def team(running: Team) -> Iterator[Team]:
    """Lend the module's queue, on which nothing has happened yet."""
    running.clear()
    yield running
    running.gate.set()
