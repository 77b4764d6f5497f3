"""What the tests of the delivery share: a worker with a real database and a local Genesys Cloud."""

from __future__ import annotations

import heapq
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bot.delivery.conversation_end import ConversationEnd
from bot.delivery.decisions import Decisions
from bot.delivery.deliver import Delivery
from bot.delivery.endings import Endings
from bot.delivery.hold import Hold
from bot.delivery.outcomes import OutcomeTracker
from bot.delivery.reconcile import Reconciler
from bot.delivery.send import Sender
from bot.job import Job, JobKind
from bot.request import Decision, Event, Request
from bot.rules.access import Access
from bot.rules.directory import Channel, DirectoryUnavailable, Person, Workspace
from bot.rules.lookup import Lookup
from bot.rules.policy import Policy
from bot.rules.rules_file import read_rules
from bot.rules.verdict import Verdict
from bot.state import State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOuts
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.rows import to_columns, to_time
from bot.storage.tables import history, metadata, requests, secrets
from genesys import Connection, GenesysCloud, Identity, IdentityKind, LocalRateLimiter, RateLimiter
from sandbox.local_genesys.sample_customers import fixed_id
from tests.bot.conftest import Local
from tests.conftest import open_quickly

REQUEST = "V0123456789"
TEXT = "Your order is ready"
JANE_ID = fixed_id("contact/jane")
SEND = "conversations/messages/agentless"
DETAILS = "conversations/details/query"
DEPLOYMENTS = "/webdeployments/deployments/"
READ_BACK = (2, 5, 9)
FOLLOW = timedelta(hours=72)


class Clock:
    """The time in the delivery's modules; it stands still until a test moves it.

    Genesys keeps its own time, and a message counts as sent since ``sending_at`` only within five
    seconds. So a test that looks for a message doesn't send it after a longer jump.
    """

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self, _zone: object = UTC) -> datetime:
        return self.at

    def time(self) -> float:
        return self.at.timestamp()

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def after(self, seconds: float) -> datetime:
        return self.at + timedelta(seconds=seconds)


class SlowLookup(Lookup):
    """Lets something happen while the customer is looked up."""

    meanwhile: Callable[[], object] = staticmethod(lambda: None)

    def check_before_send(
        self, identity: Identity, chosen: str, into_open: bool
    ) -> tuple[Verdict, datetime]:
        checked = super().check_before_send(identity, chosen, into_open)
        self.meanwhile()
        return checked


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (
        *("delivery.deliver", "delivery.send", "delivery.decisions", "delivery.reconcile"),
        *("rules.lookup", "rules.policy", "storage.requests", "storage.counts"),
        *("storage.transitions", "delivery.edit"),
    ):
        monkeypatch.setattr(f"bot.{module}.datetime", clock)
    for module in ("delivery.hold", "delivery.send", "delivery.outcomes"):
        monkeypatch.setattr(f"bot.{module}.time", clock)
    return clock


# Tests of the delivery send the same text to the same customer again and again.
NO_LIMITS = read_rules(
    "[limits]\nsame_text_hours = 0\nrecent_minutes = 0\nper_customer = 0\nper_agent = 0\n"
)


class KnownPeople:
    """A directory that knows everybody; a test says who has changed, or that it doesn't answer."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.is_away = False

    @property
    def fresh(self) -> KnownPeople:
        return self

    def known_name(self, _user_id: str) -> str:
        return ""

    def person(self, user_id: str) -> Person:
        self._answer()
        return self.people.get(user_id, Person(user_id, "T0TEAM"))

    def channel(self, channel_id: str) -> Channel:
        self._answer()
        return Channel(channel_id)

    def is_in_group(self, _group_id: str, _user_id: str) -> bool:
        self._answer()
        return False

    def members(self, _group_id: str) -> frozenset[str]:
        self._answer()
        return frozenset()

    def workspace(self) -> Workspace:
        self._answer()
        return Workspace("T0TEAM")

    def _answer(self) -> None:
        if self.is_away:
            raise DirectoryUnavailable


class Worker:
    """One process's delivery; it runs jobs as the queue would, but publishes nothing."""

    def __init__(
        self,
        local: Local,
        clock: Clock,
        requests_store: RequestStore,
        database: Database,
        jobs: list[Job],
        a_request: Callable[..., Request],
        *,
        cloud: GenesysCloud,
        send_with: GenesysCloud | None = None,
        undo: float = 0,
        lookup: type[Lookup] = Lookup,
    ) -> None:
        self.local, self.clock, self.store, self.jobs = local, clock, requests_store, jobs
        self.database, self.cloud, self._a_request = database, cloud, a_request
        deployment_id = local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"]
        self.lookup = lookup(
            cloud, deployment_id=deployment_id, history_days=90, clock=clock.monotonic
        )
        self.reconciler = Reconciler(
            requests_store,
            cloud,
            deployment_id=deployment_id,
            read_back_seconds=READ_BACK,
            follow=FOLLOW,
        )
        keys = Keys(database)

        def enqueue(_connection: sa.Connection, job: Job) -> None:
            jobs.append(job)

        self.opt_outs, self.pause = OptOuts(database, enqueue, keys), Pause(database, enqueue)
        self.directory, self.rules = KnownPeople(), NO_LIMITS
        access = Access(self.directory, lambda: self.rules, frozenset({"U0LEO"}))
        self.policy = Policy(lambda: self.rules, requests_store, access)
        self.decisions = Decisions(requests_store, self.policy)
        endings, hold = Endings(requests_store, self.opt_outs, self.policy), Hold(requests_store)
        sender = Sender(
            requests_store,
            self.lookup,
            send_with or cloud,
            self.reconciler,
            self.policy,
            self.pause,
            endings,
            hold,
        )
        self.delivery = Delivery(
            requests_store,
            self.lookup,
            self.reconciler,
            self.policy,
            endings,
            hold,
            sender,
            ConversationEnd(requests_store, cloud),
            undo=timedelta(seconds=undo),
        )
        self.shows_replies = True
        self.schedule = OutcomeSchedule(database, lambda _connection, job: jobs.append(job))
        self.outcomes = OutcomeTracker(
            requests_store,
            self.schedule,
            cloud,
            link=lambda conversation_id: f"https://apps.example.com/{conversation_id}",
            subscribe=lambda _conversations: None,
            show_replies=lambda: self.shows_replies,
            calls_per_minute=300,
            clock=clock.now,
        )

    # Storing requests.

    def decide(self, name: str = "Leo Lead", request_id: str = REQUEST) -> Decision:
        """Return a decision that somebody makes on a card that shows the request as it is."""
        return Decision(request_id, self.load(request_id).decisions, "U0LEO", name)

    def build(self, email: str = "jane@example.com", **values: Any) -> Request:
        identity = Identity(IdentityKind.EMAIL, email)
        return self._a_request(**{"identity": identity, "created_at": self.clock.at, **values})

    def submit(self, email: str = "jane@example.com", **values: Any) -> list[Job]:
        """Submit a request as the form does; return the jobs that this enqueued."""
        self.jobs.clear()
        self.decisions.submit(self.build(email, **values))
        return list(self.jobs)

    def add(self, state: State, **values: Any) -> str:
        """Store a request to Jane that has come as far as ``state``, without a job."""
        known = {} if state is State.CHECKING else _JANE | {"send_at": self.clock.at}
        request = self.build(state=state, **{**known, **values})
        self.store.add(request, [])
        return request.request_id

    def change(self, request_id: str = REQUEST, **values: Any) -> None:
        with self.database.transaction() as connection:
            row = sa.update(requests).where(requests.c.request_id == request_id)
            connection.execute(row.values(to_columns(values)))

    def execute(self, statement: str) -> None:
        with self.database.transaction() as connection:
            connection.execute(sa.text(statement))

    def add_trigger(self, when: str, do: str) -> str:
        """Add a trigger under a new name: another connection may still know a dropped one."""
        name = f"test_{uuid4().hex}"
        self.execute(f"CREATE TRIGGER {name} {when} BEGIN {do}; END")
        return name

    @contextmanager
    def broken_database(self) -> Iterator[None]:
        """Let every transaction that needs the history fail."""
        self.execute("ALTER TABLE history RENAME TO elsewhere")
        try:
            yield
        finally:
            self.execute("ALTER TABLE elsewhere RENAME TO history")

    # Running jobs.

    def run(self, job: Job) -> list[Job]:
        """Run a job when its delay has passed; return the jobs that it enqueued."""
        self.jobs.clear()
        self.clock.advance(job.delay)
        if job.kind is JobKind.DELIVER:
            self.delivery.deliver(job)
        elif job.kind is JobKind.RECONCILE:
            self.reconciler.reconcile(job)
        return list(self.jobs)

    def run_all(self, jobs: list[Job], seconds: float = 60) -> None:
        """Run jobs, and those that they enqueue, as they come due within ``seconds``."""
        number, due = count(), list[tuple[float, int, Job]]()
        end = self.clock.monotonic() + seconds
        while True:
            for job in jobs:
                heapq.heappush(due, (self.clock.monotonic() + job.delay, next(number), job))
            if not due or due[0][0] > end:
                return
            at, _, job = heapq.heappop(due)
            self.clock.advance(at - self.clock.monotonic())
            jobs = self.run(Job(job.kind, job.request_id, job.step))

    def deliver(self, email: str = "jane@example.com", **values: Any) -> Request:
        """Deliver a new request as far as it goes within a minute; return what has become of it."""
        self.run_all(self.submit(email, **values))
        return self.load(values.get("request_id", REQUEST))

    # Looking at what there is.

    def load(self, request_id: str = REQUEST) -> Request:
        return self.store.load(request_id)

    def history(self, request_id: str = REQUEST) -> list[tuple[Event, str]]:
        lines = sa.select(history).where(history.c.request_id == request_id)
        with self.database.connect() as connection:
            rows = connection.execute(lines.order_by(history.c.line_id))
            return [(Event(row.event), row.detail) for row in rows]

    def events(self, request_id: str = REQUEST) -> list[Event]:
        return [event for event, _ in self.history(request_id)]

    def next_look(self, request_id: str = REQUEST) -> datetime:
        column = sa.select(requests.c.next_look_at).where(requests.c.request_id == request_id)
        with self.database.connect() as connection:
            return to_time(connection.execute(column).scalar_one())

    def calls(self, where: str = "/api/") -> list[dict[str, Any]]:
        """Return the calls, without those about the deployment, which run in the background."""
        calls = self.local.calls("genesys", where)
        return [call for call in calls if DEPLOYMENTS not in call["path"]]

    def forget_calls(self) -> None:
        self.local.ask("DELETE", "/control/genesys/calls")

    def sends(self) -> list[dict[str, Any]]:
        return [call["body"] for call in self.calls(SEND)]


_JANE = {
    "contact_id": JANE_ID,
    "contact_ids": (JANE_ID,),
    "send_to_id": JANE_ID,
    "customer_name": "Jane Doe",
}


@pytest.fixture(scope="session")
def opened(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("delivery")
    database = open_quickly(Path(shutil.copy(migrated_file, folder)))
    yield database
    database.close()


@pytest.fixture
def database(opened: Database) -> Database:
    """Empty one database for each test, because SQLAlchemy compiles statements once per engine."""
    with opened.transaction() as connection:
        triggers = sa.text("SELECT name FROM sqlite_master WHERE type='trigger'")
        for name in connection.scalars(triggers).all():
            connection.execute(sa.text(f"DROP TRIGGER {name}"))
        for table in reversed(metadata.sorted_tables):
            if table is not secrets:  # made with the tables
                connection.execute(sa.delete(table))
    return opened


@pytest.fixture
def connect(local: Local) -> Iterator[Callable[..., GenesysCloud]]:
    """Open sessions with the local Genesys Cloud, each with a rate limiter of its own."""
    opened: list[GenesysCloud] = []

    def connect(*, limiter: RateLimiter | None = None, **values: Any) -> GenesysCloud:
        standard = {"api_url": local.settings["GENESYS_CLOUD_API_URL"], "patience": 0.3}
        connection = Connection(
            local.settings["GENESYS_CLOUD_CLIENT_ID"],
            local.settings["GENESYS_CLOUD_CLIENT_SECRET"],
            **{**standard, **values},
        )
        opened.append(GenesysCloud(connection, limiter or LocalRateLimiter(100_000)))
        return opened[-1]

    yield connect
    for cloud in opened:
        cloud.close()


@pytest.fixture
def new_worker(
    local: Local,
    clock: Clock,
    requests_store: RequestStore,
    database: Database,
    jobs: list[Job],
    a_request: Callable[..., Request],
    connect: Callable[..., GenesysCloud],
) -> Callable[..., Worker]:
    """Make workers that share the database, the jobs and the clock."""

    def new_worker(
        *,
        store: RequestStore = requests_store,
        database: Database = database,
        cloud: GenesysCloud | None = None,
        **values: Any,
    ) -> Worker:
        return Worker(
            local, clock, store, database, jobs, a_request, cloud=cloud or connect(), **values
        )

    return new_worker


@pytest.fixture
def worker(new_worker: Callable[..., Worker]) -> Worker:
    return new_worker()
