"""Reads what Slack sends when a person does something into one typed object.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.request import Place

Body = dict[str, Any]
View = dict[str, Any]
Message = dict[str, Any]
ROW = "do:"  # what the ids of the blocks begin with that have the buttons of a list's row


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
        """Tell whether this is a click in a private list, which nobody draws again."""
        return self.block_id.startswith(ROW) and not self.view

    @property
    def view_id(self) -> str:
        """Return the id of the form that the person used; "" outside a form."""
        return _text(self.view, "id")

    @property
    def is_home(self) -> bool:
        """Tell whether this happened in the person's Home tab."""
        return _text(self.view, "type") == "home"

    @property
    def own_team_id(self) -> str:
        """Return the person's own workspace, or else the one that this came from."""
        return self.user_team_id or self.place.team_id

    @property
    def input_ids(self) -> list[str]:
        """Return the block ids of the form's inputs, from top to bottom."""
        blocks = self.view.get("blocks") or ()
        return [_text(block, "block_id") for block in blocks if _text(block, "type") == "input"]


def read_interaction(body: Body) -> Interaction:
    """Read the body of a command, shortcut, form or button. Any JSON object can be read."""
    user_id = _text(body, "user", "id") or _text(body, "user_id") or _text(body, "event", "user")
    name = _text(body, "user", "name") or _text(body, "user", "username")
    message, view = body.get("message"), body.get("view") or _find_home(body)
    return Interaction(
        kind=_kind(body),
        user_id=user_id,
        user_name=name or _text(body, "user_name") or user_id,
        place=Place(
            team_id=_team_id(body),
            channel_id=_text(body, "channel", "id") or _text(body, "channel_id"),
            thread_ts=_text(body, "message", "thread_ts") or _text(body, "message", "ts"),
            response_url=_text(body, "response_url"),
        ),
        trigger_id=_text(body, "trigger_id"),
        text=_text(body, "text"),
        view=view if isinstance(view, dict) else {},
        action_id=_text(body, "actions", 0, "action_id"),
        action_value=_text(body, "actions", 0, "value"),
        message=message if isinstance(message, dict) else {},
        app_id=_text(body, "api_app_id"),
        query=_text(body, "value"),
        command=_text(body, "command"),
        block_id=_text(body, "actions", 0, "block_id"),
        # A command only reaches the workspace that it belongs to, and has no other id.
        user_team_id=_text(body, "user", "team_id") or _text(body, "team_id"),
    )


def opens_home(body: Body) -> bool:
    """Tell whether an event says that somebody entered the Home tab, rather than the other one."""
    return _text(body, "event", "tab") == "home"


def _find_home(body: Body) -> object:
    """Return the Home tab that an event shows; there's none before the bot has published one."""
    event = body.get("event")
    return event.get("view") if isinstance(event, dict) else None


def _kind(body: Body) -> Kind:
    if "command" in body:
        return Kind.COMMAND
    try:
        return Kind(_text(body, "type"))
    except ValueError:
        return Kind.OTHER


def _team_id(body: Body) -> str:
    """Return the workspace's id; ``team`` is null where the app is installed for a whole org."""
    return (
        _text(body, "team", "id")
        or _text(body, "team_id")
        or _text(body, "user", "team_id")
        or _text(body, "view", "team_id")
    )


def _text(found: object, *path: str | int) -> str:
    """Return the text at a path of names and positions; "" if there is none."""
    for step in path:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            return ""
    return found if isinstance(found, str) else ""
