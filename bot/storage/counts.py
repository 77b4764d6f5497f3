"""How many requests there are of a kind."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.request import Request
from bot.state import State
from bot.storage.tables import FOLLOWED, UNFINISHED, requests


def count_ahead(connection: sa.Connection, request: Request) -> int:
    """Count the unsent requests that were made before this one and could go out now."""
    ahead = sa.select(sa.func.count()).where(
        UNFINISHED,
        requests.c.state.in_([State.CHECKING, State.SCHEDULED]),
        requests.c.created_at < request.created_at.timestamp(),
        sa.or_(requests.c.send_at.is_(None), requests.c.send_at <= datetime.now(UTC).timestamp()),
    )
    return int(connection.execute(ahead.select_from(requests)).scalar_one())


def count_open(connection: sa.Connection) -> dict[State, int]:
    """Count the requests that something may still happen to, by state."""
    counts: Counter[State] = Counter()
    for which in (UNFINISHED, FOLLOWED):
        rows = connection.execute(
            sa.select(requests.c.state, sa.func.count()).where(which).group_by(requests.c.state)
        )
        counts.update({State(state): count for state, count in rows})
    return dict(counts)
