"""Step 5: deliver a request durably: look up, decide, wait until it is time, send once.

Promises: at most one attempt whose fate is unknown, then reading before anything else. The right
to send is one compare-and-set from ``scheduled`` to ``sending``; whoever finds ``sending`` already
there does not send, it reads. A request that Genesys cannot answer for waits; one past its time
is never sent. Does not: speak Slack (it asks for the thread to be brought up to date), or follow
what comes after the send (``receipts`` and ``watch`` do).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.delivery.reconcile import Reconciler
from bot.jobs.queue import Engine, Work
from bot.jobs.works import DELIVER, deliver, persistently, publish, until_next_try
from bot.request import Event, Request, State
from bot.rules.lookup import FRESH_SECONDS, Lookup, passes
from bot.rules.verdict import Verdict, check_length
from bot.storage.requests import Ask, RequestStore
from bot.text import explain
from genesys import (
    Conflict,
    Customer,
    FateUnknown,
    GenesysCloud,
    GenesysError,
    NotFound,
    send_once,
)

log = logging.getLogger(__name__)

GO = "go"  # what the first step says: the second may follow
HOLD_HOURS = 24  # how long a request without an end of its own waits for Genesys
FRESH = timedelta(seconds=FRESH_SECONDS)  # an older verdict is asked for again before the send
_SEND_PATIENCE = 20.0


class Delivery:
    """The durable way of one request from ``checking`` to its send, or a reason why not."""

    def __init__(
        self,
        store: RequestStore,
        engine: Engine,
        preflight: Lookup,
        cloud: GenesysCloud,
        receipts: Reconciler,
        *,
        undo: timedelta,
    ) -> None:
        self._store = store
        self._engine = engine
        self._preflight = preflight
        self._cloud = cloud
        self._receipts = receipts
        self._undo = undo
        self._away_until = 0.0

    def works(self) -> Mapping[str, Callable[[str, int], None]]:
        """Return the engine's names for what this module does."""
        return {DELIVER: self._deliver}

    def accept(self, request: Request) -> Request:
        """Write a request down and ask for its delivery; return what is stored under its id."""
        works = self._showing(
            request.request_id, deliver(request.request_id, since=request.created_at)
        )
        return self._store.record(request, works)

    def cancel(self, request_id: str, agent: str) -> bool:
        """Cancel a request that has not gone out; tell whether it was in time."""
        show = self._showing(request_id)
        return self._store.move(request_id, State.CANCELLED, Event.CANCELLED, agent, ask=show)

    def send_anyway(self, request_id: str, agent: str) -> bool:
        """Send an uncertain request again because a person decided so; False if it is not one."""
        return self._store.move(
            request_id,
            State.SCHEDULED,
            Event.SEND_DECIDED,
            agent,
            since=State.UNCERTAIN,
            ask=self._showing(request_id, deliver(request_id, 1, since=datetime.now(UTC))),
            send_at=datetime.now(UTC),
            send_before=None,
            checked_at=None,
        )

    # The work itself. Each step leaves its result in the store: run again, it finds it there.

    def _deliver(self, request_id: str, turn: int) -> None:
        if persistently()(self._look_up_and_decide, request_id, turn) == GO:
            persistently()(self._send_once, request_id, turn)

    def _look_up_and_decide(self, request_id: str, turn: int) -> str:
        request, now = self._store.load(request_id), datetime.now(UTC)
        if request.state is State.SENDING:
            return GO  # an earlier life of this work died: the next step reads back
        if request.state not in (State.CHECKING, State.SCHEDULED):
            return ""
        if _is_late(request, now):
            self._expire(request)
            return ""
        if request.state is State.SCHEDULED and request.send_at and request.send_at > now:
            wait = (request.send_at - now).total_seconds()
            later = deliver(request_id, turn + 1, wait=wait, since=request.created_at)
            self._store.ask(self._engine.asking(later))
            return ""
        if request.checked_at and abs(now - request.checked_at) < FRESH:  # clocks may be set back
            return GO
        return self._decide(request, turn)

    def _decide(self, request: Request, turn: int) -> str:
        if time.monotonic() < self._away_until:
            self._hold(request, turn)
            return ""
        verdict, checked_at = self._preflight.check_to_send(
            request.identity, request.chosen_contact_id, request.into_open_conversation
        )
        if verdict.is_away:
            self._away_until = time.monotonic() + until_next_try()
            self._hold(request, turn)
            return ""
        refusal = _refusal(request, verdict)
        if verdict.customer is None or refusal:
            show = self._showing(request.request_id)
            self._store.move(
                request.request_id,
                State.REFUSED,
                Event.REFUSED,
                refusal,
                ask=show,
                reason=refusal,
            )
            return ""
        return self._schedule(request, verdict, verdict.customer, checked_at, turn)

    def _schedule(
        self,
        request: Request,
        verdict: Verdict,
        customer: Customer,
        checked_at: datetime,
        turn: int,
    ) -> str:
        """Note who the customer is and when to send; GO when that is now."""
        now = datetime.now(UTC)
        asked_at = min(request.created_at, now)  # the clock may have been set back since
        send_at = max(request.send_at or now, asked_at + self._undo, now)
        wait = (send_at - now).total_seconds()
        again = deliver(request.request_id, turn + 1, wait=wait, since=request.created_at)
        moved = self._store.move(
            request.request_id,
            State.SCHEDULED,
            Event.FOUND,
            " ".join(finding.sentence for finding in verdict.findings[:2]),
            since=request.state,
            ask=self._showing(request.request_id, *([again] if wait > 0 else [])),
            checked_at=checked_at,
            send_at=send_at,
            contact_id=customer.contact_id,
            contact_ids=customer.contact_ids,
            send_to_id=customer.send_to_id,
            customer_name=customer.name,
        )
        return GO if moved and wait <= 0 else ""

    def _send_once(self, request_id: str, turn: int) -> None:
        request, now = self._store.load(request_id), datetime.now(UTC)
        if request.state is State.SENDING:
            self._receipts.doubt(request_id)  # an earlier life of this step died in flight
            return
        if request.state is State.SCHEDULED and _is_late(request, now):
            self._expire(request)
            return
        if request.state is not State.SCHEDULED or not self._store.move(
            request_id, State.SENDING, Event.SENDING, sending_at=now
        ):
            return
        message, patience = self._receipts.message(request), _patience(request, now)
        self._preflight.note_send(request.contact_ids)
        try:
            receipt = send_once(self._cloud, message, patience=patience)
        except FateUnknown as error:
            log.warning("request %s: fate unknown (%s)", request_id, type(error.__cause__).__name__)
            self._receipts.doubt(request_id)
        except GenesysError as error:
            log.warning("request %s: not sent (%r)", request_id, error)
            self._not_taken(request, error, turn)
        else:
            self._receipts.accept(request_id, receipt)
        finally:  # what was asked while it was under way may not know of it
            self._preflight.note_send(request.contact_ids)

    def _not_taken(self, request: Request, error: GenesysError, turn: int) -> None:
        """Wait after what passes (no connection, rate limits); fail after what does not."""
        if passes(error):
            self._away_until = time.monotonic() + until_next_try()
            if self._store.move(request.request_id, State.SCHEDULED, Event.NOT_TAKEN):
                self._hold(request, turn)
            return
        self._preflight.forget(request.contact_ids)  # perhaps it is no longer who it was
        asked_by_modal = request.checked_at is not None and request.checked_at < request.created_at
        if asked_by_modal and isinstance(error, Conflict | NotFound):  # what holds now?
            again = deliver(request.request_id, turn + 1, since=request.created_at)
            ask, event = self._engine.asking(again), Event.NOT_TAKEN
            self._store.move(request.request_id, State.SCHEDULED, event, ask=ask, checked_at=None)
            return
        reason, show = explain(error), self._showing(request.request_id)
        self._store.move(
            request.request_id, State.FAILED, Event.FAILED, reason, ask=show, reason=reason
        )

    def _hold(self, request: Request, turn: int) -> None:
        """Let a request wait for Genesys, in line with the others that do."""
        wait, since = until_next_try(), request.created_at
        again = deliver(request.request_id, turn + 1, wait=wait, since=since)
        works = self._showing(request.request_id, again)
        self._store.add_line(request.request_id, Event.HELD, ask=works, once=True)

    def _expire(self, request: Request) -> None:
        show = self._showing(request.request_id)
        self._store.move(request.request_id, State.EXPIRED, Event.EXPIRED, ask=show)

    def _showing(self, request_id: str, *works: Work) -> Ask:
        """Return what asks for the works and for the thread to show the news."""
        return self._engine.asking(*works, publish(request_id))


def _is_late(request: Request, now: datetime) -> bool:
    """Tell whether the message is no longer worth sending, or has waited for too long."""
    if request.send_before is not None:
        return now >= request.send_before
    begun = max(request.created_at, request.send_at or request.created_at)
    return now - begun > timedelta(hours=HOLD_HOURS)


def _patience(request: Request, now: datetime) -> float:
    """Return how many seconds the send may take, so that no attempt begins past its time."""
    if request.send_before is None:
        return _SEND_PATIENCE
    return min(_SEND_PATIENCE, (request.send_before - now).total_seconds())


def _refusal(request: Request, verdict: Verdict) -> str:
    """Return why the request may not be sent, in one or more sentences, or ""."""
    sentences = [finding.sentence for finding in verdict.blocks]
    too_long = check_length(request.text)
    return " ".join([*sentences, too_long] if too_long else sentences)
