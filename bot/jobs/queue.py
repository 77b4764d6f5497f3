"""The job queue: DBOS on our own database.

A job enqueued inside one of our transactions exists exactly when that transaction commits. Two
jobs of one request never run at the same time. Only request ids are stored with a job.
Why DBOS, and why each option: docs/decisions/0002-job-queue.md.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event
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
from tenacity import (
    Retrying,
    retry_if_exception_type,
    sleep_using_event,
    stop_when_event_set,
    wait_exponential,
)

from bot.job import Handler, Job, JobKind, TryAgain
from bot.storage.database import Database

log = logging.getLogger(__name__)

QUEUE = "requests"
APPLICATION = "proactive"
# Pinned, because DBOS's default is a hash of the code: a new release would leave the jobs of the
# old one alone for ever. Raise it only together with a migration of the waiting jobs.
APPLICATION_VERSION = "2"
# In one process; deliveries wait for the rate limit in their places, as long as
# docs/decisions/0015-retries-release-their-place.md says. With more places, their threads delay the
# acks: with 32 the p99 was twice as long on PostgreSQL.
JOBS_AT_ONCE = 16
POLL_SECONDS = 0.3  # an agent waits that long for a card; polling more often takes more of a core
STOP_SECONDS = 5  # for jobs under way, so that a bot that's told to stop stops within ten
LONGEST_DELAY = 60.0  # seconds between two attempts of a job that keeps failing
MOST_FAILURES = 800  # about half a day; then the repair starts anew, with the first delay

# Of the jobs of one request the lowest number goes first: people see a change before the next one.
_PRIORITY = {JobKind.PUBLISH: 1, JobKind.RECONCILE: 2, JobKind.DELIVER: 2, JobKind.ERASE: 3}
_WAITING = [WorkflowStatusString.ENQUEUED.value, WorkflowStatusString.DELAYED.value]
_UNFINISHED = [*_WAITING, WorkflowStatusString.PENDING.value]
_FINISHED = [
    WorkflowStatusString.SUCCESS.value,
    WorkflowStatusString.ERROR.value,
    WorkflowStatusString.CANCELLED.value,
]
_QUEUES_OF_0_1 = ["delivery", "thread", "read-back"]  # of release 0.1


@dataclass(frozen=True)
class UnfinishedJob:
    """A job that waits or runs; ``due`` is in seconds since 1970, 0 for now."""

    kind: JobKind
    request_id: str
    due: float


class JobQueue:
    """One DBOS instance. A process can have only one, because DBOS is a singleton."""

    def __init__(self, database: Database, worker_id: str) -> None:
        """Name this process ``worker_id``, which must never have been used before."""
        self._database = database
        self._stopping = Event()
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_engine": database.engine,
            "application_version": APPLICATION_VERSION,
            "executor_id": worker_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "max_executor_threads": JOBS_AT_ONCE + 16,
            "use_listen_notify": False,  # no job waits for a message
        }
        DBOS(config=config)
        self._client = DBOSClient(
            system_database_engine=database.engine,
            serializer=DBOSPortableJSONSerializer(),
            application_name=APPLICATION,
            retry_connection_errors=False,  # an agent waits: refusing is better than blocking
        )
        queue_log = logging.getLogger("dbos")  # DBOS adds a handler that masks nothing
        queue_log.handlers.clear()
        queue_log.propagate = True

    def start(self, handlers: Mapping[JobKind, Handler]) -> None:
        """Run jobs from now on, those of earlier processes too."""
        for kind, handle in handlers.items():
            self._register(kind, handle)
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=JOBS_AT_ONCE,
            partition_concurrency=1,
            polling_interval_sec=POLL_SECONDS,
        )

    def _register(self, kind: JobKind, handle: Handler) -> None:
        @DBOS.workflow(name=kind.value)
        def run(request_id: str, step: int, failures: int) -> None:
            job = Job(kind, request_id, step, failures=failures)
            try:
                handle(job)
            except (TryAgain, sa.exc.SQLAlchemyError) as error:
                self._retry(job, error)

    def _retry(self, job: Job, error: TryAgain | sa.exc.SQLAlchemyError) -> None:
        """End this attempt and enqueue the next one."""
        kind = type(error).__name__
        if job.failures >= MOST_FAILURES:
            log.error("request %s: %s gave up (%s)", job.request_id, job.kind, kind)
            return
        asked = (error.after if isinstance(error, TryAgain) else None) or 0.0
        delay = max(min(LONGEST_DELAY, 2.0**job.failures), asked)  # asked may be 0: no hot loop
        again = replace(job, failures=job.failures + 1, delay=delay)
        reason = f"{kind}: {error}" if isinstance(error, TryAgain) else kind
        log.warning(
            "request %s: %s will try again in %.1f s (%s)",
            job.request_id,
            job.kind,
            again.delay,
            reason,
        )
        # The one thing that a worker waits for: without the database no other job could run.
        Retrying(
            retry=retry_if_exception_type(sa.exc.SQLAlchemyError),
            wait=wait_exponential(max=5.0),
            stop=stop_when_event_set(self._stopping),
            sleep=sleep_using_event(self._stopping),
            reraise=True,
        )(self._enqueue_again, again)

    def _is_waiting(self, job: Job) -> bool:
        """Return whether another job of this kind waits for the same request."""
        waiting = self._client.list_workflows(
            status=_WAITING,
            workflow_id_prefix=f"{job.kind.value}:{job.request_id}:",
            limit=1,
            load_input=False,
            load_output=False,
        )
        return bool(waiting)

    def _enqueue_again(self, job: Job) -> None:
        if job.kind in (JobKind.PUBLISH, JobKind.ERASE) and self._is_waiting(job):
            return  # that one will do everything
        with self._database.transaction() as connection:
            self.enqueue(connection, job)

    def enqueue(self, connection: sa.Connection, job: Job) -> None:
        """Add a job inside a caller's transaction."""
        options: EnqueueOptions = {
            "workflow_name": job.kind.value,
            "workflow_id": f"{job.kind.value}:{job.request_id}:{uuid4().hex}",
            "queue_name": QUEUE,
            "queue_partition_key": job.request_id,
            "priority": _PRIORITY[job.kind],
            "app_version": APPLICATION_VERSION,
        }
        if job.delay > 0:
            options["delay_seconds"] = job.delay
        self._client.enqueue_in_transaction(
            connection, options, job.request_id, job.step, job.failures
        )

    def list_unfinished(self) -> list[UnfinishedJob]:
        """Return the jobs that wait or run.

        Raises SQLAlchemyError or DBOSException, as the following methods do.
        """
        found = self._client.list_workflows(
            queue_name=QUEUE, status=_UNFINISHED, load_input=False, load_output=False
        )
        unfinished = []
        for job in found:
            kind, request_id, _ = job.workflow_id.split(":")
            unfinished.append(
                UnfinishedJob(JobKind(kind), request_id, (job.delay_until_epoch_ms or 0) / 1000)
            )
        return unfinished

    def list_running(self) -> dict[str, list[str]]:
        """Return the ids of the jobs that processes have begun, by worker id, dead or alive."""
        running: dict[str, list[str]] = {}
        for job in self._client.list_workflows(
            status=WorkflowStatusString.PENDING.value,
            app_version=APPLICATION_VERSION,
            load_input=False,
            load_output=False,
        ):
            if job.executor_id:
                running.setdefault(job.executor_id, []).append(job.workflow_id)
        return running

    def resume(self, job_ids: list[str]) -> None:
        """Put begun jobs back on the queue. The caller makes sure that their worker is dead."""
        self._client.resume_workflows(job_ids, queue_name=QUEUE)

    def delete_finished(self, before: datetime, most: int) -> int:
        """Delete up to ``most`` jobs that ended before; return how many."""
        finished = self._client.list_workflows(
            status=_FINISHED,
            completed_before=before.isoformat(),
            limit=most,
            load_input=False,
            load_output=False,
        )
        if finished:
            self.delete([job.workflow_id for job in finished])
        return len(finished)

    def list_jobs_of_0_1(self) -> list[str]:
        """Return the ids of the jobs that release 0.1 left on its queues."""
        left = self._client.list_workflows(
            queue_name=_QUEUES_OF_0_1, status=_UNFINISHED, load_input=False, load_output=False
        )
        return [job.workflow_id for job in left]

    def delete(self, job_ids: list[str]) -> None:
        """Delete jobs, whatever their state."""
        self._client.delete_workflows(job_ids)

    def stop(self) -> None:
        """Take no more jobs and wait a little for those under way.

        What isn't finished by then is taken over by another process, or by the next start.
        """
        self._stopping.set()
        DBOS.destroy(workflow_completion_timeout_sec=STOP_SECONDS, destroy_registry=True)
        self._client.destroy()
