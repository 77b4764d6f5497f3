"""Answers the buttons with which a second person approves or declines a message.

Whoever clicks is checked here, whatever the card showed, and once more before the send. Nobody
approves their own message. A decision counts once, for the card that showed it.
"""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

from slack_bolt.async_app import AsyncAck
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.card import show_notice, show_where_it_stands
from bot.cards.card_buttons import APPROVE, DECLINE, REVIEW
from bot.delivery.decisions import Decisions
from bot.language import N_, _
from bot.request import Decision, Event, Place, Request
from bot.rules.approvers import Approvers
from bot.slack.buttons.approval_view import (
    APPROVAL_FORM,
    DECLINE_FORM,
    build_approval,
    build_decline,
)
from bot.slack.errors import ErrorHandler
from bot.slack.gate import Gate
from bot.slack.interaction import Interaction
from bot.slack.lists.home import DoThenRedraw
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.modal import open_modal, read_modal
from bot.slack.origin import ANSWERED, read_origin
from bot.slack.reason_form import FOREIGN, REASON, check_reason, read_reason
from bot.slack.respond import Responder
from bot.slack.threads import in_thread
from bot.state import State
from bot.storage.history import History
from bot.storage.requests import RequestStore
from bot.text import show_name

APPROVAL_BUTTONS = (APPROVE, DECLINE, REVIEW)
OWN_MESSAGE = N_("You can't approve your own message. Ask a lead to approve it, or cancel it.")
OWN_DECLINE = N_("You can't decline your own message. Cancel it instead.")
NO_APPROVER = N_("You can't approve this message.")
_LATE = N_("This message isn't waiting for a decision any more; see the card.")
_OUTDATED = N_("This message has changed since. Decide with the buttons below.")
_DECIDED = {
    Event.APPROVED: N_("{who} has approved this already."),
    Event.DECLINED: N_("{who} has declined this already."),
    Event.CANCELLED: N_("{who} has cancelled this already."),
}


class Approvals:
    """Listens to the buttons and their modals."""

    def __init__(
        self,
        client: AsyncWebClient,
        requests: RequestStore,
        history: History,
        decisions: Decisions,
        signer: MetadataSigner,
        responder: Responder,
        errors: ErrorHandler,
        gate: Gate,
        approvers: Approvers,
        *,
        database_threads: Executor,
        do_then_redraw: DoThenRedraw,
    ) -> None:
        self._do_then_redraw = do_then_redraw
        self._client = client
        self._requests = requests
        self._history = history
        self._decisions = decisions
        self._signer = signer
        self._responder = responder
        self._errors = errors
        self._gate = gate
        self._approvers = approvers
        self._database_threads = database_threads

    async def click(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Do what a button says after the ack, or open what it needs."""
        await ack()
        work = self._do(interaction)
        is_decision = interaction.action_id == APPROVE
        self._errors.start(
            self._do_then_redraw(work, interaction) if is_decision else work, interaction
        )

    async def submit_approval(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Approve the message that the modal shows."""
        try:
            read = self._read(interaction, APPROVAL_FORM)
        except ForeignForm:
            await ack()
            told = self._tell(interaction, interaction.place, _(FOREIGN))
            self._errors.start(told, interaction)
            return
        await ack()
        work = self._approve_in_form(interaction, *read)
        self._errors.start(self._do_then_redraw(work, interaction), interaction)

    async def submit_decline(self, ack: AsyncAck, interaction: Interaction) -> None:
        """Decline a message with the reason in the modal, or say what's wrong with that."""
        try:
            read = self._read(interaction, DECLINE_FORM)
        except ForeignForm:
            await ack(response_action="errors", errors={REASON: _(FOREIGN)})
            return
        reason = read_reason(interaction)
        if errors := check_reason(reason):
            await ack(response_action="errors", errors=errors)
            return
        await ack()
        work = self._decline(interaction, reason, *read)
        self._errors.start(self._do_then_redraw(work, interaction), interaction)

    async def _do(self, click: Interaction) -> None:
        request_id = click.request_id
        request = await self._load_for(click, request_id)
        if request is None:
            return
        if not _is_next(request, click.decision_number):
            await self._answer_late(click, click.place, request_id)
        elif click.action_id == APPROVE:
            await self._approve(click, click.place, request)
        else:
            build = build_decline if click.action_id == DECLINE else build_approval
            view = build(request, click.place)
            open_view = self._client.views_open
            await open_modal(open_view, view, click, self._signer, self._responder)

    async def _approve_in_form(
        self, submission: Interaction, request_id: str, number: str, place: Place
    ) -> None:
        request = await self._load_for(submission, request_id, place)
        if request is None:
            return
        if _is_next(request, number):
            await self._approve(submission, place, request)
        else:
            await self._answer_late(submission, place, request_id)

    async def _approve(self, by: Interaction, place: Place, request: Request) -> None:
        decision = Decision(
            request.request_id, request.decisions, by.user_id, self._gate.name_of(by)
        )
        if not await in_thread(self._database_threads, self._decisions.approve, decision, request):
            await self._answer_late(by, place, request.request_id)
        else:
            await self._show_in_list(by, place, request.request_id)

    async def _decline(
        self, submission: Interaction, reason: str, request_id: str, number: str, place: Place
    ) -> None:
        request = await self._load_for(submission, request_id, place)
        if request is None:
            return
        name = self._gate.name_of(submission)
        decision = Decision(request_id, request.decisions, submission.user_id, name)
        is_next = _is_next(request, number)
        if not (
            is_next
            and await in_thread(self._database_threads, self._decisions.decline, decision, reason)
        ):
            await self._answer_late(submission, place, request_id)
        else:
            await self._show_in_list(submission, place, request_id)

    async def _show_in_list(self, by: Interaction, place: Place, request_id: str) -> None:
        """Say where a message stands to somebody who decided in a list that isn't drawn again."""
        if read_origin(self._signer, by) == ANSWERED:
            request = await in_thread(self._database_threads, self._requests.load, request_id)
            shown = show_where_it_stands(request)
            await self._responder.respond(place.response_url, by.user_id, shown)

    async def _load_for(
        self, interaction: Interaction, request_id: str, place: Place | None = None
    ) -> Request | None:
        """Return a request if this person may decide about it; otherwise tell them why not."""
        is_decline = DECLINE in (interaction.action_id, interaction.callback_id)
        refuse = partial(self._gate.refuse, interaction, place=place, request_id=request_id)
        if not await self._gate.admit(interaction, place, request_id=request_id):
            return None
        request: Request = await in_thread(self._database_threads, self._requests.load, request_id)
        if interaction.user_id == request.agent_id:
            own = OWN_DECLINE if is_decline else OWN_MESSAGE
            await refuse(own, told=_(own))
            return None
        if not await self._gate.is_approver(interaction.user_id):
            who = await self._say_who(request)
            await refuse(NO_APPROVER, advice=who, told=_(NO_APPROVER))
            return None
        return request

    async def _say_who(self, request: Request) -> str:
        """Say who may approve a request."""
        say = partial(self._approvers.in_words, request.agent_id, request.agent_name)
        return _("{approvers} can approve it.").format(approvers=await self._gate.ask(say))

    def _read(self, submission: Interaction, form: str) -> tuple[str, str, Place]:
        """Read which request a modal is about, and where to answer; raise ForeignForm.

        In which channel the card is doesn't matter, as for its buttons (`bot/slack/gate.py`).
        """
        request_id, number, response_url = read_modal(self._signer, submission, form)
        place = Place(submission.place.team_id, "", "", response_url)
        return request_id, number, place

    async def _answer_late(self, by: Interaction, place: Place, request_id: str) -> None:
        """Say who has decided already; or show the buttons that count now."""
        request = await in_thread(self._database_threads, self._requests.load, request_id)
        if request.state is State.UNAPPROVED:
            post = show_where_it_stands(request, _(_OUTDATED))
        else:
            decided = await in_thread(
                self._database_threads, self._history.latest_decision, request_id
            )
            who = show_name(decided.detail) if decided and decided.detail else _("Someone")
            sentence = _DECIDED.get(decided.event, _LATE) if decided else _LATE
            post = show_notice(_(sentence).format(who=who))
        await self._responder.respond(place.response_url, by.user_id, post)

    async def _tell(self, interaction: Interaction, place: Place, sentence: str) -> None:
        post = show_notice(sentence)
        await self._responder.respond(place.response_url, interaction.user_id, post)


def _is_next(request: Request, number: str) -> bool:
    """Return whether a button was for the decision that the request waits for now."""
    return request.state is State.UNAPPROVED and number == str(request.decisions)
