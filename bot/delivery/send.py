"""Send a scheduled request once, if the rules still allow it.

A compare-and-set from ``scheduled`` to ``sending`` is the right to send, and in its transaction the
rules are judged once more.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.delivery.conversation_end import PAUSES
from bot.delivery.endings import Endings
from bot.delivery.hold import Hold
from bot.delivery.reconcile import Reconciler
from bot.job import Job, deliver, publish
from bot.request import Event, Request, Stuck
from bot.rules.lookup import Lookup, passes, why_stuck
from bot.rules.policy import Policy, Refused, SendingPaused, TooEarly
from bot.state import State
from bot.storage.facts import Facts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.text import explain, say_error
from genesys import (
    CalledOff,
    Conflict,
    FateUnknown,
    GenesysCloud,
    GenesysError,
    NotFound,
    send_once,
)

log = logging.getLogger(__name__)

BEGINS_WITHIN = 5.0  # seconds after the move to ``sending``, a send begins or not at all
_SEND_PATIENCE = 20.0  # seconds for a send, with its wait for the rate limit and its retries


class Sender:
    """Begins sends and takes in what Genesys Cloud answers."""

    def __init__(
        self,
        requests: RequestStore,
        lookup: Lookup,
        cloud: GenesysCloud,
        reconciler: Reconciler,
        policy: Policy,
        pause: Pause,
        endings: Endings,
        hold: Hold,
    ) -> None:
        self._requests = requests
        self._lookup = lookup
        self._cloud = cloud
        self._reconciler = reconciler
        self._policy = policy
        self._pause = pause
        self._endings = endings
        self._hold = hold

    def send(self, request: Request, job: Job) -> None:
        """Send a scheduled request, if this job is the first to move it to ``sending``."""
        request_id, now = request.request_id, datetime.now(UTC)
        if request.is_late(now):
            self._endings.expire(request)
            return
        began = self._begin_send(request, now)
        if began is None:
            return
        request = replace(request, sending_at=now)
        message, patience = self._reconciler.message(request), _patience(request, now)
        self._lookup.note_send(request.contact_ids)
        if time.monotonic() - began > BEGINS_WITHIN:
            # This process was frozen: another may have acted.
            self._reconciler.note_lost_answer(request_id)
            return
        try:
            receipt = send_once(
                self._cloud, message, patience=patience, may_begin=self._is_not_paused
            )
        except CalledOff:
            self._requests.move(
                request_id, State.SCHEDULED, Event.NOT_TAKEN, of_send=request.sending_at
            )
            self._pause.hold(request_id)
        except FateUnknown as error:
            cause = type(error.__cause__).__name__
            log.warning("request %s: the send's answer was lost (%s)", request_id, cause)
            self._reconciler.note_lost_answer(request_id)
        except GenesysError as error:
            log.warning("request %s: not sent (%r)", request_id, error)
            self._not_taken(request, error, job)
        else:
            self._reconciler.accept(request_id, receipt)
        finally:  # a look-up during the send may not know of it
            self._lookup.note_send(request.contact_ids)

    def show_pause(self, request_id: str) -> None:
        """Say on the card of a message that waits for its time if all sending is paused."""
        if self._pause.read() is not None:
            self._pause.hold(request_id)

    def _is_not_paused(self) -> bool:
        """Return whether sending isn't paused.

        It's asked right before an attempt, which may have waited for the rate limit.
        """
        try:
            return self._pause.read() is None
        except SQLAlchemyError:  # nothing has been sent yet, and an error here would hide that
            return False

    def _begin_send(self, request: Request, now: datetime) -> float | None:
        """Move a request to ``sending`` unless a rule forbids it now.

        Return when, by the monotonic clock; None if it didn't move. That's after any wait for
        others who decide about the same customer.
        """
        judge, id_ = self._policy.judge_send(request), request.request_id
        began = time.monotonic()

        def decide(facts: Facts) -> None:
            nonlocal began
            began = time.monotonic()
            judge.decide(facts)

        try:
            moved = self._requests.move(
                id_,
                State.SENDING,
                Event.SENDING,
                seen=request,  # else it might have been edited since
                judge=replace(judge, decide=decide),
                sending_at=now,
                rules_version=self._policy.version,
            )
            return began if moved else None
        except SendingPaused:
            self._pause.hold(id_)
        except TooEarly as early:
            self._postpone(request, early.next_time, now)
        except Refused as refused:
            self._endings.refuse(request, refused)
        return None

    def _postpone(self, request: Request, send_at: datetime, now: datetime) -> None:
        """Send a request when the quiet hours end, if its deadline isn't before that."""
        look_at = min(send_at, request.send_before or send_at)
        wait = max((look_at - now).total_seconds(), 0.0)
        self._requests.move(
            request.request_id,
            State.SCHEDULED,
            Event.POSTPONED,
            send_at.isoformat(),
            since=State.SCHEDULED,
            seen=request,
            jobs=[publish(request.request_id), deliver(request.request_id, wait)],
            send_at=send_at,
            rules_version=self._policy.version,
        )

    def _not_taken(self, request: Request, error: GenesysError, job: Job) -> None:
        """Wait when the error passes (no connection, rate limits); otherwise the send failed."""
        request_id = request.request_id
        if passes(error):
            if self._requests.move(
                request_id, State.SCHEDULED, Event.NOT_TAKEN, of_send=request.sending_at
            ):
                self._hold.wait(request, job, why_stuck(error))
            return
        self._lookup.forget(request.contact_ids)  # the address may belong to somebody else now
        waits = request.after_conversation is not None and isinstance(error, Conflict)
        if waits:  # analytics didn't know yet that a conversation is open
            self._requests.move(
                request_id,
                State.SCHEDULED,
                Event.NOT_TAKEN,
                of_send=request.sending_at,
                jobs=[publish(request_id), deliver(request_id, PAUSES[-1])],
                checked_at=None,
                stuck=Stuck.CONVERSATION,
                after_conversation=request.awaits_end_until,
            )
            return
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
        self._requests.move(
            request_id,
            State.FAILED,
            Event.FAILED,
            explain(error),
            of_send=request.sending_at,
            jobs=[publish(request_id)],
            reason=say_error(error),
        )


def _patience(request: Request, now: datetime) -> float:
    """Return how many seconds the send may take, so that no attempt begins after the deadline."""
    if request.send_before is None:
        return _SEND_PATIENCE
    return min(_SEND_PATIENCE, (request.send_before - now).total_seconds())
