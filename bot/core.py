"""The parts that need no web server: the store, the engine, Genesys, and the durable work.

Part of the composition root: ``app`` puts Slack's edge around it.
"""

from __future__ import annotations

import ssl
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from bot.cards.client import SlackClient
from bot.cards.ledger import Ledger
from bot.cards.publish import Publisher
from bot.delivery.deliver import Delivery
from bot.delivery.outcomes import OutcomeTracker
from bot.delivery.reconcile import Reconciler
from bot.jobs.queue import Engine
from bot.jobs.repair import Rescue
from bot.jobs.workers import Reaper
from bot.rules.lookup import Lookup
from bot.settings import BadSettings, Settings
from bot.slot import Slot, take_slot
from bot.storage.rate_limit import SharedBudget
from bot.storage.requests import RequestStore
from bot.storage.tables import open_database
from genesys import Connection, GenesysCloud, Notifications, check_sdk, conversation_link


class Core:
    """Built once in a process; ``launch`` starts it, ``close`` ends it."""

    def __init__(self, settings: Settings) -> None:
        check_sdk()
        self.slot, self.database, self.store, budget = _open(settings)
        self.engine = Engine(settings.database_url, self.database, self.slot.name)
        self.reaper = Reaper(self.engine, self.slot)
        connection = connection_to(settings)
        self.cloud = GenesysCloud(connection, budget)
        self.preflight = Lookup(
            self.cloud,
            deployment_id=settings.genesys_deployment_id,
            history_days=settings.history_days,
        )
        self.receipts = Reconciler(
            self.store,
            self.engine,
            self.cloud,
            deployment_id=settings.genesys_deployment_id,
            read_back_seconds=settings.read_back_seconds,
            watch=timedelta(hours=settings.watch_hours),
        )
        self.delivery = Delivery(
            self.store,
            self.engine,
            self.preflight,
            self.cloud,
            self.receipts,
            undo=timedelta(seconds=settings.undo_seconds),
        )
        self.rescue = Rescue(self.store, self.engine, self.database)
        self.watch = OutcomeTracker(
            self.store,
            self.engine,
            self.cloud,
            link=partial(conversation_link, connection),
            subscribe=lambda conversations: self.notifications.watch(conversations),
        )
        self.notifications = Notifications(
            self.cloud, settings.genesys_deployment_id, on_news=self.watch.hasten
        )
        self.thread = Publisher(
            self.store,
            Ledger(self.database),
            SlackClient(
                settings.slack_bot_token, settings.slack_api_url, ssl.create_default_context()
            ),
            outcomes_channel=settings.outcomes_channel,
        )
        for part in (self.delivery, self.receipts, self.thread):
            self.engine.register(part.works())

    def launch(self) -> None:
        """Start the engine and what runs beside it; work left behind goes on at once."""
        self.engine.launch()
        self.reaper.start()
        self.rescue.start()
        self.notifications.start()
        self.preflight.start()
        self.watch.start()

    def close(self) -> None:
        """Stop taking work, wait a little for what is under way, and let go of everything."""
        self.watch.stop()
        self.notifications.close()
        self.rescue.stop()
        self.reaper.stop()
        self.engine.close()
        self.cloud.close()
        self.database.dispose()
        self.slot.release()


def connection_to(settings: Settings) -> Connection:
    """Say how to reach the org; nothing is sent yet."""
    return Connection(
        client_id=settings.genesys_client_id,
        client_secret=settings.genesys_client_secret,
        region=settings.genesys_region,
        api_url=settings.genesys_api_url,
        read_timeout=float(settings.genesys_timeout),
        patience=float(settings.genesys_patience),
        calls_per_minute=settings.calls_per_minute,
    )


def _open(settings: Settings) -> tuple[Slot, sa.Engine, RequestStore, SharedBudget]:
    """Open the database and what stands in it; raise BadSettings when it cannot be used."""
    try:
        address = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError:
        raise BadSettings(["PROACTIVE_DATABASE_URL is not a database address."]) from None
    what = address.database if address.drivername == "sqlite" else address.host
    try:
        if address.drivername == "sqlite":
            Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
        database = open_database(settings.database_url)
        slot = take_slot(settings.database_url, database)
        return slot, database, RequestStore(database), SharedBudget(database, settings.calls_per_minute)
    except (OSError, sa.exc.SQLAlchemyError) as error:
        reason = str(error.strerror or error) if isinstance(error, OSError) else _kind(error)
        raise BadSettings(
            [f"PROACTIVE_DATABASE_URL: {what} cannot be opened as a database ({reason})."]
        ) from None


def _kind(error: sa.exc.SQLAlchemyError) -> str:
    """Name an error without its text, which quotes the address with its password."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    return type(cause or error).__name__
