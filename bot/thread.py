"""Step 6: the card and its thread, brought up to date with the store.

Promises: ``publish`` makes Slack show what the store says, from wherever an earlier attempt
stopped; where the bot may not post, the agent gets the card and the reason in a direct message,
or else by the command's own answer address. Does not: decide or change a request.
"""

from __future__ import annotations

import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dbos import DBOS, StepOptions
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web import WebClient
from slack_sdk.webhook import WebhookClient

from bot.card import Post, show_card, show_line
from bot.delivery import PUBLISH
from bot.request import Request
from bot.store import Store

log = logging.getLogger(__name__)

POST_TIMEOUT = 10
PUBLISH_OPTIONS: StepOptions = {  # tried for about 17 minutes while Slack is away
    "name": "publish",
    "retries_allowed": True,
    "interval_seconds": 1.0,
    "backoff_rate": 2.0,
    "max_attempts": 10,
}

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
}
NOWHERE = "-"  # stands for the card's channel when only the command's answer address is left


@dataclass(frozen=True)
class _Spot:
    channel: str
    thread_ts: str


class Thread:
    """Posts for the bot; blocking, for the engine's threads."""

    def __init__(self, store: Store, client: WebClient) -> None:
        self._store = store
        self._client = client

    def works(self) -> Mapping[str, Callable[[str, int], None]]:
        """Return the engine's names for what this module does."""
        return {PUBLISH: self._publish}

    def _publish(self, request_id: str, _turn: int) -> None:
        DBOS.run_step(PUBLISH_OPTIONS, self.publish, request_id)

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
        spot = _Spot(request.card_channel, self._thread_of(request))
        for line in self._store.unposted_lines(request_id):
            self._store.note_posted(line.line_id, self._post(spot, show_line(line))[1])

    def _thread_of(self, request: Request) -> str:
        in_asked_thread = request.card_channel == request.place.channel_id
        return (request.place.thread_ts if in_asked_thread else "") or request.card_ts

    def _post_card(self, request: Request) -> Request:
        """Post the card where the agent was, else to the agent; return the request with it."""
        place, why = request.place, ""
        try:
            channel, ts = self._post(_Spot(place.channel_id, place.thread_ts), show_card(request))
        except SlackApiError as error:
            why = self._reason(error)
            try:
                channel, ts = self._post(_Spot(request.agent_id, ""), show_card(request))
            except SlackApiError as second:
                log.warning(
                    "request %s: no place to post (%s)", request.request_id, self._code(second)
                )
                self._reason(second)
                channel, ts = NOWHERE, ""
        self._store.note_card(request.request_id, channel, ts, request.state, elsewhere=why)
        return self._store.load(request.request_id)

    def _update_card(self, request: Request) -> None:
        if request.card_state == request.state:
            return
        post = show_card(request)
        self._client.chat_update(
            channel=request.card_channel,
            ts=request.card_ts,
            text=post.text,
            blocks=post.blocks,
            parse="none",  # chat.update parses by default, unlike chat.postMessage
        )
        self._store.note_card(
            request.request_id, request.card_channel, request.card_ts, request.state
        )

    def _post(self, spot: _Spot, post: Post) -> tuple[str, str]:
        answer = self._client.chat_postMessage(
            channel=spot.channel,
            thread_ts=spot.thread_ts or None,
            text=post.text,
            blocks=post.blocks,
            mrkdwn=False,
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(answer["channel"]), str(answer["ts"])

    def _answer(self, request: Request) -> None:
        """Tell the agent the news by the command's answer address, which lives 30 minutes."""
        lines = self._store.unposted_lines(request.request_id)
        if request.place.response_url and (lines or request.card_state != request.state):
            card = show_card(request)
            webhook = WebhookClient(
                request.place.response_url, POST_TIMEOUT, self._client.ssl, retry_handlers=[]
            )
            answer = webhook.send(
                text=card.text,
                blocks=[block for block in card.blocks if block["type"] != "actions"]
                + [block for line in lines for block in show_line(line).blocks],
                response_type="ephemeral",
                replace_original=False,
            )
            if answer.status_code != 200:
                log.warning(
                    "request %s: nobody could be told (%s)", request.request_id, answer.status_code
                )
        for line in lines:
            self._store.note_posted(line.line_id, NOWHERE)
        self._store.note_card(request.request_id, NOWHERE, "", request.state)

    def _reason(self, error: SlackApiError) -> str:
        """Return why the bot may not post; re-raise what is not about the place."""
        code = self._code(error)
        if code in _MAY_NOT_POST:
            return _MAY_NOT_POST[code]
        if code in ("messages_tab_disabled", "user_disabled", "cannot_dm_bot"):
            return "direct messages from the bot are switched off"
        raise error

    @staticmethod
    def _code(error: SlackApiError) -> str:
        return str(error.response.get("error", ""))


def slack_for_posting(token: str, api_url: str) -> WebClient:
    """Build the blocking client: one TLS context, waits for 429, never repeats a lost post."""
    return WebClient(
        token=token,
        base_url=api_url,
        timeout=POST_TIMEOUT,
        ssl=ssl.create_default_context(),
        retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)],
    )
