"""Step 6: brings the card and its thread in Slack up to date with what's stored.

It goes on from wherever an earlier attempt stopped. Where the bot can't post, the agent gets the
card and the reason in a direct message, or else through the command's response URL.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.cards.card import Post, show_card, show_line, show_outcome
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused
from bot.cards.ledger import CARD, NOWHERE, OUTCOME, AlreadyPosted, Ledger, NotSettled, line_key
from bot.cards.post_once import Posted, PostOnce
from bot.cards.refusals import check_card_is_gone, explain_refusal
from bot.job import Job, TryAgain
from bot.request import HistoryLine, Request
from bot.storage.requests import NOT_SHOWN, RequestStore

log = logging.getLogger(__name__)


class Publisher:
    """Runs the jobs of kind PUBLISH. It blocks for single calls, but never waits between them."""

    def __init__(
        self, requests: RequestStore, ledger: Ledger, slack: SlackClient, *, outcomes_channel: str
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._slack = slack
        self._outcomes_channel = outcomes_channel
        self._once = PostOnce(ledger, slack)

    def publish(self, job: Job) -> None:
        """Bring a request's card and thread up to date; raise TryAgain when Slack can't now."""
        try:
            self._publish(self._requests.load(job.request_id))
        except AlreadyPosted as late:
            raise TryAgain(str(late)) from None
        except NotSettled as early:
            raise TryAgain(str(early), early.after) from None
        except SlackRateLimited as limit:
            raise TryAgain(str(limit), limit.retry_after) from None
        except SlackError as error:
            raise TryAgain(str(error)) from None

    def _publish(self, request: Request) -> None:
        if not request.card_channel:
            request = self._post_card(request)
        if request.card_channel == NOWHERE:
            self._respond(request)
            return
        request = self._update_card(request)
        for line in self._ledger.unposted_lines(request.request_id):
            self._post_line(request, line)
        self._post_outcome(request)

    def _post_card(self, request: Request) -> Request:
        """Post the card where the agent was, or else to the agent; return the request with it."""
        posted, why = self._post_somewhere(request)
        state = request.state if posted.is_fresh else ""
        if not self._ledger.note_card(
            request.request_id, posted.channel, posted.ts, state, elsewhere=why
        ):
            self._remove_repeat(posted)
        return self._requests.load(request.request_id)

    def _post_somewhere(self, request: Request) -> tuple[Posted, str]:
        """Post the card in the first place that takes it; return why it's not the first one."""
        card, why = show_card(request), ""
        for spot in (
            Spot(request.place.channel_id, request.place.thread_ts),
            Spot(request.agent_id),
        ):
            try:
                return self._once.post(request.request_id, CARD, spot, card), why
            except SlackRefused as refusal:
                reason = explain_refusal(refusal)
                why = why or reason
        log.warning("request %s: Slack takes its card nowhere", request.request_id)
        return Posted(NOWHERE, "", is_fresh=True), why

    def _update_card(self, request: Request) -> Request:
        """Make the card show the request's state; return the request as it is then.

        The state is read again after the update: if this process was frozen in between, another
        one may have shown a later state meanwhile.
        """
        while request.card_state != request.state:
            try:
                self._slack.update(request.card_channel, request.card_ts, show_card(request))
            except SlackRefused as refusal:
                check_card_is_gone(refusal)
                log.warning("request %s: its card can't be edited any more", request.request_id)
            self._ledger.note_shown_state(request.request_id, request.state)
            request = self._requests.load(request.request_id)
        return request

    def _post_line(self, request: Request, line: HistoryLine) -> None:
        """Post a line in the thread, or else to the agent."""
        post, what = show_line(line, request.agent_id), line_key(line)
        for spot in (Spot(request.card_channel, _thread_of(request)), Spot(request.agent_id)):
            try:
                posted = self._once.post(request.request_id, what, spot, post)
            except SlackRefused as refusal:
                why = explain_refusal(refusal)
                log.warning("request %s: can't post a line: %s", request.request_id, why)
                continue
            if not self._ledger.note_line(request.request_id, line, posted.ts):
                self._remove_repeat(posted)
            return
        self._ledger.note_line(request.request_id, line, NOT_SHOWN)

    def _post_outcome(self, request: Request) -> None:
        """Post what became of a request to the outcomes channel, once."""
        if not self._outcomes_channel or request.outcome_ts or not request.is_over:
            return
        post = show_outcome(request, self._find_link(request))
        spot = Spot(self._outcomes_channel)
        try:
            posted = self._once.post(request.request_id, OUTCOME, spot, post)
        except SlackRefused as refusal:
            log.warning("can't post to the outcomes channel: %s", explain_refusal(refusal))
            self._ledger.note_outcome(request.request_id, NOT_SHOWN)
            return
        if not self._ledger.note_outcome(request.request_id, posted.ts):
            self._remove_repeat(posted)

    def _remove_repeat(self, posted: Posted) -> None:
        """Remove a post that another process made as well while this one was frozen in the call."""
        self._slack.remove(posted.channel, posted.ts)
        raise AlreadyPosted("another process has posted it meanwhile")

    def _find_link(self, request: Request) -> str:
        """Return the card's address, or "" when others can't see it or it's gone."""
        if request.card_channel.startswith("D"):
            return ""
        try:
            return self._slack.permalink(request.card_channel, request.card_ts)
        except SlackRefused as refusal:
            check_card_is_gone(refusal)
            return ""

    def _respond(self, request: Request) -> None:
        """Show the agent the news through the command's response URL, which lives 30 minutes."""
        lines = self._ledger.unposted_lines(request.request_id)
        if request.place.response_url and (lines or request.card_state != request.state):
            try:
                self._slack.respond(request.place.response_url, _news(request, lines))
            except SlackRefused as refusal:
                log.warning("request %s: can't tell the agent: %s", request.request_id, refusal)
        for line in lines:
            self._ledger.note_line(request.request_id, line, NOT_SHOWN)
        self._ledger.note_shown_state(request.request_id, request.state)


def _news(request: Request, lines: tuple[HistoryLine, ...]) -> Post:
    """Show a card without its buttons, and the lines below it."""
    card = show_card(request)
    blocks = [block for block in card.blocks if block["type"] != "actions"]
    for line in lines:
        blocks += show_line(line, request.agent_id).blocks
    return replace(card, blocks=blocks)


def _thread_of(request: Request) -> str:
    """Return the thread that the lines belong to: the agent's own, or the card's."""
    is_where_asked = request.card_channel == request.place.channel_id
    return (request.place.thread_ts if is_where_asked else "") or request.card_ts
