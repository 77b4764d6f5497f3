"""The workspace: its people, channels, user groups and messages.

Message timestamps are unique and always rise, and every change wakes the watchers. `chat` and
`actions` decide who may post what.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import takewhile
from typing import Any

TEAM_ID = "T0LOCAL"
TEAM_NAME = "Local Slack"
TEAM_DOMAIN = "local-slack"
TEAM_URL = "https://local-slack.example.com/"
ENTERPRISE_ID = "E0LOCAL"
ENTERPRISE_NAME = "Local org"
OTHER_TEAM_ID = "T0ACME"
OTHER_TEAM_NAME = "Acme"
OTHER_TEAM_DOMAIN = "acme"
APP_ID = "A0PROACTIVE"
BOT_ID = "B0PROACTIVE"
BOT_USER = "U0BOT"
SLACKBOT = "USLACKBOT"
DEFAULT_USER = "U0ADA"
_TIMESTAMP = re.compile(r"(\d{1,10})(?:\.(\d{1,6}))?\Z", re.ASCII)


@dataclass(frozen=True)
class User:
    """A person or a bot, of this workspace or of another that shares a channel with it.

    `name` is the handle. People see `display_name`, or `real_name` if that's empty.
    """

    id: str
    name: str
    real_name: str
    email: str = ""
    display_name: str = ""
    team_id: str = TEAM_ID
    is_bot: bool = False
    is_admin: bool = False
    is_restricted: bool = False  # a guest
    is_ultra_restricted: bool = False  # a guest of a single channel
    is_deleted: bool = False
    tz: str = "Europe/London"
    tz_offset: int = 0

    @property
    def shown_name(self) -> str:
        """The name that others see."""
        return self.display_name or self.real_name

    @property
    def is_outsider(self) -> bool:
        """Return whether the person belongs to another organisation."""
        return self.team_id != TEAM_ID


@dataclass
class Channel:
    """A channel, or the bot's direct message with the person in `dm_with`.

    `is_ext_shared` is Slack Connect: people of another organisation may be members.
    """

    id: str
    name: str
    members: set[str]
    is_private: bool = False
    is_mpim: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    posting_restricted: bool = False
    dm_with: str | None = None


@dataclass
class UserGroup:
    """A user group; its members are kept while it's disabled."""

    id: str
    handle: str
    name: str
    users: list[str]
    is_disabled: bool = False


@dataclass(eq=False)
class Message:
    """A message as it is now; only the person in `ephemeral_to`, if set, can see it.

    A broadcast is a reply that was also sent to the channel. A tombstone replaces a deleted
    message that has replies.
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
    pings: list[str] | None = None  # a cache; None: unknown for this content

    @cached_property
    def moment(self) -> int:
        """The message's ts in whole microseconds, which gives the order of messages."""
        return read_moment(self.ts) or 0

    @property
    def is_reply(self) -> bool:
        """Return whether the message is in a thread and isn't its parent."""
        return self.thread_ts is not None and self.thread_ts != self.ts


class Watchers:
    """The open event streams, which learn that something changed; changes may be combined."""

    def __init__(self) -> None:
        self._waiting: set[asyncio.Event] = set()

    def join(self) -> asyncio.Event:
        """Start watching; every change sets the event, and its owner clears it."""
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
    """People, channels, user groups and messages; there are no messages in the beginning."""

    def __init__(
        self,
        clock: Callable[[], float],
        watchers: Watchers,
        users: Iterable[User],
        channels: Iterable[Channel],
        groups: Iterable[UserGroup],
    ) -> None:
        self._clock = clock
        self._watchers = watchers
        self._last_ts = 0
        self.users = {user.id: user for user in users}
        self.channels = {channel.id: channel for channel in channels}
        self.groups = {group.id: group for group in groups}
        self._messages: defaultdict[str, dict[str, Message]] = defaultdict(dict)
        self._replies: defaultdict[tuple[str, str], list[Message]] = defaultdict(list)

    def next_ts(self) -> str:
        """Return the timestamp of a new message: the clock's microseconds, always rising."""
        self._last_ts = max(self._last_ts + 1, int(self._clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def add(self, message: Message) -> Message:
        """Add a message."""
        self._messages[message.channel][message.ts] = message
        if message.thread_ts and message.is_reply and not message.ephemeral_to:
            self._replies[message.channel, message.thread_ts].append(message)
        self.changed()
        return message

    def remove(self, message: Message) -> None:
        """Remove a message; one with replies leaves a tombstone, as in Slack."""
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
        """Find a message, including ephemeral ones."""
        return self._messages[channel].get(ts)

    def messages(self, channel: str, after: int = -1) -> list[Message]:
        """List a channel's messages later than a moment, including replies, oldest first."""
        return list(takewhile(lambda m: m.moment > after, self.newest_first(channel)))[::-1]

    def newest_first(self, channel: str) -> Iterator[Message]:
        """List a channel's messages, including replies and ephemeral ones, newest first."""
        # Timestamps always rise, so messages were added in the order of their time.
        return reversed(self._messages[channel].values())

    def replies(self, parent: Message) -> list[Message]:
        """List the replies to a message, except ephemeral ones, oldest first."""
        return self._replies.get((parent.channel, parent.ts), [])

    def direct_channel(self, user: str) -> Channel | None:
        """Find the bot's direct message with a person."""
        return next((c for c in self.channels.values() if c.dm_with == user), None)

    def notify(self, channel: str, user: str, text: str) -> Message:
        """Show a person a notice from Slackbot that only they can see."""
        notice = Message(self.next_ts(), channel, SLACKBOT, text, ephemeral_to=user)
        return self.add(notice)

    def changed(self) -> None:
        """Wake the watchers."""
        self._watchers.tell()


def read_moment(ts: str) -> int | None:
    """Read a ts as whole microseconds since 1970; return None if it isn't a ts."""
    found = _TIMESTAMP.match(ts)
    return int(found[1]) * 1_000_000 + int((found[2] or "").ljust(6, "0")) if found else None
