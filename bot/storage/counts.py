"""How many requests there are of a kind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from threading import Lock

import sqlalchemy as sa

from bot.request import Request
from bot.state import State
from bot.storage.tables import FOLLOWED, UNFINISHED, requests


class Moves(Counter[State]):
    """Counts how often requests came into each state; thread-safe."""

    def __init__(self) -> None:
        super().__init__()
        self._counting = Lock()

    def note(self, state: State) -> None:
        """Count one more."""
        with self._counting:
            self[state] += 1


def count_ahead(connection: sa.Connection, request: Request, most: int) -> int:
    """Count the unsent requests that were made before this one and could go out now.

    It stops at ``most``: while Genesys is away, each request that waits asks this again and again.
    """
    ahead = (
        sa.select(requests.c.request_id)
        .where(
            UNFINISHED,
            requests.c.state.in_([State.CHECKING, State.SCHEDULED]),
            requests.c.created_at < request.created_at.timestamp(),
            sa.or_(
                requests.c.send_at.is_(None), requests.c.send_at <= datetime.now(UTC).timestamp()
            ),
        )
        .limit(most)
        .subquery()
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(ahead)).scalar_one())


def count_open(connection: sa.Connection) -> dict[State, int]:
    """Count the requests that something may still happen to, by state."""
    counts: Counter[State] = Counter()
    for which in (UNFINISHED, FOLLOWED):
        rows = connection.execute(
            sa.select(requests.c.state, sa.func.count()).where(which).group_by(requests.c.state)
        )
        counts.update({State(state): count for state, count in rows})
    return dict(counts)
