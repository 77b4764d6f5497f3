"""Deliver a request: look the customer up, decide, and wait until it's time.

`bot/delivery/send.py` sends it. A job that finds ``sending`` doesn't: an earlier one may have sent
already, so Genesys is asked first.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.delivery.conversation_end import PAUSES, TOO_LONG, ConversationEnd
from bot.delivery.endings import Endings
from bot.delivery.hold import Hold
from bot.delivery.reconcile import Reconciler
from bot.delivery.send import Sender
from bot.job import Job, TryAgain, deliver, publish
from bot.language import _
from bot.request import Event, Request, Stuck
from bot.rules.directory import DirectoryUnavailable
from bot.rules.lookup import FRESH_SECONDS, Lookup
from bot.rules.open_conversation import let_wait
from bot.rules.policy import Policy, Refused
from bot.rules.text_rules import check_length
from bot.rules.verdict import Verdict
from bot.state import UNSENT, State
from bot.storage.requests import RequestStore
from genesys import Customer

FRESH = timedelta(seconds=FRESH_SECONDS)  # an older verdict is asked for again before the send


class Delivery:
    """Takes requests from ``checking`` to their send, or says why not."""

    def __init__(
        self,
        requests: RequestStore,
        lookup: Lookup,
        reconciler: Reconciler,
        policy: Policy,
        endings: Endings,
        hold: Hold,
        sender: Sender,
        conversation_end: ConversationEnd,
        *,
        undo: timedelta,
    ) -> None:
        self._requests = requests
        self._lookup = lookup
        self._reconciler = reconciler
        self._policy = policy
        self._endings = endings
        self._hold = hold
        self._sender = sender
        self._conversation_end = conversation_end
        self._undo = undo

    def deliver(self, job: Job) -> None:
        """Take a request one step further; run again, it finds in the database what is done."""
        request, now = self._requests.load(job.request_id), datetime.now(UTC)
        if request.state is State.SENDING:
            # An earlier attempt died while it was sending.
            self._reconciler.note_lost_answer(job.request_id)
        elif request.state not in UNSENT:
            return
        elif self._endings.is_opted_out(request):
            self._endings.refuse_opted_out(request)
        elif self._conversation_end.came_too_late(request, now):
            self._endings.expire(request, _(TOO_LONG))
        elif request.is_late(now):
            self._endings.expire(request)
        elif request.state is State.UNAPPROVED:
            return
        elif request.state is State.SCHEDULED and request.send_at and request.send_at > now:
            wait = (request.send_at - now).total_seconds()
            self._requests.enqueue(deliver(job.request_id, wait))
        else:
            try:
                self._go_on(request, now, job)
            except DirectoryUnavailable as error:
                jobs = [publish(request.request_id)]
                why = Stuck.SLACK
                self._requests.add_line(
                    request.request_id, Event.HELD, why.value, jobs=jobs, once=True, stuck=why
                )
                raise TryAgain(str(error)) from error

    def _go_on(self, request: Request, now: datetime, job: Job) -> None:
        if not self._may_go_on(request):
            return
        if request.checked_at and abs(now - request.checked_at) < FRESH:  # clocks are set back
            self._sender.send(request, job)
        else:
            self._check(request, job)

    def _may_go_on(self, request: Request) -> bool:
        """Return whether the agent may still send it and its approval still holds.

        If not, refuse it or ask for a new approval.
        """
        try:
            self._policy.check_people(request)
        except Refused as refused:
            self._endings.refuse(request, refused)
            return False
        if request.state is not State.SCHEDULED:
            return True  # whether it needs an approval is asked when the customer is known
        if request.approver_id:
            if self._policy.is_approved(request):
                return True
            self._ask_for_approval(request, Event.APPROVAL_LOST, request.approval_for)
            return False
        if reason := self._policy.approval_reason(request):  # by rules that are new
            self._ask_for_approval(request, Event.APPROVAL_ASKED, reason)
        return not reason

    def _check(self, request: Request, job: Job) -> None:
        """Look the customer up and decide whether the message may go out."""
        if self._hold.is_away:
            self._hold.wait(request, job)
            return
        if self._conversation_end.is_awaited(request, job):
            return
        verdict, checked_at = self._lookup.check_before_send(
            request.identity, request.chosen_contact_id, request.into_open_conversation
        )
        if verdict.is_away:
            self._hold.wait(request, job, verdict.stuck)
            return
        if request.after_conversation:
            verdict = let_wait(verdict)
        refusal = _refusal(request, verdict)
        if verdict.customer is None or refusal:
            self._requests.move(
                request.request_id,
                State.REFUSED,
                Event.REFUSED,
                refusal,
                seen=request,
                jobs=[publish(request.request_id)],
                rules=", ".join(finding.rule.value for finding in verdict.blocks),
                reason=refusal,
                rules_version=self._policy.version,
            )
            return
        known = replace(request, contact_ids=verdict.customer.contact_ids)
        if self._endings.is_opted_out(known):  # by another address of theirs
            self._endings.refuse_opted_out(known)
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
        found = replace(
            request,
            checked_at=checked_at,
            send_at=send_at,
            contact_id=customer.contact_id,
            contact_ids=customer.contact_ids,
            send_to_id=customer.send_to_id,
            customer_name=customer.name,
        )
        reason = self._policy.approval_reason(found)
        if reason and not (found.approver_id and self._policy.is_approved(found)):
            event = Event.APPROVAL_LOST if found.approver_id else Event.APPROVAL_ASKED
            self._ask_for_approval(found, event, reason)
            return
        wait = (send_at - now).total_seconds()
        if customer.open and request.after_conversation:
            if wait < PAUSES[0]:
                self._conversation_end.wait(
                    *(found, customer.open.conversation_id, job, self._policy.version),
                    send_at=send_at,
                    **_customer_values(found),
                )
                return
            found = replace(found, checked_at=None)  # it's looked at again when it's due
        said = " ".join(finding.sentence for finding in verdict.findings[:2])
        self._send_or_wait(found, said, wait, job)

    def _send_or_wait(self, found: Request, said: str, wait: float, job: Job) -> None:
        """Note what was found, and send it if that's now; ``said``: the first findings."""
        id_ = found.request_id
        self._conversation_end.forget(found)
        moved = self._requests.move(
            id_,
            State.SCHEDULED,
            Event.FOUND,
            said,
            since=found.state,
            seen=found,
            jobs=[publish(id_), deliver(id_, wait)] if wait > 0 else [publish(id_)],
            send_at=found.send_at,
            rules_version=self._policy.version,
            **_customer_values(found),
        )
        if moved and wait <= 0:
            self._sender.send(self._requests.load(id_), job)
        elif moved:
            self._sender.show_pause(id_)

    def _ask_for_approval(self, request: Request, event: Event, reason: str) -> None:
        """Let a request wait until a second person approves exactly what it says."""
        now = datetime.now(UTC)
        until = self._policy.approval_until(now, request.send_before)
        wait = (until - now).total_seconds()
        self._requests.move(
            request.request_id,
            State.UNAPPROVED,
            event,
            reason,
            since=request.state,
            seen=request,
            jobs=[publish(request.request_id), deliver(request.request_id, max(wait, 0.0))],
            approval_for=reason,
            approval_until=until,
            approver_id="",
            approver_name="",
            approved_digest="",
            rules_version=self._policy.version,
            **_customer_values(request),
        )


def _customer_values(request: Request) -> dict[str, Any]:
    """Return what a look-up found out about a request's customer."""
    return {
        name: getattr(request, name)
        for name in ("checked_at", "contact_id", "contact_ids", "send_to_id", "customer_name")
    }


def _refusal(request: Request, verdict: Verdict) -> str:
    """Return why the request may not be sent, in one or more sentences, or ""."""
    sentences = [finding.sentence for finding in verdict.blocks]
    too_long = check_length(request.text)
    return " ".join([*sentences, too_long] if too_long else sentences)
