"""Opens the form for what an agent typed after the command, or for a message they chose."""

from __future__ import annotations

from slack_bolt.async_app import AsyncAck

from bot.cards.card import Post, show_notice
from bot.rules.address import address_length, find_address
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.interaction import Interaction
from bot.slack.markup import address_link_length, read_message, unescape, unlink, unlink_words
from bot.text import sendable

SHORTCUT = "notify_customer"
_HELP = ("help", "?", "-h", "--help")


class Command:
    """Listens to the slash command and the message shortcut."""

    def __init__(
        self, form: Form, errors: ErrorHandler, *, name: str, default_country: str | None
    ) -> None:
        """Make it; ``name`` is the slash command, such as "/proactive"."""
        self.name = name
        self._form = form
        self._errors = errors
        self._country = default_country

    async def open_form(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the form with the customer and message that follow the command, or show help."""
        if interaction.text.strip().lower() in _HELP:
            shown = show_help(self.name)
            await ack(text=shown.text, blocks=shown.blocks, response_type="ephemeral")
            return
        await ack()
        self._errors.start(self._open(interaction), interaction)

    async def _open(self, interaction: Interaction) -> None:
        customer, message = split_command(interaction.text, self._country)
        draft = make_draft(interaction.place, customer, message, self._country)
        await self._form.open(draft, interaction.trigger_id, interaction.text)

    async def open_form_for_message(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the form for the first customer that a message names; the card goes below it."""
        customer = find_address(read_message(interaction.text), self._country)
        draft = make_draft(interaction.place, customer, "", self._country)
        await ack()
        self._errors.start(self._form.open(draft, interaction.trigger_id), interaction)


def split_command(text: str, default_country: str | None) -> tuple[str, str]:
    """Split a command's text into customer and message, of which either may be empty.

    The customer is the email address or phone number at the start. If there is none, the whole text
    is the message.
    """
    text = sendable(text).replace("\u00a0", " ").strip()
    end = address_link_length(text) or address_length(text, default_country)
    customer, message = unlink(text[:end]), unlink_words(text[end:])
    return unescape(customer).strip(), unescape(message).strip()


def show_help(command: str) -> Post:
    """Say how to use the command."""
    return show_notice(
        f"{command} opens a form in which you message a customer first.\n"
        f"{command} jane@example.com opens it for that customer.\n"
        f"{command} jane@example.com Your order is ready fills in the message too; "
        "nothing is sent before you press Send.\n"
        f"A phone number works as well: {command} +44 20 7946 0018 Your order is ready\n"
        'In a thread, use the message shortcut "Notify customer" instead.'
    )
