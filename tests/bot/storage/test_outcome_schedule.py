"""Whose turn it is to look up an outcome: one process at a time, and none for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.job import Job, publish
from bot.request import Event, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.outcome_schedule import LONGEST_WAIT, NEAR_LOOKS, OutcomeSchedule
from bot.storage.requests import RequestStore
from bot.storage.tables import history
from tests.bot.conftest import NOW
from tests.conftest import open_quickly

Build = Callable[..., Request]
LEASE = timedelta(seconds=120)
SECOND = timedelta(seconds=1)


@pytest.fixture
def schedule(database: Database, jobs: list[Job]) -> OutcomeSchedule:
    return OutcomeSchedule(database, lambda _connection, job: jobs.append(job))


@pytest.fixture
def accept(requests_store: RequestStore, a_request: Build) -> Callable[..., str]:
    """Store a request that Genesys has accepted, with the time of its next look-up."""

    def accept(
        request_id: str, at: datetime | None = NOW, conversation_id: str = "c1", looks: int = 0
    ) -> str:
        requests_store.add(a_request(request_id=request_id, state=State.SENDING), [])
        assert requests_store.move(
            request_id,
            State.ACCEPTED,
            Event.ACCEPTED,
            next_look_at=at,
            conversation_id=conversation_id,
            message_id=f"m-{request_id}",
            looks=looks,
        )
        return request_id

    return accept


def claim(schedule: OutcomeSchedule, now: datetime = NOW, most: int = 100) -> list[str]:
    return sorted(request.request_id for request in schedule.claim_due(now, LEASE, most))


def events(database: Database) -> list[str]:
    with database.connect() as connection:
        columns = sa.select(history.c.event).order_by(history.c.line_id)
        return list(connection.execute(columns).scalars())


def test_what_is_due_is_claimed_and_the_rest_is_left(
    schedule: OutcomeSchedule,
    accept: Callable[..., str],
    requests_store: RequestStore,
    a_request: Build,
) -> None:
    accept("V1", NOW)
    accept("V2", NOW - timedelta(days=2))
    accept("V3", NOW + SECOND)
    accept("V4", None)
    requests_store.add(a_request(request_id="V5"), [])
    assert claim(schedule) == ["V1", "V2"]


def test_a_claimed_request_is_due_again_when_its_lease_ends(
    schedule: OutcomeSchedule, requests_store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")
    (claimed,) = schedule.claim_due(NOW, LEASE, 9)
    assert claimed == requests_store.load("V1")
    assert claimed.is_followed
    assert claim(schedule) == []
    assert claim(schedule, NOW + LEASE - SECOND) == []
    assert claim(schedule, NOW + LEASE) == ["V1"]  # its process died: another one looks
    assert claim(schedule, NOW + LEASE) == []


def test_the_oldest_are_claimed_first_and_no_more_than_asked_for(
    schedule: OutcomeSchedule, accept: Callable[..., str]
) -> None:
    for number in (3, 1, 2, 5, 4):
        accept(f"V{number}", NOW - (9 - number) * SECOND)
    assert claim(schedule, most=2) == ["V1", "V2"]
    assert claim(schedule, most=2) == ["V3", "V4"]
    assert claim(schedule, most=2) == ["V5"]
    assert claim(schedule, most=2) == []


def test_nothing_is_written_while_nothing_is_due(
    database: Database, schedule: OutcomeSchedule, accept: Callable[..., str]
) -> None:
    accept("V1", NOW + SECOND)
    with database.transaction():  # nobody else can write meanwhile
        assert claim(schedule) == []


def test_what_is_due_later_than_any_wait_is_due_now_because_the_clock_was_set_back(
    schedule: OutcomeSchedule, accept: Callable[..., str]
) -> None:
    accept("V1", NOW + LONGEST_WAIT)
    accept("V2", NOW + LONGEST_WAIT + SECOND)
    accept("V3", None)
    schedule.pull_forward(NOW)
    assert claim(schedule) == ["V2"]
    assert claim(schedule) == []


def test_all_that_is_followed_is_counted(
    schedule: OutcomeSchedule,
    accept: Callable[..., str],
    requests_store: RequestStore,
    a_request: Build,
) -> None:
    assert schedule.count() == 0
    accept("V1")
    accept("V2", NOW + LONGEST_WAIT)
    accept("V3", None)
    requests_store.add(a_request(request_id="V4"), [])
    claim(schedule)  # by whichever process
    assert schedule.count() == 2


@pytest.mark.parametrize("round_number", range(3))
def test_two_processes_never_claim_the_same_request(
    round_number: int, file: Path, accept: Callable[..., str]
) -> None:
    every = [accept(f"V{number:02}") for number in range(24)]
    databases = [open_quickly(file) for _ in range(2)]  # as two processes would have it
    barrier = threading.Barrier(4)

    def work(number: int) -> list[str]:
        mine = OutcomeSchedule(databases[number % 2], lambda _connection, _job: None)
        claimed = list[str]()
        barrier.wait()
        while some := claim(mine, most=3):
            claimed += some
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = sum(threads.map(work, range(4)), list[str]())
    for database in databases:
        database.close()
    assert sorted(claimed) == every


def test_the_next_look_is_when_it_was_planned(
    schedule: OutcomeSchedule, requests_store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")
    claim(schedule)
    schedule.look_again("V1", NOW + 5 * SECOND, 3)
    assert requests_store.load("V1").looks == 3
    assert claim(schedule, NOW + 4 * SECOND) == []
    assert claim(schedule, NOW + 5 * SECOND) == ["V1"]


def test_a_request_that_is_no_longer_followed_is_not_followed_again(
    schedule: OutcomeSchedule, requests_store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")
    schedule.stop("V1", [])
    assert not requests_store.load("V1").is_followed
    assert requests_store.load("V1").is_over
    schedule.look_again("V1", NOW, 4)  # by a process that had claimed it before
    schedule.hasten("c1", NOW)
    schedule.pull_forward(NOW - timedelta(days=9))
    assert not requests_store.load("V1").is_followed
    assert claim(schedule, NOW + LEASE) == []


def test_a_hint_makes_the_requests_of_its_conversation_due(
    schedule: OutcomeSchedule, accept: Callable[..., str]
) -> None:
    for request_id, conversation_id in (("V1", "c1"), ("V2", "c1"), ("V3", "c2")):
        accept(request_id, NOW + LONGEST_WAIT, conversation_id)
    accept("V4", NOW - SECOND)
    schedule.hasten("c1", NOW)
    assert claim(schedule) == ["V1", "V2", "V4"]
    schedule.hasten("unknown", NOW)
    assert claim(schedule, NOW + SECOND) == []


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (NEAR_LOOKS, NEAR_LOOKS), (NEAR_LOOKS + 1, NEAR_LOOKS)]
)
def test_after_a_hint_the_following_looks_stay_near(
    before: int,
    after: int,
    schedule: OutcomeSchedule,
    requests_store: RequestStore,
    accept: Callable[..., str],
) -> None:
    accept("V1", NOW + LONGEST_WAIT, looks=before)
    schedule.hasten("c1", NOW)
    assert requests_store.load("V1").looks == after


def test_the_conversations_that_are_looked_at_soonest_come_first(
    schedule: OutcomeSchedule, accept: Callable[..., str]
) -> None:
    assert schedule.next_conversations(9) == ()
    for number in (2, 1, 3):
        accept(f"V{number}", NOW + number * SECOND, f"c{number}")
    accept("V4", NOW + 4 * SECOND, "c1")
    accept("V5", None, "c5")
    assert schedule.next_conversations(9) == ("c1", "c2", "c3")
    assert schedule.next_conversations(2) == ("c1", "c2")


def test_the_end_is_said_once(
    schedule: OutcomeSchedule,
    requests_store: RequestStore,
    database: Database,
    jobs: list[Job],
    accept: Callable[..., str],
) -> None:
    accept("V1")
    for request_id in ("V1", "V1", "V1", "V404"):  # as several processes may
        schedule.stop(request_id, [publish(request_id)])
    assert jobs == [publish("V1")]
    assert events(database) == [Event.ASKED, Event.ACCEPTED, Event.WATCH_ENDED]
    stopped = requests_store.load("V1")
    assert (stopped.state, stopped.is_followed, stopped.is_over) == (State.ACCEPTED, False, True)


def test_the_end_and_its_jobs_are_one_transaction(
    database: Database, requests_store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")

    class EnqueueFailed(Exception):
        """The queue couldn't take a job."""

    def fail(_connection: sa.Connection, _job: Job) -> None:
        raise EnqueueFailed

    with pytest.raises(EnqueueFailed):
        OutcomeSchedule(database, fail).stop("V1", [publish("V1")])
    assert requests_store.load("V1").is_followed
    assert events(database) == [Event.ASKED, Event.ACCEPTED]
