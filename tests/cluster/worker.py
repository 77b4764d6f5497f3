"""A process with the bot's queue and heartbeats, whose jobs wait at a gate and then send once.

It says its worker id and then enqueues a job for each request id that it's told. A job writes
that it began, and waits until the table ``gate`` has a row. Then it sends, if it's the first to
write so, as the bot does with a compare-and-set, and writes that it ended.
"""

from __future__ import annotations

import contextlib
import os
import time
from multiprocessing.connection import Connection
from uuid import uuid4

import sqlalchemy as sa

from bot.job import Job, JobKind, deliver
from bot.jobs import queue as queue_module
from bot.jobs.queue import JobQueue
from bot.jobs.workers import Workers
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.migrations import migrate
from bot.storage.requests import RequestStore

BEAT_SECONDS = 0.3
PLACES = 4  # jobs that one process runs at the same time


class Jobs:
    """What the jobs do."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def work(self, job: Job) -> None:
        self._write("begun", job.request_id)
        while not self._is_open():
            time.sleep(0.2)
        with contextlib.suppress(sa.exc.IntegrityError):  # another process was first
            self._write("sent", job.request_id)
        self._write("ended", job.request_id)

    def _write(self, table: str, request_id: str) -> None:
        with self._database.transaction() as connection:
            insert = sa.text(f"INSERT INTO {table} (request_id, pid) VALUES (:request_id, :pid)")
            connection.execute(insert, {"request_id": request_id, "pid": os.getpid()})

    def _is_open(self) -> bool:
        try:
            with self._database.connect() as connection:
                return bool(connection.execute(sa.text("SELECT count(*) FROM gate")).scalar())
        except sa.exc.SQLAlchemyError:
            return False  # the server is being restarted


def run(url: str, pipe: Connection) -> None:
    """Work until told None, then stop as SIGTERM stops the bot."""
    queue_module.JOBS_AT_ONCE = PLACES
    queue_module.STOP_SECONDS = 0  # the jobs wait at the gate anyway
    database, worker_id = Database(url), uuid4().hex
    migrate(database)
    queue = JobQueue(database, worker_id)
    workers = Workers(database, queue, worker_id, beat_seconds=BEAT_SECONDS)
    store = RequestStore(database, queue.enqueue, Keys(database))
    queue.start(dict.fromkeys(JobKind, Jobs(database).work))
    workers.start()
    pipe.send(worker_id)
    while (request_id := pipe.recv()) is not None:
        store.enqueue(deliver(request_id))
    queue.stop()
    workers.stop()
    pipe.send("stopped")
    os._exit(0)  # a job that still waits at the gate must not keep the process
