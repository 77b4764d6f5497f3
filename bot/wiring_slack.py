"""Builds Slack's edge: everything that answers what people do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.announce import Announcer
from bot.delivery.edit import Editing
from bot.ops.health import Health
from bot.settings import Settings
from bot.slack.buttons.approvals import Approvals
from bot.slack.buttons.buttons import Buttons
from bot.slack.buttons.edit_form import EditForm
from bot.slack.commands.command import Command
from bot.slack.commands.lead_commands import LeadCommands
from bot.slack.commands.list_commands import ListCommands
from bot.slack.commands.outcome_commands import OutcomeCommands
from bot.slack.do_not_contact import DoNotContact
from bot.slack.errors import ErrorHandler
from bot.slack.forms.evidence import Evidence
from bot.slack.forms.form import Form
from bot.slack.forms.form_actions import FormActions
from bot.slack.forms.form_reader import FormReader
from bot.slack.forms.form_templates import FormTemplates
from bot.slack.forms.opt_out import OptOutForm
from bot.slack.forms.review import Reviewer
from bot.slack.gate import Gate, note_refused
from bot.slack.listeners import Listeners, build_app
from bot.slack.lists.home import Home
from bot.slack.lists.thread_links import ThreadLinks
from bot.slack.metadata import MetadataSigner
from bot.slack.respond import Responder
from bot.slack.security_log import SecurityLog
from bot.storage.history import History
from bot.storage.keys import Keys
from bot.storage.my_requests import MyRequests
from bot.wiring import Backend

GENESYS_THREADS = 32
DATABASE_THREADS = 8
ACCESS_THREADS = 8


class Frontend:
    """Slack's edge: the Bolt app with its listeners, and what they need."""

    def __init__(self, settings: Settings, backend: Backend, client: AsyncWebClient) -> None:
        """Build it; ``client`` makes the calls that belong to what a person does."""
        self._genesys_threads = ThreadPoolExecutor(GENESYS_THREADS, "genesys")
        self._database_threads = ThreadPoolExecutor(DATABASE_THREADS, "database")
        # Of its own, because a form must open within 3 s, however long look-ups take.
        self._access_threads = ThreadPoolExecutor(ACCESS_THREADS, "access")
        responder = Responder(client)
        self.errors = ErrorHandler(responder)
        gate = Gate(
            backend.access,
            self._access_threads,
            responder,
            SecurityLog(),
            note_refused=partial(note_refused, backend.audit),
        )
        signer = MetadataSigner(settings.slack_bot_token)
        reader = FormReader(
            signer, FormTemplates(backend.templates), default_country=settings.default_country
        )
        reviewer = Reviewer(
            backend.lookup, backend.policy, backend.customer_history, self._genesys_threads
        )
        evidence = Evidence(client, reviewer, signer, responder)
        do_not_contact = DoNotContact(
            backend.opt_outs,
            backend.lookup,
            command=settings.command,
            genesys_threads=self._genesys_threads,
            database_threads=self._database_threads,
        )
        opt_out = OptOutForm(client, do_not_contact, evidence, signer, responder, self.errors, gate)
        form = Form(
            client,
            evidence,
            backend.decisions,
            reader,
            responder,
            self.errors,
            gate,
            database_threads=self._database_threads,
        )
        announcer = Announcer(backend.slack, backend.outcome_channels.all, backend.places)
        lead_commands = LeadCommands(
            backend.pause,
            do_not_contact,
            responder,
            self.errors,
            gate,
            announce=announcer.announce,
            name=settings.command,
            database_threads=self._database_threads,
            default_country=settings.default_country,
        )
        outcome_commands = OutcomeCommands(
            backend.outcome_channels,
            responder,
            self.errors,
            gate,
            announce=announcer.announce_in,
            is_shared=backend.places.is_shared,
            name=settings.command,
            database_threads=self._database_threads,
        )
        self.health = Health(
            backend.requests, backend.pause, backend.slack, backend.cloud, self._database_threads
        )
        lists, links = MyRequests(backend.database, Keys(backend.database)), ThreadLinks(client)
        home = Home(
            client,
            lists,
            backend.pause,
            self.health,
            links,
            signer,
            self.errors,
            gate,
            command=settings.command,
            database_threads=self._database_threads,
        )
        list_commands = ListCommands(
            lists,
            links,
            responder,
            self.errors,
            gate,
            name=settings.command,
            database_threads=self._database_threads,
            default_country=settings.default_country,
        )
        undo = timedelta(seconds=settings.undo_seconds)
        edit_form = EditForm(
            client,
            backend.requests,
            Editing(backend.requests, backend.policy, undo=undo),
            signer,
            responder,
            self.errors,
            gate,
            database_threads=self._database_threads,
            keeps_templates=lambda: not backend.templates.are_editable,
        )
        command = Command(
            form,
            lead_commands,
            outcome_commands,
            list_commands,
            self.errors,
            gate,
            name=settings.command,
            default_country=settings.default_country,
            has_templates=lambda: backend.templates.are_on,
        )
        buttons = Buttons(
            backend.requests,
            backend.decisions,
            backend.reconciler,
            form,
            edit_form,
            opt_out,
            responder,
            self.errors,
            gate,
            database_threads=self._database_threads,
            default_country=settings.default_country,
            do_then_redraw=home.do_then_redraw,
        )
        approvals = Approvals(
            client,
            backend.requests,
            History(backend.database),
            backend.decisions,
            signer,
            responder,
            self.errors,
            gate,
            backend.approvers,
            database_threads=self._database_threads,
            do_then_redraw=home.do_then_redraw,
        )
        form_actions = FormActions(reader, evidence, opt_out, responder, self.errors, gate)
        listeners = Listeners(
            command, form, form_actions, buttons, approvals, opt_out, edit_form, home
        )
        self.app: AsyncApp = build_app(client, listeners, self.errors)

    async def stop(self) -> None:
        """Wait for what was started after an ack."""
        await self.errors.finish()
        for waiting in (self._genesys_threads, self._access_threads):
            waiting.shutdown(wait=False, cancel_futures=True)
        self._database_threads.shutdown(wait=False)
