"""How a Request and its history lines become rows, and rows become them again."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.request import Event, HistoryLine, Place, Request, Stuck
from bot.state import State
from genesys import Identity, IdentityKind

_PLACE = ("team_id", "channel_id", "thread_ts", "response_url")
_TIMES = (
    "created_at",
    "send_at",
    "send_before",
    "planned_at",
    "checked_at",
    "sending_at",
    "watch_until",
    "approval_until",
    "erased_at",
    "after_conversation",
)
_OF_STORAGE = ("text_digest", "finished_at")  # columns that only queries use


def to_row(request: Request) -> dict[str, Any]:
    """Turn a new request into its row."""
    row = asdict(request)
    row.update(row.pop("place"))
    identity = row.pop("identity")
    row.update(identity_kind=identity["kind"], identity_value=identity["value"])
    del row["is_followed"]  # stored as the time of the next look
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


def to_request(row: sa.RowMapping) -> Request:
    """Turn a row into its request."""
    values = dict(row)
    place = Place(*(values.pop(name) for name in _PLACE))
    identity = Identity(IdentityKind(values.pop("identity_kind")), values.pop("identity_value"))
    for name in _TIMES:
        values[name] = to_time(values[name]) if values[name] is not None else None
    values["state"] = State(values["state"])
    values["stuck"] = Stuck(values["stuck"])
    values["contact_ids"] = tuple(values["contact_ids"])
    values["overridden"] = tuple(values["overridden"] or ())
    for name in _OF_STORAGE:
        del values[name]
    next_look = values.pop("next_look_at")
    return Request(place=place, identity=identity, is_followed=next_look is not None, **values)


def to_line(row: sa.Row[Any]) -> HistoryLine:
    """Turn a row into a line of a request's history."""
    return HistoryLine(
        row.line_id,
        Event(row.event),
        to_time(row.at),
        row.detail,
        row.link,
        row.posted_ts,
        row.user_id,
        said=row.said,
    )


def to_time(seconds: float) -> datetime:
    """Turn stored seconds into a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
