"""Asks Slack who somebody is, which channels are shared, and who is in a user group.

https://docs.slack.dev/reference/objects/user-object
https://docs.slack.dev/apis/slack-connect
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bot.cards.answer_cache import AnswerCache
from bot.cards.client import SlackClient
from bot.cards.errors import SlackError, SlackRefused, SlackTokenRefused
from bot.rules.directory import SLACKBOT, Channel, DirectoryUnavailable, Person, Workspace

_USERS, _GROUPS = "users:read", "usergroups:read"
_CHANNELS = "channels:read, groups:read, im:read or mpim:read"
_NO_SUCH_USER = ("user_not_found", "user_not_visible")
_NO_SUCH_CHANNEL = ("channel_not_found",)
_BOT_FLAGS = ("is_bot", "is_workflow_bot", "is_connector_bot")
_GUEST_FLAGS = ("is_restricted", "is_ultra_restricted")
_SHARED_FLAGS = ("is_ext_shared", "is_pending_ext_shared")  # newcomers see what came before them

Answer = Mapping[str, Any]
Groups = Mapping[str, frozenset[str]]  # the members by the group's id


class SlackDirectory:
    """What Slack says about people, channels and user groups; thread-safe.

    What's a minute old by ``clock`` is asked for again.
    """

    def __init__(self, client: SlackClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._people = AnswerCache(self._ask_person, clock)
        self._channels = AnswerCache(self._ask_channel, clock)
        self._groups = AnswerCache(self._ask_groups, clock)
        self._workspaces = AnswerCache(self._ask_workspace, clock)
        self._apps = AnswerCache(self._ask_app, clock, seconds=math.inf)  # a bot keeps its app
        self.fresh = _FreshAnswers(self._people, self._channels, self._groups, self._workspaces)

    def person(self, user_id: str) -> Person:
        """Return a person."""
        return self._people.get(user_id)

    def known_name(self, user_id: str) -> str:
        """Return the name that somebody showed when they were last asked for, or ""."""
        return _known_name(self._people, user_id)

    def channel(self, channel_id: str) -> Channel:
        """Return a channel."""
        return self._channels.get(channel_id)

    def is_in_group(self, group_id: str, user_id: str) -> bool:
        """Return whether somebody is in a user group."""
        return user_id in self.members(group_id)

    def members(self, group_id: str) -> frozenset[str]:
        """Return the ids of everybody in a user group."""
        return self._groups.get(()).get(group_id, frozenset())

    def workspace(self) -> Workspace:
        """Return the workspace and the app that the bot's token belongs to."""
        return self._workspaces.get(())

    def _ask_person(self, user_id: str) -> Person:
        try:
            with _unavailable(_USERS):
                user = self._client.read("users.info", user=user_id)["user"]
                return _read_person(user_id, user)
        except SlackRefused as refusal:
            if refusal.code in _NO_SUCH_USER:
                return Person(user_id, "", is_stranger=True)
            raise DirectoryUnavailable from None

    def _ask_channel(self, channel_id: str) -> Channel:
        try:
            with _unavailable(_CHANNELS):
                channel = self._client.read("conversations.info", channel=channel_id)["channel"]
                return _read_channel(channel_id, channel)
        except SlackRefused as refusal:
            if refusal.code in _NO_SUCH_CHANNEL:
                return Channel(channel_id, is_known=False)
            raise DirectoryUnavailable from None

    def _ask_groups(self, _key: tuple[()]) -> Groups:
        """Ask for the members of all groups at once: Slack takes only some twenty calls a minute.

        A group that's disabled isn't listed, and where Slack has no groups, nobody is in one.
        """
        try:
            with _unavailable(_GROUPS):
                answer = self._client.read("usergroups.list", include_users="true")
                return {
                    str(group["id"]): frozenset(map(str, group.get("users") or ()))
                    for group in answer.get("usergroups") or ()
                }
        except SlackRefused:
            return {}

    def _ask_workspace(self, _key: tuple[()]) -> Workspace:
        try:
            with _unavailable():
                answer = self._client.read("auth.test")
                app_id = _text(answer, "app_id") or self._apps.get(_text(answer, "bot_id"))
                return Workspace(str(answer["team_id"]), _text(answer, "enterprise_id"), app_id)
        except SlackRefused:
            raise DirectoryUnavailable from None

    def _ask_app(self, bot_id: str) -> str:
        """Ask for the bot's app; "" if Slack refuses to say: a signature is an app's, too."""
        try:
            with _unavailable():
                return _text(self._client.read("bots.info", bot=bot_id)["bot"], "app_id")
        except SlackRefused:
            return ""


class _FreshAnswers:
    """The answers that are still good; raises DirectoryUnavailable for any other."""

    def __init__(
        self,
        people: AnswerCache[str, Person],
        channels: AnswerCache[str, Channel],
        groups: AnswerCache[tuple[()], Groups],
        workspaces: AnswerCache[tuple[()], Workspace],
    ) -> None:
        self._people = people
        self._groups = groups
        self._workspaces = workspaces
        self.person = people.fresh
        self.channel = channels.fresh

    @property
    def fresh(self) -> _FreshAnswers:
        return self

    def known_name(self, user_id: str) -> str:
        return _known_name(self._people, user_id)

    def is_in_group(self, group_id: str, user_id: str) -> bool:
        return user_id in self.members(group_id)

    def members(self, group_id: str) -> frozenset[str]:
        return self._groups.fresh(()).get(group_id, frozenset())

    def workspace(self) -> Workspace:
        return self._workspaces.fresh(())


def _known_name(people: AnswerCache[str, Person], user_id: str) -> str:
    person = people.latest(user_id)
    return person.name if person and person.name != user_id else ""


@contextmanager
def _unavailable(scope: str = "") -> Iterator[None]:
    """Raise DirectoryUnavailable unless Slack answers as documented, or refuses for a reason.

    ``scope``: what the method needs.
    """
    try:
        yield
    except SlackTokenRefused:
        raise DirectoryUnavailable from None
    except SlackRefused as refusal:
        if scope and refusal.code == "missing_scope":
            raise DirectoryUnavailable(scope) from None
        raise
    except (SlackError, LookupError, TypeError, AttributeError):
        raise DirectoryUnavailable from None


def _read_person(user_id: str, user: Answer) -> Person:
    profile = user.get("profile") or {}
    return Person(
        user_id,
        team_id=str(user["team_id"]),
        enterprise_id=_text(user.get("enterprise_user") or {}, "enterprise_id"),
        name=_text(profile, "display_name") or _text(user, "real_name") or user_id,
        # Every person has these flags. A guest must not pass because one is missing.
        is_guest=any(user.get(flag) is not False for flag in _GUEST_FLAGS),
        is_deactivated=bool(user.get("deleted")),
        is_bot=user_id == SLACKBOT or any(map(user.get, _BOT_FLAGS)),
        is_stranger=bool(user.get("is_stranger")),
    )


def _read_channel(channel_id: str, channel: Answer) -> Channel:
    if channel.get("is_im"):  # whoever is in it besides the bot is checked as a person
        return Channel(channel_id)
    is_external = channel["is_ext_shared"] is not False
    return Channel(channel_id, is_external or any(map(channel.get, _SHARED_FLAGS)))


def _text(found: Answer, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""
