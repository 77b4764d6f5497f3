"""The net under the engine: requests whose work is gone are given new work.

Promises: a request that stands still although no work for it waits or runs, because the work ended
in an error that nobody foresaw or was set aside after many crashes, goes on within minutes. New
work can do no harm: every step finds in the store what is done already, and the right to send is
one compare-and-set.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from dbos import error as dbos_error

from bot.jobs.queue import Engine
from bot.jobs.works import DELIVER, PUBLISH, READ_BACK, deliver, publish
from bot.request import State
from bot.storage.requests import RequestStore
from bot.storage.tables import history, requests

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
STALLED_AFTER = timedelta(minutes=3)
LONGEST_READ_BACK = timedelta(days=1, minutes=3)  # as far ahead as the settings may put one
RESCUE_TURN = 1_000  # past every other, to be told apart in the engine's rows


class Rescue:
    """One thread beside the engine; every process may have one."""

    def __init__(self, store: RequestStore, engine: Engine, database: sa.Engine) -> None:
        self._database = database
        self._store = store
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rescue", daemon=True)

    def start(self) -> None:
        """Begin to look; the engine must be launched."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            try:
                self.look(datetime.now(UTC))
            except (sa.exc.SQLAlchemyError, dbos_error.DBOSException) as error:
                log.warning("the rescue tries again (%s)", type(error).__name__)

    def look(self, now: datetime) -> int:
        """Give work to every request that has none and should; return how many those are."""
        rescued = 0
        waits = {DELIVER: now + STALLED_AFTER, READ_BACK: now + LONGEST_READ_BACK}
        for request_id in self._list(_stalled(now)):
            if not any(
                self._engine.has_work(name, request_id, by=by) for name, by in waits.items()
            ):
                log.warning("request %s had no work left and goes on", request_id)
                self._store.ask(self._engine.asking(deliver(request_id, RESCUE_TURN, since=now)))
                rescued += 1
        for request_id in self._list(_unshown(now)):
            if not self._engine.has_work(PUBLISH, request_id, by=now):
                log.warning("request %s was not shown and is now", request_id)
                self._store.ask(self._engine.asking(publish(request_id)))
                rescued += 1
        return rescued

    def _list(self, request_ids: sa.Select[tuple[str]]) -> tuple[str, ...]:
        with self._database.connect() as connection:
            return tuple(row.request_id for row in connection.execute(request_ids))


def _is_old(at: sa.ColumnElement[float], now: datetime) -> sa.ColumnElement[bool]:
    """Tell whether a line is not of just now: older, or later because the clock was set back."""
    before, after = (now - STALLED_AFTER).timestamp(), (now + STALLED_AFTER).timestamp()
    return sa.not_(at.between(before, after))


def _stalled(now: datetime) -> sa.Select[tuple[str]]:
    """Select the unsent requests in whose history nothing has happened for some minutes."""
    newest = (
        sa.select(sa.func.max(history.c.at))
        .where(history.c.request_id == requests.c.request_id)
        .scalar_subquery()
    )
    return sa.select(requests.c.request_id).where(
        requests.c.state.in_((State.CHECKING, State.SCHEDULED, State.SENDING)),
        _is_old(newest, now),
        sa.or_(
            requests.c.send_at.is_(None),
            requests.c.send_at < (now - STALLED_AFTER).timestamp(),
        ),
    )


def _unshown(now: datetime) -> sa.Select[tuple[str]]:
    """Select the requests with a line that is some minutes old and that no thread shows yet."""
    return (
        sa.select(history.c.request_id)
        .where(history.c.posted_ts == "", _is_old(history.c.at, now))
        .distinct()
    )
