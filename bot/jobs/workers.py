"""Heartbeats: each process says that it's alive, and jobs of a dead one go on in another.

A process writes its heartbeat every few seconds. If it misses three, another process takes over
its jobs. Of several that try, the one wins that renews the dead process's heartbeat first.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from bot.jobs.periodic import Periodic
from bot.jobs.queue import JobQueue
from bot.storage.database import Database, insert_new, seconds_now
from bot.storage.tables import workers

log = logging.getLogger(__name__)

MISSED_BEATS = 3  # after that a process counts as dead


class Workers:
    """Keeps up the heartbeat of this process and takes over jobs of dead ones."""

    def __init__(
        self, database: Database, queue: JobQueue, worker_id: str, *, beat_seconds: float
    ) -> None:
        """Make it; ``worker_id`` is the one that the queue has."""
        self._database = database
        self._queue = queue
        self._worker_id = worker_id
        self._dead_after = MISSED_BEATS * beat_seconds
        self._now = seconds_now(database)
        self._stale: dict[str, float | None] = {}  # the last heartbeat of those that look dead
        self._periodic = Periodic("heartbeat", beat_seconds, self._turn)

    def start(self) -> None:
        """Write the first heartbeat and take over what dead processes left behind."""
        self._turn()
        self._periodic.start()

    def stop(self) -> None:
        """Let the others know that this process has ended."""
        self._periodic.stop()
        with self._database.transaction() as connection:
            connection.execute(sa.delete(workers).where(workers.c.worker_id == self._worker_id))

    def _turn(self) -> None:
        self.beat()
        self.take_over()

    def beat(self) -> None:
        """Write this process's heartbeat."""
        with self._database.transaction() as connection:
            beat = connection.execute(
                sa.update(workers)
                .where(workers.c.worker_id == self._worker_id)
                .values(beat_at=self._now)
            )
            if not beat.rowcount:
                insert_new(connection, workers, self._row(self._worker_id))

    def take_over(self) -> None:
        """Put the jobs of dead processes back on the queue."""
        running = self._queue.list_running()
        running.pop(self._worker_id, None)
        beats = self._read_beats() if running else {}
        stale = {
            worker_id: beats[worker_id][0] if worker_id in beats else None
            for worker_id in running
            if worker_id not in beats or beats[worker_id][1] > self._dead_after
        }
        # A clock that jumps makes a living process look dead, but only until its next heartbeat.
        dead = [
            one for one, beat in stale.items() if one in self._stale and self._stale[one] == beat
        ]
        self._stale = stale
        for worker_id in dead:
            if self._win(worker_id, stale[worker_id]):
                self._queue.resume(running[worker_id])
                log.warning("took over %d jobs of a dead process", len(running[worker_id]))

    def _read_beats(self) -> dict[str, tuple[float, float]]:
        """Return each process's last heartbeat and its age in seconds, by worker id."""
        beats = sa.select(workers, (self._now - workers.c.beat_at).label("age"))
        with self._database.connect() as connection:
            return {row.worker_id: (row.beat_at, row.age) for row in connection.execute(beats)}

    def _win(self, worker_id: str, beat: float | None) -> bool:
        """Renew a dead process's heartbeat by compare-and-set; only one process succeeds.

        If the winner dies before it has resumed the jobs, the heartbeat soon looks dead again.
        """
        with self._database.transaction() as connection:
            if beat is None:
                return insert_new(connection, workers, self._row(worker_id))
            won = connection.execute(
                sa.update(workers)
                .where(workers.c.worker_id == worker_id, workers.c.beat_at == beat)
                .values(beat_at=self._now)
            )
            return bool(won.rowcount)

    def _row(self, worker_id: str) -> dict[str, object]:
        return {"worker_id": worker_id, "beat_at": self._now}
