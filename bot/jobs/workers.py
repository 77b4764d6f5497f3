"""Heartbeats: each process says that it's alive, and jobs of a dead one go on in another.

A process writes its heartbeat every few seconds. When another one has seen the same heartbeat four
times in a row, it takes over. That needs no clock, so a clock that jumps kills nobody. Of several
that try, the one wins that renews the dead process's heartbeat first.
"""

from __future__ import annotations

import logging

import sqlalchemy as sa

from bot.jobs.periodic import Periodic
from bot.jobs.queue import JobQueue
from bot.storage.database import Database, insert_new, seconds_now
from bot.storage.tables import workers

log = logging.getLogger(__name__)

MISSED_BEATS = 3  # a process that misses so many counts as dead


class Workers:
    """Keeps up the heartbeat of this process and takes over jobs of dead ones."""

    def __init__(
        self, database: Database, queue: JobQueue, worker_id: str, *, beat_seconds: float
    ) -> None:
        """Prepare the heartbeat of the process whose queue has this ``worker_id``."""
        self._database = database
        self._queue = queue
        self._worker_id = worker_id
        self._now = seconds_now(database)
        # The last heartbeat of the others that have jobs, and how often it was seen again.
        self._seen: dict[str, tuple[float | None, int]] = {}
        self._periodic = Periodic("heartbeat", beat_seconds, self._run_once, is_vital=True)

    def start(self) -> None:
        """Keep up the heartbeat, and look after the others."""
        self._periodic.start()

    @property
    def has_failed(self) -> bool:
        """Return whether the heartbeat has ended by an error, so that others take over."""
        return self._periodic.has_failed

    def stop(self) -> None:
        """Let the others know that this process has ended."""
        self._periodic.stop()
        with self._database.transaction() as connection:
            connection.execute(sa.delete(workers).where(workers.c.worker_id == self._worker_id))

    def _run_once(self) -> None:
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
        seen = {}
        for worker_id, job_ids in running.items():
            beat = beats.get(worker_id)
            before, repeats = self._seen.get(worker_id, (None, -1))
            repeats = repeats + 1 if before == beat else 0
            seen[worker_id] = beat, repeats
            if repeats >= MISSED_BEATS and self._win(worker_id, beat):
                self._queue.resume(job_ids)
                log.warning("took over %d jobs of a dead process", len(job_ids))
        self._seen = seen

    def _read_beats(self) -> dict[str, float]:
        with self._database.connect() as connection:
            return {row.worker_id: row.beat_at for row in connection.execute(sa.select(workers))}

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
