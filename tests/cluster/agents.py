"""A process in which agents submit requests and the bot delivers them to a local Genesys Cloud.

It says that it's ready, submits each request that it's told at the given time, and answers with
the id of the request that was faster, or "".
"""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from bot.delivery import send as send_module
from bot.delivery.conversation_end import ConversationEnd
from bot.delivery.decisions import Decisions
from bot.delivery.deliver import Delivery
from bot.delivery.endings import Endings
from bot.delivery.hold import Hold
from bot.delivery.reconcile import Reconciler
from bot.delivery.send import Sender
from bot.job import Job, JobKind
from bot.jobs.queue import JobQueue
from bot.jobs.workers import Workers
from bot.request import Place, Request
from bot.rules.access import Access
from bot.rules.directory import Channel, Person, Workspace
from bot.rules.lookup import Lookup
from bot.rules.policy import Policy, Refused
from bot.rules.rules_file import read_rules
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.migrations import migrate
from bot.storage.opt_outs import OptOuts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.write_lock import DatabaseBusy
from genesys import Connection, GenesysCloud, Identity, LocalRateLimiter

# All rounds are about one customer; only the same text is forbidden.
RULES = read_rules("[limits]\nper_customer = 0\nper_agent = 0\n")
BEAT_SECONDS = 0.3
BUSY_SECONDS = 10.0  # how long an agent tries again while the database is busy
BEFORE_SEND, AFTER_SEND = "before the send", "after the send"


@dataclass(frozen=True)
class Submission:
    """What an agent sends, and when."""

    request_id: str
    agent_id: str
    identity: Identity
    text: str
    at: float


class _Everybody:
    """A directory that knows everybody."""

    @property
    def fresh(self) -> _Everybody:
        return self

    def known_name(self, _user_id: str) -> str:
        return ""

    def person(self, user_id: str) -> Person:
        return Person(user_id, "T0TEAM")

    def channel(self, channel_id: str) -> Channel:
        return Channel(channel_id)

    def is_in_group(self, _group_id: str, _user_id: str) -> bool:
        return False

    def members(self, _group_id: str) -> frozenset[str]:
        return frozenset()

    def workspace(self) -> Workspace:
        return Workspace("T0TEAM")


class _Bot:
    """The parts of the bot from a submission to the send."""

    def __init__(self, url: str, settings: dict[str, str]) -> None:
        database, worker_id = Database(url), uuid4().hex
        migrate(database)
        queue, keys = JobQueue(database, worker_id), Keys(database)
        workers = Workers(database, queue, worker_id, beat_seconds=BEAT_SECONDS)
        store = RequestStore(database, queue.enqueue, keys)
        connection = Connection(
            settings["GENESYS_CLOUD_CLIENT_ID"],
            settings["GENESYS_CLOUD_CLIENT_SECRET"],
            api_url=settings["GENESYS_CLOUD_API_URL"],
        )
        cloud = GenesysCloud(connection, LocalRateLimiter(100_000))
        deployment_id = settings["GENESYS_CLOUD_DEPLOYMENT_ID"]
        lookup = Lookup(cloud, deployment_id=deployment_id, history_days=90)
        reconciler = Reconciler(
            store,
            cloud,
            deployment_id=deployment_id,
            read_back_seconds=(0, 1),
            follow=timedelta(hours=1),
        )
        access = Access(_Everybody(), lambda: RULES, frozenset())
        policy = Policy(lambda: RULES, store, access)
        pause = Pause(database, queue.enqueue)
        opt_outs = OptOuts(database, queue.enqueue, keys)
        endings, hold = Endings(store, opt_outs, policy), Hold(store)
        sender = Sender(store, lookup, cloud, reconciler, policy, pause, endings, hold)
        delivery = Delivery(
            *(store, lookup, reconciler, policy, endings, hold, sender),
            ConversationEnd(store, cloud),
            undo=timedelta(),
        )
        self.decisions = Decisions(store, policy)
        queue.start(
            {
                **dict.fromkeys(JobKind, _do_nothing),
                JobKind.DELIVER: delivery.deliver,
                JobKind.RECONCILE: reconciler.reconcile,
            }
        )
        workers.start()

    def submit(self, submission: Submission) -> str:
        """Submit a request at its time; return the id of the one that was faster, or ""."""
        time.sleep(max(submission.at - time.time() - 0.005, 0.0))
        while time.time() < submission.at:
            pass  # both agents must press Send in the same millisecond
        request = Request(
            submission.request_id,
            Place("T0TEAM", "C0SUPPORT"),
            submission.agent_id,
            submission.agent_id.title(),
            submission.identity,
            submission.text,
            into_open_conversation=True,
            chosen_contact_id="",
            created_at=datetime.now(UTC),
        )
        while True:
            try:
                self.decisions.submit(request)
            except Refused as refused:
                return refused.earlier_id
            except (sa.exc.OperationalError, DatabaseBusy):  # the agent is told to press again
                if time.time() > submission.at + BUSY_SECONDS:
                    raise
            else:
                return ""


def _do_nothing(_job: Job) -> None:
    """Show nothing: there's no Slack."""


def _die_at_the_send(when: str) -> None:
    """Let this process kill itself right before or after its first send."""
    original = send_module.send_once

    def send_once(*arguments: Any, **values: Any) -> Any:
        if when == AFTER_SEND:
            original(*arguments, **values)
        os.kill(os.getpid(), signal.SIGKILL)

    send_module.send_once = send_once


def run(url: str, settings: dict[str, str], dies: str, pipe: Pipe) -> None:
    """Work until told None."""
    if dies:
        _die_at_the_send(dies)
    bot = _Bot(url, settings)
    pipe.send("ready")
    while (submission := pipe.recv()) is not None:
        pipe.send(bot.submit(submission))
    os._exit(0)
