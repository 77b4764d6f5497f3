"""Measures how soon work starts after its commit, in a process of its own that then stays idle.

``python -m benchmarks.baselines.queues HOW URL COUNT ANSWER``: HOW is "bells" for the bot's engine,
or seconds: then DBOS alone looks at the same three queues so often. The answer, a JSON object of
lists of seconds, goes into the file ANSWER. Does not: do anything in its work.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSPortableJSONSerializer

from bot.jobs.queue import Engine, Queue, Work
from bot.storage.tables import open_database

NAME = "work"
VERSION = "1"
PAUSE = 0.1  # seconds between two pieces of work, in the middle
LOAD_PAUSE = 0.1  # the same of the light load beside it
PATIENCE = 60.0

Ask = Callable[[sa.Connection, Queue, str], None]
Do = Callable[[str, int], None]


class Watch:
    """Notes when each piece of work was committed, and when it began."""

    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        self._begun: dict[str, float] = {}
        self.ask: Ask = lambda _connection, _queue, _name: None

    def do(self, name: str, _turn: int) -> None:
        """Be the work."""
        self._begun[name] = time.perf_counter()

    def commit(self, queue: Queue, name: str) -> float:
        """Ask for a piece of work; return when that was committed."""
        with self._database.begin() as connection:
            self.ask(connection, queue, name)
        return time.perf_counter()

    def measure(self, prefix: str, queue: Queue, count: int) -> list[float]:
        """Return how long each of ``count`` pieces waited, asked for at random moments."""
        asked: dict[str, float] = {}
        for number in range(count):
            name = f"{prefix}-{queue}-{number}"
            asked[name] = self.commit(queue, name)
            time.sleep(PAUSE * random.uniform(0.5, 1.5))
        deadline = time.monotonic() + PATIENCE
        while not self._begun.keys() >= asked.keys():
            if time.monotonic() > deadline:
                raise AssertionError(f"{asked.keys() - self._begun.keys()} never began")
            time.sleep(0.01)
        return [self._begun[name] - at for name, at in asked.items()]

    def load(self, stop: threading.Event) -> None:
        """Ask for work all the time, about ten pieces a second."""
        number = 0
        while not stop.wait(LOAD_PAUSE):
            number += 1
            self.commit(Queue.DELIVERY, f"load-{number}")


def with_bells(url: str, database: sa.Engine, do: Do) -> Ask:
    """Launch the bot's engine."""
    engine = Engine(url, database, "w0")
    engine.register({NAME: do})
    engine.launch()
    return lambda connection, queue, name: engine.asking(Work(NAME, queue, name))(connection)


def with_looks(url: str, database: sa.Engine, do: Do, every: float) -> Ask:
    """Launch DBOS alone, which looks at each queue every so many seconds."""
    DBOS(
        config={
            "name": "benchmark",
            "system_database_url": url,
            "application_version": VERSION,
            "executor_id": "w0",
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
        }
    )
    DBOS.workflow(name=NAME)(lambda name, turn: do(name, turn))
    DBOS.launch()
    DBOS.register_queue(Queue.DELIVERY, worker_concurrency=8, polling_interval_sec=every)
    DBOS.register_queue(
        Queue.THREAD, worker_concurrency=8, partition_concurrency=1, polling_interval_sec=every
    )
    DBOS.register_queue(Queue.READ_BACK, worker_concurrency=4, polling_interval_sec=every)
    client = DBOSClient(
        system_database_engine=database,
        serializer=DBOSPortableJSONSerializer(),
        application_name="benchmark",
    )

    def ask(connection: sa.Connection, queue: Queue, name: str) -> None:
        partition = {"queue_partition_key": name} if queue is Queue.THREAD else {}
        client.enqueue_in_transaction(
            connection,
            {
                "workflow_name": NAME,
                "queue_name": queue,
                "app_version": VERSION,
                "workflow_id": name,
                **partition,  # type: ignore[typeddict-item]
            },
            name,
            0,
        )

    return ask


def main() -> None:
    """Measure, answer, and stay idle until killed."""
    how, url, count, answer = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    database = open_database(url)
    watch = Watch(database)
    if how == "bells":
        watch.ask = with_bells(url, database, watch.do)
    else:
        watch.ask = with_looks(url, database, watch.do, float(how))
    for queue in Queue:  # on a new database the queues are found a second later
        watch.measure("first", queue, 1)
    found = {
        f"{queue}, idle": watch.measure("idle", queue, count)
        for queue in (Queue.DELIVERY, Queue.THREAD)
    }
    stop = threading.Event()
    load = threading.Thread(target=watch.load, args=[stop])
    load.start()
    found["delivery, light load"] = watch.measure("beside", Queue.DELIVERY, count)
    stop.set()
    load.join()
    writing = answer.with_suffix(".writing")
    writing.write_text(json.dumps(found))
    writing.rename(answer)
    threading.Event().wait()


if __name__ == "__main__":
    main()
