"""Requests and their history.

A request changes its state only here, by compare-and-set along the transition table. The history
line and the jobs that follow are written in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.job import Job
from bot.language import _, say_list
from bot.request import Decision, Event, Request, Stuck
from bot.state import State, sources
from bot.storage.audit import Action, count
from bot.storage.counts import Moves, count_ahead, count_open
from bot.storage.database import Database, insert_new
from bot.storage.facts import (
    Facts,
    Judge,
    Subject,
    Windows,
    lock_agent,
    read_facts,
    read_facts_to_decide,
)
from bot.storage.history import add_line, has_line
from bot.storage.keys import Keys
from bot.storage.record import record, record_move, record_new
from bot.storage.rows import to_columns, to_request, to_row
from bot.storage.tables import request_customers, requests
from bot.storage.transitions import finished, hold_up, stuck_after, was_decided

Enqueue = Callable[[sa.Connection, Job], None]


class RequestStore:
    """Reads and writes requests; each method is one short transaction."""

    def __init__(self, database: Database, enqueue: Enqueue, keys: Keys) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue
        self._keys = keys
        self.moves = Moves()  # since this process started

    def is_reachable(self) -> bool:
        """Return whether the database answers."""
        try:
            with self._database.connect() as connection:
                return connection.execute(sa.select(1)).scalar() == 1
        except sa.exc.SQLAlchemyError:
            return False

    def add(self, request: Request, jobs: Sequence[Job], judge: Judge | None = None) -> Request:
        """Store a new request with its jobs; return what is stored under its id.

        That's an earlier request when the same view was submitted before. What ``judge`` raises
        rolls everything back.
        """
        row = to_row(request) | {"text_digest": self._keys.text_digest(request.text)}
        with self._database.transaction(is_urgent=True) as connection:
            if not insert_new(connection, requests, row):
                return _load(connection, request.request_id)
            self._note_customer(connection, request)
            add_line(connection, request.request_id, Event.ASKED, at=request.created_at)
            if request.override_reason:
                rules = say_list(map(_, request.overridden))
                said = _("{rules}: {reason}").format(rules=rules, reason=request.override_reason)
                add_line(connection, request.request_id, Event.OVERRIDDEN, said)
            self._enqueue_all(connection, jobs)
            record_new(connection, self._keys, request)
            self._judge(connection, request, judge)  # last, because others wait from here on
        self.moves.note(request.state)
        return request

    def load(self, request_id: str) -> Request:
        """Return one request; raise LookupError when there is none."""
        with self._database.connect() as connection:
            return _load(connection, request_id)

    def move(
        self,
        request_id: str,
        state: State,
        event: Event,
        detail: str = "",
        *,
        jobs: Sequence[Job] = (),
        link: str = "",
        said: str = "",
        since: State | None = None,
        of_send: datetime | None = None,
        decision: Decision | None = None,
        seen: Request | None = None,
        judge: Judge | None = None,
        rules: str = "",
        **values: Any,
    ) -> bool:
        """Move a request to ``state`` if the transition table allows it; return whether it moved.

        ``since`` allows the move from that state only, and ``of_send`` only while the send that
        began then is under way. ``decision`` counts only if it's the next one about the request.
        ``seen`` allows the move only if nobody has decided anything since it was read.
        What ``judge`` raises rolls the move back. ``rules`` names those that decided, for the audit
        log. ``said``: what the customer wrote. ``values`` are the request's other new values. False
        means that somebody else was first, or that the news came too late.
        """
        allowed = sources(state) if since is None else {since}
        current: sa.ColumnElement[bool] = requests.c.state.in_(allowed)
        if of_send is not None:
            sending = requests.c.state == State.SENDING
            current = sa.and_(sending, requests.c.sending_at == of_send.timestamp())
        if decision is not None:
            current = sa.and_(current, requests.c.decisions == decision.number)
            values["decisions"] = decision.number + 1
            if decision.response_url:
                values["response_url"] = decision.response_url
        elif seen is not None:
            current = sa.and_(current, requests.c.decisions == seen.decisions)
        if "text" in values:
            values["text_digest"] = self._keys.text_digest(values["text"])
        stuck = stuck_after(state, values.pop("stuck", Stuck.NO))
        values = {"stuck": stuck, "open_conversation_id": "", **finished(state), **values}
        with self._database.transaction() as connection:
            moved = connection.execute(
                sa.update(requests)
                .where(requests.c.request_id == request_id, requests.c.erased_at.is_(None), current)
                .values(state=state, **to_columns(values))
                .returning(requests)
            )
            row = moved.mappings().one_or_none()
            if row is None:
                return False
            request = to_request(row)
            if "contact_ids" in values:
                self._note_customer(connection, request)
            add_line(connection, request_id, event, detail, link=link, decision=decision, said=said)
            self._enqueue_all(connection, jobs)
            record_move(connection, self._keys, request, event, decision, rules)
            self._judge(connection, request, judge)
        if state is not since:
            self.moves.note(state)
        return True

    def record_lookup(self, request: Request, most: int, since: datetime) -> bool:
        """Note in the audit log that an agent looks a customer up; 0 for ``most``: no limit.

        False means that they have done so ``most`` times since then, which is noted instead.
        """
        with self._database.transaction() as connection:
            subject = self._keys.subject(connection, request.identity)
            lock_agent(connection, request.agent_id)  # so that nobody counts before this is added
            if most and count(connection, request.agent_id, Action.LOOKED_UP, since) >= most:
                record(connection, subject, request, Action.REFUSED, {"refused by": "look-ups"})
                return False
            record(connection, subject, request, Action.LOOKED_UP)
            return True

    def record_refusal(self, request: Request, rules: Sequence[str]) -> None:
        """Note in the audit log that a request wasn't stored, and because of which rules."""
        detail = {"refused by": ", ".join(rules), "rules": request.rules_version}
        with self._database.transaction() as connection:
            subject = self._keys.subject(connection, request.identity)
            record(connection, subject, request, Action.REFUSED, detail)

    def facts(self, request: Request, windows: Windows) -> Facts:
        """Return what the rules ask about a request that isn't stored yet."""
        with self._database.connect() as connection:
            return read_facts(connection, self._subject(request), windows, datetime.now(UTC))

    def _subject(self, request: Request) -> Subject:
        return Subject(
            request.request_id,
            request.agent_id,
            self._keys.customer_keys(request.identity, request.contact_ids),
            self._keys.text_digest(request.text),
        )

    def _judge(self, connection: sa.Connection, request: Request, judge: Judge | None) -> None:
        if judge is None:
            return
        is_sending = request.state is State.SENDING
        subject = replace(self._subject(request), sent_only=is_sending)
        now = datetime.now(UTC)
        judge.decide(read_facts_to_decide(connection, subject, judge.windows, now))

    def _note_customer(self, connection: sa.Connection, request: Request) -> None:
        rows = [
            {"customer_key": key, "request_id": request.request_id}
            for key in self._keys.customer_keys(request.identity, request.contact_ids)
        ]
        insert_new(connection, request_customers, *rows)

    def add_line(
        self,
        request_id: str,
        event: Event,
        detail: str = "",
        *,
        jobs: Sequence[Job] = (),
        once: bool = False,
        stuck: Stuck = Stuck.NO,
        seen: Request | None = None,
    ) -> None:
        """Add a line to a request's history without moving it.

        ``once``: leave out the line, but not the jobs, if the history has such a line already.
        ``stuck``: what holds it up, unless that's a pause. ``seen``: as for ``move``, and for jobs.
        """
        with self._database.transaction() as connection:
            if seen and was_decided(connection, seen):
                return
            if not (once and has_line(connection, request_id, event)):
                add_line(connection, request_id, event, detail)
            if stuck:
                hold_up(connection, request_id, stuck)
            self._enqueue_all(connection, jobs)

    def enqueue(self, *jobs: Job) -> None:
        """Enqueue jobs that follow no change of a request."""
        with self._database.transaction() as connection:
            self._enqueue_all(connection, jobs)

    def known_message_ids(self, contact_id: str) -> frozenset[str]:
        """Return the Genesys message ids that requests to this contact already have."""
        with self._database.connect() as connection:
            rows = connection.execute(
                sa.select(requests.c.message_id).where(
                    requests.c.contact_id == contact_id, requests.c.message_id != ""
                )
            )
            return frozenset(row.message_id for row in rows)

    def count_ahead(self, request: Request, most: int) -> int:
        """Count up to ``most`` unsent requests that are older than this and could go out now."""
        with self._database.connect() as connection:
            return count_ahead(connection, request, most)

    def count_open(self) -> dict[State, int]:
        """Count the requests that something may still happen to, by state."""
        with self._database.connect() as connection:
            return count_open(connection)

    def _enqueue_all(self, connection: sa.Connection, jobs: Sequence[Job]) -> None:
        for job in jobs:
            self._enqueue(connection, job)


def _load(connection: sa.Connection, request_id: str) -> Request:
    found = connection.execute(sa.select(requests).where(requests.c.request_id == request_id))
    row = found.mappings().one_or_none()
    if row is None:
        raise LookupError(f"there is no request {request_id}")
    return to_request(row)
