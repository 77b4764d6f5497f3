"""The durable engine: DBOS on the same database as our tables.

Promises: work asked for inside one of our transactions exists exactly when that transaction does;
work of a process that died goes on when it starts again, or in another process that takes it over;
it starts as soon as its transaction is over; only request ids stand in the engine's rows. Does
not: know what the work is, or who is dead (the reaper does). Why each option:
docs/decisions/0002-durable-engine.md.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import version
from uuid import uuid4

import sqlalchemy as sa
from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    EnqueueOptions,
    WorkflowStatusString,
)

from bot.bell import Bells
from bot.slot import KEEPALIVES
from bot.storage.tables import SQLITE_CONNECTION

APPLICATION = "proactive"
# Pinned: the engine's default is a hash of the code, and a new release would then never touch
# what the old one left behind. Raise it only with drained queues.
APPLICATION_VERSION = "1"
DRAIN_SECONDS = 5  # so that a bot told to stop has stopped within ten
# Dispatches before work that may be what kills its process is set aside. Work that only waited
# beside it is set aside, too, so they are many; and ``rescue`` gives both anew after a while.
RECOVERY_ATTEMPTS = 100
# Of each process, beside our own: with 20, three would use up the hundred that PostgreSQL allows.
CONNECTIONS = 10
KNOWN_DBOS = "3.4."  # take_over and bell use what DBOS keeps private: read it before raising this
WITHOUT_BELLS = 0.1  # seconds between two looks at a queue where no bell can be hung
_FIRST_REQUEST = datetime(2026, 1, 1, tzinfo=UTC)  # older ones share the first place in the queue


class Queue(StrEnum):
    """The engine's queues; each has its own patience and parallelism."""

    DELIVERY = "delivery"
    THREAD = "thread"
    READ_BACK = "read-back"


# What one process does of a queue at a time, and all of one request: its posts keep their order.
_LIMITS = {Queue.DELIVERY: (8, None), Queue.THREAD: (8, 1), Queue.READ_BACK: (4, None)}


@dataclass(frozen=True)
class Work:
    """One piece of work for one request, on a queue, perhaps after a delay in seconds."""

    name: str
    queue: Queue
    request_id: str
    turn: int = 0
    delay: float = 0.0
    once: bool = False  # at most one such work may ever exist for this request and turn
    since: datetime | None = None  # of what waits on a queue the oldest starts first; None: at once


class Engine:
    """One DBOS instance; a process can have one, because DBOS is a singleton."""

    def __init__(self, database_url: str, database: sa.Engine, executor_id: str) -> None:
        if not version("dbos").startswith(KNOWN_DBOS):
            raise RuntimeError(f"the engine is made for DBOS {KNOWN_DBOS}x: see KNOWN_DBOS")
        self._database_url, self._database = database_url, database
        self._client: DBOSClient | None = None
        self._bells = Bells({name: at_once for name, (at_once, _) in _LIMITS.items()}, database)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": database_url,
            "sys_db_pool_size": CONNECTIONS,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "max_executor_threads": 64,
            "notification_listener_polling_interval_sec": 0.25,  # waited for at the end
            "use_listen_notify": False,  # its works send each other nothing
        }
        if database.dialect.name == "sqlite":
            config["db_engine_kwargs"] = {"connect_args": {**SQLITE_CONNECTION}}
        else:
            config["db_engine_kwargs"] = {
                "connect_args": {**KEEPALIVES, "application_name": "proactive engine"},
                "hide_parameters": True,
            }
        self._dbos = DBOS(config=config)
        engine_log = logging.getLogger("dbos")  # DBOS gives it a handler that masks nothing
        engine_log.handlers.clear()
        engine_log.propagate = True

    def register(self, works: Mapping[str, Callable[[str, int], None]]) -> None:
        """Name the functions that do each work; call before ``launch``."""
        for name, do in works.items():
            DBOS.workflow(name=name, max_recovery_attempts=RECOVERY_ATTEMPTS)(_as_function(do))

    def launch(self) -> None:
        """Start the engine; what an earlier life of this process left behind goes on at once."""
        # All before the launch, in which old work begins and asks, and DBOS looks for its queues.
        DBOS.migrate(self._database_url)
        self._client = DBOSClient(
            system_database_engine=self._database,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,  # an agent waits: better refused than blocked
        )
        for queue, (at_once, of_one_request) in _LIMITS.items():
            self._client.register_queue(
                queue,
                worker_concurrency=at_once,
                partition_concurrency=of_one_request,
                polling_interval_sec=WITHOUT_BELLS,
            )
        self._bells.hang(self._dbos)
        DBOS.launch()
        self._bells.begin()

    def asking(self, *works: Work) -> Callable[[sa.Connection], None]:
        """Return a function that asks for the works inside a caller's transaction."""
        asked = time.monotonic()

        def ask(connection: sa.Connection) -> None:
            # The transaction may have waited for others: what is due together stays together.
            waited = time.monotonic() - asked
            for work in works:
                self._enqueue(connection, replace(work, delay=max(0.0, work.delay - waited)))

        return ask

    def _enqueue(self, connection: sa.Connection, work: Work) -> None:
        options: EnqueueOptions = {
            "workflow_name": work.name,
            "queue_name": work.queue,
            "app_version": APPLICATION_VERSION,
        }
        unique = "" if work.once else f":{uuid4().hex}"
        options["workflow_id"] = f"{work.name}:{work.request_id}:{work.turn}{unique}"
        if work.delay:
            options["delay_seconds"] = work.delay
        if alone := work.request_id if _LIMITS[work.queue][1] else None:
            options["queue_partition_key"] = alone
        if work.since is not None:
            options["priority"] = _place(work.since)
        client = self._launched_client()
        client.enqueue_in_transaction(connection, options, work.request_id, work.turn)
        self._bells.ring_for(connection, work.queue, options["workflow_id"], alone, work.delay)

    def has_work(self, name: str, request_id: str, *, by: datetime) -> bool:
        """Tell whether such work for a request waits or runs.

        What is delayed until after ``by`` is none, nor is what was set aside after many crashes.
        Raises SQLAlchemyError or DBOSException.
        """
        unfinished = [
            WorkflowStatusString.ENQUEUED.value,
            WorkflowStatusString.DELAYED.value,
            WorkflowStatusString.PENDING.value,
        ]
        works = self._launched_client().list_workflows(
            status=unfinished,
            workflow_id_prefix=f"{name}:{request_id}:",
            load_input=False,
            load_output=False,
        )
        delayed, latest = WorkflowStatusString.DELAYED.value, by.timestamp() * 1000
        return any(
            work.status != delayed or (work.delay_until_epoch_ms or 0) <= latest for work in works
        )

    def executors(self) -> frozenset[str]:
        """Return the ids of the executors that work was begun on and not ended, dead or alive.

        Raises SQLAlchemyError or DBOSException.
        """
        under_way = self._launched_client().list_workflows(
            status=WorkflowStatusString.PENDING.value,
            app_version=APPLICATION_VERSION,
            load_input=False,
            load_output=False,
        )
        return frozenset(one.executor_id for one in under_way if one.executor_id)

    def take_over(self, executor_id: str) -> int:
        """Put a dead executor's work back on its queues; return how many pieces it was.

        The caller holds the executor's slot, so nobody lives under this id while it happens.
        Only Conductor, a product beside DBOS, offers this in public; launching under the dead id
        does the same, which is why it is safe to call: each row is moved by one compare-and-set
        on the id, and the engine lets no step of the dead one be recorded afterwards.
        """
        taken = DBOS._recover_pending_workflows([executor_id])
        self._bells.look_now()
        return len(taken)

    def forget_finished(self, before: datetime, most: int) -> int:
        """Delete up to ``most`` pieces of work that ended before; return how many it were.

        Those that were set aside after many crashes stay: somebody should look at them. Raises
        SQLAlchemyError or DBOSException.
        """
        client = self._launched_client()
        finished = client.list_workflows(
            status=[
                WorkflowStatusString.SUCCESS.value,
                WorkflowStatusString.ERROR.value,
                WorkflowStatusString.CANCELLED.value,
            ],
            completed_before=before.isoformat(),
            limit=most,
            load_input=False,
            load_output=False,
        )
        if finished:
            client.delete_workflows([one.workflow_id for one in finished])
        return len(finished)

    def _launched_client(self) -> DBOSClient:
        if self._client is None:
            raise RuntimeError("the engine is not launched")
        return self._client

    def close(self) -> None:
        """Stop taking work and wait a little for what is under way.

        What is not finished by then goes on at the next start.
        """
        self._bells.close()
        DBOS.destroy(workflow_completion_timeout_sec=DRAIN_SECONDS, destroy_registry=True)
        if self._client is not None:
            self._client.destroy()


def _place(since: datetime) -> int:
    """Return the place in a queue: DBOS starts low numbers first, from 1; none at all is 0."""
    return max(1, int((since - _FIRST_REQUEST).total_seconds()))


def _as_function(do: Callable[[str, int], None]) -> Callable[[str, int], None]:
    """Give the engine a plain function: it marks what it registers, which a method refuses."""

    def run(request_id: str, turn: int) -> None:
        do(request_id, turn)

    return run
