"""Fills a database with old requests, as copies of a finished one that is there already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from bot.request import Event, Place, Request
from bot.state import State
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind

_YEAR = 31_536_000  # seconds
_LINES = "(SELECT {}(line_id) FROM history WHERE request_id = '{}')"


def add_finished_request(
    requests: RequestStore, request_id: str, address: str = "jane@example.com"
) -> None:
    """Add a request whose customer has replied."""
    requests.add(
        Request(
            request_id=request_id,
            place=Place("T0BENCH", "C0SUPPORT"),
            agent_id="U0ADA",
            agent_name="ada",
            identity=Identity(IdentityKind.EMAIL, address),
            text="Your order is ready.",
            into_open_conversation=False,
            chosen_contact_id="",
            created_at=datetime.now(UTC),
        ),
        [],
    )
    requests.move(request_id, State.SCHEDULED, Event.FOUND, contact_id="contact")
    requests.move(request_id, State.SENDING, Event.SENDING, sending_at=datetime.now(UTC))
    requests.move(request_id, State.ACCEPTED, Event.ACCEPTED, conversation_id="conversation")
    requests.move(request_id, State.REPLIED, Event.REPLIED)


def add_old_requests(engine: sa.Engine, request_id: str, first: int, last: int) -> None:
    """Copy a request, with its first and last history line; number the copies ``first``–``last``.

    They are spread over a year.
    """
    new = {"request_id": "'old' || i"}
    lines = f"{_LINES.format('min', request_id)}, {_LINES.format('max', request_id)}"
    with engine.begin() as connection:
        changes = {
            **new,
            "contact_id": "contact_id || i",
            "conversation_id": "conversation_id || i",
            "created_at": f"created_at - i % {_YEAR}",
        }
        copy_request(connection, request_id, first, last, changes)
        copy_rows(
            connection,
            "history",
            f"line_id IN ({lines})",
            first,
            last,
            {**new, "at": f"at - i % {_YEAR}", "line_id": ""},
        )


def copy_request(
    connection: sa.Connection, request_id: str, first: int, last: int, changes: Mapping[str, str]
) -> None:
    """Copy a request without its history; see ``copy_rows``."""
    copy_rows(connection, "requests", f"request_id = '{request_id}'", first, last, changes)


def add_finished_jobs(engine: sa.Engine, jobs: str, count: int) -> None:
    """Copy a finished job of the table ``jobs`` so many times."""
    one = f"workflow_uuid = (SELECT max(workflow_uuid) FROM {jobs} WHERE status = 'SUCCESS')"
    with engine.begin() as connection:
        copy_rows(connection, jobs, one, 1, count, {"workflow_uuid": "'old' || i"})


def copy_rows(
    connection: sa.Connection,
    table: str,
    where: str,
    first: int,
    last: int,
    changes: Mapping[str, str],
) -> None:
    """Copy rows once for each number ``i``; ``changes`` are SQL expressions, empty for none."""
    schema, _, name = table.rpartition(".")
    columns = [one["name"] for one in sa.inspect(connection).get_columns(name, schema or None)]
    values = {column: changes.get(column, f'"{column}"') for column in columns}
    values = {f'"{column}"': value for column, value in values.items() if value}
    copies = (
        "WITH RECURSIVE numbers(i) AS "
        f"(SELECT {first} UNION ALL SELECT i + 1 FROM numbers WHERE i < {last}) "
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())} "
        f"FROM numbers CROSS JOIN (SELECT * FROM {table} WHERE {where}) AS one"
    )
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")  # this isn't the bot's work
    connection.execute(sa.text(copies))


def settle(engine: sa.Engine) -> None:
    """Let the database do now what it would do later, during the measurement."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")
        else:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
