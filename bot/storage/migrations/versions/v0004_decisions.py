"""How many decisions people made about a request, and who made each of them."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; an older release may go on writing rows without them."""
    decisions = sa.Column("decisions", sa.Integer, nullable=False, server_default="0")
    op.add_column("requests", decisions)
    user_id = sa.Column("user_id", sa.String(32), nullable=False, server_default="")
    op.add_column("history", user_id)
