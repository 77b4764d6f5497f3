"""The durable engine: DBOS on the same database as our tables.

Promises: work asked for inside one of our transactions exists exactly when that transaction does;
work of a process that died goes on when it starts again; only request ids stand in the engine's
rows. Does not: know what the work is. Why each option: docs/decisions/0002-durable-engine.md.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions

APPLICATION = "proactive"
# Pinned: the engine's default is a hash of the code, and a new release would then never touch
# what the old one left behind. Raise it only with drained queues.
APPLICATION_VERSION = "1"
DRAIN_SECONDS = 5  # so that a bot told to stop has stopped within ten
RECOVERY_ATTEMPTS = 20  # dispatches before a request that kills its process is set aside


class Queue(StrEnum):
    """The engine's queues; each has its own patience and parallelism."""

    DELIVERY = "delivery"
    THREAD = "thread"
    READ_BACK = "read-back"


@dataclass(frozen=True)
class Work:
    """One piece of work for one request, on a queue, perhaps after a delay in seconds."""

    name: str
    queue: Queue
    request_id: str
    turn: int = 0
    delay: float = 0.0
    once: bool = False  # at most one such work may ever exist for this request and turn


class Engine:
    """One DBOS instance; a process can have one, because DBOS is a singleton."""

    def __init__(self, database_url: str, database: sa.Engine, executor_id: str) -> None:
        logging.getLogger("dbos").setLevel(logging.WARNING)
        is_sqlite = database.dialect.name == "sqlite"
        self._database = database
        self._client: DBOSClient | None = None
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": database_url,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "max_executor_threads": 64,
            "notification_listener_polling_interval_sec": 0.05,
            "use_listen_notify": not is_sqlite,
        }
        DBOS(config=config)

    def register(self, works: Mapping[str, Callable[[str, int], None]]) -> None:
        """Name the functions that do each work; call before ``launch``."""
        for name, do in works.items():
            DBOS.workflow(name=name, max_recovery_attempts=RECOVERY_ATTEMPTS)(_as_function(do))

    def launch(self) -> None:
        """Start the engine; what an earlier life of this process left behind goes on at once."""
        DBOS.launch()
        DBOS.register_queue(Queue.DELIVERY, worker_concurrency=8, polling_interval_sec=0.05)
        DBOS.register_queue(
            Queue.THREAD,
            worker_concurrency=8,
            partition_concurrency=1,  # one post at a time for each request, or lines cross
            polling_interval_sec=0.1,
        )
        DBOS.register_queue(Queue.READ_BACK, worker_concurrency=4, polling_interval_sec=0.25)
        self._client = DBOSClient(
            system_database_engine=self._database,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,  # an agent waits: better refused than blocked
        )

    def asking(self, *works: Work) -> Callable[[sa.Connection], None]:
        """Return a function that asks for the works inside a caller's transaction."""

        def ask(connection: sa.Connection) -> None:
            for work in works:
                self._enqueue(connection, work)

        return ask

    def _enqueue(self, connection: sa.Connection, work: Work) -> None:
        if self._client is None:
            raise RuntimeError("the engine is not launched")
        options: EnqueueOptions = {
            "workflow_name": work.name,
            "queue_name": work.queue,
            "app_version": APPLICATION_VERSION,
        }
        if work.once:
            options["workflow_id"] = f"{work.name}:{work.request_id}:{work.turn}"
        if work.delay:
            options["delay_seconds"] = work.delay
        if work.queue is Queue.THREAD:
            options["queue_partition_key"] = work.request_id
        self._client.enqueue_in_transaction(connection, options, work.request_id, work.turn)

    def close(self) -> None:
        """Stop taking work and wait a little for what is under way.

        What is not finished by then goes on at the next start.
        """
        DBOS.destroy(workflow_completion_timeout_sec=DRAIN_SECONDS, destroy_registry=True)
        if self._client is not None:
            self._client.destroy()


def _as_function(do: Callable[[str, int], None]) -> Callable[[str, int], None]:
    """Give the engine a plain function: it marks what it registers, which a method refuses."""

    def run(request_id: str, turn: int) -> None:
        do(request_id, turn)

    return run
