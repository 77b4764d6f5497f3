"""Tells approvers once that a message waits, and later what became of that.

They read it in their channel. If the rules name none, or Slack takes nothing there, and the card is
where they can't see it, each of them gets a direct message.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from slack_sdk.models.blocks import ActionsBlock

from bot.cards.card import show_approval
from bot.cards.card_links import CardLinks
from bot.cards.card_state import Notes
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackRefused, SlackTokenRefused
from bot.cards.ledger import Ledger
from bot.cards.places import Places, is_channel, is_direct
from bot.cards.post import Post
from bot.cards.post_names import approval_key, asks_for, closed_key, is_open_approval
from bot.cards.post_once import PostOnce
from bot.cards.refusals import log_refusal
from bot.cards.tries import AlreadyPosted
from bot.job import TryAgain
from bot.request import Request
from bot.rules.approvers import Approvers
from bot.rules.directory import DirectoryUnavailable
from bot.state import State
from bot.storage.posts import Posts

log = logging.getLogger(__name__)


class ApprovalPosts:
    """Posts that ask for an approval. Blocking; raises SlackError, NotSettled and TryAgain.

    ``channel`` returns the approvers' channel, or "".
    """

    def __init__(
        self,
        ledger: Ledger,
        posts: Posts,
        slack: SlackClient,
        links: CardLinks,
        notes: Callable[[Request], Notes],
        channel: Callable[[], str],
        places: Places,
        approvers: Approvers,
    ) -> None:
        self._ledger = ledger
        self._posts = posts
        self._slack = slack
        self._once = PostOnce(ledger, slack)
        self._links = links
        self._notes = notes
        self._channel = channel
        self._places = places
        self._approvers = approvers

    def publish(self, request: Request) -> None:
        """Bring the approvers up to date with a request."""
        if not request.approval_for:
            return
        asking = self._close(request)
        if request.state is not State.UNAPPROVED:
            return
        channel = self._channel()
        if not channel:
            self._ask_each(request)
        elif self._places.is_shared(channel):
            log.warning(
                "the approvers' channel is shared with another company, so nothing is posted there"
            )
            self._ask_each(request)
        elif asking - {approval_key(request)} or not self._ask(request, channel):
            self._ask_each(request)  # again for the rest of them, once it has begun

    def _ask_each(self, request: Request) -> None:
        """Ask each approver in a direct message, if the card is where they don't see it."""
        is_posted = bool(request.card_channel)
        if not is_posted or request.erased_at or self._places.is_public(request.card_channel):
            return
        try:
            approvers = self._approvers.find(request.agent_id)
        except DirectoryUnavailable as error:
            if not error.scope:  # which an administrator has to grant, so don't wait for it
                raise TryAgain(str(error)) from error
            log.warning("can't ask anybody to approve: the permission %s is missing", error.scope)
            return
        for user_id in approvers:
            self._ask(request, user_id, user_id)

    def _ask(self, request: Request, channel: str, user_id: str = "") -> bool:
        """Ask in a channel or a direct message; return False if Slack refuses that."""
        what = approval_key(request, user_id)
        try:
            posted = self._once.post(
                request.request_id, what, Spot(channel), self._draw(request, channel)
            )
        except AlreadyPosted:
            return True
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            log.warning("can't ask for an approval in %s: %s", channel, log_refusal(refusal))
            return False
        if not self._ledger.note_other_post(request.request_id, what, posted.channel, posted.ts):
            self._slack.remove(posted.channel, posted.ts)
        return True

    def _close(self, request: Request) -> set[str]:
        """Take the buttons off the posts that asked for what has been decided since.

        Return the names of those that still ask.
        """
        asking = set[str]()
        for post in self._posts.select(request.request_id, is_open_approval):
            if request.state is State.UNAPPROVED and asks_for(request, post.what):
                asking.add(post.what)
                continue
            shown = self._draw(request, post.channel)
            # Also if the request waits again: there's another post for that.
            blocks = [block for block in shown.blocks if not isinstance(block, ActionsBlock)]
            try:
                self._slack.update(post.channel, post.ts, Post(shown.text, blocks))
            except SlackTokenRefused:
                raise
            except SlackRefused as refusal:
                log.warning("can't edit a post to the approvers (%s)", refusal.code)
            self._posts.rename(post, closed_key(post.what))
        return asking

    def _draw(self, request: Request, channel: str) -> Post:
        is_public = self._places.shows_customers or not is_channel(channel)
        link = "" if is_direct(request.card_channel) else self._links.find(request)
        return show_approval(request, self._notes(request), link, is_public=is_public)
