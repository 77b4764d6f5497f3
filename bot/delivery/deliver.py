"""Deliver a request: look the customer up, decide, wait until it's time, send once.

A compare-and-set from ``scheduled`` to ``sending`` is the right to send. A job that finds
``sending`` doesn't send: an earlier one may have sent already, so Genesys is asked first.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.delivery.reconcile import Reconciler
from bot.job import Job, deliver, publish
from bot.request import Decision, Event, Request, State
from bot.rules.lookup import FRESH_SECONDS, Lookup, passes
from bot.rules.verdict import Verdict, check_length
from bot.storage.requests import RequestStore
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

HOLD_SECONDS = 10  # between two attempts while Genesys doesn't answer
LONG_HOLD_SECONDS = 60  # the same when that has lasted for a while
LONG_HOLD_AFTER = 30  # attempts
BETWEEN_SENDS = 0.6  # seconds between two held requests: three calls of five a second
LONGEST_STAGGER = 110.0  # a delivery that's due later than three minutes counts as lost
FRESH = timedelta(seconds=FRESH_SECONDS)  # an older verdict is asked for again before the send
BEGINS_WITHIN = 5.0  # seconds after the move to ``sending``, a send begins or not at all
_SEND_PATIENCE = 20.0  # seconds for a send, with its wait for the rate limit and its retries


class Delivery:
    """Takes requests from ``checking`` to their send, or says why not."""

    def __init__(
        self,
        requests: RequestStore,
        lookup: Lookup,
        cloud: GenesysCloud,
        reconciler: Reconciler,
        *,
        undo: timedelta,
    ) -> None:
        self._requests = requests
        self._lookup = lookup
        self._cloud = cloud
        self._reconciler = reconciler
        self._undo = undo
        self._away_until = 0.0

    def submit(self, request: Request) -> Request:
        """Store a request with the job that delivers it; return what is stored under its id."""
        id_ = request.request_id
        return self._requests.add(request, [publish(id_), deliver(id_)])

    def cancel(self, decision: Decision) -> bool:
        """Cancel a request that hasn't gone out; return whether it was in time."""
        request_id = decision.request_id
        jobs = [publish(request_id)]
        return self._requests.move(
            request_id, State.CANCELLED, Event.CANCELLED, jobs=jobs, decision=decision
        )

    def send_anyway(self, decision: Decision) -> bool:
        """Send an uncertain request again because a person decided so; False if it isn't one."""
        request_id = decision.request_id
        return self._requests.move(
            request_id,
            State.SCHEDULED,
            Event.SEND_DECIDED,
            since=State.UNCERTAIN,
            decision=decision,
            jobs=[publish(request_id), deliver(request_id)],
            send_at=datetime.now(UTC),
            send_before=None,
            checked_at=None,
        )

    def deliver(self, job: Job) -> None:
        """Take a request one step further; run again, it finds in the database what is done."""
        request, now = self._requests.load(job.request_id), datetime.now(UTC)
        if request.state is State.SENDING:
            self._reconciler.doubt(job.request_id)  # an earlier attempt died while it was sending
        elif request.state not in (State.CHECKING, State.SCHEDULED):
            return
        elif request.is_late(now):
            self._expire(request)
        elif request.state is State.SCHEDULED and request.send_at and request.send_at > now:
            wait = (request.send_at - now).total_seconds()
            self._requests.enqueue(deliver(job.request_id, wait))
        elif request.checked_at and abs(now - request.checked_at) < FRESH:  # clocks are set back
            self._send(request, job)
        else:
            self._check(request, job)

    def _check(self, request: Request, job: Job) -> None:
        """Look the customer up and decide whether the message may go out."""
        if time.monotonic() < self._away_until:
            self._hold(request, job)
            return
        verdict, checked_at = self._lookup.check_before_send(
            request.identity, request.chosen_contact_id, request.into_open_conversation
        )
        if verdict.is_away:
            self._hold(request, job)
            return
        refusal = _refusal(request, verdict)
        if verdict.customer is None or refusal:
            self._requests.move(
                request.request_id,
                State.REFUSED,
                Event.REFUSED,
                refusal,
                jobs=[publish(request.request_id)],
                reason=refusal,
            )
            return
        self._schedule(request, verdict, verdict.customer, checked_at, job)

    def _schedule(
        self,
        request: Request,
        verdict: Verdict,
        customer: Customer,
        checked_at: datetime,
        job: Job,
    ) -> None:
        """Note who the customer is and when to send, and send if that's now."""
        now = datetime.now(UTC)
        asked_at = min(request.created_at, now)  # the clock may have been set back since
        send_at = max(request.send_at or asked_at, asked_at + self._undo)
        wait = (send_at - now).total_seconds()
        jobs = [publish(request.request_id)]
        if wait > 0:
            jobs.append(deliver(request.request_id, wait))
        moved = self._requests.move(
            request.request_id,
            State.SCHEDULED,
            Event.FOUND,
            " ".join(finding.sentence for finding in verdict.findings[:2]),
            since=request.state,
            jobs=jobs,
            checked_at=checked_at,
            send_at=send_at,
            contact_id=customer.contact_id,
            contact_ids=customer.contact_ids,
            send_to_id=customer.send_to_id,
            customer_name=customer.name,
        )
        if moved and wait <= 0:
            self._send(self._requests.load(request.request_id), job)

    def _send(self, request: Request, job: Job) -> None:
        """Send a scheduled request, if this job is the first to move it to ``sending``."""
        request_id, now, began = request.request_id, datetime.now(UTC), time.monotonic()
        if request.is_late(now):
            self._expire(request)
            return
        if not self._requests.move(request_id, State.SENDING, Event.SENDING, sending_at=now):
            return
        request = replace(request, sending_at=now)
        message, patience = self._reconciler.message(request), _patience(request, now)
        self._lookup.note_send(request.contact_ids)
        if time.monotonic() - began > BEGINS_WITHIN:
            self._reconciler.doubt(request_id)  # this process was frozen: another may have acted
            return
        try:
            receipt = send_once(self._cloud, message, patience=patience)
        except FateUnknown as error:
            cause = type(error.__cause__).__name__
            log.warning("request %s: the send's answer was lost (%s)", request_id, cause)
            self._reconciler.doubt(request_id)
        except GenesysError as error:
            log.warning("request %s: not sent (%r)", request_id, error)
            self._not_taken(request, error, job)
        else:
            self._reconciler.accept(request_id, receipt)
        finally:  # a look-up during the send may not know of it
            self._lookup.note_send(request.contact_ids)

    def _not_taken(self, request: Request, error: GenesysError, job: Job) -> None:
        """Wait when the error passes (no connection, rate limits); otherwise the send failed."""
        request_id = request.request_id
        if passes(error):
            if self._requests.move(
                request_id, State.SCHEDULED, Event.NOT_TAKEN, of_send=request.sending_at
            ):
                self._hold(request, job)
            return
        self._lookup.forget(request.contact_ids)  # the address may belong to somebody else now
        checked_in_form = request.checked_at is not None and request.checked_at < request.created_at
        if checked_in_form and isinstance(error, Conflict | NotFound):  # ask what holds now
            self._requests.move(
                request_id,
                State.SCHEDULED,
                Event.NOT_TAKEN,
                of_send=request.sending_at,
                jobs=[deliver(request_id)],
                checked_at=None,
            )
            return
        reason, jobs = explain(error), [publish(request_id)]
        self._requests.move(
            request_id,
            State.FAILED,
            Event.FAILED,
            reason,
            of_send=request.sending_at,
            jobs=jobs,
            reason=reason,
        )

    def _hold(self, request: Request, job: Job) -> None:
        """Let a request wait for Genesys, behind those that have waited for longer.

        All that wait try again at the same moment. If the first one fails, the others don't ask.
        """
        seconds = HOLD_SECONDS if job.step < LONG_HOLD_AFTER else LONG_HOLD_SECONDS
        until_next = seconds - time.time() % seconds
        self._away_until = max(self._away_until, time.monotonic() + until_next)
        behind = min(self._requests.count_ahead(request) * BETWEEN_SENDS, LONGEST_STAGGER)
        again = Job(job.kind, job.request_id, job.step + 1, delay=until_next + behind)
        jobs = [publish(request.request_id), again]
        self._requests.add_line(request.request_id, Event.HELD, jobs=jobs, once=True)

    def _expire(self, request: Request) -> None:
        id_ = request.request_id
        self._requests.move(id_, State.EXPIRED, Event.EXPIRED, jobs=[publish(id_)])


def _patience(request: Request, now: datetime) -> float:
    """Return how many seconds the send may take, so that no attempt begins after the deadline."""
    if request.send_before is None:
        return _SEND_PATIENCE
    return min(_SEND_PATIENCE, (request.send_before - now).total_seconds())


def _refusal(request: Request, verdict: Verdict) -> str:
    """Return why the request may not be sent, in one or more sentences, or ""."""
    sentences = [finding.sentence for finding in verdict.blocks]
    too_long = check_length(request.text)
    return " ".join([*sentences, too_long] if too_long else sentences)
