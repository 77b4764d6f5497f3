"""What daily work needs: templates, edited messages, digests, and where outcomes are posted."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the columns and tables; an older release may go on writing rows without them."""
    _add_outcomes()
    _add_templates()
    _add_lists()


def _add_outcomes() -> None:
    """Add where outcomes are posted, digests, replies, and the wait for a conversation's end."""
    op.add_column("requests", sa.Column("after_conversation", sa.Double))
    op.add_column(
        "requests",
        sa.Column("open_conversation_id", sa.String(64), nullable=False, server_default=""),
    )
    op.add_column("history", sa.Column("said", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "outcome_channels",
        sa.Column("source_channel", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
    )
    op.create_table(
        "digests",
        sa.Column("period", sa.String(32), primary_key=True),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("since", sa.Double),
        sa.Column("again", sa.Double),
        sa.Column("ts", sa.String(32), nullable=False, server_default=""),
    )
    was_sent = sa.text("sending_at IS NOT NULL")
    op.create_index(
        "requests_sent",
        "requests",
        ["sending_at", "state"],
        sqlite_where=was_sent,
        postgresql_where=was_sent,
    )


def _add_lists() -> None:
    """Add the indexes of the lists of an agent's requests, and of all."""
    op.create_index("ix_requests_created_at", "requests", ["created_at"])
    for name, columns, condition in (
        (
            "requests_not_sent",
            ["send_at", "created_at"],
            "state IN ('checking', 'unapproved', 'scheduled')",
        ),
        ("requests_open", ["sending_at"], "next_look_at IS NOT NULL OR state = 'sending'"),
        (
            "requests_needing_a_look",
            ["state", "finished_at"],
            "state IN ('uncertain', 'failed', 'replied') AND erased_at IS NULL",
        ),
    ):
        where = sa.text(condition)
        for ending, first in (("", []), ("_of_agent", ["agent_id"])):
            op.create_index(
                f"{name}{ending}",
                "requests",
                [*first, *columns],
                sqlite_where=where,
                postgresql_where=where,
            )


def _add_templates() -> None:
    """Add from which template a message comes."""
    template = sa.Column("template", sa.String(128), nullable=False, server_default="")
    op.add_column("requests", template)
    op.add_column(
        "requests", sa.Column("template_name", sa.Text, nullable=False, server_default="")
    )
