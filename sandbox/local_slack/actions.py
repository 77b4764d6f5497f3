"""Delivers people's actions to the bot and applies the bot's ack.

If the ack fails, the person sees a notice from Slackbot or an error in the modal. Raises
ActionError for an action that Slack's client wouldn't let a person take.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import payloads
from .config import JSON, ShortcutType
from .content import read_blocks
from .delivery import Ack, Delivery, PayloadKind
from .elements import OPTION_GROUP, PLAIN_OPTION
from .errors import SlackError
from .events import app_home_opened
from .forms import FormError, fill_in, is_stateful
from .responses import post_response
from .shapes import exactly_one, items, shape
from .state import State
from .stored_blocks import interactive_elements
from .views import TROUBLE, View
from .wire_text import compose, rich_text
from .workspace import BOT_USER, Channel, Message, User

_OPTIONS = shape(
    {}, {"options": items(PLAIN_OPTION, 0, 100), "option_groups": items(OPTION_GROUP, 0, 100)}
)
_DEFAULT_QUERY_LENGTH = 3


class ActionError(Exception):
    """Slack's client wouldn't let a person do this; the text says why."""


class Actions:
    """Everything that a person can do, except what `modal_actions` has."""

    def __init__(self, state: State, delivery: Delivery) -> None:
        self._state = state
        self._delivery = delivery

    def post(self, user: str, channel_id: str, text: str, thread_ts: str | None) -> Message:
        """Post what a person typed."""
        channel = find_channel(self._state, user, channel_id)
        if not text.strip():
            raise ActionError("There is nothing to send.")
        if channel.is_archived:
            raise ActionError("This channel is archived.")
        if channel.dm_with and self._state.manifest.messages_tab_read_only:
            raise ActionError("Sending messages to this app has been turned off.")
        if channel.posting_restricted and not self._state.workspace.users[user].is_admin:
            raise ActionError("Only some people may post in this channel.")
        parent = self._state.workspace.message(channel_id, thread_ts) if thread_ts else None
        if thread_ts and (parent is None or parent.is_reply or parent.ephemeral_to):
            raise ActionError("There is no such thread.")
        message = Message(self._state.workspace.next_ts(), channel_id, user, compose(text))
        message.blocks, message.thread_ts = rich_text(text), thread_ts
        return self._state.workspace.add(message)

    async def run_command(self, user: str, channel_id: str, command: str, text: str) -> Ack | None:
        """Run a slash command; return None if Slack runs it itself (/invite)."""
        channel = find_channel(self._state, user, channel_id)
        if channel.is_archived:
            raise ActionError("This channel is archived.")
        if command == "/invite":
            self._invite(user, channel, text)
            return None
        _require_own_app(self._state, user)
        known = {declared.command for declared in self._state.manifest.commands}
        if command not in known or "commands" not in self._state.scopes:
            raise ActionError(f"{command} is not a valid command.")
        sent = compose(text) if self._state.settings.slash_text_escaped else text
        form = payloads.slash_command(self._state, user, channel, command, sent)
        ack = await self._delivery.send(PayloadKind.SLASH_COMMANDS, form)
        failure = ack.failure
        if failure is None and ack.body:
            try:
                post_response(self._state, user, channel_id, ack.body, None)
            except SlackError:
                failure = "dispatch_unknown_error"
        if failure:
            notice = f'{command} failed with the error "{failure}"'
            self._state.workspace.notify(channel_id, user, notice)
        return ack

    async def press_shortcut(
        self, user: str, callback_id: str, channel_id: str | None, ts: str | None
    ) -> Ack:
        """Press a shortcut; a message shortcut needs the message."""
        pressed = next(
            (s for s in self._state.manifest.shortcuts if s.callback_id == callback_id), None
        )
        if pressed is None or "commands" not in self._state.scopes:
            raise ActionError("There is no such shortcut.")
        _require_own_app(self._state, user)
        message = None
        if pressed.type is ShortcutType.MESSAGE:
            message = find_message(self._state, user, channel_id or "", ts or "")
            if message.ephemeral_to:
                raise ActionError("Shortcuts do not work on messages that only you can see.")
        ack = await self.interact(payloads.shortcut(self._state, user, pressed, message))
        if ack.failure and channel_id:
            notice = f'{pressed.name} failed with the error "{ack.failure}"'
            self._state.workspace.notify(channel_id, user, notice)
        return ack

    async def send_block_action(self, user: str, source: View | Message, act: JSON) -> Ack:
        """Press a button, choose an option, or press Enter in an input that sends actions.

        `act` has block_id, action_id, element (the value, as in a state value) and, in a view,
        values (what else is filled in). In a message it may have stale_block: a block that the
        message no longer has but that the person's window still showed.
        """
        element, block = _find_element(_clickable_blocks(source, act), act)
        if block.get("type") == "input" and not block.get("dispatch_action"):
            raise ActionError("This input does not send actions.")
        given = act.get("element") or {}
        if not isinstance(given, dict):
            raise ActionError("element must be an object.")
        if isinstance(source, View):
            self._fill_in(source, act.get("values") or {})
            if is_stateful(element):
                own = {act["block_id"]: {act["action_id"]: given}}
                self._fill_in(source, own)
                given = source.values[act["block_id"]][act["action_id"]]
        is_button = element["type"] == "button"
        names = ("type", "text", "value", "url", "style", "placeholder", "confirm", "action_id")
        action = {name: element[name] for name in names if name in element}
        action |= {"block_id": act["block_id"]}
        action |= {} if is_button else {k: v for k, v in given.items() if k != "type"}
        ack = await self.interact(payloads.block_actions(self._state, user, source, action))
        if ack.failure and isinstance(source, Message):
            notice = f'The button failed with the error "{ack.failure}"'
            self._state.workspace.notify(source.channel, user, notice)
        elif ack.failure and isinstance(source, View):
            source.trouble = TROUBLE
            self._state.watchers.tell()
        return ack

    async def ask_options(
        self, user: str, source: View | Message, asked: JSON
    ) -> tuple[Ack | None, list[JSON]]:
        """Ask the bot for the options of an external select, unless the query is too short."""
        element, _block = _find_element(_clickable_blocks(source, asked), asked)
        if element["type"] not in ("external_select", "multi_external_select"):
            raise ActionError("This element's options are fixed.")
        if self._state.manifest.options_url is None:
            raise ActionError("The manifest names no URL to load options from.")
        if len(asked["value"]) < element.get("min_query_length", _DEFAULT_QUERY_LENGTH):
            return None, []
        payload = payloads.block_suggestion(self._state, user, source, asked)
        ack = await self.interact(payload)
        if ack.failure or not isinstance(ack.body, dict):
            return ack, []
        if any(_OPTIONS(ack.body, "")) or any(
            exactly_one("options", "option_groups")(ack.body, "")
        ):
            return ack, []
        groups = ack.body.get("option_groups") or []
        return ack, [*ack.body.get("options", []), *(o for g in groups for o in g["options"])]

    async def open_home(self, user: str) -> Ack | None:
        """Enter the app's Home tab; return None if the app doesn't want to hear of it."""
        _require_own_app(self._state, user)
        manifest = self._state.manifest
        if not manifest.home_tab:
            raise ActionError("This app has no Home tab.")
        if "app_home_opened" not in manifest.events:
            return None
        return await self._delivery.send(PayloadKind.EVENTS_API, app_home_opened(self._state, user))

    async def interact(self, payload: JSON) -> Ack:
        """Deliver an interactive payload. Raises ActionError if the manifest doesn't allow it."""
        if not self._state.manifest.interactive:
            raise ActionError("This app is not configured to handle interactive responses.")
        return await self._delivery.send(PayloadKind.INTERACTIVE, payload)

    def _fill_in(self, view: View, values: Any) -> None:
        try:
            view.values = fill_in(view.definition["blocks"], view.values, values)
        except FormError as error:
            raise ActionError(str(error)) from error

    def _invite(self, user: str, channel: Channel, text: str) -> None:
        bot = self._state.workspace.users[BOT_USER]
        if text.strip().removeprefix("@").lower() not in (bot.name, bot.real_name.lower()):
            raise ActionError(f"Here you can invite only @{bot.name}.")
        channel.members.add(BOT_USER)
        self._state.workspace.notify(channel.id, user, f"{bot.real_name} has joined.")


def find_user(state: State, user_id: str) -> User:
    """Find a person. Raises ActionError, also for a deactivated account."""
    user = state.workspace.users.get(user_id)
    if user is None or user.is_bot:
        raise ActionError("There is no such person.")
    if user.is_deleted:
        raise ActionError("This account is deactivated.")
    return user


def find_channel(state: State, user: str, channel_id: str) -> Channel:
    """Find a channel that the person is in. Raises ActionError."""
    channel = state.workspace.channels.get(channel_id)
    if channel is None or user not in channel.members:
        raise ActionError("There is no such channel.")
    return channel


def find_message(state: State, user: str, channel_id: str, ts: str) -> Message:
    """Find a message that the person can see. Raises ActionError."""
    find_channel(state, user, channel_id)
    message = state.workspace.message(channel_id, ts)
    if message is None or message.ephemeral_to not in (None, user) or message.is_tombstone:
        raise ActionError("There is no such message.")
    return message


def _require_own_app(state: State, user_id: str) -> None:
    """Refuse an outsider: only buttons and menus in messages work across organisations."""
    if state.workspace.users[user_id].is_outsider:
        raise ActionError("Apps of another organisation have no commands or shortcuts for you.")


def _clickable_blocks(source: View | Message, act: JSON) -> list[JSON]:
    stale = act.get("stale_block")
    if stale is None:
        blocks: list[JSON] = (
            source.definition["blocks"] if isinstance(source, View) else source.blocks
        )
        return blocks
    if isinstance(source, View) or not isinstance(stale, dict):
        raise ActionError("stale_block must be a block that a message showed before.")
    try:
        return read_blocks([stale]) or []
    except SlackError as refusal:
        raise ActionError(f"stale_block is not a block: {'; '.join(refusal.details)}") from refusal


def _find_element(blocks: list[JSON], act: JSON) -> tuple[JSON, JSON]:
    for block, element in _elements(blocks):
        if (block.get("block_id"), element.get("action_id")) == (
            act["block_id"],
            act["action_id"],
        ):
            return element, block
    raise ActionError(f"There is no element {act['block_id']}/{act['action_id']}.")


def _elements(blocks: list[JSON]) -> Iterator[tuple[JSON, JSON]]:
    return ((block, element) for block in blocks for element in interactive_elements(block))
