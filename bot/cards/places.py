"""Where a request's posts belong, and what they may show there. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.cards.client import Spot
from bot.request import Request
from bot.settings import Show

_DIRECT = "D"  # what the ids of direct messages begin with


def is_direct(channel: str) -> bool:
    """Tell whether only one person and the bot read a channel."""
    return channel.startswith(_DIRECT)


def card_spots(request: Request, show: Show) -> tuple[Spot, ...]:
    """Return where to post a card, the best place first."""
    to_agent = Spot(request.agent_id)
    if show is Show.DIRECT:
        return (to_agent,)
    return (Spot(request.place.channel_id, request.place.thread_ts), to_agent)


def fit(request: Request, channel: str, show: Show) -> Request:
    """Return the request as it may be shown in a channel.

    If customers are shown in direct messages only, it has no name, no text, and no reason, which
    may quote them. A card that was posted before that was set is masked with its next update.
    """
    if show is Show.CHANNEL or is_direct(channel):
        return request
    return replace(request, customer_name="", text="", reason="", override_reason="")
