"""When each sent message's outcome is looked up next; the processes share this schedule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.job import Job
from bot.request import Event, Request
from bot.state import FOLLOWABLE, REACHED
from bot.storage.database import Database
from bot.storage.history import add_line
from bot.storage.requests import Enqueue
from bot.storage.rows import to_request
from bot.storage.tables import FOLLOWED, requests

LONGEST_WAIT = timedelta(minutes=30)  # no look-up is ever planned further ahead
NEAR_LOOKS = 4  # after as many look-ups, the next one is still near
_CARD_SAYS_SO = sa.and_(  # that nobody looks any more
    requests.c.card_ts != "", requests.c.state.in_(sorted(FOLLOWABLE - REACHED))
)


class OutcomeSchedule:
    """Reads and writes the schedule; each method is one short transaction."""

    def __init__(self, database: Database, enqueue: Enqueue) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue

    def claim_due(self, now: datetime, lease: timedelta, most: int) -> tuple[Request, ...]:
        """Claim the requests whose outcome is due, for the time of ``lease``.

        No other process gets them meanwhile. If this one dies, they're due again afterwards.
        """
        due = (
            sa.select(requests.c.request_id)
            .where(FOLLOWED, requests.c.next_look_at <= now.timestamp())
            .order_by(requests.c.next_look_at)
            .limit(most)
            .with_for_update(skip_locked=True)
            .cte("due")
            .prefix_with("MATERIALIZED", dialect="postgresql")  # else it may be read twice
        )
        claim = (
            sa.update(requests)
            .where(requests.c.request_id.in_(sa.select(due.c.request_id)))
            .values(next_look_at=(now + lease).timestamp())
            .returning(requests)
        )
        if not self._is_any_due(now):
            return ()
        with self._database.transaction() as connection:
            return tuple(map(to_request, connection.execute(claim).mappings()))

    def _is_any_due(self, now: datetime) -> bool:
        """Look without a lock: most of the time nothing is due."""
        due = sa.select(sa.literal(1)).where(FOLLOWED, requests.c.next_look_at <= now.timestamp())
        with self._database.connect() as connection:
            return connection.execute(due.limit(1)).first() is not None

    def pull_forward(self, now: datetime) -> None:
        """Make due what is planned later than any wait: the clock was set back since then."""
        late = requests.c.next_look_at > (now + LONGEST_WAIT).timestamp()
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(requests).where(FOLLOWED, late).values(next_look_at=now.timestamp())
            )

    def next_conversations(self, most: int) -> tuple[str, ...]:
        """Return the conversations whose outcome is due soonest."""
        soonest = (
            sa.select(requests.c.conversation_id)
            .where(FOLLOWED)
            .order_by(requests.c.next_look_at)
            .limit(most)
        )
        with self._database.connect() as connection:
            rows = connection.execute(soonest)
            return tuple(dict.fromkeys(row.conversation_id for row in rows))

    def count(self) -> int:
        """Count the requests that are followed, whichever process looks at them."""
        followed = sa.select(sa.func.count()).select_from(requests).where(FOLLOWED)
        with self._database.connect() as connection:
            return int(connection.execute(followed).scalar_one())

    def look_again(self, request_id: str, at: datetime, looks: int) -> None:
        """Plan the next look-up of a request that is still followed."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, FOLLOWED)
                .values(next_look_at=at.timestamp(), looks=looks)
            )

    def hasten(self, conversation_id: str, now: datetime) -> None:
        """Make a conversation's requests due now: Genesys says that something happened there."""
        with self._database.transaction() as connection:
            connection.execute(
                sa.update(requests)
                .where(
                    requests.c.conversation_id == conversation_id,
                    requests.c.next_look_at > now.timestamp(),
                )
                .values(
                    next_look_at=now.timestamp(),
                    # Analytics may lag behind the hint, so the following look-ups stay near.
                    looks=sa.case(
                        (requests.c.looks > NEAR_LOOKS, NEAR_LOOKS), else_=requests.c.looks
                    ),
                )
            )

    def stop(self, request_id: str, jobs: Sequence[Job], detail: str = "") -> None:
        """Follow a request no longer, and say so in its history; ``detail``: after how long."""
        with self._database.transaction() as connection:
            stopped = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, FOLLOWED)
                .values(
                    next_look_at=None,
                    finished_at=datetime.now(UTC).timestamp(),
                    card_state=sa.case((_CARD_SAYS_SO, ""), else_=requests.c.card_state),
                )
            )
            if stopped.rowcount:
                add_line(connection, request_id, Event.WATCH_ENDED, detail)
                for job in jobs:
                    self._enqueue(connection, job)
