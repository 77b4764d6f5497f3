"""The requests of one agent, or of the whole team, as they're listed: filtered, paged and counted.

A page costs the same however many requests there are: each part of a list is one range of an index,
in its order. So nobody can go further than ``MOST`` requests, or is told a higher number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from bot.request import Request, Stuck
from bot.state import State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.rows import to_request
from bot.storage.tables import (
    NEEDS_A_LOOK,
    NOT_SENT,
    OPEN,
    UNFINISHED,
    opt_out_keys,
    request_customers,
    requests,
)
from genesys import Identity

PAGE_SIZE = 8
MOST = 400
MOST_COUNTED = 99
RECENTLY = timedelta(days=3)  # for how long a failure or a reply asks for attention

# It would be on its way, if Genesys Cloud or Slack answered.
_IS_HELD = sa.and_(
    requests.c.stuck.in_([Stuck.UNAVAILABLE, Stuck.QUOTA, Stuck.SLACK]),
    requests.c.planned_at.is_(None),
)


class Filter(StrEnum):
    """Which requests a list has."""

    ATTENTION = "attention"
    PLANNED = "planned"
    OPEN = "open"
    RECENT = "recent"


@dataclass(frozen=True)
class Viewer:
    """Who looks: at the whole team's requests, or only at their own and those they may approve."""

    user_id: str
    sees_team: bool = False
    is_approver: bool = False


@dataclass(frozen=True)
class Page:
    """One page of a list; the first has the number 0.

    ``opted_out``: the ids of the requests whose customer is on the do-not-contact list.
    """

    requests: tuple[Request, ...]
    number: int = 0
    has_next: bool = False
    opted_out: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Part:
    """A part of a list: a condition, and the order of an index that serves it."""

    condition: sa.ColumnElement[bool]
    order: sa.ColumnElement[Any]


class MyRequests:
    """Reads lists of requests."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def page(self, viewer: Viewer, which: Filter, number: int = 0) -> Page:
        """Return a page of a list, or its last page if it's shorter than that."""
        size = PAGE_SIZE
        wanted = min(max(number, 0), MOST // size - 1)
        with self._database.connect() as connection:
            ids = _list_ids(connection, viewer, which, (wanted + 1) * size + 1)
            last = max((len(ids) - 1) // size, 0)
            shown = min(wanted, last)
            begin = shown * size
            found = _load(connection, ids[begin : begin + size])
            opted_out = _find_opted_out(connection, found)
            has_next = len(ids) > begin + size and shown + 1 < MOST // size
        return Page(found, shown, has_next, opted_out)

    def count(self, viewer: Viewer, which: Filter) -> int:
        """Count the requests of a list; more than ``MOST_COUNTED`` means that there are more."""
        with self._database.connect() as connection:
            return len(_list_ids(connection, viewer, which, MOST_COUNTED + 1))

    def to_customer(self, viewer: Viewer, identity: Identity, size: int = PAGE_SIZE) -> Page:
        """Return the newest requests to a customer, also to other addresses of the same contact."""
        by_address = sa.select(request_customers.c.request_id).where(
            request_customers.c.customer_key == self._keys.customer_key(identity)
        )
        keys = sa.select(request_customers.c.customer_key).where(
            request_customers.c.request_id.in_(by_address)
        )
        of_customer = sa.select(request_customers.c.request_id).where(
            request_customers.c.customer_key.in_(keys)
        )
        found = (
            sa.select(requests)
            .where(requests.c.request_id.in_(of_customer), *_of(viewer))
            .order_by(requests.c.created_at.desc(), requests.c.request_id)
            .limit(size + 1)
        )
        with self._database.connect() as connection:
            shown = tuple(map(to_request, connection.execute(found).mappings()))
            opted_out = _find_opted_out(connection, shown)
        return Page(shown[:size], has_next=len(shown) > size, opted_out=opted_out)


def _list_ids(connection: sa.Connection, viewer: Viewer, which: Filter, most: int) -> list[str]:
    ids: dict[str, None] = {}
    for part in _parts(viewer, which):
        found = sa.select(requests.c.request_id).where(part.condition).order_by(part.order)
        rows = connection.execute(found.limit(most - len(ids)))
        ids |= dict.fromkeys(rows.scalars())
        if len(ids) >= most:
            break
    return list(ids)


def _load(connection: sa.Connection, ids: list[str]) -> tuple[Request, ...]:
    if not ids:
        return ()
    rows = connection.execute(sa.select(requests).where(requests.c.request_id.in_(ids)))
    found = {row["request_id"]: to_request(row) for row in rows.mappings()}
    return tuple(found[request_id] for request_id in ids if request_id in found)


def _find_opted_out(connection: sa.Connection, shown: Sequence[Request]) -> frozenset[str]:
    """Return the ids of the requests whose customer is on the do-not-contact list."""
    if not shown:
        return frozenset()
    found = (
        sa.select(request_customers.c.request_id)
        .join(opt_out_keys, opt_out_keys.c.customer_key == request_customers.c.customer_key)
        .where(request_customers.c.request_id.in_([one.request_id for one in shown]))
    )
    return frozenset(connection.execute(found).scalars())


def _of(viewer: Viewer) -> tuple[sa.ColumnElement[bool], ...]:
    return () if viewer.sees_team else (requests.c.agent_id == viewer.user_id,)


def _parts(viewer: Viewer, which: Filter) -> Iterator[_Part]:
    """Yield the parts of a list in the order in which they're shown."""
    own = _of(viewer)
    if which is Filter.ATTENTION:
        yield from _attention(viewer)
    elif which is Filter.PLANNED:
        yield from _not_sent(*own, sa.not_(_IS_HELD))
    elif which is Filter.OPEN:
        yield from _not_sent(*own, _IS_HELD)
        yield _Part(sa.and_(OPEN, *own), requests.c.sending_at.desc())
    else:
        yield _Part(sa.and_(sa.true(), *own), requests.c.created_at.desc())


def _not_sent(*conditions: sa.ColumnElement[bool]) -> Iterator[_Part]:
    """Yield what hasn't been sent yet: first what has no time, then by its time."""
    soonest = requests.c.send_at
    yield _Part(sa.and_(NOT_SENT, *conditions, soonest.is_(None)), requests.c.created_at)
    yield _Part(sa.and_(NOT_SENT, *conditions, soonest.is_not(None)), soonest)


def _attention(viewer: Viewer) -> Iterator[_Part]:
    """Yield what somebody has to decide, then what they should know."""
    own, newest = _of(viewer), requests.c.finished_at.desc()
    since = requests.c.finished_at > (datetime.now(UTC) - RECENTLY).timestamp()
    state = requests.c.state

    yield _Part(sa.and_(NEEDS_A_LOOK, *own, state == State.UNCERTAIN.value), newest)
    if viewer.is_approver:
        is_others = requests.c.agent_id != viewer.user_id
        waits = sa.and_(UNFINISHED, state == State.UNAPPROVED.value, is_others)
        yield _Part(waits, requests.c.send_at)
    for told in (State.FAILED, State.REPLIED):
        yield _Part(sa.and_(NEEDS_A_LOOK, *own, state == told.value, since), newest)
