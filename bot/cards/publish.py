"""Step 6: the card and its thread, brought up to date with the store.

Promises: ``publish`` makes Slack show what the store says, from wherever an earlier attempt
stopped; where the bot may not post, the agent gets the card and the reason in a direct message,
or else by the command's own answer address. Does not: decide or change a request.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.cards.card import Post, show_card, show_line, show_outcome
from bot.cards.client import (
    POST_TIMEOUT,
    SETTLED_AFTER,
    SlackClient,
    Spot,
    is_refusal,
)
from bot.cards.ledger import CARD, OUTCOME, Ledger, NotSettled, line_key
from bot.jobs.works import PUBLISH, persistently
from bot.request import HistoryLine, Request
from bot.storage.requests import NOT_SHOWN, RequestStore

log = logging.getLogger(__name__)

# While Slack is away, a post is tried again; see ``works.persistently`` for how long.
PASSING = (SlackClientError, OSError, NotSettled)

# Why Slack may not let the bot post somewhere, and what the agent can do about it.
# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_MAY_NOT_POST = {
    "not_in_channel": "the bot is not in that channel. Invite it there with /invite",
    "channel_not_found": "the bot cannot see that channel. Invite it there with /invite",
    "is_archived": "that channel is archived. Use another one",
    "restricted_action": "posting is restricted in that channel. Ask a workspace admin, or use "
    "another channel",
    "restricted_action_read_only_channel": "that channel is read-only. Use another one",
    "restricted_action_thread_only_channel": "that channel takes only replies. Use another one",
    "restricted_action_non_threadable_channel": "that channel takes no threads. Use another one",
    "restricted_action_thread_locked": "that thread is locked. Use another place",
    "cannot_reply_to_message": "that message takes no replies. Use another place",
    "thread_not_found": "the message that the thread hung on is gone. Use another place",
    "missing_scope": "the bot lacks the right to post. Ask an administrator to reinstall it",
    "team_access_not_granted": "the bot was not given access to that workspace",
    "access_denied": "the bot may not post there. Invite it with /invite, or use another channel",
    "messages_tab_disabled": "direct messages from the bot are switched off",
    "user_disabled": "that account is switched off",
}
# chat.update and chat.getPermalink about a card that was deleted, or may no longer be edited.
_CARD_GONE = (
    "message_not_found",
    "channel_not_found",
    "edit_window_closed",
    "cant_update_message",
    "is_inactive",
)
NOWHERE = "-"  # stands for the card's channel when only the command's answer address is left


class Publisher:
    """Posts for the bot; blocking, for the engine's threads."""

    def __init__(
        self, store: RequestStore, posts: Ledger, slack: SlackClient, *, outcomes_channel: str
    ) -> None:
        self._store = store
        self._posts = posts
        self._slack = slack
        self._outcomes_channel = outcomes_channel

    def works(self) -> Mapping[str, Callable[[str, int], None]]:
        """Return the engine's names for what this module does."""
        return {PUBLISH: self._publish}

    def _publish(self, request_id: str, _turn: int) -> None:
        persistently(*PASSING)(self.publish, request_id)

    def publish(self, request_id: str) -> None:
        """Bring a request's card and thread up to date; raises when Slack cannot be reached."""
        request = self._store.load(request_id)
        if request.card_ts:
            self._update_card(request)
        elif request.card_channel != NOWHERE:
            request = self._post_card(request)
        if request.card_channel == NOWHERE:
            self._answer(request)
            return
        spot = Spot(request.card_channel, _thread_of(request))
        for line in self._posts.unposted_lines(request_id):
            self._posts.note_line(request_id, line, self._post_line(request, spot, line))
        self._post_outcome(request)

    def _post_once(
        self, request: Request, spot: Spot, post: Post, what: str
    ) -> tuple[str, str, bool]:
        """Post what is not there yet; raise SlackApiError when Slack will not have it.

        Returns channel, ts, and whether it is certain that this very post stands there: one that
        was recognised may show an earlier state. Raises NotSettled while an earlier try may arrive.
        """
        name = f"{request.request_id} {what}"
        tries = self._posts.announce(request.request_id, what)
        if tries is not None:
            found = self._slack.find(spot, name, tries.first)
            if found:
                return spot.channel, found, False
            self._posts.announce_again(request.request_id, what, tries, SETTLED_AFTER)
        try:
            channel, ts = self._slack.post(spot, post, name)
        except SlackApiError as error:
            if is_refusal(error):
                self._posts.withdraw(request.request_id, what, tries)
            raise
        if tries is not None:  # an earlier try may have arrived after all, or stand out of sight
            ts = self._slack.find(replace(spot, channel=channel), name, tries.first) or ts
        return channel, ts, tries is None

    def _post_card(self, request: Request) -> Request:
        """Post the card where the agent was, else to the agent; return the request with it."""
        card, why, fresh = show_card(request), "", True
        place = Spot(request.place.channel_id, request.place.thread_ts)
        try:
            channel, ts, fresh = self._post_once(request, place, card, CARD)
        except SlackApiError as error:
            why = _reason(error)
            try:
                direct = Spot(request.agent_id)
                channel, ts, fresh = self._post_once(request, direct, card, CARD)
            except SlackApiError as second:
                _reason(second)
                log.warning("request %s: no place to post its card", request.request_id)
                channel, ts = NOWHERE, ""
        shown = request.state if fresh else ""
        self._posts.note_card(request.request_id, channel, ts, shown, elsewhere=why)
        request = self._store.load(request.request_id)
        if not fresh and ts:
            self._update_card(request)
        return request

    def _post_line(self, request: Request, spot: Spot, line: HistoryLine) -> str:
        """Post a line in the thread, else to the agent; return its ts."""
        post, what = show_line(line, request.agent_id), line_key(line)
        for place in (spot, Spot(request.agent_id)):
            try:
                return self._post_once(request, place, post, what)[1]
            except SlackApiError as error:
                why = _reason(error)
                log.warning("request %s: a line cannot be posted: %s", request.request_id, why)
        return NOT_SHOWN

    def _update_card(self, request: Request) -> None:
        if request.card_state != request.state:
            try:
                self._slack.update(request.card_channel, request.card_ts, show_card(request))
            except SlackApiError as error:
                if not _is_gone(error):
                    raise
                log.warning("request %s: its card can no longer be edited", request.request_id)
            self._posts.note_card(
                request.request_id, request.card_channel, request.card_ts, request.state
            )

    def _post_outcome(self, request: Request) -> None:
        """Tell the outcomes channel once what became of a request."""
        if not self._outcomes_channel or request.outcome_ts or not request.is_over:
            return
        link = self._link_to(request)
        try:
            spot = Spot(self._outcomes_channel)
            _, ts, _ = self._post_once(request, spot, show_outcome(request, link), OUTCOME)
        except SlackApiError as error:
            log.warning("the outcomes channel cannot be posted to: %s", _reason(error))
            ts = NOT_SHOWN
        self._posts.note_outcome(request.request_id, ts)

    def _link_to(self, request: Request) -> str:
        """Return the card's address, or "" when others may not see it or it is gone."""
        if request.card_channel.startswith("D"):
            return ""
        try:
            return self._slack.permalink(request.card_channel, request.card_ts)
        except SlackApiError as error:
            if not _is_gone(error):
                raise
            return ""

    def _answer(self, request: Request) -> None:
        """Tell the agent the news by the command's answer address, which lives 30 minutes."""
        lines = self._posts.unposted_lines(request.request_id)
        if request.place.response_url and (lines or request.card_state != request.state):
            card = show_card(request)
            webhook = WebhookClient(
                request.place.response_url,
                POST_TIMEOUT,
                self._slack.client.ssl,
                retry_handlers=[],
            )
            answer = webhook.send(
                text=card.text,
                blocks=[block for block in card.blocks if block["type"] != "actions"]
                + [block for line in lines for block in show_line(line, request.agent_id).blocks],
                response_type="ephemeral",
                replace_original=False,
            )
            if answer.status_code != 200:
                log.warning(
                    "request %s: nobody could be told (%s)", request.request_id, answer.status_code
                )
        for line in lines:
            self._posts.note_line(request.request_id, line, NOT_SHOWN)
        self._posts.note_card(request.request_id, NOWHERE, "", request.state)


def _thread_of(request: Request) -> str:
    in_asked_thread = request.card_channel == request.place.channel_id
    return (request.place.thread_ts if in_asked_thread else "") or request.card_ts


def _is_gone(error: SlackApiError) -> bool:
    return error.response.get("error") in _CARD_GONE


def _reason(error: SlackApiError) -> str:
    """Return why the bot may not post; re-raise what is not about the place."""
    code = str(error.response.get("error", ""))
    if code not in _MAY_NOT_POST:
        raise error
    return _MAY_NOT_POST[code]
