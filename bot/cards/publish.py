"""Step 6: brings the card and its thread in Slack up to date with what's stored.

It goes on from wherever an earlier attempt stopped. Where the bot can't post, the agent gets the
card and the reason in a direct message, or else through the response URL of their command or
click.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.cards.approval_posts import ApprovalPosts
from bot.cards.card import show_card, show_elsewhere, show_news
from bot.cards.card_links import CardLinks
from bot.cards.card_state import Notes
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackError, SlackRefused, SlackTokenRefused
from bot.cards.failures import Failure, join_failures
from bot.cards.ledger import Ledger
from bot.cards.line import show_line
from bot.cards.outcome_posts import OutcomePosts
from bot.cards.places import DIRECT_ONLY, Places, is_direct
from bot.cards.post_names import CARD, line_key
from bot.cards.post_once import Posted, PostOnce
from bot.cards.private_news import PrivateNews
from bot.cards.refusals import explain_refusal
from bot.cards.tries import AlreadyPosted, NotSettled
from bot.job import Job, TryAgain
from bot.request import Event, HistoryLine, Request
from bot.storage.history import NOT_SHOWN
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore

log = logging.getLogger(__name__)

_RESPONSE_URL_LIVES = timedelta(minutes=30)


class Publisher:
    """Runs the jobs of kind PUBLISH. It blocks for single calls, but never waits between them.

    A place that refuses a post is done with: the next one gets it. A refused token isn't about one
    place, so what nobody has been told yet is tried again. ``outcomes_channel`` returns the channel
    for what was asked for in another one, or "".
    """

    def __init__(
        self,
        requests: RequestStore,
        ledger: Ledger,
        slack: SlackClient,
        *,
        posts: Posts,
        outcomes_channel: Callable[[str], str],
        places: Places,
        approvals: ApprovalPosts,
        notes: Callable[[Request], Notes],
    ) -> None:
        self._requests = requests
        self._ledger = ledger
        self._slack = slack
        self._places = places
        self._notes = notes
        self._approvals = approvals
        self._links = CardLinks(requests, slack)
        self._once = PostOnce(ledger, slack)
        self._outcomes = OutcomePosts(ledger, posts, slack, self._links, outcomes_channel, places)
        self._private = PrivateNews(requests, ledger, slack)

    def publish(self, job: Job) -> None:
        """Bring a request's card and thread up to date; raise TryAgain when Slack can't now.

        A step that fails holds up only the steps that need it.
        """
        request = self._requests.load(job.request_id)
        failures: list[Failure] = []
        for step in (
            self._post_card,
            self._update_card,
            self._say_where,
            self._post_lines,
            self._post_approval,
            self._post_outcome,
        ):
            try:
                request = step(request)
            except (AlreadyPosted, NotSettled, SlackError, TryAgain) as failure:
                failures.append(failure)
        if failures:
            raise join_failures(failures)

    def _post_card(self, request: Request) -> Request:
        """Post the card where the agent was, or else to the agent; return the request with it.

        A card that no place took is tried again with each piece of news.
        """
        if request.card_ts or (request.card_channel and not self._has_news(request)):
            return request
        self._ledger.forget_nowhere(request.request_id)
        refusals = list[SlackRefused]()
        spots, why_not_there = self._places.card_spots(request)
        for spot in spots:
            card = show_card(request, self._notes(replace(request, card_channel=spot.channel)))
            try:
                posted = self._once.post(request.request_id, CARD, spot, card)
            except SlackRefused as refusal:
                log.warning(
                    "request %s: can't post its card (%s)", request.request_id, refusal.code
                )
                refusals.append(refusal)
                continue
            why = explain_refusal(refusals[0]) if refusals else why_not_there
            if posted.channel == request.place.channel_id:
                why = ""
            state = request.state_to_show if posted.is_fresh else ""
            if not self._ledger.note_card(
                request.request_id, posted.channel, posted.ts, state, elsewhere=why
            ):
                self._remove_repeat(posted)
            return self._requests.load(request.request_id)
        self._private.show(request, refusals)
        return self._requests.load(request.request_id)

    def _has_news(self, request: Request) -> bool:
        unposted = self._ledger.unposted_lines(request.request_id)
        return bool(unposted) or request.card_state != request.state_to_show

    def _update_card(self, request: Request) -> Request:
        """Make the card show the request's state; return the request as it is then.

        The state is read again after the update: if this process was frozen in between, another
        one may have shown a later state meanwhile. If Slack refuses, what the card shows stays
        noted: the lines have the buttons that it lacks, and it's tried again with the next news.
        """
        while request.card_ts and request.card_state != request.state_to_show:
            try:
                shown = self._places.fit(request, request.card_channel)
                card = show_card(shown, self._notes(request))
                self._slack.update(request.card_channel, request.card_ts, card)
            except SlackTokenRefused:
                raise
            except SlackRefused as refusal:
                log.warning(
                    "request %s: its card can't be edited any more (%s)",
                    request.request_id,
                    refusal.code,
                )
                return request
            self._ledger.note_shown_state(request)
            request = self._requests.load(request.request_id)
        return request

    def _say_where(self, request: Request) -> Request:
        """Tell the agent, where they were, that the card is in a direct message, and why."""
        for line in self._unposted(request):
            if _concerns_the_place(request, line):
                if not self._ledger.was_told(request.request_id, line):
                    try:
                        link = self._links.find(request)
                    except SlackError:
                        link = ""
                    why = "" if line.detail == DIRECT_ONLY else line.detail
                    self._private.respond(request, show_elsewhere(request, why, link))
                    self._ledger.note_told(request.request_id, line)
                if line.detail == DIRECT_ONLY:  # the thread needn't say so
                    self._ledger.note_line(request.request_id, line, NOT_SHOWN)
                else:
                    self._post_line(request, line)  # last, because it also notes that all is done
        return request

    def _post_lines(self, request: Request) -> Request:
        lines = self._unposted(request)
        if lines:  # so that the buttons below a line are not older than the line
            request = self._requests.load(request.request_id)
        for line in lines:
            if not _concerns_the_place(request, line):
                self._post_line(request, line)
        return request

    def _unposted(self, request: Request) -> tuple[HistoryLine, ...]:
        return self._ledger.unposted_lines(request.request_id) if request.card_ts else ()

    def _post_line(self, request: Request, line: HistoryLine) -> None:
        """Post a line in the thread, or else to the agent, or else show it to them privately."""
        line = self._links.resolve(line, request.agent_id)
        news = show_news(request, [line])
        in_thread = show_line(line, request)
        if request.card_state != request.state_to_show:  # Slack hasn't taken the card's update
            in_thread = show_news(request, [line], request.card_state)
        places = [(Spot(request.card_channel, _thread_of(request)), in_thread)]
        if not self._places.may_show(request.card_channel):
            places = []  # what it may show has changed since the card was posted there
        for spot, post in [*places, (Spot(request.agent_id), news)]:
            try:
                posted = self._once.post(request.request_id, line_key(line), spot, post)
            except SlackRefused as error:
                log.warning("request %s: can't post a line (%s)", request.request_id, error.code)
                refusal = error
                continue
            if not self._ledger.note_line(request.request_id, line, posted.ts, posted.channel):
                self._remove_repeat(posted)
            return
        self._private.respond(request, news, refusal)
        self._ledger.note_line(request.request_id, line, NOT_SHOWN)

    def _post_approval(self, request: Request) -> Request:
        """Bring the approvers up to date, in their channel or in direct messages."""
        self._approvals.publish(request)
        return request

    def _post_outcome(self, request: Request) -> Request:
        """Tell the outcomes channel what became of it."""
        self._outcomes.publish(request)
        return request

    def _remove_repeat(self, posted: Posted) -> None:
        """Remove a post that another process made as well while this one was frozen in the call."""
        self._slack.remove(posted.channel, posted.ts)
        raise AlreadyPosted


def _concerns_the_place(request: Request, line: HistoryLine) -> bool:
    """Return whether a line is also for where the agent was, if they can be told there."""
    is_private = line.event is Event.ELSEWHERE and is_direct(request.card_channel)
    return is_private and datetime.now(UTC) - request.created_at < _RESPONSE_URL_LIVES


def _thread_of(request: Request) -> str:
    """Return the thread that the lines belong to: the agent's own, or the card's."""
    is_where_asked = request.card_channel == request.place.channel_id
    return (request.place.thread_ts if is_where_asked else "") or request.card_ts
