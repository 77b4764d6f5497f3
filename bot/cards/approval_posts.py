"""Tells the approvers' channel once that a message waits, and later what became of that."""

from __future__ import annotations

import logging
from collections.abc import Callable

from bot.cards.card import Notes, show_approval
from bot.cards.card_links import CardLinks
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackRefused, SlackTokenRefused
from bot.cards.ledger import AlreadyPosted, Ledger
from bot.cards.places import Places, is_direct
from bot.cards.post import Post
from bot.cards.post_names import approval_key, closed_key, is_open_approval
from bot.cards.post_once import PostOnce
from bot.cards.refusals import explain_refusal
from bot.request import Request, State
from bot.storage.posts import Posts

log = logging.getLogger(__name__)


class ApprovalPosts:
    """Blocking; raises SlackError, NotSettled and AlreadyPosted. ``channel``: "" for none."""

    def __init__(
        self,
        ledger: Ledger,
        posts: Posts,
        slack: SlackClient,
        links: CardLinks,
        notes: Callable[[Request], Notes],
        channel: Callable[[], str],
        places: Places,
    ) -> None:
        self._ledger = ledger
        self._posts = posts
        self._slack = slack
        self._once = PostOnce(ledger, slack)
        self._links = links
        self._notes = notes
        self._channel = channel
        self._places = places

    def publish(self, request: Request) -> None:
        """Bring the channel up to date with a request."""
        if request.approval_for:
            self._close(request)
            channel = self._channel()
            if request.state is not State.UNAPPROVED or not channel:
                return
            if self._places.is_shared(channel):
                log.warning("the approvers' channel is shared with another company: not told")
                return
            self._ask(request, channel)

    def _ask(self, request: Request, channel: str) -> None:
        what = approval_key(request)
        try:
            posted = self._once.post(
                request.request_id, what, Spot(channel), self._draw(request, channel)
            )
        except AlreadyPosted:
            return
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            why = f"{explain_refusal(refusal)} ({refusal.code})"
            log.warning("can't post to the approvers' channel: %s", why)
            return
        if not self._ledger.note_approval(request, posted.channel, posted.ts):
            self._slack.remove(posted.channel, posted.ts)

    def _close(self, request: Request) -> None:
        """Take the buttons off the posts that asked for what has been decided since."""
        for post in self._posts.select(request.request_id, is_open_approval):
            if request.state is State.UNAPPROVED and post.what == approval_key(request):
                continue
            shown = self._draw(request, post.channel)
            # Also if the request waits again: there's another post for that.
            blocks = [block for block in shown.blocks if block["type"] != "actions"]
            try:
                self._slack.update(post.channel, post.ts, Post(shown.text, blocks))
            except SlackTokenRefused:
                raise
            except SlackRefused as refusal:
                log.warning("can't edit a post to the approvers (%s)", refusal.code)
            self._posts.rename(post, closed_key(post.what))

    def _draw(self, request: Request, channel: str) -> Post:
        is_public = self._places.shows_customers or is_direct(channel)
        link = "" if is_direct(request.card_channel) else self._links.find(request)
        return show_approval(request, self._notes(request), link, is_public=is_public)
