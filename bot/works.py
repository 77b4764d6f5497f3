"""The pieces of work that the engine is asked for, by name: what, on which queue, and when."""

from __future__ import annotations

from datetime import datetime

from dbos import StepOptions
from sqlalchemy.exc import SQLAlchemyError

from bot.engine import Queue, Work

DELIVER, READ_BACK, PUBLISH = "deliver", "read_back", "publish"


def deliver(
    request_id: str, turn: int = 0, *, wait: float = 0.0, since: datetime | None = None
) -> Work:
    """Ask to deliver a request; the first turn can exist only once.

    ``since``: of those that have waited, the one that was asked for first goes first.
    """
    return Work(DELIVER, Queue.DELIVERY, request_id, turn, delay=wait, once=turn == 0, since=since)


def read_back(request_id: str, turn: int = 0, *, wait: float = 0.0) -> Work:
    """Ask to look in Genesys for a message whose answer was lost."""
    return Work(READ_BACK, Queue.READ_BACK, request_id, turn, delay=wait)


def publish(request_id: str) -> Work:
    """Ask to bring a request's card and thread up to date."""
    return Work(PUBLISH, Queue.THREAD, request_id)


def step(name: str, *passing: type[Exception]) -> StepOptions:
    """Say how a step is run: again after what passes, such as a database that is locked or away.

    Every step leaves its result in the store and finds it there, so it may be run again; the send
    is behind its compare-and-set. Fifteen attempts with doubling waits last some hours.
    """
    return {
        "name": name,
        "retries_allowed": True,
        "interval_seconds": 1.0,
        "backoff_rate": 2.0,
        "max_attempts": 15,
        "should_retry": lambda error: isinstance(error, (SQLAlchemyError, *passing)),
    }
