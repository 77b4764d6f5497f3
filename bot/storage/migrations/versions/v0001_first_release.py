"""The tables of release 0.1.0, which created them without Alembic."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables as that release did."""
    op.create_table(
        "requests",
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
    op.create_table(
        "history",
        sa.Column("line_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"), index=True),
        sa.Column("event", sa.String(16), nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("posted_ts", sa.String(32), nullable=False),
    )
    op.create_table(
        "postings",
        sa.Column(
            "request_id", sa.String(64), sa.ForeignKey("requests.request_id"), primary_key=True
        ),
        sa.Column("what", sa.String(32), primary_key=True),
        sa.Column("since", sa.Double, nullable=False),
    )
