"""The figures of a digest: what became of the messages that were sent in some time.

None is about an agent or a customer. Erased messages count, because their states and times stay.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from bot.language import _
from bot.request import Event
from bot.state import REACHED, State
from bot.storage.database import Database
from bot.storage.tables import FOLLOWED, WAS_SENT, history, requests

_Found = Counter[tuple[State, bool]]
_NO_NEWS = (State.ACCEPTED, State.WAITING, State.PUSHED)
_DELIVERY = (Event.DELIVERED, Event.READ, Event.REPLIED)  # whichever was noticed first
# Reasons are Genesys's words, which may quote a customer. Its codes can't.
_CODE = re.compile(
    r"(?P<first>\w{1,40})(?:: |$)|.*\(Genesys Cloud: code (?P<named>[\w.-]{1,40})", re.S
)


@dataclass(frozen=True)
class Counts:
    """How many messages there are in each state. All that were delivered were sent, too.

    ``open`` ones are being sent or still followed; nobody follows the ``untracked`` any more.
    """

    delivered: int = 0
    replied: int = 0
    failed: int = 0
    uncertain: int = 0
    open: int = 0
    untracked: int = 0

    @property
    def sent(self) -> int:
        """Return how many Genesys Cloud has taken and not reported as failed."""
        return self.delivered + self.open + self.untracked


@dataclass(frozen=True)
class Figures:
    """All figures; the medians are in seconds, None if there's nothing to measure.

    ``reasons``: codes of failures, the most frequent first. ``templates``: by their names; "" for
    messages without one.
    """

    counts: Counts = Counts()
    reasons: tuple[tuple[str, int], ...] = ()
    until_delivery: float | None = None
    until_reply: float | None = None
    templates: Mapping[str, Counts] = field(default_factory=dict)


def read_figures(database: Database, start: datetime, end: datetime) -> Figures:
    """Read the figures about what was sent from ``start`` to before ``end``."""
    at = requests.c.sending_at
    sent = sa.and_(WAS_SENT, at >= start.timestamp(), at < end.timestamp())
    with database.connect() as connection:
        by_template = _count(connection, sent)
        return Figures(
            _add_up(by_template),
            _count_reasons(connection, sent),
            _median(connection, sent, _DELIVERY),
            _median(connection, sent, (Event.REPLIED,)),
            {name: _to_counts(states) for name, states in sorted(by_template.items())},
        )


def _count(connection: sa.Connection, sent: sa.ColumnElement[bool]) -> dict[str, _Found]:
    """Count by template, and there by state and whether it's followed."""
    grouped = (requests.c.template_name, requests.c.state, FOLLOWED)
    rows = connection.execute(sa.select(*grouped, sa.func.count()).where(sent).group_by(*grouped))
    found: dict[str, _Found] = {}
    for name, state, is_followed, count in rows:
        found.setdefault(name, Counter())[State(state), bool(is_followed)] += count
    return found


def _add_up(by_template: Mapping[str, _Found]) -> Counts:
    return _to_counts(sum(by_template.values(), _Found()))


def _to_counts(found: _Found) -> Counts:
    states = Counter[State]()
    for (state, _is_followed), count in found.items():
        states[state] += count
    followed = sum(found[state, True] for state in _NO_NEWS)
    return Counts(
        delivered=sum(states[state] for state in REACHED),
        replied=states[State.REPLIED],
        failed=states[State.FAILED],
        uncertain=states[State.UNCERTAIN],
        open=states[State.SENDING] + followed,
        untracked=sum(found[state, False] for state in _NO_NEWS),
    )


def _count_reasons(
    connection: sa.Connection, sent: sa.ColumnElement[bool]
) -> tuple[tuple[str, int], ...]:
    told = (
        sa.select(history.c.detail)
        .select_from(requests.join(history, history.c.request_id == requests.c.request_id))
        .where(sent, requests.c.state == State.FAILED, history.c.event == Event.FAILED)
    )
    found = Counter(map(code_of, connection.execute(told).scalars()))
    return tuple(sorted(found.items(), key=lambda one: (-one[1], one[0])))


def code_of(reason: str) -> str:
    """Return the code in the reason of a failure, or words for its absence."""
    found = _CODE.match(reason)
    return (found["first"] or found["named"]) if found else _("no code")


def _median(
    connection: sa.Connection, sent: sa.ColumnElement[bool], events: tuple[Event, ...]
) -> float | None:
    """Return the median of the seconds from the sends to the first of these events.

    The database finds it, so that a million messages don't have to fit into memory.
    """
    first: sa.ColumnElement[float] = sa.func.min(history.c.at) - requests.c.sending_at
    waits = (
        sa.select(first.label("wait"))
        .select_from(requests.join(history, history.c.request_id == requests.c.request_id))
        .where(sent, requests.c.state.in_(REACHED), history.c.event.in_(events))
        .group_by(requests.c.request_id, requests.c.sending_at)
        .subquery()
    )
    place = sa.func.row_number().over(order_by=waits.c.wait)
    ranked = sa.select(waits.c.wait, place.label("place"), sa.func.count().over().label("all"))
    one = ranked.subquery()
    twice = 2 * one.c.place
    middle = sa.select(sa.func.avg(one.c.wait)).where(twice >= one.c.all, twice <= one.c.all + 2)
    found = connection.execute(middle).scalar_one()
    return None if found is None else max(float(found), 0.0)
