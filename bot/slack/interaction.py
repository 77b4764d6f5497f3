"""Reads what Slack sends when a person does something into one typed object.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.request import Place
from bot.slack.view_state import View, list_input_ids, read_metadata, text_at

Body = dict[str, Any]
Message = dict[str, Any]
ROW = "do:"  # prefix of the block ids of a list row's buttons


class Kind(StrEnum):
    """What the person did; the values are Slack's types, except for the command, which has none."""

    COMMAND = "command"
    MESSAGE_SHORTCUT = "message_action"
    SUBMISSION = "view_submission"
    ACTION = "block_actions"
    EVENT = "event_callback"
    SUGGESTION = "block_suggestion"
    OTHER = "other"


@dataclass(frozen=True)
class Interaction:
    """One thing that a person did in Slack; what Slack didn't send is empty.

    ``text`` is what follows the command, ``message`` the one whose shortcut was used.
    ``action_value`` belongs to a button. ``user_team_id`` is the person's own workspace: people of
    another company may click in a shared channel. ``query`` is what they typed into a menu.
    ``command`` is its name, such as "/proactive", and ``block_id`` has the button.
    """

    kind: Kind
    user_id: str
    user_name: str = field(repr=False)
    place: Place
    trigger_id: str = field(repr=False)
    text: str = field(repr=False)
    view: View = field(repr=False)
    action_id: str
    action_value: str = field(repr=False)
    message: Message = field(default_factory=dict, repr=False)
    app_id: str = ""
    user_team_id: str = ""
    query: str = field(default="", repr=False)
    command: str = ""
    block_id: str = ""

    @property
    def typed(self) -> str:
        """Return the whole command that the person typed, ready to be copied; "" for a bare one."""
        return f"{self.command} {self.text}".strip() if self.text.strip() else ""

    @property
    def is_in_list(self) -> bool:
        """Return whether this is a click in a private list, which nobody draws again."""
        return self.block_id.startswith(ROW) and not self.view

    @property
    def view_id(self) -> str:
        """Return the id of the form that the person used; "" outside a form."""
        return text_at(self.view, "id")

    @property
    def is_home(self) -> bool:
        """Return whether this happened in the person's Home tab."""
        return text_at(self.view, "type") == "home"

    @property
    def own_team_id(self) -> str:
        """Return the person's own workspace, or else the one that this came from."""
        return self.user_team_id or self.place.team_id

    @property
    def input_ids(self) -> list[str]:
        """Return the block ids of the form's inputs, from top to bottom."""
        return list_input_ids(self.view)

    @property
    def metadata(self) -> str:
        """Return the form's private metadata with its signature, which isn't checked yet."""
        return read_metadata(self.view)

    @property
    def callback_id(self) -> str:
        """Return which form or tab the person used; "" outside one."""
        return text_at(self.view, "callback_id")

    @property
    def request_id(self) -> str:
        """Return the request that a card's button is about, as `bot/cards/card_buttons.py` says."""
        return self.action_value.partition(":")[0]

    @property
    def decision_number(self) -> str:
        """Return how many decisions came before this button; "" if it doesn't say."""
        return self.action_value.partition(":")[2]


def read_interaction(body: Body) -> Interaction:
    """Read the body of a command, shortcut, form or button. Any JSON object can be read."""
    user_id = (
        text_at(body, "user", "id") or text_at(body, "user_id") or text_at(body, "event", "user")
    )
    name = text_at(body, "user", "name") or text_at(body, "user", "username")
    message, view = body.get("message"), body.get("view") or _find_home(body)
    return Interaction(
        kind=_kind(body),
        user_id=user_id,
        user_name=name or text_at(body, "user_name") or user_id,
        place=Place(
            team_id=_team_id(body),
            channel_id=text_at(body, "channel", "id") or text_at(body, "channel_id"),
            thread_ts=text_at(body, "message", "thread_ts") or text_at(body, "message", "ts"),
            response_url=text_at(body, "response_url"),
        ),
        trigger_id=text_at(body, "trigger_id"),
        text=text_at(body, "text"),
        view=view if isinstance(view, dict) else {},
        action_id=text_at(body, "actions", 0, "action_id"),
        action_value=text_at(body, "actions", 0, "value"),
        message=message if isinstance(message, dict) else {},
        app_id=text_at(body, "api_app_id"),
        query=text_at(body, "value"),
        command=text_at(body, "command"),
        block_id=text_at(body, "actions", 0, "block_id"),
        # A command only reaches the workspace that it belongs to, and has no other id.
        user_team_id=text_at(body, "user", "team_id") or text_at(body, "team_id"),
    )


def opens_home(body: Body) -> bool:
    """Return whether an event says that somebody entered the Home tab, not the other one."""
    return text_at(body, "event", "tab") == "home"


def _find_home(body: Body) -> object:
    """Return the Home tab that an event shows; there's none before the bot has published one."""
    event = body.get("event")
    return event.get("view") if isinstance(event, dict) else None


def _kind(body: Body) -> Kind:
    if "command" in body:
        return Kind.COMMAND
    try:
        return Kind(text_at(body, "type"))
    except ValueError:
        return Kind.OTHER


def _team_id(body: Body) -> str:
    """Return the workspace's id; ``team`` is null where the app is installed for a whole org."""
    return (
        text_at(body, "team", "id")
        or text_at(body, "team_id")
        or text_at(body, "user", "team_id")
        or text_at(body, "view", "team_id")
    )
