"""Posts what became of a request to the channel that its leads have chosen, once.

The post about an uncertain send is edited instead, until it tells the end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from bot.cards.card import show_outcome
from bot.cards.card_links import CardLinks
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackRefused, SlackTokenRefused
from bot.cards.ledger import Ledger
from bot.cards.places import Places, is_direct
from bot.cards.post import Post
from bot.cards.post_names import (
    OUTCOME,
    UNCERTAIN,
    closed_key,
    is_open_uncertain,
    uncertain_key,
)
from bot.cards.post_once import PostOnce
from bot.cards.refusals import log_refusal
from bot.cards.tries import AlreadyPosted
from bot.request import Request
from bot.state import State
from bot.storage.history import NOT_SHOWN
from bot.storage.posts import Posts, StoredPost

log = logging.getLogger(__name__)


class OutcomePosts:
    """Posts about what became of a request.

    Blocking; raises SlackError, NotSettled, AlreadyPosted and TryAgain. ``channel`` returns the
    outcomes channel for what was asked for in another one, or "".
    """

    def __init__(
        self,
        ledger: Ledger,
        posts: Posts,
        slack: SlackClient,
        links: CardLinks,
        channel: Callable[[str], str],
        places: Places,
    ) -> None:
        self._ledger = ledger
        self._posts = posts
        self._slack = slack
        self._once = PostOnce(ledger, slack)
        self._links = links
        self._channel = channel
        self._places = places

    def publish(self, request: Request) -> None:
        """Post the outcome, if it's due and somebody wants it, or that it's uncertain."""
        is_uncertain = request.state is State.UNCERTAIN and request.erased_at is None
        current = uncertain_key(request) if is_uncertain and request.card_channel else ""
        self._settle_uncertain_posts(request, current)
        is_told = self._update_uncertain_posts(request, current)
        if current:
            self._post_uncertain(request, current)
        if current or is_told:
            return
        if not (request.is_over and request.card_channel) or request.outcome_ts:
            return
        channel = self._channel(request.place.channel_id)
        if not channel:  # one that's chosen later gets only what happens from then on
            self._note_not_shown(request)
            return
        if self._places.is_shared(channel):
            log.warning(
                "the outcomes channel is shared with another company, so nothing is posted there"
            )
            self._note_not_shown(request)
            return
        try:
            spot, post = Spot(channel), self._draw(request, channel)
            posted = self._once.post(request.request_id, OUTCOME, spot, post)
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            log.warning("can't post to the outcomes channel: %s", log_refusal(refusal))
            self._note_not_shown(request)
            return
        if not self._ledger.note_outcome(request.request_id, posted.ts, posted.channel):
            self._slack.remove(posted.channel, posted.ts)
            raise AlreadyPosted

    def _note_not_shown(self, request: Request) -> None:
        """Note that no outcome is posted, unless one may be there whose answer was lost."""
        if OUTCOME not in self._ledger.unsettled(request.request_id, OUTCOME):
            self._ledger.note_outcome(request.request_id, NOT_SHOWN)

    def _post_uncertain(self, request: Request, what: str) -> None:
        """Post once for each send that somebody has to decide what becomes of it."""
        channel = self._channel(request.place.channel_id)
        if not channel or self._places.is_shared(channel):
            return
        try:
            spot, post = Spot(channel), self._draw(request, channel)
            posted = self._once.post(request.request_id, what, spot, post)
        except AlreadyPosted:
            return
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            log.warning("can't post to the outcomes channel: %s", refusal.code)
            return
        if not self._ledger.note_other_post(request.request_id, what, posted.channel, posted.ts):
            self._slack.remove(posted.channel, posted.ts)

    def _settle_uncertain_posts(self, request: Request, current: str) -> None:
        """Find out whether posts that were tried before the ``current`` one have arrived.

        Nobody needs them any more, but an erasure must know of them.
        """
        id_ = request.request_id
        earlier = self._ledger.unsettled(id_, UNCERTAIN) - {current}
        channel = self._channel(request.place.channel_id) if earlier else ""
        for what in earlier if channel else ():
            if found := self._once.settle(id_, what, Spot(channel)):
                self._ledger.note_other_post(id_, what, channel, found)
            else:
                self._ledger.withdraw(id_, what, None)

    def _update_uncertain_posts(self, request: Request, current: str) -> bool:
        """Let the posts before the ``current`` one say where it stands; True: one tells the end."""
        is_told = False
        for post in self._posts.select(request.request_id, is_open_uncertain):
            if post.what == current:
                continue
            is_edited = self._edit(request, post)
            if is_edited and request.is_over and request.outcome_ts in ("", post.ts):
                self._ledger.note_outcome(request.request_id, post.ts, post.channel)
                is_told = True
            is_done = request.is_over or not is_edited
            # Also with the same name: an erasure must know of what was drawn before it.
            self._posts.rename(post, closed_key(post.what) if is_done else post.what)
        return is_told

    def _edit(self, request: Request, post: StoredPost) -> bool:
        """Draw a post anew; return False if that's refused, or others would read it."""
        if self._places.is_shared(post.channel):
            return False
        try:
            self._slack.update(post.channel, post.ts, self._draw(request, post.channel))
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            log.warning("can't edit a post in the outcomes channel (%s)", refusal.code)
            return False
        return True

    def _draw(self, request: Request, channel: str) -> Post:
        is_private = is_direct(request.card_channel)  # others couldn't open a link to it
        shown = self._places.fit(request, channel)
        return show_outcome(shown, "" if is_private else self._links.find(request))
