"""Erase what is stored about a request, and keep what identifies nobody.

A masked address, the state, the times and the ids of our own stay. So the card can be drawn again,
and the audit log still says what happened to the request with this id.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.job import Job, JobKind, publish
from bot.language import N_, _
from bot.request import Event, Request
from bot.state import UNSENT, State
from bot.storage.audit import Action, Entry, append
from bot.storage.database import Database
from bot.storage.history import add_line
from bot.storage.keys import Keys
from bot.storage.posts import mark_pending
from bot.storage.requests import Enqueue
from bot.storage.rows import to_request
from bot.storage.tables import NOT_ERASED, history, request_customers, requests, salts

SENDS_FOR = timedelta(seconds=60)  # a send that began longer ago is over, however it ended
NOT_SENT = N_("The customer's data was erased, so this message wasn't sent.")
_BY_A_PERSON = (Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED)  # 0.1 had only a name
_BLANK: dict[str, Any] = {
    **dict.fromkeys(("customer_name", "text", "text_digest", "response_url", "reason"), ""),
    **dict.fromkeys(("override_reason", "approval_for", "approver_name", "approved_digest"), ""),
    **dict.fromkeys(("chosen_contact_id", "contact_id", "send_to_id"), ""),
    **dict.fromkeys(("message_id", "conversation_id", "open_conversation_id", "stuck"), ""),
    "contact_ids": [],
    "card_state": "",  # so that whatever is drawn next shows the erased request
}


@dataclass(frozen=True)
class Ended:
    """A request that is erased now; ``was_unsent``: its agent has to be told."""

    request_id: str
    was_unsent: bool


class Erasure:
    """Erases requests, each in one transaction."""

    def __init__(self, database: Database, enqueue: Enqueue, keys: Keys) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue
        self._keys = keys

    def erase_finished(self, before: datetime, most: int) -> int:
        """Erase up to ``most`` requests that finished before then; return how many."""
        old = sa.and_(NOT_ERASED, requests.c.finished_at < before.timestamp())
        found = sa.select(requests.c.request_id).where(old)
        with self._database.connect() as connection:
            ids = connection.execute(found.order_by(requests.c.finished_at).limit(most))
            due = list(ids.scalars())
        return sum(self._erase(request_id, old) is not None for request_id in due)

    def erase(self, request_id: str) -> Ended | None:
        """Erase a request whatever its state; None if it's being sent just now, or is erased.

        An unsent one is refused, and a followed one isn't followed any more.
        """
        recently = (datetime.now(UTC) - SENDS_FOR).timestamp()
        is_sending = sa.and_(requests.c.state == State.SENDING, requests.c.sending_at > recently)
        return self._erase(request_id, sa.not_(sa.func.coalesce(is_sending, sa.false())))

    def _erase(self, request_id: str, condition: sa.ColumnElement[bool]) -> Ended | None:
        now = datetime.now(UTC)
        this = requests.c.request_id == request_id
        with self._database.transaction() as connection:
            # Nothing else moves it from here on, so what it says is what it said last.
            claimed = connection.execute(
                sa.update(requests)
                .where(this, requests.c.erased_at.is_(None), condition)
                .values(
                    erased_at=now.timestamp(),
                    finished_at=sa.func.coalesce(requests.c.finished_at, now.timestamp()),
                    next_look_at=None,
                    watch_until=None,
                )
                .returning(requests)
            )
            row = claimed.mappings().one_or_none()
            if row is None:
                return None
            request = to_request(row)
            subject = self._keys.find_subject(connection, request.identity)
            ended = Ended(request_id, request.state in UNSENT)
            _blank(connection, request)
            self._forget_customer(connection, request)
            if ended.was_unsent:
                add_line(connection, request_id, Event.REFUSED, _(NOT_SENT))
                self._enqueue(connection, publish(request_id))
            if mark_pending(connection, request_id):
                self._enqueue(connection, Job(JobKind.ERASE, request_id))
            _record(connection, request, subject, ended)
        return ended

    def _forget_customer(self, connection: sa.Connection, request: Request) -> None:
        """Forget whom it was about; with the customer's last request, destroy the salt too."""
        of_request = request_customers.c.request_id == request.request_id
        keys = set(
            connection.execute(
                sa.select(request_customers.c.customer_key).where(of_request)
            ).scalars()
        )
        keys.add(self._keys.customer_key(request.identity))
        connection.execute(sa.delete(request_customers).where(of_request))
        has_more = sa.exists().where(request_customers.c.customer_key == salts.c.customer_key)
        connection.execute(
            sa.delete(salts).where(salts.c.customer_key.in_(keys), sa.not_(has_more))
        )


def _blank(connection: sa.Connection, request: Request) -> None:
    state, reason = request.state, ""
    if state in UNSENT:
        state, reason = State.REFUSED, _(NOT_SENT)
    elif state is State.SENDING:
        state = State.UNCERTAIN
    connection.execute(
        sa.update(requests)
        .where(requests.c.request_id == request.request_id)
        .values(
            _BLANK | {"identity_value": request.identity.masked, "state": state, "reason": reason}
        )
    )
    # The detail of a line with a user id is that colleague's name, not the customer's.
    connection.execute(
        sa.update(history)
        .where(history.c.request_id == request.request_id)
        .values(
            link="",
            said="",
            detail=sa.case(
                (history.c.user_id != "", history.c.detail),
                (history.c.event.in_(_BY_A_PERSON), _("Somebody")),
                else_="",
            ),
        )
    )


def _record(connection: sa.Connection, request: Request, subject: str, ended: Ended) -> None:
    entry = Entry(
        Action.ERASED,
        team_id=request.place.team_id,
        request_id=request.request_id,
        subject=subject,
    )
    if ended.was_unsent:
        detail = {"state": State.REFUSED.value, "refused by": "erasure"}
        refused = Entry(Action.REFUSED, "", entry.team_id, entry.request_id, entry.subject, detail)
        append(connection, refused)
    append(connection, entry)
