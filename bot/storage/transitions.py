"""What else changes when a request moves to another state."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.request import Request, Stuck
from bot.state import FINAL, UNSENT, State
from bot.storage.tables import requests


def stuck_after(state: State, stuck: Stuck = Stuck.NO) -> Stuck | sa.ColumnElement[str]:
    """Say what holds a request up after a move: ``stuck``, unless it's the pause."""
    if state not in UNSENT:
        return Stuck.NO
    return sa.case((requests.c.stuck == Stuck.PAUSED, Stuck.PAUSED.value), else_=stuck.value)


def finished(state: State) -> dict[str, datetime | None]:
    """Say since when nothing more is expected: an uncertain request may never be decided.

    Late news of a message that's no longer followed leaves that as it was.
    """
    if state in FINAL | {State.UNCERTAIN}:
        return {"finished_at": datetime.now(UTC)}
    return {"finished_at": None} if state in UNSENT | {State.SENDING, State.ACCEPTED} else {}


def hold_up(connection: sa.Connection, request_id: str, stuck: Stuck) -> None:
    """Note what holds a request up, unless all sending is paused."""
    may_wait = requests.c.state.in_([*UNSENT, State.SENDING])
    is_other = requests.c.stuck.not_in([stuck, Stuck.PAUSED])
    this = sa.and_(requests.c.request_id == request_id, requests.c.erased_at.is_(None))
    connection.execute(sa.update(requests).where(this, may_wait, is_other).values(stuck=stuck))


def was_decided(connection: sa.Connection, seen: Request) -> bool:
    """Return whether somebody has decided anything about a request since it was read."""
    row = sa.select(requests.c.decisions).where(requests.c.request_id == seen.request_id)
    return connection.execute(row.with_for_update()).scalar() != seen.decisions
