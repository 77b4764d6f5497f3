"""The time that the agent picked, apart from ``send_at``, which also waits for undo and outages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; for old requests, a send more than a minute away was a planned one."""
    op.add_column("requests", sa.Column("planned_at", sa.Double))
    op.execute("UPDATE requests SET planned_at = send_at WHERE send_at > created_at + 60")
