"""Shows in an open form who the customer is, and whether a message may go out.

A form that can't be updated stays as it is, with everything that the agent has typed. Several
processes may update one form, so each update names the version that it replaces.
https://docs.slack.dev/surfaces/modals#updating_views
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.answers import translated
from bot.cards.card import show_notice
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable
from bot.language import N_, _
from bot.rules.verdict import Finding
from bot.slack.forms.earlier_cards import find_links
from bot.slack.forms.evidence_view import Note, Review
from bot.slack.forms.form_input import Draft, check_times
from bot.slack.forms.form_view import ASK_FOR_CUSTOMER, LOOKING_UP, build_form
from bot.slack.forms.open_form import OpenForm, read_shown
from bot.slack.forms.review import Reviewer
from bot.slack.metadata import MetadataSigner
from bot.slack.respond import Responder
from bot.slack.retry import retry
from bot.slack.view_state import View, read_version
from genesys import Several

log = logging.getLogger(__name__)

_NOT_SHOWN = N_(
    "I couldn't show the customer in your form. Your text is still there. You can still send; the "
    "customer is checked first."
)
# https://docs.slack.dev/reference/methods/views.update#errors
_GONE = "not_found"
_OUTDATED = ("hash_conflict", "duplicate_external_id")  # the latter if Slack looks at that first
# pauses before each look for the card of the other request, which was faster
CARD_SECONDS = (0.0, 1.0, 3.0)


class Evidence:
    """Updates forms with what a Reviewer finds out."""

    def __init__(
        self,
        client: AsyncWebClient,
        reviewer: Reviewer,
        signer: MetadataSigner,
        responder: Responder,
    ) -> None:
        self._client = client
        self.reviewer = reviewer
        self._signer = signer
        self._responder = responder
        self._latest: dict[str, OpenForm] = {}  # view id -> the one whose look-up may be shown

    def draw(self, draft: Draft, user_id: str) -> View:
        """Draw the form as it opens."""
        return self._draw(draft, first_note(draft), OpenForm("", user_id))

    async def look_up(self, form: OpenForm, draft: Draft) -> None:
        """Look a draft's customer up, so that the next Send is judged by that; show nothing."""
        await self.reviewer.look_up(form, draft)

    async def show(self, form: OpenForm, draft: Draft) -> None:
        """Show that the customer is being looked up, then the verdict, unless it's outdated."""
        self._latest[form.view_id] = form
        several = self.reviewer.recent_candidates(draft)
        note = self._draw(draft, first_note(draft), form, several)
        try:
            if draft.identity is None:
                await self._update(form, note)
                return
            with suppress(SlackRateLimited, SlackUnavailable):  # the verdict comes anyway
                await self._update_once(form, note)
            review = await self.reviewer.look_up(form, draft)
            await self._show_review(form, draft, review)
        except (SlackRateLimited, SlackUnavailable) as error:
            log.warning("a form's evidence can't be shown: %s", error)
            await self._respond(form, draft, _(_NOT_SHOWN))
        finally:
            self._forget(form)

    async def refresh(
        self, form: OpenForm, draft: Draft, refused: tuple[Finding, ...] = ()
    ) -> None:
        """Show what the rules say now, without a word that somebody is being looked up.

        ``refused``: why the message wasn't sent just now. The errors under the fields stay unless
        something else has to be shown, which then begins with the reason. If another request was
        faster, its card may not be posted yet: then its link comes later.
        """
        if draft.identity is None:
            await self.show(form, draft)
            return
        self._latest[form.view_id] = form
        try:
            for seconds in CARD_SECONDS:
                await asyncio.sleep(seconds)
                review = await self.reviewer.look_again(form, draft)
                await self._show_change(form, draft, review, refused)
                others = (one.earlier for one in review.verdict.blocks if one.earlier)
                if all(other.card_ts for other in others):
                    break
        except (SlackRateLimited, SlackUnavailable) as error:
            log.warning("a form's evidence can't be shown: %s", error)
        finally:
            self._forget(form)

    async def show_stops(self, form: OpenForm, draft: Draft) -> None:
        """Show what stops the message in a form that's under another one.

        The message itself isn't known here.
        """
        if form.view_id in self._latest:
            return
        self._latest[form.view_id] = form
        try:
            review = await self.reviewer.look_again(form, draft)
            verdict = replace(review.verdict, findings=review.verdict.blocks)
            await self._show_review(form, draft, replace(review, verdict=verdict))
        except SlackError as error:
            log.warning("a form's evidence can't be shown: %s", error)
        finally:
            self._forget(form)

    async def _show_review(self, form: OpenForm, draft: Draft, review: Review) -> None:
        review = await self._link(form, review)
        await self._update(form, self._draw(draft, review, form, review.several))

    async def _show_change(
        self, form: OpenForm, draft: Draft, review: Review, refused: tuple[Finding, ...]
    ) -> None:
        review = await self._link(form, review)
        view = self._draw(draft, review, form, review.several)
        told = self._draw(draft, replace(review, refused=refused), form, review.several)
        if form.shown not in (read_shown(view), read_shown(told)):
            await self._update(form, told)

    async def _link(self, form: OpenForm, review: Review) -> Review:
        others = (one.earlier for one in review.verdict.findings if one.earlier)
        links = await find_links(self._client, (*others, *review.earlier), form.user_id)
        return replace(review, links=links)

    async def tell(self, form: OpenForm, draft: Draft, sentence: str) -> None:
        """Show a sentence in place of the evidence, or else where the agent was.

        It isn't shown if the agent has changed something since: that has its own answer.
        """
        if form.view_id in self._latest:
            return
        self._latest[form.view_id] = form
        form.newest_until = 0.0
        view = self._draw(draft, Note(sentence), form)
        try:
            await self._update_once(form, view)
        except SlackError as error:
            log.warning("a form can't be updated: %s", error)
            await self._respond(form, draft, sentence)
        finally:
            self._forget(form)

    def _forget(self, form: OpenForm) -> None:
        if self._latest.get(form.view_id) is form:
            del self._latest[form.view_id]

    async def _respond(self, form: OpenForm, draft: Draft, sentence: str) -> None:
        await self._responder.respond(draft.place.response_url, form.user_id, show_notice(sentence))

    async def _update(self, form: OpenForm, view: View) -> None:
        await retry(lambda: self._update_once(form, view))

    async def _update_once(self, form: OpenForm, view: View) -> None:
        """Update the form, unless the agent has closed it or changed something since."""
        if self._latest.get(form.view_id) is not form:
            return
        try:
            await self._update_version(form, view)
        except SlackRefused as refusal:
            if refusal.code not in (_GONE, *_OUTDATED):
                raise

    async def _update_version(self, form: OpenForm, view: View) -> None:
        """Update the version that we know, or one that we have made without knowing it."""
        newest_until, form.newest_until = form.newest_until, 0.0  # it holds for the first attempt
        marked = {**view, "external_id": form.mark}
        try:
            await self._replace(form, marked, view_id=form.view_id, hash=form.version or None)
        except SlackRefused as refusal:
            if refusal.code not in _OUTDATED:
                raise
            if form.is_unclear:
                await self._replace(form, view, external_id=form.mark)
            elif time.monotonic() < newest_until:
                await self._replace(form, marked, view_id=form.view_id)
            else:
                raise

    async def _replace(self, form: OpenForm, view: View, **which: str | None) -> None:
        try:
            with translated():
                answer = await self._client.views_update(view=view, **which)
                form.note_update(view, read_version(answer["view"]))
        except SlackUnavailable:
            form.is_unclear = True
            raise

    def _draw(
        self, draft: Draft, shown: Note | Review, form: OpenForm, several: Several | None = None
    ) -> View:
        view = build_form(draft, shown, several, check_times(draft, datetime.now(UTC)))
        metadata, origin = view["private_metadata"], draft.origin
        signed = self._signer.sign(metadata, form.user_id, form.view_id, origin=origin)
        return {**view, "private_metadata": signed}


def first_note(draft: Draft) -> Note:
    """Return what stands in place of the evidence before any look-up."""
    if draft.identity:
        return LOOKING_UP
    return Note(f"✗ {draft.problem}") if draft.customer else ASK_FOR_CUSTOMER
