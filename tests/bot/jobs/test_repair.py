"""The net under the engine: what has lost its work gets new work, and nothing else does.

The engine is the real one, on a SQLite file; its works note for which request they were asked.
"""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import bot.jobs.repair
from bot.jobs.queue import Engine, Work
from bot.jobs.repair import RESCUE_TURN, STALLED_AFTER, Rescue
from bot.jobs.works import DELIVER, PUBLISH, READ_BACK, deliver, publish, read_back
from bot.request import Event, Request, State
from bot.storage.requests import NOT_SHOWN, RequestStore, no_work
from bot.storage.tables import history, postings, requests

from .conftest import open_quickly, wait_until

REQUEST = "V0123456789"
UNSENT = (State.CHECKING, State.SCHEDULED, State.SENDING)
DAY = timedelta(days=1)
HOUR = 3600.0
EVER = datetime(3000, 1, 1, tzinfo=UTC)


class Bench:
    """A store, an engine whose works may fail or wait at a gate, and the rescue beside them."""

    def __init__(self, folder: Path) -> None:
        file = folder / "rescue.sqlite"
        self.database = open_quickly(file)
        self.store = RequestStore(self.database)
        self.gate = threading.Event()
        self.begun: list[tuple[str, str, int]] = []
        self.fails = False
        self.engine = Engine(f"sqlite:///{file}", self.database, "w0")
        names = (DELIVER, READ_BACK, PUBLISH)
        self.engine.register({name: partial(self._do, name) for name in names})
        self.engine.launch()
        self.rescue = Rescue(self.store, self.engine, self.database)

    def _do(self, name: str, request_id: str, turn: int) -> None:
        self.begun.append((name, request_id, turn))
        assert self.gate.wait(60)
        if self.fails:
            raise RuntimeError("an error that nobody foresaw")

    def begin(self) -> None:
        """Forget all requests and their works."""
        self.gate.set()
        for name in (DELIVER, READ_BACK, PUBLISH):
            wait_until(lambda name=name: not self.runs(name))
        with self.database.begin() as connection:
            for table in (history, postings, requests):
                connection.execute(sa.delete(table))
            connection.exec_driver_sql("DELETE FROM workflow_status")
        self.fails = False
        self.begun.clear()

    def close(self) -> None:
        self.gate.set()
        self.engine.close()
        self.database.dispose()

    def ask(self, *works: Work) -> None:
        self.store.ask(self.engine.asking(*works))

    def lose(self, work: Work) -> None:
        """Let a work end in an error."""
        self.fails = True
        self.ask(work)
        wait_until(lambda: self.begun and not self.engine.has_work(work.name, REQUEST, by=EVER))
        self.fails = False
        self.begun.clear()

    def begins(self, *work: str | int) -> None:
        """Wait until this is begun, once; other kinds may still come from an earlier test."""
        wait_until(lambda: work in self.begun)
        assert [one for one in self.begun if one[0] == work[0]] == [work]

    def runs(self, name: str) -> bool:
        with self.database.connect() as connection:
            query = "SELECT count(*) FROM workflow_status WHERE status = 'PENDING' AND name = ?"
            return bool(connection.exec_driver_sql(query, (name,)).scalar_one())

    def look(self, later: timedelta = STALLED_AFTER + timedelta(seconds=1)) -> int:
        """Look as the rescue does when so much time has passed."""
        return self.rescue.look(datetime.now(UTC) + later)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("rescue"))
    yield bench
    bench.close()


@pytest.fixture
def bench(running: Bench) -> Bench:
    running.begin()
    return running


@pytest.fixture
def record(bench: Bench, a_request: Callable[..., Request]) -> Callable[..., None]:
    """Record the request in a state, asked for just now; its first line is never shown anyway."""

    def record(state: State, **values: Any) -> None:
        now = datetime.now(UTC)
        bench.store.record(a_request(state=state, created_at=now, **values), no_work)

    return record


@pytest.mark.parametrize("state", UNSENT)
def test_a_request_whose_work_ended_in_an_error_goes_on(
    state: State, bench: Bench, record: Callable[..., None]
) -> None:
    record(state)
    bench.lose(deliver(REQUEST, since=datetime.now(UTC)))
    assert bench.look() == 1
    bench.begins(DELIVER, REQUEST, RESCUE_TURN)


def test_what_was_rescued_once_is_rescued_again(bench: Bench, record: Callable[..., None]) -> None:
    record(State.CHECKING)
    for _ in range(2):
        bench.lose(deliver(REQUEST, RESCUE_TURN, since=datetime.now(UTC)))
        assert bench.look() == 1
        wait_until(lambda: bench.begun)
        wait_until(lambda: not bench.engine.has_work(DELIVER, REQUEST, by=EVER))


def test_a_request_to_which_something_has_just_happened_is_left_alone(
    bench: Bench, record: Callable[..., None]
) -> None:
    record(State.SENDING)
    assert bench.look(STALLED_AFTER - timedelta(seconds=5)) == 0
    assert bench.look() == 1


def test_only_its_newest_line_counts(bench: Bench, record: Callable[..., None]) -> None:
    record(State.SENDING)
    with bench.database.begin() as connection:
        connection.execute(sa.update(history).values(at=history.c.at - HOUR))
    bench.store.add_line(REQUEST, Event.NOT_TAKEN)
    assert bench.look(timedelta()) == 0


@pytest.mark.parametrize(
    "work",
    [
        deliver(REQUEST, 3, since=datetime.now(UTC), wait=240),
        read_back(REQUEST, 1, wait=24 * HOUR),
    ],
    ids=["deliver", "read back"],
)
@pytest.mark.parametrize("state", UNSENT)
def test_a_request_whose_work_waits_is_left_alone(
    state: State, work: Work, bench: Bench, record: Callable[..., None]
) -> None:
    record(state)
    bench.ask(work)
    assert bench.look() == 0
    assert not [one for one in bench.begun if one[0] != PUBLISH]


def test_a_request_whose_work_runs_is_left_alone(bench: Bench, record: Callable[..., None]) -> None:
    record(State.SENDING)
    bench.gate.clear()
    bench.ask(deliver(REQUEST, since=datetime.now(UTC)))
    wait_until(lambda: bench.begun)
    assert bench.look() == 0
    assert len([one for one in bench.begun if one[0] != PUBLISH]) == 1


def test_the_work_of_another_request_counts_for_that_one(
    bench: Bench, record: Callable[..., None]
) -> None:
    record(State.CHECKING)
    bench.ask(deliver(f"{REQUEST}0", 1, since=datetime.now(UTC), wait=HOUR))
    assert bench.look() == 1


def test_a_request_that_was_set_aside_goes_on_in_a_process_that_lives(
    bench: Bench, record: Callable[..., None]
) -> None:
    """The engine sets aside what was under way at many deaths, also what only waited."""
    record(State.SENDING)
    bench.ask(deliver(REQUEST, 1, since=datetime.now(UTC), wait=HOUR))
    with bench.database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'"
        )
    assert bench.look() == 1
    assert bench.look() == 0  # one new work, not one at each look


def test_a_planned_request_is_missed_only_after_its_time(
    bench: Bench, record: Callable[..., None]
) -> None:
    record(State.SCHEDULED, send_at=datetime.now(UTC) + DAY)
    assert bench.look() == 0
    assert bench.look(DAY) == 0
    assert bench.look(DAY + STALLED_AFTER + timedelta(seconds=1)) == 1


@pytest.mark.parametrize("state", [state for state in State if state not in UNSENT])
def test_what_has_gone_or_will_not_go_is_given_no_delivery(
    state: State, bench: Bench, record: Callable[..., None]
) -> None:
    record(state)
    assert bench.look() == 0


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REPLIED, State.CANCELLED])
def test_news_that_no_thread_shows_is_shown(
    state: State, bench: Bench, record: Callable[..., None]
) -> None:
    record(state)
    bench.store.add_line(REQUEST, Event.ACCEPTED)
    bench.lose(publish(REQUEST))
    assert bench.look(timedelta()) == 0  # not yet: it is only just news
    assert bench.look() == 1
    bench.begins(PUBLISH, REQUEST, 0)


@pytest.mark.parametrize("shown", ["1.5", NOT_SHOWN])
def test_news_that_a_thread_shows_or_is_not_meant_to_is_left_alone(
    shown: str, bench: Bench, record: Callable[..., None]
) -> None:
    record(State.ACCEPTED)
    bench.store.add_line(REQUEST, Event.ACCEPTED)
    with bench.database.begin() as connection:
        connection.execute(sa.update(history).values(posted_ts=shown))
    assert bench.look() == 0


def test_news_that_is_about_to_be_shown_is_left_alone(
    bench: Bench, record: Callable[..., None]
) -> None:
    record(State.ACCEPTED)
    bench.store.add_line(REQUEST, Event.ACCEPTED)
    bench.gate.clear()
    bench.ask(publish(REQUEST))
    assert bench.look() == 0


BACK = timedelta(days=3)  # by so much the clock was set back since


@pytest.mark.parametrize(
    "work",
    [
        deliver(REQUEST, 3, since=datetime.now(UTC), wait=10),
        read_back(REQUEST, 1, wait=60),
    ],
    ids=["deliver", "read back"],
)
@pytest.mark.parametrize("state", UNSENT)
def test_what_waits_goes_on_also_when_the_clock_was_set_back(
    state: State, work: Work, bench: Bench, record: Callable[..., None]
) -> None:
    """Its next work is due only when the clock has caught up."""
    record(state)
    bench.ask(work)
    assert bench.look(-BACK) == 1
    bench.begins(DELIVER, REQUEST, RESCUE_TURN)


def test_news_is_shown_also_when_the_clock_was_set_back(
    bench: Bench, record: Callable[..., None]
) -> None:
    record(State.ACCEPTED)
    bench.store.add_line(REQUEST, Event.ACCEPTED)
    assert bench.look(-BACK) == 1


def test_a_planned_request_keeps_its_time_when_the_clock_was_set_back(
    bench: Bench, record: Callable[..., None]
) -> None:
    at = datetime.now(UTC) + DAY
    record(State.SCHEDULED, send_at=at)
    bench.ask(deliver(REQUEST, 1, since=datetime.now(UTC), wait=DAY.total_seconds()))
    assert bench.look(-BACK) == 0


def test_the_rescue_looks_by_itself_also_after_a_database_that_was_away(
    bench: Bench, record: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    record(State.CHECKING)
    monkeypatch.setattr(bot.rescue, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(bot.rescue, "STALLED_AFTER", timedelta())
    rescue, asked = Rescue(bench.store, bench.engine, bench.database), []
    has_work = bench.engine.has_work

    def away_at_first(name: str, request_id: str, **by: datetime) -> bool:
        asked.append(name)
        if len(asked) == 1:
            raise sa.exc.OperationalError("", None, Exception("away"))
        return has_work(name, request_id, **by)

    monkeypatch.setattr(bench.engine, "has_work", away_at_first)
    rescue.start()
    try:
        wait_until(lambda: bench.begun)
    finally:
        rescue.stop()
    assert not rescue._thread.is_alive()
