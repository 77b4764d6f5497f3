"""Periodic queries use their partial index, so they cost the same however many old requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job
from bot.jobs.queue import JobQueue, UnfinishedJob
from bot.jobs.repair import Repair
from bot.request import Event, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.digest_figures import read_figures
from bot.storage.erasure import Erasure
from bot.storage.keys import Keys
from bot.storage.my_requests import Filter, MyRequests, Viewer
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.pause import Pause
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore
from tests.bot.conftest import NOW

Statements = list[tuple[str, Any]]


class NoJobs(JobQueue):
    """A queue without DBOS, on which nothing waits."""

    def __init__(self) -> None:
        self.enqueued: list[Job] = []

    def enqueue(self, _connection: sa.Connection, job: Job) -> None:
        self.enqueued.append(job)

    def list_unfinished(self) -> list[UnfinishedJob]:
        return []


class Bench:
    """The bot's queries on a database with one request of each kind that they look for."""

    def __init__(self, database: Database, a_request: Callable[..., Request]) -> None:
        self.database, self.queue = database, NoJobs()
        self.store = RequestStore(database, self.queue.enqueue, Keys(database))
        self.schedule = OutcomeSchedule(database, self.queue.enqueue)
        self.unsent = self.store.add(a_request(request_id="V1"), [])
        self.store.add(a_request(request_id="V2", state=State.SENDING), [])
        self.store.move("V2", State.ACCEPTED, Event.ACCEPTED, next_look_at=NOW)

    def repair(self) -> None:
        repair = Repair(
            self.database, self.store, self.queue, Pause(self.database, self.queue.enqueue)
        )
        assert repair.repair(NOW + timedelta(days=9)) >= 1

    def erase(self) -> int:
        erasure = Erasure(self.database, self.queue.enqueue, Keys(self.database))
        return erasure.erase_finished(NOW, 10)

    def list_all(self, which: Filter, *, sees_team: bool) -> None:
        lists = MyRequests(self.database, Keys(self.database))
        viewer = Viewer("U0ADA", sees_team=sees_team, is_approver=True)
        lists.page(viewer, which, 40)
        lists.count(viewer, which)

    def plans(self, do: Callable[[Bench], object]) -> list[tuple[str, list[str]]]:
        """Return the statements that a call makes, each with the places where it looks."""
        made: Statements = []

        @sa.event.listens_for(self.database.engine, "before_cursor_execute")
        def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            made.append((statement, parameters))

        do(self)
        sa.event.remove(self.database.engine, "before_cursor_execute", note)
        explain = _explain_postgresql if self.database.is_postgresql else _explain_sqlite
        with self.database.engine.connect() as connection:
            return [
                (one[0], explain(connection, *one))
                for one in made
                if one[0].startswith(("SELECT", "WITH", "UPDATE"))
            ]


def _explain_sqlite(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    looks = [row.detail for row in rows]
    tables = (" requests", " history", " posts", " request_customers")
    return [look for look in looks if any(table in look for table in tables)]


def _explain_postgresql(connection: sa.Connection, statement: str, parameters: Any) -> list[str]:
    """Explain it as for a large table: a small one is cheaper to read from end to end."""
    connection.exec_driver_sql("SET enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
    found = rows.scalar_one()
    looks: list[str] = []

    def walk(node: dict[str, Any]) -> None:
        if node["Node Type"] in ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan"):
            looks.append(f"{node['Node Type']} {node.get('Index Name', '')}")
        for below in node.get("Plans", ()):
            walk(below)

    walk((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])
    return looks


@pytest.fixture
def bench(
    database_url: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> Bench:
    return Bench(connect(database_url), a_request)


QUERIES: dict[str, tuple[Callable[[Bench], object], set[str]]] = {
    "claim_due": (
        lambda bench: bench.schedule.claim_due(NOW, timedelta(seconds=60), 100),
        {"requests_followed"},
    ),
    "pull_forward": (lambda bench: bench.schedule.pull_forward(NOW), {"requests_followed"}),
    "next_conversations": (
        lambda bench: bench.schedule.next_conversations(100),
        {"requests_followed"},
    ),
    "count": (lambda bench: bench.schedule.count(), {"requests_followed"}),
    "count_open": (
        lambda bench: bench.store.count_open(),
        {"requests_unfinished", "requests_followed"},
    ),
    "count_ahead": (
        lambda bench: bench.store.count_ahead(bench.unsent, 180),
        {"requests_unfinished"},
    ),
    "repair": (
        lambda bench: bench.repair(),
        {"requests_unfinished", "history_unposted", "posts_to_erase"},
    ),
    "erase": (lambda bench: bench.erase(), {"requests_not_erased"}),
    "digest": (
        lambda bench: read_figures(bench.database, NOW, NOW + timedelta(days=1)),
        {"requests_sent"},
    ),
    "posts to erase": (
        lambda bench: Posts(bench.database).pending_requests(),
        {"posts_to_erase"},
    ),
}
LISTS = {
    Filter.ATTENTION: {"requests_needing_a_look"},
    Filter.PLANNED: {"requests_not_sent"},
    Filter.OPEN: {"requests_open", "requests_not_sent"},
}
for which, names in LISTS.items():
    for_approvers = {"requests_unfinished"} if which is Filter.ATTENTION else set()
    QUERIES[f"list {which}"] = (
        partial(Bench.list_all, which=which, sees_team=False),
        {f"{name}_of_agent" for name in names} | for_approvers,
    )
    QUERIES[f"list {which} of the team"] = (
        partial(Bench.list_all, which=which, sees_team=True),
        names | for_approvers,
    )
for sees_team, index in ((False, "requests_of_agent"), (True, "ix_requests_created_at")):
    QUERIES[f"list recent {sees_team}"] = (
        partial(Bench.list_all, which=Filter.RECENT, sees_team=sees_team),
        {index},
    )
# With hardly any rows, PostgreSQL may prefer one of these for what it sorts by time.
BY_TIME = ("requests_of_agent", "ix_requests_created_at")
# These find the rows of one request, which are few, and whether its customer is opted out.
BY_REQUEST = (
    *("sqlite_autoindex_requests_1", "requests_pkey", "ix_history_request_id"),
    *("ix_request_customers_request_id", "request_customers_pkey", "opt_out_keys_pkey"),
)


def _kind(name: str) -> str:
    """Name an index by its rows: PostgreSQL takes either of two small ones that have them."""
    return name.replace("_of_agent", "").replace("requests_not_sent", "requests_unfinished")


@pytest.mark.parametrize("query", QUERIES)
def test_a_periodic_query_uses_its_partial_index(query: str, bench: Bench) -> None:
    do, indexes = QUERIES[query]
    plans = bench.plans(do)
    looks = [look for _, found in plans for look in found]
    if bench.database.is_postgresql:
        looks, indexes = [_kind(look) for look in looks], {_kind(name) for name in indexes}
    assert all(found for _, found in plans), plans
    used = {index for index in indexes for look in looks if index in look.split()}
    assert used == indexes, plans
    others = [look for look in looks if not indexes & set(look.split())]
    fine = {*BY_REQUEST, *(map(_kind, BY_TIME) if bench.database.is_postgresql else ())}
    assert [look for look in others if not fine & set(look.split())] == [], plans


def test_a_scan_of_a_whole_table_would_be_noticed(bench: Bench) -> None:
    def scan(bench: Bench) -> None:
        with bench.database.connect() as connection:
            connection.execute(sa.text("SELECT count(*) FROM requests WHERE agent_name = ''"))

    ((_, looks),) = bench.plans(scan)
    assert looks == (["Seq Scan "] if bench.database.is_postgresql else ["SCAN requests"])


@pytest.mark.parametrize("sees_team", [False, True])
@pytest.mark.parametrize("which", Filter)
def test_a_list_is_read_in_the_order_of_its_index_and_never_sorted(
    which: Filter, sees_team: bool, connect: Callable[[str], Database], sqlite: str, a_request: Any
) -> None:
    bench = Bench(connect(sqlite), a_request)
    sorted_by = []
    with bench.database.engine.connect() as connection:
        for statement, _ in bench.plans(partial(Bench.list_all, which=which, sees_team=sees_team)):
            rows = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {statement}", tuple("?" * statement.count("?"))
            )
            sorted_by += [row.detail for row in rows if "TEMP B-TREE" in row.detail]
    assert sorted_by == []
