"""The engine's bells: work starts when it is asked for, though the queues are looked at seldom.

The timers are out of reach in nearly all of these tests: what starts was rung for.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dbos._core
import dbos._queue
import pytest
import sqlalchemy as sa
from dbos._sys_db import SystemDatabase

from bot.jobs.queue import Engine, Queue, Work
from bot.storage.requests import RequestStore
from bot.storage.tables import open_database

PATIENCE = 15.0
NEVER = 600.0
AT_ONCE = 8


@dataclass
class Team:
    """An engine whose work notes that it began, and waits at a gate while that is closed."""

    database: sa.Engine
    engine: Engine
    gate: threading.Event = field(default_factory=threading.Event)
    begun: list[str] = field(default_factory=list)
    running: int = 0
    most_running: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    is_closed: bool = False

    def close(self) -> None:
        """Close the engine, once: it is the process's, whoever made it."""
        if not self.is_closed:
            self.is_closed = True
            self.gate.set()
            self.engine.close()
            self.database.dispose()

    def work(self, request_id: str, _turn: int) -> None:
        with self.changed:
            self.begun.append(request_id)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
            self.changed.notify_all()
        self.gate.wait(PATIENCE)
        with self.changed:
            self.running -= 1
            self.changed.notify_all()

    def ask(self, *names: str, queue: Queue = Queue.DELIVERY, delay: float = 0.0) -> None:
        works = (Work("work", queue, name, delay=delay) for name in names)
        with self.database.begin() as connection:
            self.engine.asking(*works)(connection)

    def wait_until(self, look: Callable[[], bool], what: str) -> None:
        with self.changed:
            assert self.changed.wait_for(look, PATIENCE), f"waited in vain: {what}; {self.begun}"


@pytest.fixture(autouse=True)
def no_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.queue.DRAIN_SECONDS", 0)  # DBOS waits a second or not at all


@pytest.fixture
def seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put every timer out of reach, DBOS's look for delayed work too."""
    monkeypatch.setattr("bot.lookout.LOOK_SECONDS", NEVER)
    monkeypatch.setattr("bot.bell._TIMER_SECONDS", NEVER)
    monkeypatch.setattr("bot.bell._RECOVERED", (0.0,))
    monkeypatch.setattr("dbos._workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC", NEVER)


def open_team(file: Path) -> Team:
    url = f"sqlite:///{file}"
    database = open_database(url)
    team = Team(database, Engine(url, database, "w0"))
    team.engine.register({"work": team.work})
    team.engine.launch()
    return team


@pytest.fixture(scope="module")
def used_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database that knows the queues: on a new one DBOS finds them a second later."""
    file = tmp_path_factory.mktemp("used") / "proactive.sqlite"
    team = open_team(file)
    team.close()
    return file


@pytest.fixture
def build(used_database: Path, tmp_path: Path) -> Iterator[Callable[[], Team]]:
    file = tmp_path / "proactive.sqlite"
    shutil.copy(used_database, file)
    teams: list[Team] = []

    def build() -> Team:
        teams.append(open_team(file))
        return teams[-1]

    yield build
    for team in teams:
        team.close()


@pytest.fixture
def team(seldom: None, build: Callable[[], Team]) -> Team:
    """Return an engine that is past its start, when it looks at all queues once."""
    team = build()
    for name in ("first", "second"):
        team.ask(name)
        team.wait_until(lambda name=name: name in team.begun, "the workers are there")
    team.gate.set()
    team.wait_until(lambda: team.running == 0, "all is quiet")
    team.gate.clear()
    team.begun.clear()
    return team


@pytest.mark.parametrize("queue", list(Queue))
def test_work_starts_after_its_commit_though_nobody_looks_at_the_queues(
    team: Team, queue: Queue
) -> None:
    for name in ("r1", "r2", "r3"):  # none ends meanwhile, which would ring as well
        team.ask(name, queue=queue)
        team.wait_until(lambda name=name: name in team.begun, f"work on {queue} begins")


def test_work_that_the_store_asks_for_starts_at_once(team: Team) -> None:
    team.gate.set()
    RequestStore(team.database).ask(team.engine.asking(Work("work", Queue.THREAD, "r1")))
    team.wait_until(lambda: team.begun == ["r1"], "the work begins")


def test_more_work_than_there_are_places_is_done_without_a_timer(team: Team) -> None:
    names = {f"r{number}" for number in range(4 * AT_ONCE)}
    team.ask(*names)
    team.wait_until(lambda: team.running == AT_ONCE, "all places are taken")
    team.gate.set()
    team.wait_until(lambda: set(team.begun) == names, "each place is taken again when it is free")
    assert len(team.begun) == len(names)


def test_a_request_s_next_post_starts_when_the_one_before_ends(team: Team) -> None:
    team.ask("r1", queue=Queue.THREAD)
    team.wait_until(lambda: team.running == 1, "the first begins")
    team.ask("r1", queue=Queue.THREAD)
    team.ask("r2", queue=Queue.THREAD)
    team.wait_until(lambda: team.begun == ["r1", "r2"], "another request's begins meanwhile")
    team.gate.set()
    team.wait_until(lambda: team.begun == ["r1", "r2", "r1"], "the second begins")


@pytest.mark.parametrize("queue", list(Queue))
def test_an_end_that_nothing_waits_for_costs_no_look(
    team: Team, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    for method in ("start_queued_workflows", "start_queued_partitioned_workflows"):
        look = getattr(SystemDatabase, method)

        def note(
            self: SystemDatabase, queue: Any, *args: Any, look: Any = look, **more: Any
        ) -> Any:
            looks.append(queue.name)
            return look(self, queue, *args, **more)

        monkeypatch.setattr(SystemDatabase, method, note)
    for name in ("r1", "r2", "r3"):
        team.ask(name, queue=queue)
        team.wait_until(lambda name=name: name in team.begun, f"work on {queue} begins")
    before = looks.count(queue)
    team.gate.set()
    team.wait_until(lambda: team.running == 0, "all ends")
    team.ask("r4", queue=queue)  # by when any ring of the ends has been heard
    team.wait_until(lambda: "r4" in team.begun, "the next begins")
    assert looks.count(queue) == before + 1


@pytest.mark.parametrize("queue", list(Queue))
def test_places_go_on_to_what_only_a_look_has_found(team: Team, queue: Queue) -> None:
    names = {f"r{number}" for number in range(3 * AT_ONCE)}
    team.ask(*names, queue=queue, delay=0.2)  # found when it is due, as another process's work is
    team.wait_until(lambda: team.running >= AT_ONCE // 2, "places are taken")
    team.gate.set()
    team.wait_until(lambda: set(team.begun) == names, "each place is taken again when it is free")


@pytest.mark.parametrize("queue", list(Queue))
def test_short_work_leaves_nothing_behind_when_places_are_few(team: Team, queue: Queue) -> None:
    team.gate.set()  # each ends at once, while others are still on their way to begin
    names = [f"r{number}" for number in range(12 * AT_ONCE)]
    for start in range(0, len(names), 3):
        team.ask(*names[start : start + 3], names[start], queue=queue)
    team.wait_until(lambda: len(team.begun) == len(names) * 4 // 3, "all of it is done")


def test_work_of_a_transaction_that_is_rolled_back_never_starts(team: Team) -> None:
    team.gate.set()
    with pytest.raises(LookupError), team.database.begin() as connection:
        team.engine.asking(Work("work", Queue.DELIVERY, "undone"))(connection)
        raise LookupError
    team.ask("r1")
    team.wait_until(lambda: "r1" in team.begun, "the work after it begins")
    assert team.begun == ["r1"]


def test_delayed_work_starts_when_it_is_due_and_not_before(team: Team) -> None:
    team.gate.set()
    begun = time.monotonic()
    team.ask("later", delay=0.5)
    team.ask("now")
    team.wait_until(lambda: len(team.begun) == 2, "both begin")
    assert team.begun == ["now", "later"]
    assert time.monotonic() - begun >= 0.5


def test_what_a_dead_process_left_starts_when_it_is_taken_over(team: Team) -> None:
    team.gate.set()
    team.ask("r1", delay=NEVER)
    with team.database.begin() as connection:
        connection.execute(
            sa.text(
                "UPDATE workflow_status SET status = 'PENDING', executor_id = 'w9'"
                " WHERE status = 'DELAYED'"
            )
        )
    assert team.engine.take_over("w9") == 1
    team.wait_until(lambda: team.begun == ["r1"], "the work begins")


def test_what_another_process_asks_for_is_found_by_a_look(
    monkeypatch: pytest.MonkeyPatch, build: Callable[[], Team]
) -> None:
    monkeypatch.setattr("bot.bell._TIMER_SECONDS", NEVER)
    monkeypatch.setattr("bot.lookout.LOOK_SECONDS", 0.05)
    team = build()
    team.gate.set()
    elsewhere = open_database(str(team.database.url))  # whose pool rings for nobody here
    with elsewhere.begin() as connection:
        team.engine.asking(Work("work", Queue.DELIVERY, "r1"))(connection)
    elsewhere.dispose()
    team.wait_until(lambda: team.begun == ["r1"], "the work begins")


def test_what_was_left_behind_starts_with_the_process(
    seldom: None, build: Callable[[], Team]
) -> None:
    first = build()
    first.ask("r1", delay=NEVER)
    first.close()
    with first.database.begin() as connection:
        connection.execute(sa.text("UPDATE workflow_status SET delay_until_epoch_ms = 1"))
    team = build()
    team.gate.set()
    team.wait_until(lambda: team.begun == ["r1"], "the work begins")


def test_closing_waits_for_no_timer(team: Team) -> None:
    begun = time.monotonic()
    team.close()
    assert time.monotonic() - begun < 8.0  # one second of it is DBOS's own


def test_a_dbos_with_other_private_parts_is_left_alone_and_polls(
    monkeypatch: pytest.MonkeyPatch,
    build: Callable[[], Team],
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Other(dbos._core.ActiveWorkflowById):
        """Removes in another way."""

        def _remove(self, key: str, *bucket: dbos._core.QueueBucket) -> None:
            super()._remove(key, *bucket)

    monkeypatch.setattr(dbos._core, "ActiveWorkflowById", Other)
    worker = dbos._queue.queue_worker_thread
    team = build()
    assert "timer only" in caplog.text
    assert dbos._queue.queue_worker_thread is worker
    team.gate.set()
    team.ask("r1")
    team.wait_until(lambda: team.begun == ["r1"], "the work begins all the same")


def test_an_engine_that_is_closed_leaves_dbos_as_it_was(build: Callable[[], Team]) -> None:
    worker = dbos._queue.queue_worker_thread
    team = build()
    assert dbos._queue.queue_worker_thread is not worker
    team.close()
    assert dbos._queue.queue_worker_thread is worker
