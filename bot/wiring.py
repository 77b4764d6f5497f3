"""Builds the object graph: the only module that knows how all parts fit together."""

from __future__ import annotations

import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import sqlalchemy as sa
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
from bot.slack.form import Form
from bot.slack.listeners import build_app
from bot.storage.database import Database
from bot.storage.migrations import NewerDatabase, migrate
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.rate_limit import SharedRateLimiter
from bot.storage.requests import RequestStore
from genesys import (
    Connection,
    GenesysCloud,
    Notifications,
    OutdatedSdk,
    check_sdk,
    conversation_link,
)

LOOKUPS_AT_ONCE = 32
RECORDS_AT_ONCE = 8


class Backend:
    """Everything behind Slack's edge: the database, the jobs, Genesys, and the cards."""

    def __init__(self, settings: Settings) -> None:
        """Build it and bring the database up to date; raise BadSettings when that's impossible."""
        database, worker_id = open_database(settings.database_url), uuid4().hex
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
        )
        self.notifications = Notifications(self.cloud, deployment_id, self.outcomes.hasten)
        self.slack = SlackClient(
            settings.slack_bot_token, settings.slack_api_url, ssl.create_default_context()
        )
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
        """Take no more work, wait a little for what is under way, and let go of everything."""
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
        self.errors = ErrorHandler(client)
        form = Form(
            client,
            backend.lookup,
            backend.delivery,
            self.errors,
            lookups=self._lookups,
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


def open_database(url: str) -> Database:
    """Open and upgrade the database; raise BadSettings when it can't be used."""
    try:
        check_sdk()
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
        database = Database(url)
        migrate(database)
    except OutdatedSdk as error:
        raise BadSettings([str(error)]) from None
    except NewerDatabase:
        raise BadSettings(
            [
                "PROACTIVE_DATABASE_URL: a newer release has upgraded this database. "
                "Start that release, or use another database."
            ]
        ) from None
    except (OSError, sa.exc.SQLAlchemyError) as error:
        what = address.database if address.get_backend_name() == "sqlite" else address.host
        reason = str(error.strerror or error) if isinstance(error, OSError) else _kind(error)
        raise BadSettings(
            [f"PROACTIVE_DATABASE_URL: {what} cannot be opened as a database ({reason})."]
        ) from None
    return database


def _kind(error: sa.exc.SQLAlchemyError) -> str:
    """Name an error without its text, which quotes the address with its password."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    return type(cause or error).__name__
