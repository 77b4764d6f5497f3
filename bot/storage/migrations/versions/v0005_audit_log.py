"""The audit log, to which rows can only be added."""

import sqlalchemy as sa
from alembic import op

from bot.storage.migrations.audit_triggers import create_audit_triggers

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the table with its triggers."""
    op.create_table(
        "audit",
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
    )
    op.create_index("audit_of_user", "audit", ["user_id", "action", "at"])
    create_audit_triggers(op.get_bind())
