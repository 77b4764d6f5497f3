"""The tables of what the bot remembers, and how a row becomes a Request.

Promises: private values live in these tables only, never in the engine's rows, so that erasing
them is one statement. Does not: read or write (``store`` and ``posts`` do).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from bot.request import Event, HistoryLine, Place, Request, State
from bot.slot import KEEPALIVES
from bot.turns import TurnTaking
from genesys import Identity, IdentityKind

LOCK_PATIENCE_MS = 2_000  # an agent waits for at most 3 s: better a clear refusal than silence

CACHE_KB = 512  # of the SQLite file, for each connection; its default of 2 MB adds up

# What a connection to SQLite is opened with, by our engine and the durable one. DBOS has another
# statement, of 30 kB, for each number of works it takes at once; Python would keep 128 of them.
SQLITE_CONNECTION: Mapping[str, Any] = {"factory": TurnTaking, "cached_statements": 32}

metadata = sa.MetaData()

requests = sa.Table(
    "requests",
    metadata,
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
    sa.Column("created_at", sa.Double, nullable=False),
    sa.Column("send_at", sa.Double),
    sa.Column("send_before", sa.Double),
    sa.Column("state", sa.String(16), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("checked_at", sa.Double),
    sa.Column("contact_id", sa.String(64), nullable=False, index=True),
    sa.Column("contact_ids", sa.JSON, nullable=False),
    sa.Column("send_to_id", sa.String(64), nullable=False),
    sa.Column("customer_name", sa.Text, nullable=False),
    sa.Column("sending_at", sa.Double),
    sa.Column("message_id", sa.String(64), nullable=False),
    sa.Column("conversation_id", sa.String(64), nullable=False, index=True),
    sa.Column("watch_until", sa.Double),
    sa.Column("next_look_at", sa.Double, index=True),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("card_channel", sa.String(32), nullable=False),
    sa.Column("card_ts", sa.String(32), nullable=False),
    sa.Column("card_state", sa.String(16), nullable=False),
    sa.Column("outcome_ts", sa.String(32), nullable=False),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("line_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), index=True),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("link", sa.Text, nullable=False),
    sa.Column("posted_ts", sa.String(32), nullable=False),
)

# A post to Slack that was begun and of which nobody knows yet whether it stands there.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), primary_key=True),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
)

_CREATING = 6_071_904_114  # the advisory lock of whoever creates the tables
_PLACE = ("team_id", "channel_id", "thread_ts", "response_url")
_TIMES = ("created_at", "send_at", "send_before", "checked_at", "sending_at", "watch_until")


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
            pool_size=5,
            max_overflow=5,
            pool_timeout=2,
            connect_args={
                **KEEPALIVES,
                "application_name": "proactive",
                "options": f"-c lock_timeout={LOCK_PATIENCE_MS} -c statement_timeout=15000",
            },
        )
    engine = sa.create_engine(address, hide_parameters=True, connect_args={**SQLITE_CONNECTION})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA busy_timeout={LOCK_PATIENCE_MS}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KB}")

    return engine


def create_tables(engine: sa.Engine) -> None:
    """Create the tables that are missing; processes that start together take turns."""
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATING)))
        else:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        metadata.create_all(connection)


def insert_new(connection: sa.Connection, table: sa.Table, row: dict[str, Any]) -> bool:
    """Insert a row unless its key is there already; tell whether it was new."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(table).values(row).on_conflict_do_nothing()
    # psycopg counts no rows here, so the database is asked to name what it has added.
    return connection.execute(insert.returning(*table.primary_key)).first() is not None


def to_row(request: Request) -> dict[str, Any]:
    """Turn a new request into its row."""
    row = asdict(request)
    row.update(row.pop("place"))
    identity = row.pop("identity")
    row.update(identity_kind=identity["kind"], identity_value=identity["value"])
    del row["is_watched"]  # stored as the time of the next look
    return to_columns(row | {"next_look_at": None})


def to_columns(values: dict[str, Any]) -> dict[str, Any]:
    """Turn a request's values into what the database stores: times as seconds, tuples as lists."""
    stored: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, datetime):
            stored[name] = value.timestamp()
        else:
            stored[name] = list(value) if isinstance(value, tuple) else value
    return stored


def to_request(row: sa.Row[Any]) -> Request:
    """Turn a row into its request."""
    values = dict(row._mapping)
    place = Place(*(values.pop(name) for name in _PLACE))
    identity = Identity(IdentityKind(values.pop("identity_kind")), values.pop("identity_value"))
    for name in _TIMES:
        values[name] = to_time(values[name]) if values[name] is not None else None
    values["state"] = State(values["state"])
    values["contact_ids"] = tuple(values["contact_ids"])
    looked = values.pop("next_look_at")
    return Request(place=place, identity=identity, is_watched=looked is not None, **values)


def to_line(row: sa.Row[Any]) -> HistoryLine:
    """Turn a row into a line of a request's history."""
    return HistoryLine(
        row.line_id, Event(row.event), to_time(row.at), row.detail, row.link, row.posted_ts
    )


def to_time(seconds: float) -> datetime:
    """Turn stored seconds into a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
