"""Edits the posts of an erased request in Slack, so that they no longer show anything private.

Slack may not let the bot edit an old message. Then it's deleted, and if Slack doesn't take that
either, it's noted as left, with the code. On paid plans, Slack keeps what a message said before.
https://docs.slack.dev/reference/methods/chat.update#errors
"""

from __future__ import annotations

import logging

from bot.cards.card import show_card
from bot.cards.client import SlackClient
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused, SlackTokenRefused
from bot.cards.line import show_line
from bot.cards.post import Post
from bot.cards.post_names import OUTCOME, line_key
from bot.job import Job, TryAgain
from bot.request import HistoryLine, Request
from bot.storage.history import NOT_SHOWN
from bot.storage.posts import Erased, Posts, StoredPost
from bot.storage.requests import RequestStore

log = logging.getLogger(__name__)

_GONE = "message_not_found"


class PostEraser:
    """Runs the jobs of kind ERASE. What became of each post is stored before the next call."""

    def __init__(
        self, requests: RequestStore, posts: Posts, slack: SlackClient, *, outcomes_channel: str
    ) -> None:
        self._outcomes_channel = outcomes_channel
        self._requests = requests
        self._posts = posts
        self._slack = slack

    def erase(self, job: Job) -> None:
        """Erase the posts of a request that are still to be erased; raise TryAgain."""
        try:
            self.erase_posts(job.request_id)
        except SlackRateLimited as limit:
            raise TryAgain(str(limit), limit.retry_after) from limit
        except SlackError as error:
            raise TryAgain(str(error)) from error

    def erase_posts(self, request_id: str) -> None:
        """Erase a request's posts that are still to be erased.

        Raises SlackError when Slack can't now.
        """
        request = self._requests.load(request_id)
        self._note_outcome(request)
        lines = {line_key(line): line for line in self._posts.lines(request_id)}
        for post in self._posts.pending(request_id):
            line = lines.get(post.what) if post.channel == request.card_channel else None
            self._posts.note_erased(post, self._erase_one(post, _draw(request, line)))

    def _note_outcome(self, request: Request) -> None:
        """Note an outcome of release 0.1, which didn't say where it had posted it."""
        if not self._outcomes_channel or request.outcome_ts in ("", NOT_SHOWN):
            return
        if all(post.ts != request.outcome_ts for post in self._posts.of([request.request_id])):
            where = (self._outcomes_channel, request.outcome_ts)
            self._posts.note(request.request_id, OUTCOME, *where)

    def _erase_one(self, post: StoredPost, shown: Post) -> str:
        try:
            self._slack.update(post.channel, post.ts, shown)
            return Erased.EDITED
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            if refusal.code == _GONE:
                return Erased.DELETED
            why = refusal.code
        try:
            self._slack.delete(post.channel, post.ts)
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            if refusal.code == _GONE:
                return Erased.DELETED
            log.warning("request %s: a post is left in Slack (%s)", post.request_id, why)
            return f"{Erased.LEFT}{why}"
        return Erased.DELETED


def _draw(request: Request, line: HistoryLine | None) -> Post:
    """Draw a line without its details if it's older than the erasure.

    A post that isn't a line becomes the erased card.
    """
    if line is None:
        return show_card(request)
    is_older = request.erased_at is None or line.at < request.erased_at
    return show_line(line, request, is_erased=is_older)
