"""What a job is: one piece of durable work for one request. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class JobKind(StrEnum):
    """What a job does; the value is the name that the queue stores."""

    PUBLISH = "publish"
    DELIVER = "deliver"
    RECONCILE = "reconcile"
    ERASE = "erase"


@dataclass(frozen=True)
class Job:
    """A job for one request, to start after ``delay`` seconds.

    ``step`` counts the look-ups of a reconciliation, and how often a delivery had to wait for
    Genesys or for a conversation's end. ``failures`` counts the attempts in a row that ended in
    TryAgain or a database error.
    """

    kind: JobKind
    request_id: str
    step: int = 0
    delay: float = 0.0
    failures: int = 0

    def next_step(self, delay: float) -> Job:
        """Return the job that goes on from here, as a first attempt."""
        return Job(self.kind, self.request_id, self.step + 1, delay=delay)


Handler = Callable[[Job], None]


class TryAgain(Exception):
    """The job could not be done now. The queue runs it again after a growing delay.

    ``after``: seconds until the next attempt at least, when the other side has said so.
    """

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


def publish(request_id: str) -> Job:
    """Return the job that brings a request's card and thread up to date."""
    return Job(JobKind.PUBLISH, request_id)


def deliver(request_id: str, delay: float = 0.0) -> Job:
    """Return the job that takes a request one step further towards its send."""
    return Job(JobKind.DELIVER, request_id, delay=delay)


def reconcile(request_id: str, step: int = 0, delay: float = 0.0) -> Job:
    """Return the job that looks in Genesys for a message whose answer was lost."""
    return Job(JobKind.RECONCILE, request_id, step=step, delay=delay)
