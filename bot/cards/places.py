"""Where a request's posts belong, and what they may show there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.cards.client import Spot
from bot.job import TryAgain
from bot.language import N_, _
from bot.request import Request
from bot.rules.directory import DirectoryUnavailable
from bot.settings import Show
from bot.state import State

DIRECT_ONLY = N_("cards are shown in direct messages only")  # stored and compared in English
_DIRECT = "D"  # prefix of the ids of direct messages
_CHANNELS = ("C", "G")


def is_direct(channel: str) -> bool:
    """Return whether only one person and the bot read a channel."""
    return channel.startswith(_DIRECT)


def is_channel(channel: str) -> bool:
    """Return whether several people may read a channel; a direct message may be given as a user."""
    return channel.startswith(_CHANNELS)


class Places:
    """Chooses places. It asks again each time: others may have joined a channel since.

    ``shows_customers``: whether channels show who they are and what they're told. ``is_shared``
    says whether people of another company read a channel.
    """

    def __init__(self, show: Show, is_shared: Callable[[str], bool]) -> None:
        self.shows_customers = show is Show.CHANNEL
        self._is_shared = is_shared

    def card_spots(self, request: Request) -> tuple[tuple[Spot, ...], str]:
        """Return where to post a card, the best place first, and why not where the agent was."""
        to_agent, channel = Spot(request.agent_id), request.place.channel_id
        if not self.shows_customers:
            return (to_agent,), DIRECT_ONLY
        if self.is_shared(channel):
            why = _("that channel is shared with another company. Use one of your own")
            return (to_agent,), why
        return (Spot(channel, request.place.thread_ts), to_agent), ""

    def may_show(self, channel: str) -> bool:
        """Return whether a channel may be told more about a request whose card is there."""
        if is_direct(channel):
            return True
        return self.shows_customers and not self.is_shared(channel)

    def is_public(self, channel: str) -> bool:
        """Return whether others than the agent read a card in this channel."""
        return is_channel(channel) and self.may_show(channel)

    def is_shared(self, channel: str) -> bool:
        """Return whether people of another company read a channel; raise TryAgain."""
        try:
            return self._is_shared(channel)
        except DirectoryUnavailable as error:
            if error.scope:  # an administrator has to grant it, so don't wait for it
                return True
            raise TryAgain(str(error)) from error

    def fit(self, request: Request, channel: str) -> Request:
        """Return the request as it may be shown in a channel.

        If customers are shown in direct messages only, it has no name, no text, and no reason,
        which may quote them; it only says that a message failed. A card that was posted before that
        was set is masked with its next update.
        """
        if self.shows_customers or is_direct(channel):
            return request
        is_explained = request.state is State.FAILED and request.reason
        reason = _("Only the agent sees why, because that may name the customer.")
        masked = replace(request, customer_name="", text="", reason="", override_reason="")
        return replace(masked, reason=reason) if is_explained else masked
