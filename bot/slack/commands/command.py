"""Opens the form for what an agent typed after the command, or for a message they chose."""

from __future__ import annotations

from collections.abc import Callable

from slack_bolt.async_app import AsyncAck

from bot.cards.blocks import literal, rich_text, section
from bot.cards.post import Post
from bot.language import N_, _
from bot.rules.address_search import find_address
from bot.slack.commands.after_ack import do_after_ack
from bot.slack.commands.command_text import is_subcommand, split_command
from bot.slack.commands.lead_commands import (
    OPT_IN,
    OPT_OUT,
    PAUSE,
    RESUME,
    LeadCommands,
    read_subcommand,
)
from bot.slack.commands.list_commands import LIST, STATUS, ListCommands, read_question
from bot.slack.commands.message import read_parts
from bot.slack.commands.outcome_commands import OutcomeCommands
from bot.slack.commands.outcome_words import OUTCOMES, read_order
from bot.slack.errors import ErrorHandler
from bot.slack.forms.form import Form
from bot.slack.forms.form_input import make_draft
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.text import escape, visible

SHORTCUT = "notify_customer"
_HELP = ("help", "?", "-h", "--help")
_ABOUT_TEMPLATES = ("", N_("jane@example.com #delayed"), N_("with the template called delayed"))
_HELP_LINES = (  # the word after the command, an example of what follows, and what that does
    ("", "", N_("message a customer")),
    ("", N_("jane@example.com"), N_("message this customer")),
    (
        "",
        N_("jane@example.com Your order is ready"),
        N_("with this text. Nothing is sent before you press Send"),
    ),
    _ABOUT_TEMPLATES,
    ("", N_("+44 20 7946 0018 Your order is ready"), N_("a phone number works too")),
    (f"{LIST} [planned|open|attention]", "", N_("your messages; my Home tab has them too")),
    (STATUS, N_("jane@example.com"), N_("what became of your messages to this customer")),
    (OPT_OUT, N_("jane@example.com reason"), N_("nobody can message them any more")),
    (OPT_IN, N_("jane@example.com reason"), N_("they can be messaged again (leads)")),
    (PAUSE, N_("reason"), N_("stop all sending (leads)")),
    (RESUME, "", N_("go on sending (leads)")),
    (f"{OUTCOMES} here", "", N_("post this channel's outcomes here (leads)")),
    (f"{OUTCOMES} here all", "", N_("post those of all channels here (leads)")),
    (f"{OUTCOMES} here for C0123456789", "", N_("post those of that channel here (leads)")),
    (f"{OUTCOMES} off", "", N_("post this channel's outcomes nowhere (leads)")),
    (f"{OUTCOMES} default", "", N_("post them where those of all channels are (leads)")),
)
_HELP_END = N_(
    'In a thread, use the message shortcut "Notify customer" instead.\n'
    'Each message has a card that shows where it stands. "Sent" means that Genesys Cloud accepted '
    'it, "Delivered" that it reached the customer. Before that, the card has "Undo" or "Cancel".'
)


class Command:
    """Listens to the slash command and the message shortcut."""

    def __init__(
        self,
        form: Form,
        lead_commands: LeadCommands,
        outcome_commands: OutcomeCommands,
        list_commands: ListCommands,
        errors: ErrorHandler,
        gate: Gate,
        *,
        name: str,
        default_country: str | None,
        has_templates: Callable[[], bool] = lambda: False,
    ) -> None:
        """Listen to the slash command ``name``, such as "/proactive"."""
        self.name = name
        self._form = form
        self._lead_commands = lead_commands
        self._outcome_commands = outcome_commands
        self._list_commands = list_commands
        self._errors = errors
        self._gate = gate
        self._country = default_country
        self._has_templates = has_templates

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Run the word that was typed, show help, or open the form.

        The form has the customer and message that follow the command.
        """
        typed = interaction.text.strip()
        if read_subcommand(typed, self._country)[0]:
            await self._lead_commands.run(ack, interaction)
            return
        if read_order(typed):
            await self._outcome_commands.run(ack, interaction)
            return
        if read_question(typed):
            await self._list_commands.run(ack, interaction)
            return
        if typed.lower() in _HELP or is_subcommand(typed, self._country):
            unknown = "" if typed.lower() in _HELP else typed
            shown = show_help(self.name, unknown, has_templates=self._has_templates())
            await ack(text=shown.text, blocks=shown.payload, response_type="ephemeral")
            return
        await do_after_ack(ack, interaction, self._open, self._errors)

    async def _open(self, interaction: Interaction) -> None:
        if not await self._gate.admit(interaction):
            return
        customer, message = split_command(interaction.text, self._country)
        draft = make_draft(interaction.place, customer, message, self._country)
        await self._form.open(draft, interaction, interaction.typed)

    async def open_form_for_message(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Open the form for the first customer that a message names; the card goes below it."""
        await do_after_ack(ack, interaction, self._open_for_message, self._errors)

    async def _open_for_message(self, interaction: Interaction) -> None:
        if not await self._gate.admit(interaction):
            return
        found = (find_address(part, self._country) for part in read_parts(interaction.message))
        customer = next(filter(None, found), "")
        draft = make_draft(interaction.place, customer, "", self._country)
        await self._form.open(draft, interaction)


def show_help(command: str, unknown: str = "", *, has_templates: bool = False) -> Post:
    """Say how to use the command; ``unknown`` is what somebody typed that it can't do."""
    asked = ""
    if unknown:
        asked = _("I don't know \"{typed}\". Here's what I can do:").format(typed=visible(unknown))
    lines = [section(literal(f"{asked}\n"))] if asked else []
    said = [asked] if asked else []
    for line in _HELP_LINES:
        if line == _ABOUT_TEMPLATES and not has_templates:
            continue
        word, example, what = line
        typed = " ".join(filter(None, (command, word, _(example))))
        lines.append(section(literal(typed, code=True), literal(f" – {_(what)}\n")))
        said.append(f"{typed} – {_(what)}")
    lines.append(section(literal(_(_HELP_END))))
    text = escape("\n".join([*said, _(_HELP_END)]))
    return Post(text, [rich_text(*lines)])
