"""Notification channels, their topics, and the frames to send to them.

As in Genesys Cloud, a channel that isn't connected misses what happens meanwhile.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

LIFE: Final = timedelta(hours=24)
MOST_CHANNELS: Final = 20
MOST_TOPICS: Final = 1000
# Genesys Cloud doesn't document which permissions these topics need; see assumptions.py.
TOPIC_PERMISSIONS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"v2\.webmessaging\.deployments\.[^.]+\.undelivered\.messages"),
        "conversation:message:view",
    ),
    (
        re.compile(r"v2\.detail\.events\.conversation\.[^.]+\.(customer|flow|acd|user)\.start"),
        "analytics:conversationDetail:view",
    ),
)

Frame = dict[str, Any]


@dataclass
class Channel:
    """One channel; `frames` has what its socket still has to send, and None means hang up."""

    id: str
    ends_at: datetime
    topics: list[str] = field(default_factory=list)
    frames: asyncio.Queue[Frame | None] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether a socket is connected to the channel."""
        return self.frames is not None

    def send(self, topic: str, body: Frame) -> None:
        """Queue a frame if a socket is connected."""
        if self.frames is not None:
            self.frames.put_nowait({"topicName": topic, "eventBody": body})


class Channels:
    """The channels of the one client."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}

    def open(self, now: datetime) -> Channel:
        """Create a channel; over the limit, end the oldest one, unconnected ones first."""
        if len(self._channels) >= MOST_CHANNELS:
            oldest = min(self._channels.values(), key=lambda one: (one.is_connected, one.ends_at))
            self._end(oldest)
        channel = Channel(str(uuid.uuid4()), now + LIFE)
        self._channels[channel.id] = channel
        return channel

    def find(self, channel_id: str, now: datetime) -> Channel | None:
        """Return a channel that hasn't ended, or None."""
        channel = self._channels.get(channel_id)
        return channel if channel is not None and channel.ends_at > now else None

    def all(self) -> list[Channel]:
        """List the channels, oldest first."""
        return list(self._channels.values())

    def publish(self, topic: str, body: Frame) -> None:
        """Send a frame to every channel that is subscribed to the topic."""
        for channel in self._channels.values():
            if topic in channel.topics:
                channel.send(topic, body)

    def announce_closing(self) -> None:
        """Tell every socket that it will close soon, as Genesys Cloud does before a release."""
        for channel in self._channels.values():
            channel.send("v2.system.socket_closing", {"message": "Please reconnect."})

    def forget(self) -> None:
        """End every channel."""
        for channel in self.all():
            self._end(channel)

    def hang_up(self) -> None:
        """Close every socket but keep the channels."""
        for channel in self._channels.values():
            if channel.frames is not None:
                channel.frames.put_nowait(None)

    def _end(self, channel: Channel) -> None:
        if channel.frames is not None:
            channel.frames.put_nowait(None)
        del self._channels[channel.id]


def permission_for(topic: str) -> str | None:
    """Return the permission that a topic needs, or None for an unknown topic."""
    return next((name for known, name in TOPIC_PERMISSIONS if known.fullmatch(topic)), None)
