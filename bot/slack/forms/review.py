"""Asks Genesys Cloud and all rules about a draft, in threads that may wait for both.

When an agent has used up their look-ups, nobody is looked up for them, and nobody else has to wait.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from datetime import UTC, datetime

from bot.request import Request
from bot.rules.lookup import Lookup
from bot.rules.open_conversation import let_wait
from bot.rules.policy import Policy
from bot.rules.verdict import Verdict
from bot.slack.forms.evidence_view import Review
from bot.slack.forms.form_input import Draft
from bot.slack.forms.open_form import OpenForm
from bot.slack.forms.template_view import asks_for_name, say_to_do, with_name, without_empty_fields
from bot.slack.threads import in_thread
from bot.storage.customer_history import CustomerHistory
from genesys import Several


class Reviewer:
    """Reviews drafts. ``genesys_threads`` may also wait for Slack and the database."""

    def __init__(
        self, lookup: Lookup, policy: Policy, history: CustomerHistory, genesys_threads: Executor
    ) -> None:
        self._lookup = lookup
        self._history = history
        self._policy = policy
        self._genesys_threads = genesys_threads

    def recent(self, draft: Draft) -> Verdict | None:
        """Return what Genesys Cloud said about a draft's customer if it was just asked."""
        if draft.identity is None:
            return None
        verdict = self._lookup.recent(draft.identity, draft.chosen_contact_id, draft.into_open)
        return let_wait(verdict) if verdict and draft.when_ended else verdict

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

    async def look_up(self, form: OpenForm, draft: Draft) -> Review:
        """Ask Genesys Cloud about a customer, and all rules about the message."""
        return await in_thread(self._genesys_threads, self._look_up, form, draft)

    async def look_again(self, form: OpenForm, draft: Draft) -> Review:
        """Ask the rules again, and Genesys Cloud only if it wasn't asked just now."""
        verdict = self.recent(draft)
        if verdict is None:
            return await self.look_up(form, draft)
        review = await in_thread(self._genesys_threads, self._judge, form, draft, verdict)
        return replace(review, several=self.recent_candidates(draft))

    def _look_up(self, form: OpenForm, draft: Draft) -> Review:
        request = to_request(draft, form.view_id, form.user_id)
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
        if request.after_conversation:
            verdict = let_wait(verdict)
        return replace(self._judge(form, draft, verdict), several=several)

    def _judge(self, form: OpenForm, draft: Draft, verdict: Verdict) -> Review:
        """Judge the text as the customer gets it, with their name in it."""
        draft = with_name(draft, verdict.customer)
        request = to_request(draft, form.view_id, form.user_id)
        if verdict.customer:
            request = replace(request, contact_ids=verdict.customer.contact_ids)
        verdict = without_empty_fields(draft, self._policy.review(request, verdict))
        to_do = say_to_do(draft, asks_name=asks_for_name(draft, verdict))
        earlier = self._history.newest(request)
        is_lead = any(one.may_override for one in verdict.blocks) and self._policy.access.is_lead(
            request.agent_id
        )
        return Review(verdict, is_lead, earlier=earlier, to_do=to_do)


def to_request(draft: Draft, request_id: str, user_id: str, user_name: str = "") -> Request:
    """Make the request that a draft asks for; raise ValueError if it has no customer yet."""
    if draft.identity is None:
        raise ValueError("a draft without a customer cannot become a request")
    chosen = draft.templates.chosen if draft.templates else None
    request = Request(
        request_id=request_id,
        place=draft.place,
        agent_id=user_id,
        agent_name=user_name,
        identity=draft.identity,
        text=draft.text,
        template=chosen.reference if chosen else "",
        template_name=chosen.name if chosen else "",
        into_open_conversation=draft.into_open,
        chosen_contact_id=draft.chosen_contact_id,
        created_at=datetime.now(UTC),
        send_at=draft.send_at,
        send_before=draft.send_before,
        planned_at=draft.send_at,
        override_reason=draft.override_reason,
    )
    until = request.awaits_end_until if draft.when_ended else None
    return replace(request, after_conversation=until)
