"""What an agent can ask about their messages in any channel: ``list`` and ``status``.

Only they see the answer.
"""

from __future__ import annotations

import re
from concurrent.futures import Executor
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.cards.card import show_given_back
from bot.cards.post import Post
from bot.rules.address import BadAddress, read_identity
from bot.slack.command_text import is_slip, split_command, tidy
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.list_view import show_list
from bot.slack.markup import unlink
from bot.slack.reader import read_reader
from bot.slack.request_rows import Reader, Rows
from bot.slack.respond import Responder
from bot.slack.thread_links import ThreadLinks
from bot.slack.threads import in_thread
from bot.storage.my_requests import PAGE_SIZE, Filter, MyRequests, Page, Viewer
from bot.text import visible

LIST, STATUS = "list", "status"
_LIST = re.compile(rf"{LIST}(?:\s+(?P<which>\S.*))?", re.IGNORECASE | re.DOTALL)
_STATUS = re.compile(rf"{STATUS}(?:\s+(?P<customer>\S.*))?", re.IGNORECASE | re.DOTALL)
_NO_SUCH_LIST = (
    'There\'s no list "{wanted}". Type: {command} list (your newest messages), {command} list '
    "planned, {command} list open or {command} list attention."
)
_NO_CUSTOMER = "Whose? Type: {command} status jane@example.com"


@dataclass(frozen=True)
class Question:
    """What somebody asks: for a list, or for the messages to a ``customer`` as they typed it.

    ``unknown``: the name of a list that there isn't.
    """

    which: Filter | None = None
    customer: str = ""
    unknown: str = ""


class ListCommands:
    """Answers privately. ``records``: threads for what waits for the database."""

    def __init__(
        self,
        lists: MyRequests,
        links: ThreadLinks,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        *,
        name: str,
        records: Executor,
        default_country: str | None,
    ) -> None:
        self._lists = lists
        self._links = links
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._name = name
        self._records = records
        self._country = default_country

    async def run(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Ack and answer, if this person may use the bot."""
        await ack()
        self._errors.start(self._answer(interaction), interaction)

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
            page = await in_thread(self._records, self._lists.page, viewer, question.which)
            title = f"Your messages: {question.which}"
            post = await self._draw(reader, page, title)
        elif question.unknown:
            said = _NO_SUCH_LIST.format(command=self._name, wanted=visible(question.unknown))
            post = show_given_back(said, f"{self._name} {interaction.text}")
        else:
            post = await self._status(reader, question.customer, interaction.text)
        await self._responder.respond(interaction.place.response_url, user_id, post)

    async def _status(self, reader: Reader, customer: str, typed: str) -> Post:
        given_back = f"{self._name} {typed}"
        if not customer:
            return show_given_back(_NO_CUSTOMER.format(command=self._name), given_back)
        try:
            address = split_command(customer, self._country)[0] or customer
            identity = read_identity(unlink(address), self._country)
        except BadAddress as problem:
            return show_given_back(str(problem), given_back)
        viewer = Viewer(reader.user_id, sees_team=reader.is_lead)
        find = self._lists.to_customer
        found = await in_thread(self._records, find, viewer, identity, PAGE_SIZE + 1)
        page = Page(found[:PAGE_SIZE], has_next=len(found) > PAGE_SIZE)
        whose = "Messages" if reader.is_lead else "Your messages"
        return await self._draw(reader, page, f"{whose} to {identity.masked}")

    async def _draw(self, reader: Reader, page: Page, title: str) -> Post:
        links = await self._links.find(page.requests, reader.user_id)
        return show_list(Rows(page.requests, links), reader, title, has_more=page.has_next)


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
