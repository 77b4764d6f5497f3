"""Builds the Bolt app: which listener answers what a person does in Slack.

Each listener parses what Slack sent, stores what must not be lost, acks, and starts the slow rest
as a task. https://docs.slack.dev/tools/bolt-python/concepts/acknowledge
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.buttons.approval_view import APPROVAL_FORM, DECLINE_FORM
from bot.slack.buttons.approvals import APPROVAL_BUTTONS, Approvals
from bot.slack.buttons.buttons import BUTTONS, Buttons
from bot.slack.buttons.edit_form import EditForm
from bot.slack.buttons.edit_view import EDIT_FORM
from bot.slack.commands.command import SHORTCUT, Command
from bot.slack.errors import ErrorHandler
from bot.slack.forms.evidence_view import OPT_OUT, SEND_THEN
from bot.slack.forms.form import Form
from bot.slack.forms.form_actions import FormActions
from bot.slack.forms.form_input import CANDIDATE, CUSTOMER, OPEN
from bot.slack.forms.form_view import FORM
from bot.slack.forms.opt_out import OPT_OUT_FORM, OptOutForm
from bot.slack.forms.template_choice import TEMPLATE
from bot.slack.forms.template_view import PLACEHOLDER, PREVIEW
from bot.slack.interaction import Body, opens_home, read_interaction
from bot.slack.lists.home import Home
from bot.slack.lists.home_view import SHOW


@dataclass(frozen=True)
class Listeners:
    """Everything that listens to people."""

    command: Command
    form: Form
    form_actions: FormActions
    buttons: Buttons
    approvals: Approvals
    opt_out: OptOutForm
    edit_form: EditForm
    home: Home


def build_app(client: AsyncWebClient, listeners: Listeners, errors: ErrorHandler) -> AsyncApp:
    """Build the app with all its listeners. ``client`` has the bot's token."""

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=context.enterprise_id, team_id=context.team_id, bot_token=client.token
        )

    app = AsyncApp(
        name="proactive",
        logger=logging.getLogger(
            "slack_bolt"
        ),  # Bolt's others take the root's level and log bodies
        process_before_response=True,  # else Bolt polls for the ack every 10 ms
        request_verification_enabled=False,  # http.py has done it; Socket Mode needs none
        authorize=authorize,  # Bolt's own would call auth.test before the first ack
        client=AsyncWebClient(
            base_url=client.base_url, session=client.session, retry_handlers=client.retry_handlers
        ),
    )
    _listen_to_the_form(app, listeners)
    _listen_to_cards(app, listeners)
    _listen_to_home(app, listeners.home)

    @app.error
    async def answer_error(error: Exception, body: Body) -> BoltResponse:
        return errors.answer(error, read_interaction(body))

    return app


# Bolt tries listeners in the order in which they're registered, so the frequent ones come first.
def _listen_to_the_form(app: AsyncApp, listeners: Listeners) -> None:
    command, form, form_actions = listeners.command, listeners.form, listeners.form_actions
    home = listeners.home

    @app.command(command.name)
    async def run_command(ack: AsyncAck, body: Body) -> None:
        await command.run(ack, read_interaction(body))

    @app.view(FORM)
    async def submit_form(ack: AsyncAck, body: Body) -> None:
        interaction = read_interaction(body)
        await form.submit(ack, interaction)
        home.redraw_soon(interaction)

    @app.action(_any_of((CUSTOMER, CANDIDATE, OPEN)))
    async def check_form(ack: AsyncAck, body: Body) -> None:
        await form_actions.check(ack, read_interaction(body))

    @app.options(TEMPLATE)
    async def list_templates(ack: AsyncAck, body: Body) -> None:
        await form_actions.list_templates(ack, read_interaction(body))

    @app.action(_any_of((TEMPLATE, PLACEHOLDER, PREVIEW)))
    async def choose_template(ack: AsyncAck, body: Body) -> None:
        await form_actions.choose_template(ack, read_interaction(body))

    @app.action(SEND_THEN)
    async def send_then(ack: AsyncAck, body: Body) -> None:
        await form_actions.send_then(ack, read_interaction(body))

    @app.action(OPT_OUT)
    async def open_opt_out(ack: AsyncAck, body: Body) -> None:
        await form_actions.open_opt_out(ack, read_interaction(body))

    @app.shortcut(SHORTCUT)
    async def open_form_for_message(ack: AsyncAck, body: Body) -> None:
        await command.open_form_for_message(ack, read_interaction(body))


def _listen_to_cards(app: AsyncApp, listeners: Listeners) -> None:
    approvals = listeners.approvals

    @app.action(_any_of(BUTTONS))
    async def click_button(ack: AsyncAck, body: Body) -> None:
        await listeners.buttons.click(ack, read_interaction(body))

    @app.view(EDIT_FORM)
    async def submit_edit(ack: AsyncAck, body: Body) -> None:
        interaction = read_interaction(body)
        await listeners.edit_form.submit(ack, interaction)
        listeners.home.redraw_soon(interaction)

    @app.action(_any_of(APPROVAL_BUTTONS))
    async def click_approval(ack: AsyncAck, body: Body) -> None:
        await approvals.click(ack, read_interaction(body))

    @app.view(APPROVAL_FORM)
    async def submit_approval(ack: AsyncAck, body: Body) -> None:
        await approvals.submit_approval(ack, read_interaction(body))

    @app.view(DECLINE_FORM)
    async def submit_decline(ack: AsyncAck, body: Body) -> None:
        await approvals.submit_decline(ack, read_interaction(body))

    @app.view(OPT_OUT_FORM)
    async def submit_opt_out(ack: AsyncAck, body: Body) -> None:
        await listeners.opt_out.submit(ack, read_interaction(body))


def _listen_to_home(app: AsyncApp, home: Home) -> None:
    @app.event("app_home_opened")
    async def open_home(ack: AsyncAck, body: Body) -> None:
        if opens_home(body):
            await home.open(ack, read_interaction(body))
        else:
            await ack()

    @app.action(re.compile(rf"^{SHOW}:"))
    async def show_in_home(ack: AsyncAck, body: Body) -> None:
        await home.show(ack, read_interaction(body))


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"^(?:{'|'.join(map(re.escape, names))})$")
