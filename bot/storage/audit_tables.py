"""The tables of the audit log, as this version expects them."""

from __future__ import annotations

import sqlalchemy as sa

from bot.storage.metadata import metadata

# Who did what, until ``AuditLog.chain`` takes it into the log.
audit_outbox = sa.Table(
    "audit_outbox",
    metadata,
    sa.Column("entry_id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("action", sa.String(24), nullable=False),
    sa.Column("user_id", sa.String(32), nullable=False),
    sa.Column("team_id", sa.String(32), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
)

# The log itself. Rows are only ever added (``audit_log.py``); triggers refuse anything else.
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False, index=True),
    sa.Column("action", sa.String(24), nullable=False),
    sa.Column("user_id", sa.String(32), nullable=False),
    sa.Column("team_id", sa.String(32), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False, index=True),
    sa.Column("subject", sa.String(64), nullable=False, index=True),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False, unique=True),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index("audit_of_user", "user_id", "action", "at"),
)
