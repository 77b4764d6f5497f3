"""Heartbeats of the workers, the rate limit's row, and indexes for the periodic queries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two tables, and replace whole-table indexes by partial ones."""
    op.create_table(
        "workers",
        sa.Column("worker_id", sa.String(64), primary_key=True),
        sa.Column("beat_at", sa.Double, nullable=False),
    )
    op.create_table(
        "rate_limit",
        sa.Column("row_id", sa.Integer, primary_key=True),
        sa.Column("seen", sa.Double, nullable=False),
        sa.Column("due", sa.Double, nullable=False),
        sa.Column("paused_until", sa.Double, nullable=False),
        sa.Column("pushed", sa.Double, nullable=False),
        sa.Column("allowed", sa.Integer, nullable=False),
        sa.Column("window_ends", sa.Double, nullable=False),
        sa.Column("remaining", sa.Integer, nullable=False),
    )
    op.drop_table("rate_budget", if_exists=True)
    op.drop_index("ix_requests_state", "requests")
    op.drop_index("ix_requests_next_look_at", "requests")
    _index(
        "requests_unfinished",
        "requests",
        ["state", "send_at"],
        "state IN ('checking', 'scheduled', 'sending', 'uncertain')",
    )
    _index(
        "requests_followed",
        "requests",
        ["next_look_at", "conversation_id"],
        "next_look_at IS NOT NULL",
    )
    _index("history_unposted", "history", ["at", "request_id"], "posted_ts = ''")


def _index(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
