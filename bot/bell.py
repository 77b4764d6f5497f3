"""Wakes the durable engine: work that this process asks for starts at once, not at the next look.

DBOS looks at each queue on a timer: often, which costs a tenth of a core for nothing, or seldom,
and then an agent waits. Here the worker of a queue looks when its bell is rung: for what this
process has asked for, when a place becomes free for which something may wait (``waiting``), when
delayed work is due, and by one look a second at all queues for what nobody here could know of.
Promises: a ring that is lost costs that second and nothing else; where DBOS is not as it was read,
nothing of it is touched. Does not: know what the work is, or decide who does it (DBOS does, in the
database).
"""

from __future__ import annotations

import inspect
import logging
import threading
import time
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from dbos import DBOS
from dbos import _core as dbos_core
from dbos import _queue as dbos_queue
from dbos import _sys_db as dbos_sys_db

from bot.lookout import Lookout
from bot.waiting import Waiting

log = logging.getLogger(__name__)

_TIMER_SECONDS = 30.0  # a worker's own timer, should nobody ring at all
_IDLE_SECONDS = 10.0  # the same of DBOS's own queue, for what somebody resumes by hand
# After a look the work it took is counted as running only a moment later: to look again sooner
# would take more than the queue's limit. It also makes one look of many rings.
_SETTLING = 0.01
# Delayed work is so much late: what becomes due together is begun together, the oldest first.
_GATHERING = 0.15
_RECOVERED = (0.0, 0.3)  # after a start, when what an earlier life left may be on its queue again
_ASKED = "proactive.asked"  # where a connection notes what its transaction has asked for


class Bells:
    """One bell for each queue that this process works on; between ``hang`` and ``close``."""

    def __init__(self, queues: Mapping[str, int], database: sa.Engine) -> None:
        """Make the bells; ``database`` is whose transactions ask for work.

        ``queues`` says how much of each runs here at a time.
        """
        self._rung = {str(queue): threading.Event() for queue in queues}
        self._waiting = {str(queue): Waiting(at_once) for queue, at_once in queues.items()}
        self._database = database
        self._work = dbos_queue.queue_worker_thread
        self._lookout = Lookout(self._look)
        self._registered = threading.Event()
        self._closed = threading.Event()
        self._dbos: DBOS | None = None

    def hang(self, dbos: DBOS) -> None:
        """Let DBOS's workers listen, unless DBOS is not as expected; before its launch."""
        if not _is_as_read(dbos):
            log.warning("the engine looks at its queues on a timer only: DBOS is not as expected")
            return
        self._dbos = dbos
        dbos._active_workflows_set = _Running(self._note_begin, self._ring_for_place)
        _replace_worker(self._listen)
        sa.event.listen(self._database, "checkin", self._ring_for_asked)

    def begin(self) -> None:
        """Let the workers look; the queues are registered now as they should be."""
        if self._dbos is not None:
            self._registered.set()
            self._lookout.start()
            for moment in _RECOVERED:
                self._lookout.look_in(moment)

    def ring_for(
        self, connection: sa.Connection, queue: str, work_id: str, alone: str | None, delay: float
    ) -> None:
        """Ring, once the connection's transaction is over, when the work it asks for is due.

        ``alone``: the request of which only one work runs at a time.
        """
        if self._dbos is not None:
            if not delay:
                self._waiting[queue].ask(work_id, alone)
            connection.info.setdefault(_ASKED, []).append((queue, delay))

    def look_now(self) -> None:
        """Look for work on all queues: some was put back there."""
        self._lookout.look_in(0.0)

    def close(self) -> None:
        """Let the workers end, and leave DBOS as it was for whoever launches it next."""
        if self._dbos is None:
            return
        sa.event.remove(self._database, "checkin", self._ring_for_asked)
        self._closed.set()
        for rung in self._rung.values():
            rung.set()
        self._lookout.stop()
        _replace_worker(self._work)
        self._dbos = None

    def _ring(self, queue: str) -> None:
        if (rung := self._rung.get(queue)) is not None:
            rung.set()

    def _note_begin(self, queue: str, work_id: str) -> None:
        if (waiting := self._waiting.get(queue)) is not None:
            waiting.begin(work_id)

    def _ring_for_place(self, queue: str, request_id: str | None, running: int) -> None:
        """Ring when a place, and a request's turn, is free that something may wait for."""
        waiting = self._waiting.get(queue)
        if waiting is not None and waiting.wants(request_id, running):
            self._ring(queue)

    def _ring_for_asked(self, _: object, record: sa.pool.ConnectionPoolEntry) -> None:
        """Ring when a connection comes back to its pool; after a rollback somebody looks in vain.

        SQLAlchemy tells of a commit before it happens, and that would be too soon.
        """
        for queue, delay in record.info.pop(_ASKED, ()):
            if delay:
                self._lookout.look_in(delay + _GATHERING)
            else:
                self._ring(queue)

    def _look(self, is_due: bool) -> None:
        """Ring for the queues on which work stands."""
        if (dbos := self._dbos) is None:
            return
        if is_due:  # DBOS does this by itself, but only each second and in one process
            dbos._sys_db.transition_delayed_workflows()
        work = dbos._sys_db.tables.workflow_status.c
        waits = sa.literal_column("'ENQUEUED'", sa.String)
        runs = sa.literal_column("'PENDING'", sa.String)
        # Both conditions, because DBOS's index of what is in flight is used only with the first.
        counted = sa.select(work.queue_name, sa.func.count().label("standing"))
        flying = counted.where(work.status.in_((waits, runs)))
        standing = flying.where(work.status == waits).group_by(work.queue_name)
        with dbos._sys_db.engine.connect() as connection:
            found = {row.queue_name: row.standing for row in connection.execute(standing)}
        for queue, waiting in self._waiting.items():
            waiting.see(found.get(queue, 0))
            if queue in found:
                self._ring(queue)

    def _listen(self, stop: threading.Event, dbos: DBOS, queue: dbos_queue.Queue) -> None:
        """Be a queue's worker until the end; DBOS soon begins anew what returns before."""
        if (rung := self._rung.get(queue.name)) is None:
            queue._polling_interval_sec = _IDLE_SECONDS
            return self._work(stop, dbos, queue)
        bell = _Bell(rung, stop, self._closed)
        while not self._registered.wait(0.1):
            if bell.is_set():
                return None
        try:
            registered = dbos._sys_db.get_queue(queue.name)
        except sa.exc.SQLAlchemyError:
            return None
        if registered is not None:
            registered._polling_interval_sec = _TIMER_SECONDS
            registered.database_backed_queue = False  # else its row is read again at each look
            self._work(bell, dbos, registered)


class _Bell(threading.Event):
    """A worker's stop event, whose wait also ends, with False, when somebody rang."""

    def __init__(
        self, rung: threading.Event, stop: threading.Event, closed: threading.Event
    ) -> None:
        super().__init__()
        self._rung, self._stop, self._closed = rung, stop, closed

    def is_set(self) -> bool:
        return self._stop.is_set() or self._closed.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        time.sleep(_SETTLING)
        self._rung.wait(timeout)
        self._rung.clear()
        return self.is_set()


class _Running(dbos_core.ActiveWorkflowById):
    """DBOS's list of what runs here, that tells of each beginning and end on a queue."""

    def __init__(
        self, begun: Callable[[str, str], None], ended: Callable[[str, str | None, int], None]
    ) -> None:
        """Make it; ``begun`` gets the queue and the work, ``ended`` what still runs there."""
        super().__init__()
        self._begun, self._ended = begun, ended

    def add(
        self, key: str, queue_name: str | None = None, queue_partition_key: str | None = None
    ) -> dbos_core.ActiveWorkflowEntry:
        entry = super().add(key, queue_name, queue_partition_key)
        if queue_name is not None:
            self._begun(queue_name, key)
        return entry

    def _remove(self, key: str, bucket: dbos_core.QueueBucket) -> None:
        super()._remove(key, bucket)
        if bucket is not None and bucket[0] is not None:
            self._ended(*bucket, self.count_for_queue(bucket[0]))


def _is_as_read(dbos: DBOS) -> bool:
    """Tell whether the private parts used here are still those that were read in 3.4.0."""
    try:
        found = [
            [*inspect.signature(part).parameters]
            for part in (
                dbos_queue.queue_worker_thread,
                dbos_core.ActiveWorkflowById.add,
                dbos_core.ActiveWorkflowById._remove,
                dbos_core.ActiveWorkflowById.count_for_queue,
                dbos_sys_db.SystemDatabase.transition_delayed_workflows,
            )
        ]
        is_plain = type(dbos._active_workflows_set) is dbos_core.ActiveWorkflowById
    except AttributeError:
        return False
    return is_plain and found == [
        ["stop_event", "dbos", "queue"],
        ["self", "key", "queue_name", "queue_partition_key"],
        ["self", "key", "bucket"],
        ["self", "queue_name"],
        ["self"],
    ]


def _replace_worker(worker: Callable[[threading.Event, DBOS, dbos_queue.Queue], None]) -> None:
    dbos_queue.queue_worker_thread = worker  # type: ignore[assignment]  # its arguments have names
