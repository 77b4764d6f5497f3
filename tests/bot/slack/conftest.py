"""The bot's Slack side in this process: the real Bolt app behind the real edge, and an agent.

The local Slack sends it signed requests. Requests are stored in a real database and their jobs
are collected, but never run.
"""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
import uvicorn
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.announce import Announcer
from bot.cards.client import SlackClient
from bot.cards.directory import SlackDirectory
from bot.cards.places import Places
from bot.delivery.decisions import Decisions
from bot.delivery.edit import Editing
from bot.delivery.reconcile import Reconciler
from bot.job import Job
from bot.ops.health import Health
from bot.ops.refused_requests import RefusedRequests
from bot.rules.access import Access
from bot.rules.approvers import Approvers
from bot.rules.lookup import Lookup
from bot.rules.policy import Policy
from bot.rules.rules_file import DEFAULTS, Rules
from bot.settings import Show
from bot.slack.buttons.approvals import Approvals
from bot.slack.buttons.buttons import Buttons
from bot.slack.buttons.edit_form import EditForm
from bot.slack.commands.command import Command
from bot.slack.commands.lead_commands import LeadCommands
from bot.slack.commands.list_commands import ListCommands
from bot.slack.commands.outcome_commands import OutcomeCommands
from bot.slack.do_not_contact import DoNotContact
from bot.slack.errors import ErrorHandler, dispatch
from bot.slack.forms.evidence import Evidence
from bot.slack.forms.form import Form
from bot.slack.forms.form_actions import FormActions
from bot.slack.forms.form_reader import FormReader
from bot.slack.forms.form_templates import FormTemplates
from bot.slack.forms.opt_out import OptOutForm
from bot.slack.forms.review import Reviewer
from bot.slack.gate import Gate, note_refused
from bot.slack.http import SlackEdge
from bot.slack.interaction import Interaction
from bot.slack.listeners import Listeners, build_app
from bot.slack.lists.home import Home
from bot.slack.lists.thread_links import ThreadLinks
from bot.slack.metadata import MetadataSigner
from bot.slack.respond import Responder
from bot.slack.security_log import SecurityLog
from bot.storage.audit_log import AuditLog
from bot.storage.customer_history import CustomerHistory
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.history import History
from bot.storage.keys import Keys
from bot.storage.my_requests import MyRequests
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.outcome_channels import OutcomeChannels
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.templates.catalog import Catalog
from bot.templates.sources import GenesysTemplates
from genesys import Connection, GenesysCloud, Identity, read_responses
from tests.conftest import wait_until

from ..conftest import Local

Json = dict[str, Any]
LEAD = "U0LEO"
SUPPORT = "C0SUPPORT"
OUTCOMES = "C0OUTCOMES"
SLOW = 2.0  # seconds; an ack takes that long only if it waits. A trigger lives for three
SLOW_MS = 1_900


@dataclass
class Agent:
    """Somebody who works with the bot in Slack."""

    local: Local
    user: str = "U0ADA"
    channel: str = SUPPORT

    def types(self, text: str, command: str = "/proactive") -> Json:
        """Type the command; return the ack."""
        where = {"user": self.user, "channel": self.channel, "command": command}
        ack: Json = self.local.ask("POST", "/people/commands", text=text, **where)["ack"]
        return ack

    def view(self) -> Json | None:
        views = self.local.ask("GET", f"/people/views?user={self.user}")["views"]
        return views[-1] if views else None

    def sees(self, sentence: str) -> Json:
        """Wait until the open view says this, and return it."""
        return find(self.view, sentence)

    def reads(self, sentence: str) -> Json:
        """Wait until a message from the bot says this, and return it."""
        channel = self.channel

        def look() -> Json | None:
            messages = self.local.messages(channel, self.user)
            return next((one for one in messages if sentence in words(one)), None)

        return find(look, sentence)

    def opens(self, text: str, sentence: str = "Ready to send") -> Json:
        self.types(text)
        return self.sees(sentence)

    def submits(self, **typed: str | int) -> Json:
        """Press Send with these inputs filled in; return the result with its errors."""
        view = self.view()
        assert view is not None
        values = {
            block["block_id"]: {name: _value(block["element"], typed[name])}
            for block in view["blocks"]
            if block["type"] == "input" and (name := block["element"]["action_id"]) in typed
        }
        path = f"/people/views/{view['id']}/submit"
        result: Json = self.local.ask("POST", path, user=self.user, values=values)
        return result

    def changes(self, name: str, value: str) -> Json:
        """Press Enter in an input of the form, or choose one of its options; return the ack."""
        view = self.view()
        assert view is not None
        block = next(b for b in view["blocks"] if b.get("element", {}).get("action_id") == name)
        act = {"view_id": view["id"], "block_id": block["block_id"], "action_id": name}
        element = _value(block["element"], value)
        ack: Json = self.local.ask(
            "POST", "/people/actions", user=self.user, element=element, **act
        )["ack"]
        return ack

    def presses(self, action_id: str, **typed: str) -> Json:
        """Press a button of the form, with these inputs filled in; return the ack."""
        view = self.view()
        assert view is not None
        act = {"view_id": view["id"], "block_id": "offers", "action_id": action_id}
        values = {
            name: {name: {"type": "plain_text_input", "value": value}}
            for name, value in typed.items()
        }
        ack: Json = self.local.ask(
            "POST",
            "/people/actions",
            user=self.user,
            element={"type": "button"},
            values=values,
            **act,
        )["ack"]
        return ack

    def clicks(self, message_ts: str, action_id: str) -> Json:
        """Click a button of a card; return the ack."""
        act = {"channel": self.channel, "ts": message_ts, "block_id": "decide"}
        element = {"type": "button"}
        ack: Json = self.local.ask(
            "POST", "/people/actions", user=self.user, action_id=action_id, element=element, **act
        )["ack"]
        return ack

    def chooses_shortcut(self, message_ts: str) -> Json:
        """Use the message shortcut; return the ack."""
        where = {"user": self.user, "channel": self.channel, "ts": message_ts}
        ack: Json = self.local.ask(
            "POST", "/people/shortcuts", callback_id="notify_customer", **where
        )["ack"]
        return ack

    def writes(self, text: str, **more: str) -> str:
        """Write a message; return its timestamp."""
        where = {"user": self.user, "channel": self.channel}
        return str(self.local.ask("POST", "/people/messages", text=text, **where, **more)["ts"])


def find(look: Callable[[], Json | None], sentence: str) -> Json:
    """Wait until what is looked at says this, and return it."""

    def says() -> Json | None:
        found = look()
        return found if found is not None and sentence in words(found) else None

    return wait_until(says, f"what says {sentence!r}")


def answers(local: Local, user: str = "U0ADA", channel: str = SUPPORT) -> list[str]:
    """List what the bot has told one person privately."""
    return [m["text"] for m in local.messages(channel, user) if m["ephemeral"]]


def words(shown: Any) -> str:
    """Return everything that a view or message says, as JSON without escapes."""
    return json.dumps(shown, ensure_ascii=False)


def _value(element: Json, value: str | int) -> Json:
    if element["type"] == "plain_text_input":
        return {"type": element["type"], "value": value}
    if element["type"] == "datetimepicker":
        return {"type": element["type"], "selected_date_time": value}
    option = next(o for o in element["options"] if value in (o["value"], o["text"]["text"]))
    return {"type": element["type"], "selected_option": option}


@pytest.fixture
def ada(local: Local) -> Agent:
    return Agent(local)


@pytest.fixture(scope="session")
def cloud(stand_ins: Local) -> Iterator[GenesysCloud]:
    settings = stand_ins.settings
    cloud = GenesysCloud(
        Connection(
            client_id=settings["GENESYS_CLOUD_CLIENT_ID"],
            client_secret=settings["GENESYS_CLOUD_CLIENT_SECRET"],
            api_url=settings["GENESYS_CLOUD_API_URL"],
            patience=5.0,
            calls_per_minute=100_000,
        )
    )
    yield cloud
    cloud.close()


class Bot:
    """The bot's Slack side, served by a thread of its own.

    ``rules`` are in force from the next check on, ``seconds`` pass for what's known of people, and
    ``noted`` has what was refused to whom.
    """

    def __init__(
        self,
        local: Local,
        cloud: GenesysCloud,
        requests: RequestStore,
        slack: SlackClient,
        database: Database,
    ) -> None:
        self.rules: Rules = DEFAULTS
        self.seconds = 0.0
        self.noted: list[tuple[str, str]] = []
        self.jobs: list[Job] = []  # of what isn't about one request
        self._directory = directory = SlackDirectory(slack, lambda: self.seconds)
        leads = frozenset({LEAD})
        self._access = Access(directory, lambda: self.rules, leads)
        self._approvers = Approvers(directory, lambda: self.rules, self._access, leads)
        self._places = Places(Show.CHANNEL, self._access.is_shared)
        self._slack = slack
        deployment_id = local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"]
        self._settings = local.settings
        self._cloud = cloud
        self._requests = requests
        self._database = database
        self._lookup = Lookup(cloud, deployment_id=deployment_id, history_days=90)
        self._reconciler = Reconciler(
            requests,
            cloud,
            deployment_id=deployment_id,
            read_back_seconds=(0,),
            follow=timedelta(hours=1),
        )
        self.genesys_templates = GenesysTemplates(lambda: read_responses(cloud))
        self._pause = Pause(database, self._enqueue)
        self._opt_outs = OptOuts(database, self._enqueue, Keys(database))
        self.policy = Policy(lambda: self.rules, requests, self._access)
        self._decisions = Decisions(requests, self.policy)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/slack/events"
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._server: uvicorn.Server | None = None

    def start(self) -> None:
        self._thread.start()
        wait_until(lambda: self._server is not None and self._server.started)

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True
        self._thread.join()
        self._listening.close()

    def finish(self) -> None:
        """Wait for everything that was started after an ack."""
        asyncio.run_coroutine_threadsafe(self._errors.finish(10), self._loop).result(11)

    def forget_people(self) -> None:
        """Know nobody, as a process that has just started."""
        self._directory._people._answers.clear()

    def answers(self, payload: Json) -> Json:
        """Hand a payload to the app without the edge, and return the body of its answer."""
        answer = asyncio.run_coroutine_threadsafe(dispatch(self._app, payload), self._loop)
        found = answer.result(5)
        assert found is not None and found.status == 200
        body: Json = json.loads(found.body)
        return body

    def opt_out(self, identity: Identity) -> None:
        """Put a customer on the do-not-contact list."""
        by = ByWhom("U0BEN", "Ben", datetime.now(UTC), "They asked us to stop")
        self._opt_outs.add(OptOut(identity, (), by, "T0LOCAL"))

    def pause(self) -> None:
        """Pause all sending."""
        self._pause.begin(ByWhom(LEAD, "Leo", datetime.now(UTC), "Wrong prices"), "T0LOCAL")

    def _enqueue(self, _: sa.Connection, job: Job) -> None:
        self.jobs.append(job)

    def _note(self, interaction: Interaction, sentence: str, request_id: str) -> None:
        self.noted.append((interaction.user_id, sentence))
        note_refused(AuditLog(self._database), interaction, sentence, request_id)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        with (
            ThreadPoolExecutor(4) as genesys_threads,
            ThreadPoolExecutor(4) as database_threads,
            ThreadPoolExecutor(4) as access_threads,
        ):
            async with aiohttp.ClientSession() as session:
                edge = self._build(session, genesys_threads, database_threads, access_threads)
                config = uvicorn.Config(edge, log_config=None, lifespan="off", ws="none")
                self._server = uvicorn.Server(config)
                await self._server.serve(sockets=[self._listening])
                await self._errors.finish()

    def _build(
        self,
        session: aiohttp.ClientSession,
        genesys_threads: Executor,
        database_threads: Executor,
        access_threads: Executor,
    ) -> SlackEdge:
        client = AsyncWebClient(
            token=self._settings["SLACK_BOT_TOKEN"],
            base_url=self._settings["SLACK_API_URL"],
            session=session,
            retry_handlers=[],
        )
        responder = Responder(client)
        errors = self._errors = ErrorHandler(responder)
        security = SecurityLog(lambda: self.seconds)
        gate = Gate(self._access, access_threads, responder, security, note_refused=self._note)
        signer = MetadataSigner(self._settings["SLACK_BOT_TOKEN"])
        templates = FormTemplates(Catalog(lambda: self.rules, self.genesys_templates))
        reader = FormReader(signer, templates, default_country=None)
        reviewer = Reviewer(
            self._lookup,
            self.policy,
            CustomerHistory(self._database, Keys(self._database)),
            genesys_threads,
        )
        evidence = Evidence(client, reviewer, signer, responder)
        form = Form(
            client,
            evidence,
            self._decisions,
            reader,
            responder,
            errors,
            gate,
            database_threads=database_threads,
        )
        do_not_contact = DoNotContact(
            self._opt_outs,
            self._lookup,
            command="/proactive",
            genesys_threads=genesys_threads,
            database_threads=database_threads,
        )
        opt_out = OptOutForm(client, do_not_contact, evidence, signer, responder, errors, gate)
        form_actions = FormActions(reader, evidence, opt_out, responder, errors, gate)
        self.lists = MyRequests(self._database, Keys(self._database))
        self.health = Health(
            self._requests, self._pause, self._slack, self._cloud, database_threads
        )
        links = ThreadLinks(client)
        home = self.home = Home(
            client,
            self.lists,
            self._pause,
            self.health,
            links,
            signer,
            errors,
            gate,
            command="/proactive",
            database_threads=database_threads,
        )
        edit_form = EditForm(
            client,
            self._requests,
            Editing(self._requests, self.policy, undo=timedelta(seconds=5)),
            signer,
            responder,
            errors,
            gate,
            database_threads=database_threads,
        )
        list_commands = ListCommands(
            self.lists,
            links,
            responder,
            errors,
            gate,
            name="/proactive",
            database_threads=database_threads,
            default_country=None,
        )
        buttons = Buttons(
            self._requests,
            self._decisions,
            self._reconciler,
            form,
            edit_form,
            opt_out,
            responder,
            errors,
            gate,
            database_threads=database_threads,
            default_country=None,
            do_then_redraw=home.do_then_redraw,
        )
        channels = OutcomeChannels(self._database, OUTCOMES)
        announcer = Announcer(self._slack, channels.all, self._places)
        lead_commands = LeadCommands(
            self._pause,
            do_not_contact,
            responder,
            errors,
            gate,
            announce=announcer.announce,
            name="/proactive",
            database_threads=database_threads,
            default_country=None,
        )
        outcome_commands = OutcomeCommands(
            channels,
            responder,
            errors,
            gate,
            announce=announcer.announce_in,
            is_shared=self._places.is_shared,
            name="/proactive",
            database_threads=database_threads,
        )
        command = Command(
            form,
            lead_commands,
            outcome_commands,
            list_commands,
            errors,
            gate,
            name="/proactive",
            default_country=None,
        )
        approvals = Approvals(
            client,
            self._requests,
            History(self._database),
            self._decisions,
            signer,
            responder,
            errors,
            gate,
            self._approvers,
            database_threads=database_threads,
            do_then_redraw=home.do_then_redraw,
        )
        listeners = Listeners(
            command, form, form_actions, buttons, approvals, opt_out, edit_form, home
        )
        app = self._app = build_app(client, listeners, errors)
        return SlackEdge(app, self._settings["SLACK_SIGNING_SECRET"], RefusedRequests())


@pytest.fixture
def new_bot(
    local: Local,
    cloud: GenesysCloud,
    requests_store: RequestStore,
    slack: SlackClient,
    database: Database,
) -> Iterator[Callable[[], Bot]]:
    """Start the bot's Slack side, once for each of its processes."""
    started: list[Bot] = []

    def start() -> Bot:
        started.append(Bot(local, cloud, requests_store, slack, database))
        started[-1].start()
        return started[-1]

    yield start
    for bot in started:
        bot.stop()


@pytest.fixture
def bot(local: Local, new_bot: Callable[[], Bot]) -> Bot:
    """Serve the bot's Slack side where the local Slack sends its requests."""
    bot = new_bot()
    local.ask("POST", "/control/slack/settings", events_url=bot.url)
    return bot


@pytest.fixture
def other_bot(new_bot: Callable[[], Bot]) -> Bot:
    """Serve Slack's requests in another process, which has seen none of them yet."""
    return new_bot()


@pytest.fixture
def soon() -> int:
    """Return a time in an hour, in whole seconds."""
    return int(time.time()) + 3600
