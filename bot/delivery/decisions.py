"""What people decide about a request: to send it, cancel it, approve it, decline it, or send again.

Each decision counts once, for the card that showed it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime

from bot.job import deliver, publish
from bot.request import Decision, Event, Request
from bot.rules.policy import Policy, Refused
from bot.state import State
from bot.storage.requests import RequestStore


class Decisions:
    """Writes decisions down, each with the jobs that follow from it."""

    def __init__(self, requests: RequestStore, policy: Policy) -> None:
        self._requests = requests
        self._policy = policy

    def submit(self, request: Request, overriding: Collection[str] | None = None) -> Request:
        """Store a request with the job that delivers it; return what is stored under its id.

        ``contact_ids`` may be empty, and makes the rules see more if it isn't. Raises Refused.
        With an ``override_reason``, the rules that a lead may override don't count; ``overriding``
        names those that the lead has seen, None means all.
        """
        request = replace(request, rules_version=self._policy.version)
        jobs = [publish(request.request_id), deliver(request.request_id)]
        reason, request = request.override_reason, replace(request, override_reason="")
        try:
            return self._requests.add(request, jobs, self._policy.judge_new(request))
        except Refused as refused:
            is_seen = overriding is None or set(refused.rules) <= set(overriding)
            if not (reason and is_seen and all(one.may_override for one in refused.findings)):
                raise
            request = replace(request, override_reason=reason, overridden=refused.rules)
            return self._requests.add(request, jobs, self._policy.judge_new(request))

    def record_refusal(self, request: Request, rules: Collection[str]) -> None:
        """Note that a request wasn't stored, and which rules forbid it."""
        request = replace(request, rules_version=self._policy.version)
        self._requests.record_refusal(request, tuple(rules))

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

    def mark_sent(self, decision: Decision) -> bool:
        """Note that a person saw an uncertain request's message; False if it isn't one.

        Its outcome isn't followed: nobody knows the message's id.
        """
        return self._requests.move(
            decision.request_id,
            State.ACCEPTED,
            Event.SENT_CONFIRMED,
            since=State.UNCERTAIN,
            decision=decision,
            jobs=[publish(decision.request_id)],
            finished_at=datetime.now(UTC),
        )

    def approve(self, decision: Decision, request: Request) -> bool:
        """Approve exactly what ``request`` says; False if it doesn't wait for that any more.

        The caller has checked that this person may approve it. It's checked again before the send.
        """
        now = datetime.now(UTC)
        return self._requests.move(
            request.request_id,
            State.SCHEDULED,
            Event.APPROVED,
            since=State.UNAPPROVED,
            decision=decision,
            jobs=[publish(request.request_id), deliver(request.request_id)],
            approver_id=decision.user_id,
            approver_name=decision.user_name,
            approved_digest=request.approval_digest,
            rules_version=self._policy.version,
            send_at=max(request.planned_at or now, now),
        )

    def decline(self, decision: Decision, reason: str) -> bool:
        """Refuse a request that waits for an approval; False if it doesn't any more."""
        request_id = decision.request_id
        return self._requests.move(
            request_id,
            State.REFUSED,
            Event.DECLINED,
            reason,
            since=State.UNAPPROVED,
            decision=decision,
            jobs=[publish(request_id)],
            reason=reason,
            rules_version=self._policy.version,
        )
