"""Edits a message that hasn't gone out: its text and times, judged by the rules of a new one.

A delivery that read the request before the edit can't move it any more, so either the send was
faster or the customer gets the new text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.job import deliver, publish
from bot.request import Decision, Event, Request
from bot.rules.policy import Policy
from bot.rules.verdict import Rule
from bot.state import State
from bot.storage.requests import RequestStore

EDITABLE = frozenset({State.SCHEDULED, State.UNAPPROVED})
_ABOUT_THE_TEXT = frozenset({Rule.SAME_TEXT, Rule.SECRETS, Rule.CARDS, Rule.LINKS})


@dataclass(frozen=True)
class Edit:
    """What a message is to say from now on, and when it's to be sent."""

    text: str = field(repr=False)
    planned_at: datetime | None
    send_before: datetime | None

    def changes(self, request: Request) -> bool:
        """Return whether the request says anything else."""
        before = (request.text, request.planned_at, request.send_before)
        return before != (self.text, self.planned_at, self.send_before)


class Editing:
    """Edits requests. ``undo``: how long an edited message can still be stopped, at least."""

    def __init__(self, requests: RequestStore, policy: Policy, *, undo: timedelta) -> None:
        self._requests = requests
        self._policy = policy
        self._undo = undo

    def edit(self, decision: Decision, request: Request, edit: Edit) -> bool:
        """Edit a request as it was when ``decision`` was made; False if it's too late for that.

        An approval that it had doesn't count any more. Raises Refused.
        """
        if request.state not in EDITABLE:
            return False
        now = datetime.now(UTC)
        send_at = max(edit.planned_at or now, now + self._undo)
        edited = replace(
            request,
            text=edit.text,
            planned_at=edit.planned_at,
            send_at=send_at,
            send_before=edit.send_before,
            overridden=_still_overridden(request, edit),
        )
        reason = self._policy.approval_reason(edited)
        state, due = State.SCHEDULED, send_at
        approval: dict[str, Any] = {}
        if reason:
            due = self._policy.approval_until(now, edit.send_before)
            state, approval = State.UNAPPROVED, {"approval_for": reason, "approval_until": due}
        wait = max((due - now).total_seconds(), 0.0)
        return self._requests.move(
            request.request_id,
            state,
            Event.EDITED,
            since=request.state,
            decision=decision,
            judge=self._policy.judge_new(edited),
            jobs=[publish(request.request_id), deliver(request.request_id, wait)],
            text=edited.text,
            planned_at=edited.planned_at,
            send_at=send_at,
            send_before=edited.send_before,
            overridden=edited.overridden,
            checked_at=None,
            approver_id="",
            approver_name="",
            approved_digest="",
            rules_version=self._policy.version,
            **approval,
        )


def _still_overridden(request: Request, edit: Edit) -> tuple[str, ...]:
    """Return the rules that stay overridden: none about something that the edit changed."""
    void: set[str] = set()
    if edit.text != request.text:
        void |= {rule.value for rule in _ABOUT_THE_TEXT}
    if edit.planned_at != request.planned_at:
        void.add(Rule.QUIET_HOURS.value)
    return tuple(rule for rule in request.overridden if rule not in void)
