"""Give new jobs to requests that have lost theirs, and delete what's no longer needed.

A job can end in an error that nobody foresaw, or be left by an older release. A new job does no
harm: each step finds in the database what is done already, and a compare-and-set guards the send.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.job import Job, JobKind
from bot.jobs.periodic import Periodic
from bot.jobs.queue import JobQueue
from bot.request import Stuck
from bot.state import State
from bot.storage.database import Database, seconds_now
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.tables import TO_ERASE, UNFINISHED, UNPOSTED, history, posts, requests, workers

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
STALLED_AFTER = timedelta(minutes=3)
# On SQLite, DBOS's list of unfinished jobs reads the finished ones too: 0.5 µs for each.
KEPT_JOBS = timedelta(hours=1)
KEPT_HEARTBEATS = timedelta(days=1)
_BATCH = 500  # rows deleted in one transaction
# A job that is due later than any job can be was planned before the clock was set back.
_LONGEST_DELAY = {
    JobKind.PUBLISH: STALLED_AFTER,
    JobKind.DELIVER: STALLED_AFTER,
    JobKind.RECONCILE: timedelta(days=1, minutes=3),  # as the settings allow
    JobKind.ERASE: STALLED_AFTER,
}
_CAN_STALL = (State.CHECKING, State.UNAPPROVED, State.SCHEDULED, State.SENDING)


class Repair:
    """Looks for requests without a job; every process may run one."""

    def __init__(
        self, database: Database, requests: RequestStore, queue: JobQueue, pause: Pause
    ) -> None:
        """Prepare the repair; nothing happens before ``start``."""
        self._pause = pause
        self._database = database
        self._requests = requests
        self._queue = queue
        self._periodic = Periodic("repair", EVERY_SECONDS, self._run_once)
        self._cleaned_at = datetime.min.replace(tzinfo=UTC)

    def start(self) -> None:
        """Adopt what release 0.1 left behind, then look every minute."""
        if old_jobs := self._queue.list_jobs_of_0_1():
            self._enqueue(_unfinished(), JobKind.DELIVER)
            self._enqueue(sa.select(history.c.request_id).where(UNPOSTED), JobKind.PUBLISH)
            self._queue.delete(old_jobs)
        self._periodic.start()

    def stop(self) -> None:
        """Look no more."""
        self._periodic.stop()

    def _run_once(self) -> None:
        now = datetime.now(UTC)
        self.repair(now)
        self._pause.mark_all()  # a process may have died in the middle of that
        if abs(now - self._cleaned_at) > timedelta(hours=1):
            self.clean_up(now)
            self._cleaned_at = now

    def repair(self, now: datetime) -> int:
        """Enqueue a job for each request that needs one and has none; return how many."""
        has_job: dict[JobKind, set[str]] = {kind: set() for kind in JobKind}
        for job in self._queue.list_unfinished():
            if job.due <= (now + _LONGEST_DELAY[job.kind]).timestamp():
                has_job[job.kind].add(job.request_id)
        delivering = has_job[JobKind.DELIVER] | has_job[JobKind.RECONCILE]
        repaired = self._enqueue(_stalled(now), JobKind.DELIVER, except_for=delivering)
        for request_ids, kind in ((_unposted(now), JobKind.PUBLISH), (_to_erase(), JobKind.ERASE)):
            repaired += self._enqueue(request_ids, kind, except_for=has_job[kind])
        return repaired

    def _enqueue(
        self,
        request_ids: sa.Select[tuple[str]],
        kind: JobKind,
        except_for: Collection[str] = (),
    ) -> int:
        with self._database.connect() as connection:
            found = {row.request_id for row in connection.execute(request_ids)}
        lost = found.difference(except_for)
        for request_id in sorted(lost):
            log.warning("request %s had lost its job (%s)", request_id, kind.value)
            self._requests.enqueue(Job(kind, request_id))
        return len(lost)

    def clean_up(self, now: datetime) -> None:
        """Delete jobs that ended long ago, and heartbeats of processes that are long gone."""
        while self._queue.delete_finished(now - KEPT_JOBS, _BATCH):
            if self._periodic.is_stopping:
                return
        age = seconds_now(self._database) - workers.c.beat_at
        with self._database.transaction() as connection:
            connection.execute(sa.delete(workers).where(age > KEPT_HEARTBEATS.total_seconds()))


def _is_old(at: sa.ColumnElement[float], now: datetime) -> sa.ColumnElement[bool]:
    """Compare a time with now; a time in the future counts, because clocks are set back."""
    before, after = (now - STALLED_AFTER).timestamp(), (now + STALLED_AFTER).timestamp()
    return sa.not_(at.between(before, after))


def _unfinished() -> sa.Select[tuple[str]]:
    return sa.select(requests.c.request_id).where(UNFINISHED, requests.c.state.in_(_CAN_STALL))


def _stalled(now: datetime) -> sa.Select[tuple[str]]:
    """Select the unsent requests to which nothing has happened for some minutes."""
    newest = (
        sa.select(sa.func.max(history.c.at))
        .where(history.c.request_id == requests.c.request_id)
        .scalar_subquery()
    )
    return _unfinished().where(
        _is_old(newest, now),
        # Else the end of the pause is what it waits for, unless its deadline comes first.
        sa.or_(requests.c.stuck != Stuck.PAUSED, requests.c.send_before < now.timestamp()),
        sa.or_(
            requests.c.state != State.UNAPPROVED,
            requests.c.approval_until < (now - STALLED_AFTER).timestamp(),
        ),
        sa.or_(
            requests.c.send_at.is_(None),
            requests.c.send_at < (now - STALLED_AFTER).timestamp(),
            requests.c.send_before < (now - STALLED_AFTER).timestamp(),
        ),
    )


def _unposted(now: datetime) -> sa.Select[tuple[str]]:
    """Select the requests with a line that is some minutes old and that no thread shows.

    The command that erases a customer can't add jobs, so an erased request needn't be old.
    """
    is_due = sa.or_(_is_old(history.c.at, now), requests.c.erased_at.is_not(None))
    of_request = requests.c.request_id == history.c.request_id
    return sa.select(history.c.request_id).join(requests, of_request).where(UNPOSTED, is_due)


def _to_erase() -> sa.Select[tuple[str]]:
    """Select the erased requests with posts that still have to be edited in Slack."""
    return sa.select(posts.c.request_id).where(TO_ERASE).distinct()
