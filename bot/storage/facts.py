"""What the rules ask the database about a request, read inside the transaction that decides.

While a transaction decides about a customer, no other one decides about the same customer or for
the same agent: the second waits, and then sees what the first has done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.request import COUNTDOWN, HOLDS
from bot.state import SENT, UNSENT, State
from bot.storage.rows import to_time
from bot.storage.tables import opt_out_keys, opt_outs, pause, request_customers, requests


@dataclass(frozen=True)
class Windows:
    """How far back the rules look; a length of zero looks at nothing."""

    same_text: timedelta
    recent: timedelta
    customer: timedelta
    agent: timedelta


@dataclass(frozen=True)
class Subject:
    """What a decision is about. ``sent_only``: don't count what may still be sent."""

    request_id: str
    agent_id: str
    customer_keys: tuple[str, ...]
    text_digest: str
    sent_only: bool = False

    @property
    def counted(self) -> frozenset[State]:
        """Return the states in which another request counts."""
        return SENT if self.sent_only else SENT | UNSENT


@dataclass(frozen=True)
class Earlier:
    """Another request to the same customer. ``at``: when it was sent, or will be.

    ``is_planned``: it's to be sent later, rather than after the countdown for undo.
    """

    request_id: str
    agent_id: str
    agent_name: str = field(repr=False)
    state: State
    at: datetime
    card_channel: str
    card_ts: str
    is_planned: bool = False


@dataclass(frozen=True)
class ByWhom:
    """Who paused all sending, or opted a customer out, when, and why."""

    user_id: str
    user_name: str = field(repr=False)
    at: datetime
    reason: str = field(repr=False)


@dataclass(frozen=True)
class Facts:
    """The answers; the counts leave out the request itself."""

    paused: ByWhom | None = None
    opted_out: ByWhom | None = None
    same_text: Earlier | None = None
    latest: Earlier | None = None
    sent_to_customer: int = 0
    sent_by_agent: int = 0
    is_first: bool = True


@dataclass(frozen=True)
class Judge:
    """Decides inside a transaction: ``decide`` raises to roll it back."""

    windows: Windows
    decide: Callable[[Facts], None]


# When a request was sent, or will be.
_due_at = sa.func.coalesce(requests.c.sending_at, requests.c.send_at, requests.c.created_at)
# As ``Request.is_planned``.
_is_planned = sa.and_(
    sa.func.coalesce(requests.c.send_at, requests.c.created_at) - requests.c.created_at
    > COUNTDOWN.total_seconds(),
    sa.or_(requests.c.stuck.not_in(HOLDS), requests.c.planned_at.is_not(None)),
)


def lock_customer(connection: sa.Connection, customer_keys: Iterable[str]) -> None:
    """Wait until nobody else decides about this customer."""
    numbers = {int(key[:15], 16) for key in customer_keys}
    # In the same order everywhere, so that no two wait for each other.
    _lock(connection, *(sa.func.pg_advisory_xact_lock(number) for number in sorted(numbers)))


def lock_agent(connection: sa.Connection, agent_id: str) -> None:
    """Wait until nobody else counts what this agent has done; after ``lock_customer``."""
    number = sa.func.hashtextextended(f"agent {agent_id}", 0)
    _lock(connection, sa.func.pg_advisory_xact_lock(number))


def _lock(connection: sa.Connection, *locks: sa.Function[None]) -> None:
    if connection.dialect.name != "postgresql":  # a write transaction is alone, once it has begun
        connection.execute(sa.update(pause).where(sa.false()).values(row_id=pause.c.row_id))
    elif locks:
        connection.execute(sa.select(*locks))


def read_facts(
    connection: sa.Connection, subject: Subject, windows: Windows, now: datetime
) -> Facts:
    """Read all facts about a request."""
    to_customer = _is_other(subject, now, windows.recent)
    was_sent = sa.and_(_of_customer(subject), requests.c.state.in_(SENT))
    return replace(
        _read_about_customer(connection, subject, windows, now),
        latest=_read_latest(connection, to_customer) if windows.recent else None,
        is_first=not connection.execute(sa.select(sa.exists().where(was_sent))).scalar_one(),
        sent_by_agent=_count_by_agent(connection, subject, windows, now),
    )


def read_facts_to_decide(
    connection: sa.Connection, subject: Subject, windows: Windows, now: datetime
) -> Facts:
    """Read the facts that may stop a message, as the last thing in the transaction that decides.

    Nobody else decides about the customer, or for the agent, from here to its end. The agent comes
    last, because all their other messages wait from there.
    """
    lock_customer(connection, subject.customer_keys)
    facts = _read_about_customer(connection, subject, windows, now)
    if windows.agent:
        lock_agent(connection, subject.agent_id)
    return replace(facts, sent_by_agent=_count_by_agent(connection, subject, windows, now))


def _read_about_customer(
    connection: sa.Connection, subject: Subject, windows: Windows, now: datetime
) -> Facts:
    is_same_text = requests.c.text_digest == subject.text_digest
    same_text = sa.and_(_is_other(subject, now, windows.same_text), is_same_text)
    to_customer = _is_other(subject, now, windows.customer)
    return Facts(
        paused=read_pause(connection),
        opted_out=read_opt_out(connection, subject.customer_keys),
        same_text=_read_latest(connection, same_text) if windows.same_text else None,
        sent_to_customer=_count(connection, to_customer) if windows.customer else 0,
    )


def read_pause(connection: sa.Connection) -> ByWhom | None:
    """Return who paused all sending, if somebody did."""
    row = connection.execute(sa.select(pause)).one_or_none()
    return ByWhom(row.user_id, row.user_name, to_time(row.at), row.reason) if row else None


def read_opt_out(connection: sa.Connection, customer_keys: Sequence[str]) -> ByWhom | None:
    """Return who opted a customer out, if somebody did."""
    found = (
        sa.select(opt_outs)
        .join(opt_out_keys, opt_out_keys.c.opt_out_id == opt_outs.c.opt_out_id)
        .where(opt_out_keys.c.customer_key.in_(customer_keys))
        .order_by(opt_outs.c.opt_out_id)
        .limit(1)
    )
    row = connection.execute(found).one_or_none()
    return ByWhom(row.user_id, row.user_name, to_time(row.at), row.reason) if row else None


def _of_customer(subject: Subject) -> sa.ColumnElement[bool]:
    """Select the other requests to the customer."""
    ids = sa.select(request_customers.c.request_id).where(
        request_customers.c.customer_key.in_(subject.customer_keys)
    )
    return sa.and_(requests.c.request_id.in_(ids), requests.c.request_id != subject.request_id)


def _is_other(subject: Subject, now: datetime, window: timedelta) -> sa.ColumnElement[bool]:
    """Select the customer's other requests that may still be sent, or were so in this window."""
    is_recent = sa.or_(requests.c.state.in_(UNSENT), _due_at > (now - window).timestamp())
    return sa.and_(_of_customer(subject), requests.c.state.in_(subject.counted), is_recent)


def _count_by_agent(
    connection: sa.Connection, subject: Subject, windows: Windows, now: datetime
) -> int:
    """Count the agent's other requests that were sent lately, or made lately and may be sent."""
    if not windows.agent:
        return 0
    since = (now - windows.agent).timestamp()
    to_come = sa.and_(requests.c.sending_at.is_(None), requests.c.created_at > since)
    by_agent = sa.and_(
        requests.c.agent_id == subject.agent_id,
        requests.c.request_id != subject.request_id,
        requests.c.state.in_(subject.counted),
        sa.or_(requests.c.sending_at > since, to_come),
    )
    return _count(connection, by_agent)


def read_newest(
    connection: sa.Connection,
    customer_keys: Sequence[str],
    except_id: str,
    states: frozenset[State],
    most: int,
) -> tuple[Earlier, ...]:
    """Return the newest requests to a customer in these states, the newest first."""
    subject = Subject(except_id, "", tuple(customer_keys), "")
    return _read(connection, sa.and_(_of_customer(subject), requests.c.state.in_(states)), most)


def _read_latest(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Earlier | None:
    """Return the newest request that meets a condition."""
    return next(iter(_read(connection, condition, 1)), None)


def _read(
    connection: sa.Connection, condition: sa.ColumnElement[bool], most: int
) -> tuple[Earlier, ...]:
    found = (
        sa.select(
            *(requests.c.request_id, requests.c.agent_id, requests.c.agent_name),
            *(requests.c.state, requests.c.card_channel, requests.c.card_ts),
            *(_due_at.label("at"), _is_planned.label("is_planned")),
        )
        .where(condition)
        .order_by(_due_at.desc())
        .limit(most)
    )
    return tuple(
        Earlier(**{**row, "state": State(row["state"]), "at": to_time(row["at"])})
        for row in connection.execute(found).mappings()
    )


def _count(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    counted = sa.select(sa.func.count()).select_from(requests).where(condition)
    return int(connection.execute(counted).scalar_one())
