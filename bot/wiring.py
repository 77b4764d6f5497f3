"""Builds everything that works in the background.

``bot/wiring_slack.py`` builds what answers people, and ``bot/app.py`` the server around both. The
doctor builds clients of its own.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from bot.cards.approval_posts import ApprovalPosts
from bot.cards.card_links import CardLinks
from bot.cards.client import SlackClient
from bot.cards.digest import Digest
from bot.cards.directory import SlackDirectory
from bot.cards.erase_posts import PostEraser
from bot.cards.ledger import Ledger
from bot.cards.notes import NoteReader
from bot.cards.places import Places
from bot.cards.publish import Publisher
from bot.clock import utc_now
from bot.delivery.conversation_end import ConversationEnd
from bot.delivery.decisions import Decisions
from bot.delivery.deliver import Delivery
from bot.delivery.endings import Endings
from bot.delivery.hold import Hold
from bot.delivery.outcomes import OutcomeTracker
from bot.delivery.reconcile import Reconciler
from bot.delivery.send import Sender
from bot.job import JobKind
from bot.jobs.periodic import Periodic
from bot.jobs.queue import JobQueue
from bot.jobs.repair import Repair
from bot.jobs.retention import Retention
from bot.jobs.workers import Workers
from bot.rules.access import Access
from bot.rules.approvers import Approvers
from bot.rules.current_rules import CurrentRules
from bot.rules.lookup import Lookup
from bot.rules.policy import Policy
from bot.rules.rules_file import BadRules
from bot.settings import BadSettings, Settings
from bot.storage.audit import Action, Entry
from bot.storage.audit_log import AuditLog
from bot.storage.customer_history import CustomerHistory
from bot.storage.database import Database
from bot.storage.erasure import Erasure
from bot.storage.history import History
from bot.storage.keys import Keys
from bot.storage.open import UnusableDatabase, open_database
from bot.storage.opt_outs import OptOuts
from bot.storage.outcome_channels import OutcomeChannels
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.pause import Pause
from bot.storage.posts import Posts
from bot.storage.rate_limit import SharedRateLimiter
from bot.storage.requests import RequestStore
from bot.templates.catalog import Catalog
from bot.templates.sources import GenesysTemplates
from genesys import (
    Connection,
    GenesysCloud,
    Notifications,
    conversation_link,
    read_responses,
)

log = logging.getLogger(__name__)


class Backend:
    """Everything behind Slack's edge: the database, the jobs, Genesys, and the cards."""

    def __init__(self, settings: Settings) -> None:
        """Build it and bring the database up to date; raise BadSettings when that's impossible."""
        self.rules = _read_rules(settings)
        self._recorded_rules = ""
        database, worker_id = _open_database(settings), uuid4().hex
        connection, deployment_id = connection_to(settings), settings.genesys_deployment_id
        self.database = database
        self.queue = JobQueue(database, worker_id)
        self.workers = Workers(
            database, self.queue, worker_id, beat_seconds=settings.heartbeat_seconds
        )
        keys = Keys(database)
        self.requests = RequestStore(database, self.queue.enqueue, keys)
        self.audit = AuditLog(database)
        self._chaining = Periodic("audit log", 1.0, self.audit.chain)
        self.customer_history = CustomerHistory(database, keys)
        self.opt_outs = OptOuts(database, self.queue.enqueue, keys)
        self.pause = Pause(database, self.queue.enqueue)
        self.outcome_channels = OutcomeChannels(database, settings.outcomes_channel)
        self.repair = Repair(database, self.requests, self.queue, self.pause)
        self.slack = SlackClient(settings.slack_bot_token, settings.slack_api_url)
        directory, rules = SlackDirectory(self.slack), lambda: self.rules.rules
        self.access = Access(directory, rules, settings.leads)
        self.approvers = Approvers(directory, rules, self.access, settings.leads)
        self.places = Places(settings.show, self.access.is_shared)
        notes = NoteReader(
            self.pause, self.opt_outs, History(database), self.approvers, rules, self.places
        )
        self.policy = Policy(rules, self.requests, self.access, has_approver=notes.has_approver)
        self.decisions = Decisions(self.requests, self.policy)
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
            link=partial(conversation_link, connection),
        )
        endings, hold = Endings(self.requests, self.opt_outs, self.policy), Hold(self.requests)
        self.delivery = Delivery(
            self.requests,
            self.lookup,
            self.reconciler,
            self.policy,
            endings,
            hold,
            Sender(
                *(self.requests, self.lookup, self.cloud, self.reconciler),
                *(self.policy, self.pause, endings, hold),
            ),
            ConversationEnd(self.requests, self.cloud),
            undo=timedelta(seconds=settings.undo_seconds),
        )
        schedule = OutcomeSchedule(database, self.queue.enqueue)
        self.notifications = Notifications(
            self.cloud,
            deployment_id,
            lambda conversation_id: schedule.hasten(conversation_id, utc_now()),
        )
        self.outcomes = OutcomeTracker(
            self.requests,
            schedule,
            self.cloud,
            link=partial(conversation_link, connection),
            subscribe=self.notifications.subscribe,
            show_replies=lambda: self.rules.rules.privacy.show_replies,
            calls_per_minute=settings.calls_per_minute,
        )
        self.templates = Catalog(rules, GenesysTemplates(partial(read_responses, self.cloud)))
        ledger, posts = Ledger(database), Posts(database)
        self.publisher = Publisher(
            self.requests,
            ledger,
            self.slack,
            posts=posts,
            outcomes_channel=self.outcome_channels.find,
            approvals=ApprovalPosts(
                ledger,
                posts,
                self.slack,
                CardLinks(self.requests, self.slack),
                notes.read,
                lambda: self.rules.rules.approval.channel,
                self.places,
                self.approvers,
            ),
            notes=notes.read,
            places=self.places,
        )
        self.post_eraser = PostEraser(
            self.requests, posts, self.slack, outcomes_channel=settings.outcomes_channel
        )
        self.digest = Digest(
            database, self.audit, self.slack, self.outcome_channels.find, self.places, rules
        )
        erasure = Erasure(database, self.queue.enqueue, keys)
        self.retention = Retention(database, erasure, timedelta(days=settings.keep_days))

    def start(self) -> None:
        """Run jobs and follow outcomes; what earlier processes left behind goes on."""
        self._record_rules()
        self.workers.beat()  # before the first job, or others might take this process for dead
        self.queue.start(
            {
                JobKind.DELIVER: self.delivery.deliver,
                JobKind.RECONCILE: self.reconciler.reconcile,
                JobKind.PUBLISH: self.publisher.publish,
                JobKind.ERASE: self.post_eraser.erase,
            }
        )
        self.workers.start()
        self.repair.start()
        self._chaining.start()
        self.retention.start()
        self.digest.start()
        self.lookup.start()
        self.templates.start()
        self.notifications.start()
        self.outcomes.start()

    def reload_rules(self) -> None:
        """Read the rules file again; a bad one leaves the old rules in force."""
        self.rules.reload()
        if self.rules.version != self._recorded_rules:
            try:
                self._record_rules()
            except SQLAlchemyError as error:  # the next reload tries again
                log.warning("the audit log doesn't have the new rules (%s)", type(error).__name__)

    def _record_rules(self) -> None:
        version = self.rules.version
        self.audit.append(Entry(Action.RULES_LOADED, detail={"rules": version}))
        self._recorded_rules = version

    def stop(self) -> None:
        """Take no more work, wait a little for what is under way, and close everything."""
        self.outcomes.stop()
        self.notifications.close()
        self.digest.stop()
        self.retention.stop()
        self._chaining.stop()
        self.repair.stop()
        self.queue.stop()
        self.workers.stop()
        self.cloud.close()
        self.database.close()


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


def _read_rules(settings: Settings) -> CurrentRules:
    try:
        return CurrentRules(settings.rules_file)
    except BadRules as bad:
        raise BadSettings(
            [f"{settings.rules_file}:{one.line}: {one.sentence}" for one in bad.problems]
        ) from None


def _open_database(settings: Settings) -> Database:
    try:
        return open_database(settings.database_url, settings.data_folder)
    except UnusableDatabase as error:
        raise BadSettings([f"PROACTIVE_DATABASE_URL: {error}"]) from None
