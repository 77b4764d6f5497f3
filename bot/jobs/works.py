"""The pieces of work that the engine is asked for, by name: what, on which queue, and when."""

from __future__ import annotations

import logging
import time
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_fixed,
)

from bot.jobs.queue import Queue, Work

log = logging.getLogger(__name__)

HOLD_SECONDS = 10
DELIVER, READ_BACK, PUBLISH = "deliver", "read_back", "publish"


def deliver(request_id: str, turn: int = 0, *, since: datetime, wait: float = 0.0) -> Work:
    """Ask to deliver a request; the first turn can exist only once.

    ``since``: when it was asked for; of those that wait, the first goes first.
    """
    return Work(DELIVER, Queue.DELIVERY, request_id, turn, delay=wait, once=turn == 0, since=since)


def until_next_try() -> float:
    """Return the seconds until what waits for Genesys tries again, all of it, the oldest first.

    The moments are the same for all, so that nobody overtakes: after a failure, who comes before
    the next one waits for it without asking.
    """
    return HOLD_SECONDS - time.time() % HOLD_SECONDS


def read_back(request_id: str, turn: int = 0, *, wait: float = 0.0) -> Work:
    """Ask to look in Genesys for a message whose answer was lost."""
    return Work(READ_BACK, Queue.READ_BACK, request_id, turn, delay=wait)


def publish(request_id: str) -> Work:
    """Ask to bring a request's card and thread up to date."""
    return Work(PUBLISH, Queue.THREAD, request_id)


def persistently(*passing: type[Exception]) -> Retrying:
    """Return what calls a function again after what passes, such as a database that is locked.

    All that a work does leaves its result in the store and finds it there, so it may be done
    again; the send is behind its compare-and-set. So it needs no steps of the engine, which would
    write the same down once more. The waits do not grow, so that all goes on soon after Slack or
    the database is back; after half a day the work ends, and ``rescue`` gives it anew.
    """
    return Retrying(
        retry=retry_if_exception_type((SQLAlchemyError, *passing)),
        wait=wait_fixed(2.0),
        stop=stop_after_attempt(20_000),
        before_sleep=_note_failure,
        reraise=True,
    )


def _note_failure(state: RetryCallState) -> None:
    """Log what went wrong by its kind: its words may quote what is private."""
    error = state.outcome.exception() if state.outcome else None
    log.warning("request %s: tried again soon (%s)", state.args[0], type(error).__name__)
