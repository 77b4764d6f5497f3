"""Step 1: what an agent types or clicks in Slack becomes a Draft, and the modal opens.

Promises: the command's text is read in every form in which Slack may deliver it, nothing typed is
lost, and the ack waits for nothing. Does not: look anybody up (``modal`` does, after the ack).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from slack_bolt.async_app import AsyncAck
from slack_bolt.response import BoltResponse

from bot.cards.card import Post, show_notice
from bot.request import Place
from bot.rules.address import (
    clean,
    find_address,
    phone_length,
    sendable,
    unescape,
    unlink_words,
)
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.reception import Call, Listener, command, message_shortcut

SHORTCUT = "notify_customer"
_FIRST_LINKED = re.compile(r"<(?:mailto:|tel:)[^<>]*>[.,;:]?")


def show_help(command: str) -> Post:
    """Say how the command is used."""
    return show_notice(
        f"{command} opens a form in which you message a customer first.\n"
        f"{command} jane@example.com opens it for that customer.\n"
        f"{command} jane@example.com Your order is ready fills in the message too; "
        "nothing is sent before you press Send.\n"
        f"A phone number works as well: {command} +44 20 7946 0018 Your order is ready\n"
        'In a thread, use the message shortcut "Notify customer" instead.'
    )


def split_command(text: str, default_country: str | None) -> tuple[str, str]:
    """Split a command's text into customer and message, either of which may be empty.

    The customer is an e-mail address or a phone number at the start, in any of Slack's forms;
    a text that starts with neither is all message.
    """
    text = sendable(text).replace("\u00a0", " ").strip()
    linked = _FIRST_LINKED.match(text)
    first = re.match(r"\S*", text)
    if linked:
        end = linked.end()
    elif first and "@" in clean(first[0])[1:]:
        end = first.end()
    else:
        end = phone_length(text, default_country)
    return unescape(text[:end]).strip(), unescape(unlink_words(text[end:])).strip()


def _answer_with(shown: Post) -> BoltResponse:
    """Write an answer that stays the same, once."""
    said = {"response_type": "ephemeral", "text": shown.text, "blocks": shown.blocks}
    return BoltResponse(status=200, body=said)


class Command:
    """Listens to the slash command and the message shortcut."""

    def __init__(
        self, modal: Form, last_resort: ErrorHandler, *, command: str, default_country: str | None
    ) -> None:
        self._modal = modal
        self._last_resort = last_resort
        self._command = command
        self._help = _answer_with(show_help(command))
        self._country = default_country

    def listeners(self) -> Mapping[Call, Listener]:
        """Return who listens to what."""
        return {
            command(self._command): self._on_command,
            message_shortcut(SHORTCUT): self._on_shortcut,
        }

    async def _on_command(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        text = body.get("text", "")
        if text.strip().lower() in ("help", "?", "-h", "--help"):
            ack.response = self._help
            return
        place = Place(body["team_id"], body["channel_id"], "", body["response_url"])
        customer, message = split_command(text, self._country)
        draft = make_draft(place, customer, message, self._country)
        await ack()
        self._last_resort.start(self._modal.open(draft, body["trigger_id"], text), body)

    async def _on_shortcut(self, ack: AsyncAck, body: dict[str, Any]) -> None:
        message = body["message"]
        place = Place(
            body["team"]["id"],
            body["channel"]["id"],
            message.get("thread_ts") or message["ts"],
            body["response_url"],
        )
        customer = find_address(message.get("text") or "", self._country)
        draft = make_draft(place, customer, "", self._country)
        await ack()
        self._last_resort.start(self._modal.open(draft, body["trigger_id"]), body)
