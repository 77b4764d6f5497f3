"""Opens the form for what an agent typed after the command, or for a message they chose."""

from __future__ import annotations

import re

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_notice
from bot.cards.post import Post
from bot.rules.address_search import address_length, find_address, find_ends
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.form_input import make_draft
from bot.slack.interaction import Interaction
from bot.slack.markup import unescape, unlink, unlink_words
from bot.slack.message import read_parts
from bot.text import sendable, visible

SHORTCUT = "notify_customer"
_HELP = ("help", "?", "-h", "--help")
# Only words of alphabets that put spaces between them: elsewhere one may be a whole message.
_ONE_WORD = re.compile(r"-{0,2}[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ-]{0,29}")


class Command:
    """Listens to the slash command and the message shortcut."""

    def __init__(
        self, form: Form, errors: ErrorHandler, *, name: str, default_country: str | None
    ) -> None:
        """Listen to the slash command ``name``, such as "/proactive"."""
        self.name = name
        self._form = form
        self._errors = errors
        self._country = default_country

    async def open_form(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the form with the customer and message that follow the command, or show help."""
        typed = interaction.text.strip()
        if typed.lower() in _HELP or is_subcommand(typed, self._country):
            shown = show_help(self.name, "" if typed.lower() in _HELP else typed)
            await ack(text=shown.text, blocks=shown.blocks, response_type="ephemeral")
            return
        await ack()
        self._errors.start(self._open(interaction), interaction)

    async def _open(self, interaction: Interaction) -> None:
        customer, message = split_command(interaction.text, self._country)
        draft = make_draft(interaction.place, customer, message, self._country)
        await self._form.open(draft, interaction, interaction.text)

    async def open_form_for_message(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the form for the first customer that a message names; the card goes below it."""
        await ack()
        self._errors.start(self._open_for_message(interaction), interaction)

    async def _open_for_message(self, interaction: Interaction) -> None:
        found = (find_address(part, self._country) for part in read_parts(interaction.message))
        customer = next(filter(None, found), "")
        draft = make_draft(interaction.place, customer, "", self._country)
        await self._form.open(draft, interaction)


def split_command(text: str, default_country: str | None) -> tuple[str, str]:
    """Split a command's text into customer and message, of which either may be empty.

    The customer is the email address or phone number at the start, with the name or label before
    it. If there is none, the whole text is the message.
    """
    text = sendable(text).replace("\u00a0", " ").strip()
    length = address_length(_read(text), default_country)
    ends = find_ends(text) if length else ()
    end = next((end for end in ends if len(_read(text[:end])) >= length), 0)
    customer = " ".join(_read(text[:end]).split())  # the field has one line
    return customer, unescape(unlink_words(text[end:])).strip()


def is_subcommand(text: str, default_country: str | None) -> bool:
    """Tell whether a text is one word, perhaps with an address after it, as in "status jane@b.c".

    Nobody means that as a message to a customer.
    """
    word, _, rest = " ".join(_read(sendable(text)).split()).partition(" ")
    if not _ONE_WORD.fullmatch(word):
        return False
    if "@" not in rest and not any(map(str.isdigit, rest)):
        return not rest
    is_address = address_length(rest, default_country) == len(rest)
    return is_address and not address_length(f"{word} {rest}", default_country)  # or it's a name


def _read(text: str) -> str:
    return unescape(unlink(text))


def show_help(command: str, unknown: str = "") -> Post:
    """Say how to use the command; ``unknown`` is what somebody typed that it can't do."""
    return show_notice(
        (f"I don't know \"{visible(unknown)}\". Here's what I can do:\n" if unknown else "")
        + f"{command} – opens a form to message a customer.\n"
        f"{command} jane@example.com – opens it for this customer.\n"
        f"{command} jane@example.com Your order is ready – fills in the message too. "
        "Nothing is sent before you press Send.\n"
        f"{command} +44 20 7946 0018 Your order is ready – a phone number works too.\n"
        'In a thread, use the message shortcut "Notify customer" instead.\n'
        "Each message has a card that shows where it stands. While you can still stop it, the "
        'card has the button "Undo".'
    )
