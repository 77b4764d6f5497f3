"""Requests and their history: what the bot remembers, in the engine's own database.

Promises: a request and the work it asks for are written in one transaction; a state changes only
by compare-and-set along the transition table, together with its history line and the work that
follows. Does not: decide, or speak to anybody. Private values live in these tables only, never in
the engine's rows, so that erasing them is one statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.request import QUIET, Event, HistoryLine, Place, Request, State, sources
from genesys import Identity, IdentityKind

LOCK_PATIENCE_MS = 2_000  # an agent waits for at most 3 s: better a clear refusal than silence

NOT_SHOWN = "-"  # stands for a thread line's ts where no line is meant to be

_metadata = sa.MetaData()

requests = sa.Table(
    "requests",
    _metadata,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("team_id", sa.String(32), nullable=False),
    sa.Column("channel_id", sa.String(32), nullable=False),
    sa.Column("thread_ts", sa.String(32), nullable=False),
    sa.Column("response_url", sa.Text, nullable=False),
    sa.Column("agent_id", sa.String(32), nullable=False),
    sa.Column("agent_name", sa.Text, nullable=False),
    sa.Column("identity_kind", sa.String(8), nullable=False),
    sa.Column("identity_value", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("into_open_conversation", sa.Boolean, nullable=False),
    sa.Column("chosen_contact_id", sa.String(64), nullable=False),
    sa.Column("created_at", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("contact_id", sa.String(64), nullable=False),
    sa.Column("contact_ids", sa.JSON, nullable=False),
    sa.Column("send_to_id", sa.String(64), nullable=False),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("sending_at", sa.Float),
    sa.Column("message_id", sa.String(64), nullable=False, index=True),
    sa.Column("conversation_id", sa.String(64), nullable=False),
    sa.Column("card_channel", sa.String(32), nullable=False),
    sa.Column("card_ts", sa.String(32), nullable=False),
    sa.Column("card_state", sa.String(16), nullable=False),
)

history = sa.Table(
    "history",
    _metadata,
    sa.Column("line_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), index=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("posted_ts", sa.String(32), nullable=False),
)

Ask = Callable[[sa.Connection], None]  # asks the engine for work, inside our transaction


def no_work(_: sa.Connection) -> None:
    """Ask for nothing: for a change that nothing follows."""


def open_database(url: str) -> sa.Engine:
    """Connect to the database of ``PROACTIVE_DATABASE_URL`` and return the engine.

    SQLite runs in WAL mode with immediate transactions: the mode is stored in the file, so the
    durable engine's own connections have it too (DBOS does not set it).
    """
    # hide_parameters: a parameter may be a customer's address, and has no place in an error.
    address = sa.make_url(url)
    if address.get_backend_name() == "postgresql":
        return sa.create_engine(
            address.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 5,
                "options": f"-c lock_timeout={LOCK_PATIENCE_MS} -c statement_timeout=15000",
            },
        )
    engine = sa.create_engine(address, hide_parameters=True)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA busy_timeout={LOCK_PATIENCE_MS}")
        connection.execute("PRAGMA foreign_keys=ON")

    return engine


class Store:
    """The one writer of requests; every method is one short transaction."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        _metadata.create_all(engine)

    def is_reachable(self) -> bool:
        """Tell whether the database answers."""
        try:
            with self._engine.connect() as connection:
                return connection.execute(sa.select(1)).scalar() == 1
        except sa.exc.SQLAlchemyError:
            return False

    def record(self, request: Request, ask: Ask) -> Request:
        """Write a new request with its first line and ask for its delivery, all or nothing.

        Returns the request that is stored under this id: an earlier one when it was there.
        """
        with self._begin() as connection:
            added = connection.execute(
                self._insert(requests).values(_to_row(request)).on_conflict_do_nothing()
            )
            if added.rowcount:
                _add_line(connection, request.request_id, Event.ASKED, request.created_at, "")
                ask(connection)
                return request
            return _load(connection, request.request_id)

    def load(self, request_id: str) -> Request:
        """Return one request; raise LookupError when there is none."""
        with self._engine.connect() as connection:
            return _load(connection, request_id)

    def move(
        self,
        request_id: str,
        state: State,
        event: Event,
        detail: str = "",
        *,
        ask: Ask = no_work,
        at: datetime | None = None,
        **values: Any,
    ) -> bool:
        """Move a request to ``state`` if the table allows it from where it stands.

        One compare-and-set, with the history line and the work that follows. Returns whether it
        moved: False means that somebody else was first, or that the news came too late.
        """
        with self._begin() as connection:
            moved = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, requests.c.state.in_(sources(state)))
                .values(state=state, **values)
            )
            if not moved.rowcount:
                return False
            _add_line(connection, request_id, event, at or datetime.now(UTC), detail)
            ask(connection)
            return True

    def add_line(
        self, request_id: str, event: Event, detail: str = "", *, ask: Ask = no_work
    ) -> None:
        """Add a line to a request's history without moving it."""
        with self._begin() as connection:
            _add_line(connection, request_id, event, datetime.now(UTC), detail)
            ask(connection)

    def ask(self, ask: Ask) -> None:
        """Ask the engine for work that goes with no change of ours."""
        with self._begin() as connection:
            ask(connection)

    def note_card(
        self, request_id: str, channel: str, ts: str, state: State, *, elsewhere: str = ""
    ) -> None:
        """Remember where a request's card stands and which state it shows.

        ``elsewhere`` says why it does not stand where the agent was: a line of the history.
        """
        with self._begin() as connection:
            if elsewhere:
                _add_line(connection, request_id, Event.ELSEWHERE, datetime.now(UTC), elsewhere)
            connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id)
                .values(card_channel=channel, card_ts=ts, card_state=state)
            )

    def unposted_lines(self, request_id: str) -> tuple[HistoryLine, ...]:
        """Return the lines that the request's thread does not show yet, oldest first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(history)
                .where(history.c.request_id == request_id, history.c.posted_ts == "")
                .order_by(history.c.line_id)
            )
            return tuple(_to_line(row) for row in rows)

    def note_posted(self, line_id: int, ts: str) -> None:
        """Remember that a line stands in the thread."""
        with self._begin() as connection:
            connection.execute(
                sa.update(history).where(history.c.line_id == line_id).values(posted_ts=ts)
            )

    def count_states(self) -> dict[State, int]:
        """Return how many requests stand in each state."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
            )
            return {State(state): count for state, count in rows}

    def known_message_ids(self, contact_id: str) -> frozenset[str]:
        """Return the Genesys message ids that requests to this contact already claim."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.message_id).where(
                    requests.c.contact_id == contact_id, requests.c.message_id != ""
                )
            )
            return frozenset(row.message_id for row in rows)

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        with self._engine.begin() as connection:
            yield connection

    def _insert(self, table: sa.Table) -> Any:
        """Start an insert that knows ON CONFLICT, which SQLAlchemy has per dialect."""
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        return dialect.insert(table)


def _add_line(
    connection: sa.Connection, request_id: str, event: Event, at: datetime, detail: str
) -> None:
    connection.execute(
        sa.insert(history).values(
            request_id=request_id,
            event=event,
            at=at.timestamp(),
            detail=detail,
            posted_ts=NOT_SHOWN if event in QUIET else "",
        )
    )


def _load(connection: sa.Connection, request_id: str) -> Request:
    row = connection.execute(
        sa.select(requests).where(requests.c.request_id == request_id)
    ).one_or_none()
    if row is None:
        raise LookupError(f"there is no request {request_id}")
    return _to_request(row)


def _to_row(request: Request) -> dict[str, Any]:
    row = asdict(request)
    row.update(row.pop("place"))
    identity = row.pop("identity")
    row.update(identity_kind=identity["kind"], identity_value=identity["value"])
    row.update(contact_ids=list(request.contact_ids), created_at=request.created_at.timestamp())
    return row


def _to_request(row: sa.Row[Any]) -> Request:
    values = dict(row._mapping)
    place = Place(*(values.pop(k) for k in ("team_id", "channel_id", "thread_ts", "response_url")))
    identity = Identity(IdentityKind(values.pop("identity_kind")), values.pop("identity_value"))
    sending_at = values.pop("sending_at")
    return Request(
        place=place,
        identity=identity,
        created_at=_to_time(values.pop("created_at")),
        sending_at=_to_time(sending_at) if sending_at is not None else None,
        state=State(values.pop("state")),
        contact_ids=tuple(values.pop("contact_ids")),
        **values,
    )


def _to_line(row: sa.Row[Any]) -> HistoryLine:
    return HistoryLine(row.line_id, Event(row.event), _to_time(row.at), row.detail, row.posted_ts)


def _to_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
