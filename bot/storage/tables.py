"""The tables as this version expects them; ``migrations`` creates and changes them.

Customers' addresses and texts are stored here and nowhere else, so they can be erased.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from bot.state import UNSENT
from bot.storage.metadata import metadata


def _by_whom() -> tuple[sa.Column[Any], ...]:
    """Make the columns that say when somebody did something, who, and why."""
    return (
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )


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
    sa.Column("created_at", sa.Double, nullable=False, index=True),
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
    # SQLite ignores the length, and can't change what an earlier release declared.
    sa.Column(
        "card_state", sa.String(16).with_variant(sa.String(32), "postgresql"), nullable=False
    ),
    sa.Column("outcome_ts", sa.String(32), nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False, server_default="0"),
    sa.Column("stuck", sa.String(16), nullable=False, server_default=""),
    sa.Column("text_digest", sa.String(64), nullable=False, server_default=""),
    sa.Column("override_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("overridden", sa.JSON),
    sa.Column("approval_for", sa.Text, nullable=False, server_default=""),
    sa.Column("approval_until", sa.Double),
    sa.Column("approver_id", sa.String(32), nullable=False, server_default=""),
    sa.Column("approver_name", sa.Text, nullable=False, server_default=""),
    sa.Column("approved_digest", sa.String(64), nullable=False, server_default=""),
    sa.Column("rules_version", sa.String(16), nullable=False, server_default=""),
    sa.Column("template", sa.String(128), nullable=False, server_default=""),
    sa.Column("template_name", sa.Text, nullable=False, server_default=""),
    sa.Column("finished_at", sa.Double),
    sa.Column("erased_at", sa.Double),
    sa.Column("after_conversation", sa.Double),
    sa.Column("open_conversation_id", sa.String(64), nullable=False, server_default=""),
    sa.Index("requests_of_agent", "agent_id", "created_at"),
    sa.Index("requests_sent_by_agent", "agent_id", "sending_at"),
)

# Which requests are about a customer: by the digests of their addresses and contacts.
request_customers = sa.Table(
    "request_customers",
    metadata,
    sa.Column("customer_key", sa.String(64), primary_key=True),
    sa.Column(
        "request_id",
        sa.String(64),
        sa.ForeignKey("requests.request_id"),
        primary_key=True,
        index=True,
    ),
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
    sa.Column("said", sa.Text, nullable=False, server_default=""),
)

# A post to Slack that was begun. The row goes when we know whether it arrived.
postings = sa.Table(
    "postings",
    metadata,
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), primary_key=True),
    sa.Column("what", sa.String(32), primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
)

# Every post of ours in Slack; ``erased`` says what became of it when its request was erased:
# "pending", "edited", "deleted", or "left: " and Slack's code.
posts = sa.Table(
    "posts",
    metadata,
    sa.Column("post_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), index=True),
    sa.Column("what", sa.String(32), nullable=False),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("ts", sa.String(32), nullable=False),
    sa.Column("erased", sa.Text, nullable=False, server_default=""),
)

# Customers whom nobody may message, and all digests by which each is recognised.
opt_outs = sa.Table(
    "opt_outs",
    metadata,
    sa.Column("opt_out_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("masked", sa.Text, nullable=False),
    *_by_whom(),
)
opt_out_keys = sa.Table(
    "opt_out_keys",
    metadata,
    sa.Column("customer_key", sa.String(64), primary_key=True),
    sa.Column("opt_out_id", sa.Integer, sa.ForeignKey("opt_outs.opt_out_id"), index=True),
)

# One row while all sending is paused.
pause = sa.Table(
    "pause",
    metadata,
    sa.Column("row_id", sa.Integer, primary_key=True),
    *_by_whom(),
)

# Where leads want outcomes posted, by where the messages were asked for: "" stands for every other
# channel as a source, and for nowhere as a target.
outcome_channels = sa.Table(
    "outcome_channels",
    metadata,
    sa.Column("source_channel", sa.String(32), primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
)

# One row for each digest: ``since`` and ``again`` are its first and latest try, if their result
# isn't known.
digests = sa.Table(
    "digests",
    metadata,
    sa.Column("period", sa.String(32), primary_key=True),
    sa.Column("channel", sa.String(32), nullable=False),
    sa.Column("since", sa.Double),
    sa.Column("again", sa.Double),
    sa.Column("ts", sa.String(32), nullable=False, server_default=""),
)

secrets = sa.Table(
    "secrets",
    metadata,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("content", sa.Text, nullable=False),
)

# Without its salt, nobody can say any more which customer an entry of the audit log is about.
salts = sa.Table(
    "salts",
    metadata,
    sa.Column("customer_key", sa.String(64), primary_key=True),
    sa.Column("salt", sa.String(32), nullable=False),
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
_UNFINISHED = ("checking", "unapproved", "scheduled", "sending", "uncertain")
STILL_UNSENT = requests.c.state.in_([state.value for state in UNSENT])
UNFINISHED = requests.c.state.in_([sa.literal_column(f"'{name}'") for name in _UNFINISHED])
NOT_SENT = requests.c.state.in_([sa.literal_column(f"'{name}'") for name in _UNFINISHED[:3]])
FOLLOWED = requests.c.next_look_at.is_not(None)
WAS_SENT = requests.c.sending_at.is_not(None)
NOT_ERASED = sa.and_(requests.c.finished_at.is_not(None), requests.c.erased_at.is_(None))
OPEN = sa.or_(FOLLOWED, requests.c.state == sa.literal_column("'sending'"))
NEEDS_A_LOOK = sa.and_(
    requests.c.state.in_(
        [sa.literal_column(f"'{name}'") for name in ("uncertain", "failed", "replied")]
    ),
    requests.c.erased_at.is_(None),
)
UNPOSTED = history.c.posted_ts == sa.literal_column("''")
TO_ERASE = posts.c.erased == sa.literal_column("'pending'")


def _partial_index(name: str, *columns: sa.Column[Any], where: sa.ColumnElement[bool]) -> None:
    sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


_partial_index("requests_unfinished", requests.c.state, requests.c.send_at, where=UNFINISHED)
_partial_index(
    "requests_followed", requests.c.next_look_at, requests.c.conversation_id, where=FOLLOWED
)
_partial_index("requests_sent", requests.c.sending_at, requests.c.state, where=WAS_SENT)
for _name, _columns, _where in (
    ("requests_not_sent", (requests.c.send_at, requests.c.created_at), NOT_SENT),
    ("requests_open", (requests.c.sending_at,), OPEN),
    ("requests_needing_a_look", (requests.c.state, requests.c.finished_at), NEEDS_A_LOOK),
):
    _partial_index(_name, *_columns, where=_where)
    _partial_index(f"{_name}_of_agent", requests.c.agent_id, *_columns, where=_where)
_partial_index("requests_not_erased", requests.c.finished_at, where=NOT_ERASED)
_partial_index("history_unposted", history.c.at, history.c.request_id, where=UNPOSTED)
_partial_index("posts_to_erase", posts.c.request_id, where=TO_ERASE)
