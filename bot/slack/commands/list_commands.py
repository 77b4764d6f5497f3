"""What an agent can ask about their messages in any channel: ``list`` and ``status``.

Only they see the answer.
"""

from __future__ import annotations

import re
from concurrent.futures import Executor
from dataclasses import dataclass, field

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_given_back
from bot.cards.post import Post
from bot.language import N_, _
from bot.rules.address import BadAddress, read_identity
from bot.slack.commands.after_ack import do_after_ack
from bot.slack.commands.command_text import is_slip, split_command, tidy
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.lists.list_view import say_how_many, say_how_many_to, show_list
from bot.slack.lists.reader import read_reader
from bot.slack.lists.request_rows import Reader, Rows
from bot.slack.lists.thread_links import ThreadLinks
from bot.slack.markup import unlink
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.storage.my_requests import Filter, MyRequests, Page, Viewer
from bot.text import visible

LIST, STATUS = "list", "status"
_LIST = re.compile(rf"{LIST}(?:\s+(?P<which>\S.*))?", re.IGNORECASE | re.DOTALL)
_STATUS = re.compile(rf"{STATUS}(?:\s+(?P<customer>\S.*))?", re.IGNORECASE | re.DOTALL)
_TITLES = {
    Filter.ATTENTION: N_("Your messages: attention"),
    Filter.PLANNED: N_("Your messages: planned"),
    Filter.OPEN: N_("Your messages: open"),
    Filter.RECENT: N_("Your messages: recent"),
}


@dataclass(frozen=True)
class Question:
    """What somebody asks: for a list, or for the messages to a ``customer`` as they typed it.

    ``unknown``: the name of a list that there isn't.
    """

    which: Filter | None = None
    customer: str = field(default="", repr=False)
    unknown: str = field(default="", repr=False)


class ListCommands:
    """Answers privately."""

    def __init__(
        self,
        lists: MyRequests,
        links: ThreadLinks,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        name: str,
        database_threads: Executor,
        default_country: str | None,
    ) -> None:
        self._lists = lists
        self._links = links
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._name = name
        self._database_threads = database_threads
        self._country = default_country

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and answer, if this person may use the bot."""
        await do_after_ack(ack, interaction, self._answer, self._errors)

    async def _answer(self, interaction: Interaction) -> None:
        if not await self._gate.admit(interaction):
            return
        question = read_question(interaction.text)
        if question is None:
            return
        user_id = interaction.user_id
        reader = await read_reader(self._gate, user_id)
        if question.which is not None:
            viewer = Viewer(user_id, is_approver=reader.is_approver)
            page = await in_thread(self._database_threads, self._lists.page, viewer, question.which)
            title, said = _(_TITLES[question.which]), say_how_many(question.which, page)
            post = await self._draw(reader, page, title, said)
        elif question.unknown:
            said = say_no_such_list(self._name, question.unknown)
            post = show_given_back(said, f"{self._name} {interaction.text}")
        else:
            post = await self._status(reader, question.customer, interaction.text)
        await self._responder.answer(interaction, post)

    async def _status(self, reader: Reader, customer: str, typed: str) -> Post:
        given_back = f"{self._name} {typed}"
        if not customer:
            said = _("Whose? Type: {command} jane@example.com")
            return show_given_back(said.format(command=f"{self._name} {STATUS}"), given_back)
        try:
            address = split_command(customer, self._country)[0] or customer
            identity = read_identity(unlink(address), self._country)
        except BadAddress as problem:
            return show_given_back(str(problem), given_back)
        viewer = Viewer(reader.user_id, sees_team=reader.is_lead)
        page = await in_thread(self._database_threads, self._lists.to_customer, viewer, identity)
        title = _("Messages to {customer}") if reader.is_lead else _("Your messages to {customer}")
        said = say_how_many_to(identity.masked, page, sees_team=viewer.sees_team)
        return await self._draw(reader, page, title.format(customer=identity.masked), said)

    async def _draw(self, reader: Reader, page: Page, title: str, said: str) -> Post:
        links = await self._links.find(page.requests, reader.user_id)
        rows = Rows(page.requests, links, page.opted_out)
        return show_list(rows, reader, title, said, has_more=page.has_next)


def read_question(text: str) -> Question | None:
    """Read what somebody asks; None if it isn't one of these questions.

    A wrong word or two are a question as well, so that nobody finds them in a form.
    """
    typed = tidy(text)
    if found := _LIST.fullmatch(typed):
        which = found["which"] or Filter.RECENT
        if which.lower() in list(Filter):
            return Question(Filter(which.lower()))
        return Question(unknown=which) if is_slip(which) else None
    if found := _STATUS.fullmatch(typed):
        customer = (found["customer"] or "").strip()
        has_address = "@" in customer or any(map(str.isdigit, customer))
        is_meant = has_address or not customer or is_slip(customer)
        return Question(customer=customer) if is_meant else None
    return None


def say_no_such_list(command: str, wanted: str) -> str:
    """Say which lists there are, because there's none with this name."""
    said = _(
        'There\'s no list "{wanted}". Type: {recent} (your newest messages), {planned}, {open} or '
        "{attention}."
    )
    typed = f"{command} {LIST}"
    others = {str(one): f"{typed} {one}" for one in Filter}
    return said.format(wanted=visible(wanted), **{**others, "recent": typed})
