"""The tables as this version expects them; ``migrations`` creates and changes them.

Customers' addresses and texts are stored here and nowhere else, so they can be erased.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

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
    sa.Column("planned_at", sa.Double),
    sa.Column("state", sa.String(16), nullable=False),
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
    sa.Column("next_look_at", sa.Double),
    sa.Column("looks", sa.Integer, nullable=False),
    sa.Column("card_channel", sa.String(32), nullable=False),
    sa.Column("card_ts", sa.String(32), nullable=False),
    sa.Column("card_state", sa.String(16), nullable=False),
    sa.Column("outcome_ts", sa.String(32), nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False, server_default="0"),
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
    sa.Column("user_id", sa.String(32), nullable=False, server_default=""),
)

# A post to Slack that was begun. The row goes when we know whether it arrived.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), primary_key=True),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
)

rate_limit = sa.Table(
    "rate_limit",
    metadata,
    sa.Column("row_id", sa.Integer, primary_key=True),
    sa.Column("seen", sa.Double, nullable=False),
    sa.Column("due", sa.Double, nullable=False),
    sa.Column("paused_until", sa.Double, nullable=False),
    sa.Column("pushed", sa.Double, nullable=False),
    sa.Column("allowed", sa.Integer, nullable=False),
    sa.Column("window_ends", sa.Double, nullable=False),
    sa.Column("remaining", sa.Integer, nullable=False),
)

# One row for each process that runs jobs: its latest heartbeat, by the database's clock.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("worker_id", sa.String(64), primary_key=True),
    sa.Column("beat_at", sa.Double, nullable=False),
)

# What the periodic queries look for is always a small part of the table, so they cost the same
# however many old requests there are. Each query must repeat its index's condition literally.
UNFINISHED = requests.c.state.in_(
    [sa.literal_column(f"'{name}'") for name in ("checking", "scheduled", "sending", "uncertain")]
)
FOLLOWED = requests.c.next_look_at.is_not(None)
UNPOSTED = history.c.posted_ts == sa.literal_column("''")


def _partial_index(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


_partial_index("requests_unfinished", requests.c.state, requests.c.send_at, where=UNFINISHED)
_partial_index(
    "requests_followed", requests.c.next_look_at, requests.c.conversation_id, where=FOLLOWED
)
_partial_index("history_unposted", history.c.at, history.c.request_id, where=UNPOSTED)
