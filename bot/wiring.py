"""Builds what a running bot consists of: its work in the background, and its answers to people.

``bot/app.py`` builds the server around it. The doctor builds clients of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from uuid import uuid4

from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.client import SlackClient
from bot.cards.ledger import Ledger
from bot.cards.publish import Publisher
from bot.delivery.deliver import Delivery
from bot.delivery.outcomes import OutcomeTracker
from bot.delivery.reconcile import Reconciler
from bot.job import JobKind
from bot.jobs.queue import JobQueue
from bot.jobs.repair import Repair
from bot.jobs.workers import Workers
from bot.ops.health import Health
from bot.rules.lookup import Lookup
from bot.settings import BadSettings, Settings
from bot.slack.buttons import Buttons
from bot.slack.command import Command
from bot.slack.errors import ErrorHandler
from bot.slack.evidence import Evidence
from bot.slack.form import Form
from bot.slack.listeners import build_app
from bot.slack.metadata import MetadataSigner
from bot.slack.respond import Responder
from bot.storage.database import Database
from bot.storage.open import UnusableDatabase, open_database
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.rate_limit import SharedRateLimiter
from bot.storage.requests import RequestStore
from genesys import (
    Connection,
    GenesysCloud,
    Notifications,
    conversation_link,
)

LOOKUPS_AT_ONCE = 32
RECORDS_AT_ONCE = 8


class Backend:
    """Everything behind Slack's edge: the database, the jobs, Genesys, and the cards."""

    def __init__(self, settings: Settings) -> None:
        """Build it and bring the database up to date; raise BadSettings when that's impossible."""
        database, worker_id = _open_database(settings), uuid4().hex
        connection, deployment_id = connection_to(settings), settings.genesys_deployment_id
        self.database = database
        self.queue = JobQueue(database, worker_id)
        self.workers = Workers(
            database, self.queue, worker_id, beat_seconds=settings.heartbeat_seconds
        )
        self.requests = RequestStore(database, self.queue.enqueue)
        self.repair = Repair(database, self.requests, self.queue)
        self.cloud = GenesysCloud(
            connection, SharedRateLimiter(database, settings.calls_per_minute)
        )
        self.lookup = Lookup(
            self.cloud, deployment_id=deployment_id, history_days=settings.history_days
        )
        self.reconciler = Reconciler(
            self.requests,
            self.cloud,
            deployment_id=deployment_id,
            read_back_seconds=settings.read_back_seconds,
            follow=timedelta(hours=settings.watch_hours),
        )
        self.delivery = Delivery(
            self.requests,
            self.lookup,
            self.cloud,
            self.reconciler,
            undo=timedelta(seconds=settings.undo_seconds),
        )
        self.outcomes = OutcomeTracker(
            self.requests,
            OutcomeSchedule(database, self.queue.enqueue),
            self.cloud,
            link=partial(conversation_link, connection),
            calls_per_minute=settings.calls_per_minute,
        )
        self.notifications = Notifications(self.cloud, deployment_id, self.outcomes.hasten)
        self.slack = SlackClient(settings.slack_bot_token, settings.slack_api_url)
        self.publisher = Publisher(
            self.requests,
            Ledger(database),
            self.slack,
            outcomes_channel=settings.outcomes_channel,
        )

    def start(self) -> None:
        """Run jobs and follow outcomes; what earlier processes left behind goes on."""
        self.workers.beat()  # before the first job, or others might take this process for dead
        self.queue.start(
            {
                JobKind.DELIVER: self.delivery.deliver,
                JobKind.RECONCILE: self.reconciler.reconcile,
                JobKind.PUBLISH: self.publisher.publish,
            }
        )
        self.workers.start()
        self.repair.start()
        self.lookup.start()
        self.notifications.start()
        self.outcomes.start(self.notifications.subscribe)

    def stop(self) -> None:
        """Take no more work, wait a little for what is under way, and close everything."""
        self.outcomes.stop()
        self.notifications.close()
        self.repair.stop()
        self.queue.stop()
        self.workers.stop()
        self.cloud.close()
        self.database.close()


class Frontend:
    """Slack's edge: the Bolt app with its listeners, and what they need."""

    def __init__(self, settings: Settings, backend: Backend, client: AsyncWebClient) -> None:
        """Build it; ``client`` makes the calls that belong to what a person does."""
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")
        self._records = ThreadPoolExecutor(RECORDS_AT_ONCE, "record")
        responder = Responder(client)
        self.errors = ErrorHandler(responder)
        signer = MetadataSigner(settings.slack_bot_token)
        form = Form(
            client,
            Evidence(client, backend.lookup, signer, responder, lookups=self._lookups),
            backend.delivery,
            signer,
            responder,
            self.errors,
            records=self._records,
            default_country=settings.default_country,
        )
        command = Command(
            form, self.errors, name=settings.command, default_country=settings.default_country
        )
        buttons = Buttons(
            backend.requests,
            backend.delivery,
            backend.reconciler,
            form,
            responder,
            self.errors,
            records=self._records,
            default_country=settings.default_country,
            leads=settings.leads,
        )
        self.app: AsyncApp = build_app(client, command, form, buttons, self.errors)
        self.health = Health(backend.requests, backend.slack, backend.cloud, self._records)

    async def stop(self) -> None:
        """Wait for what was started after an ack."""
        await self.errors.finish()
        self._lookups.shutdown(wait=False, cancel_futures=True)
        self._records.shutdown(wait=False)


def connection_to(settings: Settings) -> Connection:
    """Say how to reach the Genesys Cloud organisation."""
    return Connection(
        client_id=settings.genesys_client_id,
        client_secret=settings.genesys_client_secret,
        region=settings.genesys_region,
        api_url=settings.genesys_api_url,
        read_timeout=float(settings.genesys_timeout),
        patience=float(settings.genesys_patience),
        calls_per_minute=settings.calls_per_minute,
    )


def _open_database(settings: Settings) -> Database:
    try:
        return open_database(settings.database_url, settings.data_folder)
    except UnusableDatabase as error:
        raise BadSettings([f"PROACTIVE_DATABASE_URL: {error}"]) from None
