"""The pause: while it's on, no process sends anything.

It's read in the transaction that moves a request to ``sending``, so it holds at once everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from bot.job import deliver, publish
from bot.language import _
from bot.request import Event, Stuck
from bot.state import State
from bot.storage.audit import Action, Entry, append
from bot.storage.database import Database, insert_new
from bot.storage.facts import ByWhom, read_pause
from bot.storage.history import add_line
from bot.storage.requests import Enqueue
from bot.storage.tables import STILL_UNSENT, UNFINISHED, pause, requests
from bot.text import show_name

_SOON = 60.0  # seconds
_BATCH = 50  # requests in one transaction: agents wait for it, and the end of the pause


class Pause:
    """Stops and resumes all sending; every request that waits says so on its card."""

    def __init__(self, database: Database, enqueue: Enqueue) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue

    def read(self) -> ByWhom | None:
        """Return who paused all sending, if somebody did."""
        with self._database.connect() as connection:
            return read_pause(connection)

    def begin(self, by: ByWhom, team_id: str) -> bool:
        """Pause all sending; False if it's paused already."""
        row = {
            **{"row_id": 1, "at": by.at.timestamp(), "user_id": by.user_id},
            **{"user_name": by.user_name, "reason": by.reason},
        }
        with self._database.transaction(is_urgent=True) as connection:
            if not insert_new(connection, pause, row):
                return False
            append(connection, Entry(Action.PAUSED, by.user_id, team_id))
        return True

    def replace(self, by: ByWhom, team_id: str) -> bool:
        """Replace who has paused and why, but not since when; False if it isn't paused."""
        row = {"user_id": by.user_id, "user_name": by.user_name, "reason": by.reason}
        with self._database.transaction(is_urgent=True) as connection:
            if not connection.execute(sa.update(pause).values(row)).rowcount:
                return False
            append(connection, Entry(Action.PAUSED, by.user_id, team_id))
        return True

    def count_due(self) -> int:
        """Count the requests that go out within a minute unless a pause holds them."""
        soon = datetime.now(UTC).timestamp() + _SOON
        due = sa.func.coalesce(requests.c.send_at, requests.c.created_at) <= soon
        is_free = sa.and_(requests.c.state != State.UNAPPROVED.value, sa.not_(_AWAITS_END))
        count = sa.select(sa.func.count()).where(UNFINISHED, STILL_UNSENT, is_free, due)
        with self._database.connect() as connection:
            return int(connection.execute(count.select_from(requests)).scalar_one())

    def draw_again(self) -> None:
        """Have the cards of all requests that wait for the end of the pause drawn again."""
        last: str | None = ""
        while last is not None:
            last = self._draw_some_again(last)

    def _draw_some_again(self, after: str) -> str | None:
        waiting = (
            sa.select(requests.c.request_id)
            .where(UNFINISHED, requests.c.stuck == Stuck.PAUSED, requests.c.card_ts != "")
            .where(requests.c.request_id > after)
            .order_by(requests.c.request_id)
            .limit(_BATCH)
        )
        with self._database.transaction() as connection:
            ids = connection.execute(waiting).scalars().all()
            shown = sa.update(requests).where(requests.c.request_id.in_(ids))
            connection.execute(shown.values(card_state=""))
            for request_id in ids:
                self._enqueue(connection, publish(request_id))
            return ids[-1] if len(ids) == _BATCH else None

    def end(self, user_id: str, team_id: str) -> bool:
        """Resume sending; False if it isn't paused."""
        with self._database.transaction(is_urgent=True) as connection:
            if not connection.execute(sa.delete(pause)).rowcount:
                return False
            append(connection, Entry(Action.RESUMED, user_id, team_id))
        return True

    def hold(self, request_id: str) -> None:
        """Let a request wait for the end of the pause, and show that on its card."""
        with self._database.transaction() as connection:
            if (by := _read_and_keep(connection)) is not None:
                self._mark(connection, [request_id], by)
            else:  # it has just ended
                self._enqueue(connection, deliver(request_id))

    def mark_all(self) -> None:
        """Show the pause, or its end, on the card of every request that waits.

        After the end of a pause, each of them goes on.
        """
        while _retrying(self._mark_some):
            pass

    def _mark_some(self) -> bool:
        with self._database.transaction() as connection:
            by = _read_and_keep(connection)
            waiting = (
                sa.select(requests.c.request_id)
                .where(UNFINISHED, STILL_UNSENT, _is_unmarked(by))
                .order_by(requests.c.created_at, requests.c.request_id)
                .limit(_BATCH)
                .with_for_update()  # in one order, so that no two processes wait for each other
            )
            ids = connection.execute(waiting).scalars().all()
            self._mark(connection, ids, by)
            return len(ids) == _BATCH

    def _mark(
        self, connection: sa.Connection, request_ids: Sequence[str], by: ByWhom | None
    ) -> None:
        """Mark requests that aren't marked yet, with a line each.

        What waits for a conversation's end goes on with that: it's looked at during a pause too.
        """
        before = sa.case((_AWAITS_END, Stuck.CONVERSATION.value), else_=Stuck.NO.value)
        marked = connection.execute(
            sa.update(requests)
            .where(requests.c.request_id.in_(request_ids), STILL_UNSENT, _is_unmarked(by))
            .values(stuck=before if by is None else Stuck.PAUSED, **_times(by))
            .returning(*(requests.c[name] for name in ("request_id", "state", "stuck", "send_at")))
        ).all()
        now = datetime.now(UTC)
        event = Event.RESUMED if by is None else Event.PAUSED
        detail = "" if by is None else _by_whom(by)
        for request_id, state, stuck, send_at in marked:
            add_line(connection, request_id, event, detail, at=now)
            self._enqueue(connection, publish(request_id))
            is_due = send_at is None or send_at <= now.timestamp()
            has_job = stuck == Stuck.CONVERSATION or not is_due  # its look, or planned
            if by is None and not has_job and state != State.UNAPPROVED:
                self._enqueue(connection, deliver(request_id))


# As ``Request.awaits_end``. It has a limit of its own.
_AWAITS_END = sa.and_(
    requests.c.after_conversation.is_not(None),
    sa.or_(requests.c.stuck == Stuck.CONVERSATION.value, requests.c.open_conversation_id != ""),
)
# A request's row may be locked for longer than a transaction waits, by one that waits itself.
_retrying = Retrying(
    retry=retry_if_exception_type(OperationalError),
    wait=wait_fixed(0.5),
    stop=stop_after_attempt(10),
    reraise=True,
)


def _times(by: ByWhom | None) -> dict[str, sa.ColumnElement[float]]:
    """Let what was due during a pause be due at its end: nothing expires because it waited."""
    if by is not None:
        return {}
    now = datetime.now(UTC).timestamp()
    was_due = sa.func.coalesce(requests.c.send_at, requests.c.created_at) < now
    was_due = sa.and_(was_due, sa.not_(_AWAITS_END))
    return {"send_at": sa.case((was_due, now), else_=requests.c.send_at)}


def _read_and_keep(connection: sa.Connection) -> ByWhom | None:
    """Return who paused all sending; the pause can't end before this transaction does.

    Otherwise a request might be marked right after its end, and nobody would let it go on.
    """
    connection.execute(sa.update(pause).values(row_id=pause.c.row_id))
    return read_pause(connection)


def _is_unmarked(by: ByWhom | None) -> sa.ColumnElement[bool]:
    """Select the requests that don't show the pause yet, or its end."""
    is_marked = requests.c.stuck == Stuck.PAUSED.value
    return is_marked if by is None else sa.not_(is_marked)


def _by_whom(by: ByWhom) -> str:
    """Say who paused all sending, and why, for the threads of the requests that wait."""
    who = show_name(by.user_name)
    said = _("{who}: {reason}") if by.reason else _("{who} paused it.")
    return said.format(who=who, reason=by.reason)
