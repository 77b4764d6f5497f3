"""The workspace: who is in it, its channels, and every message.

Promises: message timestamps are unique and rise; every change wakes the watchers. It holds
state and answers questions about it; who may post what is decided in `chat` and `people`.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

TEAM_ID = "T0LOCAL"
TEAM_NAME = "Local Slack"
TEAM_DOMAIN = "local-slack"
TEAM_URL = "https://local-slack.example.com/"
APP_ID = "A0PROACTIVE"
BOT_ID = "B0PROACTIVE"
BOT_USER = "U0BOT"
SLACKBOT = "USLACKBOT"
DEFAULT_USER = "U0ADA"
_TIMESTAMP = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?\Z", re.ASCII)


@dataclass(frozen=True)
class User:
    """A person or a bot of the workspace."""

    id: str
    name: str
    real_name: str
    email: str = ""
    is_bot: bool = False
    is_guest: bool = False
    is_admin: bool = False
    tz: str = "Europe/London"
    tz_offset: int = 0


@dataclass
class Channel:
    """A channel, or a direct message when `dm_with` names the person at the other end."""

    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_archived: bool = False
    posting_restricted: bool = False
    dm_with: str | None = None


@dataclass(eq=False)
class Message:
    """A message as it stands now; `ephemeral_to` names its only reader.

    A broadcast is a reply that also stands in the channel; a tombstone is what is left of a
    deleted parent.
    """

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    edited_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: dict[str, Any] | None = None
    parses_bare_mentions: bool = False
    is_mrkdwn: bool = True
    attachments: list[Any] = field(default_factory=list)
    username: str | None = None
    is_broadcast: bool = False
    is_tombstone: bool = False
    pings: list[str] | None = None  # who is notified, once worked out for what it says now

    @cached_property
    def moment(self) -> int:
        """The message's ts in whole microseconds, by which messages are ordered."""
        return read_moment(self.ts) or 0

    @property
    def is_reply(self) -> bool:
        """Say whether the message stands inside a thread, not at its head."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class Watchers:
    """The open event streams; each is told once that something changed, however often."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def join(self) -> asyncio.Event:
        """Start watching; the event is set on every change and cleared by its owner."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Stop watching."""
        self._waiting.discard(event)

    def tell(self) -> None:
        """Wake every watcher."""
        for event in self._waiting:
            event.set()


class Workspace:
    """Users, channels and messages, seeded with the cast of the sandbox."""

    def __init__(self, clock: Callable[[], float], watchers: Watchers, bot_name: str) -> None:
        self._clock = clock
        self._watchers = watchers
        self._last_ts = 0
        self.users = {user.id: user for user in _seed_users(bot_name)}
        self.channels = {channel.id: channel for channel in _seed_channels()}
        self._messages: defaultdict[str, dict[str, Message]] = defaultdict(dict)
        self._replies: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)

    def next_ts(self) -> str:
        """Give the timestamp of a new message: the clock's microseconds, always rising."""
        self._last_ts = max(self._last_ts + 1, int(self._clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message) -> Message:
        """Keep a message."""
        self._messages[message.channel][message.ts] = message
        if message.thread_ts and message.is_reply and not message.ephemeral_to:
            self._replies[message.channel, message.thread_ts].append(message)
        self.changed()
        return message

    def remove(self, message: Message) -> None:
        """Take a message away; one with replies leaves a tombstone, as in Slack."""
        if self.replies(message):
            message.text, message.blocks, message.attachments = "This message was deleted.", [], []
            message.metadata = message.edited_ts = message.username = message.pings = None
            message.is_tombstone = True
        else:
            self._messages[message.channel].pop(message.ts, None)
            siblings = self._replies.get((message.channel, message.thread_ts or ""), [])
            if message in siblings:
                siblings.remove(message)
        self.changed()

    def message(self, channel: str, ts: str) -> Message | None:
        """Find a message, ephemeral ones included."""
        return self._messages[channel].get(ts)

    def messages(self, channel: str, after: int = -1) -> list[Message]:
        """List a channel's messages later than a moment, replies included, oldest first."""
        return list(takewhile(lambda m: m.moment > after, self.newest_first(channel)))[::-1]

    def newest_first(self, channel: str) -> Iterator[Message]:
        """List a channel's messages, replies and ephemeral ones included, newest first."""
        # Timestamps only ever rise, so the order of arrival is the order of time.
        return reversed(self._messages[channel].values())

    def replies(self, parent: Message) -> list[Message]:
        """List the lasting replies to a message, oldest first."""
        return self._replies.get((parent.channel, parent.ts), [])

    def direct_channel(self, user: str) -> Channel | None:
        """Find the conversation between the bot and a person."""
        return next((c for c in self.channels.values() if c.dm_with == user), None)

    def notify(self, channel: str, user: str, text: str) -> Message:
        """Show a person one of Slack's own notices, visible only to them."""
        notice = Message(self.next_ts(), channel, SLACKBOT, text, ephemeral_to=user)
        return self.add(notice)

    def changed(self) -> None:
        """Tell everyone who watches."""
        self._watchers.tell()


def read_moment(ts: str) -> int | None:
    """Read a ts as whole microseconds since 1970; None when it is not a ts."""
    found = _TIMESTAMP.match(ts)
    return int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0")) if found else None


def _seed_users(bot_name: str) -> tuple[User, ...]:
    return (
        User("U0ADA", "ada", "Ada Agent", "ada@agents.example.com"),
        User("U0LEO", "leo", "Leo Lead", "leo@agents.example.com", is_admin=True),
        User("U0GUS", "gus", "Gus Guest", "gus@guests.example.com", is_guest=True),
        User(BOT_USER, bot_name.lower().replace(" ", "-"), bot_name, is_bot=True),
        User(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
    )


def _seed_channels() -> tuple[Channel, ...]:
    staff = {"U0ADA", "U0LEO"}
    return (
        Channel("C0SUPPORT", "support", {*staff, "U0GUS", BOT_USER}),
        Channel("C0GENERAL", "general-help", {*staff}),
        Channel("C0OUTCOMES", "outcomes", {*staff, BOT_USER}),
        Channel("C0VIP", "vip", {*staff}, is_private=True),
        Channel("C0NEWS", "announcements", {*staff, BOT_USER}, posting_restricted=True),
        Channel("C0ARCHIVE", "archive", {*staff, BOT_USER}, is_archived=True),
        *(
            Channel(f"D0{user[2:]}", "", {user, BOT_USER}, is_private=True, dm_with=user)
            for user in ("U0ADA", "U0LEO", "U0GUS")
        ),
    )
