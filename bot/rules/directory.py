"""What the rules ask about people and channels. ``bot/cards/directory.py`` asks Slack for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

SLACKBOT = "USLACKBOT"  # Slack doesn't call it a bot


class DirectoryUnavailable(Exception):
    """The directory can't say; ``scope``: the permission that the bot lacks for it, or ""."""

    def __init__(self, scope: str = "") -> None:
        super().__init__(f"the directory can't say ({scope or 'no answer'})")
        self.scope = scope


@dataclass(frozen=True)
class Person:
    """A user of Slack. ``is_stranger``: they share nothing with us, or Slack doesn't know them."""

    user_id: str
    team_id: str
    enterprise_id: str = ""
    name: str = field(default="", repr=False)
    is_guest: bool = False
    is_deactivated: bool = False
    is_bot: bool = False
    is_stranger: bool = False


@dataclass(frozen=True)
class Channel:
    """A conversation in Slack. ``is_known`` is False if the bot isn't in it and can't see it."""

    channel_id: str
    is_external: bool = False
    is_known: bool = True


@dataclass(frozen=True)
class Workspace:
    """What the bot's token belongs to; an id that Slack doesn't have or tell is ""."""

    team_id: str
    enterprise_id: str = ""
    app_id: str = ""


class Directory(Protocol):
    """Answers that are at most a minute old. Blocks, and raises DirectoryUnavailable."""

    @property
    def fresh(self) -> Directory:
        """The same without a question to Slack: it only has the answers that are still good."""

    def person(self, user_id: str) -> Person:
        """Return a person."""

    def known_name(self, user_id: str) -> str:
        """Return the name that somebody showed when they were last asked for, or ""."""

    def channel(self, channel_id: str) -> Channel:
        """Return a channel."""

    def is_in_group(self, group_id: str, user_id: str) -> bool:
        """Return whether somebody is in a user group."""

    def members(self, group_id: str) -> frozenset[str]:
        """Return the ids of everybody in a user group."""

    def workspace(self) -> Workspace:
        """Return the workspace and the app that the bot's token belongs to."""
