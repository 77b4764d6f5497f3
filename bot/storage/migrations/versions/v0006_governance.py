"""Opt-outs, approvals, the pause, and what erasing a request needs."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_UNFINISHED = "state IN ('checking', 'unapproved', 'scheduled', 'sending', 'uncertain')"


def upgrade() -> None:
    """Add the columns and tables; an older release may go on writing rows without them."""
    _add_columns()
    _add_tables()
    op.drop_index("requests_unfinished", "requests")
    _index("requests_unfinished", ["state", "send_at"], _UNFINISHED)
    _index("requests_not_erased", ["finished_at"], "finished_at IS NOT NULL AND erased_at IS NULL")
    op.create_index("requests_of_agent", "requests", ["agent_id", "created_at"])
    op.create_index("requests_sent_by_agent", "requests", ["agent_id", "sending_at"])
    # What ended before is kept for as long as what ends now.
    op.execute(
        "UPDATE requests SET finished_at = (SELECT max(history.at) FROM history"
        " WHERE history.request_id = requests.request_id)"
        " WHERE state NOT IN ('checking', 'scheduled', 'sending') AND next_look_at IS NULL"
    )
    op.execute(
        "INSERT INTO posts (request_id, what, channel, ts)"
        " SELECT request_id, 'card', card_channel, card_ts FROM requests WHERE card_ts != ''"
    )
    # Lines are in the thread below the card; those that went elsewhere can't be told any more.
    op.execute(
        "INSERT INTO posts (request_id, what, channel, ts)"
        " SELECT history.request_id, 'line ' || line_id, card_channel, posted_ts"
        " FROM history JOIN requests ON requests.request_id = history.request_id"
        " WHERE posted_ts NOT IN ('', '-') AND card_ts != ''"
    )


def _add_columns() -> None:
    def text(name: str, kind: sa.types.TypeEngine[str]) -> sa.Column[str]:
        return sa.Column(name, kind, nullable=False, server_default="")

    for column in (
        text("stuck", sa.String(16)),
        text("text_digest", sa.String(64)),
        text("override_reason", sa.Text()),
        sa.Column("overridden", sa.JSON),
        text("approval_for", sa.Text()),
        sa.Column("approval_until", sa.Double),
        text("approver_id", sa.String(32)),
        text("approver_name", sa.Text()),
        text("approved_digest", sa.String(64)),
        text("rules_version", sa.String(16)),
        sa.Column("finished_at", sa.Double),
        sa.Column("erased_at", sa.Double),
    ):
        op.add_column("requests", column)
    if op.get_bind().dialect.name == "postgresql":  # SQLite has no length to change
        op.alter_column("requests", "card_state", type_=sa.String(32))


def _add_tables() -> None:
    request_id = sa.Column("request_id", sa.String(64), sa.ForeignKey("requests.request_id"))
    op.create_table(
        "request_customers",
        sa.Column("customer_key", sa.String(64), primary_key=True),
        sa.Column(
            "request_id",
            sa.String(64),
            sa.ForeignKey("requests.request_id"),
            primary_key=True,
            index=True,
        ),
    )
    op.create_table(
        "posts",
        sa.Column("post_id", sa.Integer, primary_key=True, autoincrement=True),
        request_id,
        sa.Column("what", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("ts", sa.String(32), nullable=False),
        sa.Column("erased", sa.Text, nullable=False, server_default=""),
    )
    op.create_index("ix_posts_request_id", "posts", ["request_id"])
    pending = sa.text("erased = 'pending'")
    op.create_index(
        "posts_to_erase", "posts", ["request_id"], sqlite_where=pending, postgresql_where=pending
    )
    op.create_table(
        "opt_outs",
        sa.Column("opt_out_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("masked", sa.Text, nullable=False),
        *_by_whom(),
    )
    op.create_table(
        "opt_out_keys",
        sa.Column("customer_key", sa.String(64), primary_key=True),
        sa.Column("opt_out_id", sa.Integer, sa.ForeignKey("opt_outs.opt_out_id"), index=True),
    )
    op.create_table("pause", sa.Column("row_id", sa.Integer, primary_key=True), *_by_whom())
    secrets_table = op.create_table(
        "secrets",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.bulk_insert(secrets_table, [{"name": "digest key", "content": secrets.token_hex(32)}])
    op.create_table(
        "salts",
        sa.Column("customer_key", sa.String(64), primary_key=True),
        sa.Column("salt", sa.String(32), nullable=False),
    )


def _by_whom() -> list[sa.Column[object]]:
    return [
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("user_name", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    ]


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "requests", columns, sqlite_where=where, postgresql_where=where)
