"""Asks Genesys Cloud and all rules about a draft, in threads that may wait for both.

An agent who has used up their look-ups isn't looked anybody up, and keeps nobody else waiting.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime

from bot.request import Request
from bot.rules.lookup import Lookup
from bot.rules.policy import Policy
from bot.rules.verdict import Verdict
from bot.slack.evidence_view import Review
from bot.slack.form_input import Draft
from bot.slack.threads import in_thread
from genesys import Several


class Reviewer:
    """Reviews drafts. ``executor``: threads for what waits for Genesys and Slack."""

    def __init__(self, lookup: Lookup, policy: Policy, executor: Executor) -> None:
        self._lookup = lookup
        self._policy = policy
        self._executor = executor

    def recent(self, draft: Draft) -> Verdict | None:
        """Return what Genesys Cloud said about a draft's customer if it was just asked."""
        if draft.identity is None:
            return None
        return self._lookup.recent(draft.identity, draft.chosen_contact_id, draft.into_open)

    def recent_contacts(self, draft: Draft) -> tuple[str, ...]:
        """Return the ids of all contacts of a draft's customer, if they were just looked up."""
        verdict = self.recent(draft)
        return verdict.customer.contact_ids if verdict and verdict.customer else ()

    def recent_candidates(self, draft: Draft) -> Several | None:
        """Return the contacts to choose from, so that they stay in view after the choice."""
        if not draft.chosen_contact_id:
            return None
        unchosen = self.recent(replace(draft, chosen_contact_id="", into_open=False))
        return unchosen.found if unchosen and isinstance(unchosen.found, Several) else None

    async def look_up(self, request: Request) -> Review:
        """Ask Genesys Cloud about a customer, and all rules about the request."""
        return await in_thread(self._executor, self._look_up, request)

    async def look_again(self, request: Request, draft: Draft) -> Review:
        """Ask the rules again, and Genesys Cloud only if it wasn't asked just now."""
        verdict = self.recent(draft)
        if verdict is None:
            return await self.look_up(request)
        review = await in_thread(self._executor, self._judge, request, verdict)
        return replace(review, several=self.recent_candidates(draft))

    def _look_up(self, request: Request) -> Review:
        identity, chosen = request.identity, request.chosen_contact_id
        used_up = self._policy.note_lookup(request)
        if used_up:
            return Review(Verdict(identity, None, (used_up,)))
        several = None
        if chosen:  # without the contacts to choose from, Send forgets the choice
            unchosen = self._lookup.recent(identity, "", False)
            found = (unchosen or self._lookup.check(identity, "", False)).found
            several = found if isinstance(found, Several) else None
        verdict = self._lookup.check(identity, chosen, request.into_open_conversation)
        return replace(self._judge(request, verdict), several=several)

    def _judge(self, request: Request, verdict: Verdict) -> Review:
        verdict = self._policy.review(request, verdict)
        is_lead = verdict.may_override and self._policy.access.is_lead(request.agent_id)
        return Review(verdict, may_override=is_lead)


def to_request(draft: Draft, request_id: str, user_id: str, user_name: str = "") -> Request:
    """Make the request that a draft asks for; raise ValueError if it has no customer yet."""
    if draft.identity is None:
        raise ValueError("a draft without a customer cannot become a request")
    return Request(
        request_id=request_id,
        place=draft.place,
        agent_id=user_id,
        agent_name=user_name,
        identity=draft.identity,
        text=draft.message,
        into_open_conversation=draft.into_open,
        chosen_contact_id=draft.chosen_contact_id,
        created_at=datetime.now(UTC),
        send_at=draft.send_at,
        send_before=draft.send_before,
        planned_at=draft.send_at,
        override_reason=draft.override_reason,
    )
