"""What the audit log records: who did what, when, and about which request and customer.

Entries hold ids, digests and names of rules, and nothing that a person typed. A transaction puts
its entries into an outbox, and so waits for nobody. ``AuditLog.chain`` takes them from there into
the log. Why: docs/decisions/0022-audit-chain.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from bot.storage.audit_chain import write_detail
from bot.storage.audit_tables import audit, audit_outbox


class Action(StrEnum):
    """What somebody did, or what became of it."""

    LOOKED_UP = "looked up"
    STORED = "stored"
    REFUSED = "refused"
    OVERRIDDEN = "overridden"
    APPROVAL_ASKED = "approval asked"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    SENT = "sent"
    OUTCOME = "outcome"
    DECIDED = "decided"
    REFUSED_CLICK = "refused click"
    OPTED_OUT = "opted out"
    OPTED_IN = "opted in"
    PAUSED = "paused"
    RESUMED = "resumed"
    RULES_LOADED = "rules loaded"
    ERASED = "erased"
    REJECTED = "rejected signatures"
    OUTCOMES_SET = "outcomes set"
    EDITED = "edited"


@dataclass(frozen=True)
class Entry:
    """What is to be recorded. ``detail``: names of rules, digests, versions; nothing private."""

    action: Action
    user_id: str = ""
    team_id: str = ""
    request_id: str = ""
    subject: str = ""
    detail: Mapping[str, str | int | bool] = field(default_factory=dict)


def append(connection: sa.Connection, entry: Entry, *, at: datetime | None = None) -> None:
    """Record an entry if the caller's transaction ends well; raise SQLAlchemyError."""
    connection.execute(
        sa.insert(audit_outbox).values(
            at=(at or datetime.now(UTC)).timestamp(),
            action=entry.action.value,
            user_id=entry.user_id,
            team_id=entry.team_id,
            request_id=entry.request_id,
            subject=entry.subject,
            detail=write_detail(dict(entry.detail)),
        )
    )


def count(connection: sa.Connection, user_id: str, action: Action, since: datetime) -> int:
    """Count what somebody did since then, in a caller's transaction."""
    # One statement, so that an entry that's just being chained is seen in exactly one place.
    found = sa.union_all(
        *(
            sa.select(sa.literal(1)).where(
                table.c.user_id == user_id,
                table.c.action == action.value,
                table.c.at >= since.timestamp(),
            )
            for table in (audit, audit_outbox)
        )
    )
    counted = sa.select(sa.func.count()).select_from(found.subquery())
    return int(connection.execute(counted).scalar_one())
