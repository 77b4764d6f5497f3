"""Whose turn it is to look at an outcome: one process at a time, and none for ever."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.cards.ledger import Ledger
from bot.request import Event, Request, State
from bot.storage.requests import LONGEST_LOOK, RequestStore, no_work

from .conftest import NOW, open_quickly

Build = Callable[..., Request]
LEASE = timedelta(seconds=120)
SECOND = timedelta(seconds=1)


@pytest.fixture
def accept(store: RequestStore, a_request: Build) -> Callable[..., str]:
    """Record a request that Genesys has accepted, due for a look at a given time."""

    def build(request_id: str, at: datetime = NOW, conversation_id: str = "c1") -> str:
        store.record(a_request(request_id=request_id, state=State.SENDING), no_work)
        assert store.move(
            request_id,
            State.ACCEPTED,
            Event.ACCEPTED,
            next_look_at=at,
            conversation_id=conversation_id,
            message_id=f"m-{request_id}",
        )
        return request_id

    return build


def _claim(store: RequestStore, now: datetime = NOW, most: int = 100) -> list[str]:
    return sorted(request.request_id for request in store.claim_watched(now, LEASE, most))


def test_what_is_due_is_claimed_and_what_is_not_is_left(
    store: RequestStore, accept: Callable[..., str], a_request: Build
) -> None:
    accept("V1", NOW)
    accept("V2", NOW - timedelta(days=2))
    accept("V3", NOW + SECOND)
    store.record(a_request(request_id="V4"), no_work)
    assert _claim(store) == ["V1", "V2"]


def test_what_is_claimed_is_nobody_s_until_the_lease_is_over(
    store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")
    (claimed,) = store.claim_watched(NOW, LEASE, 9)
    assert claimed == store.load("V1")
    assert claimed.is_watched
    assert _claim(store) == []
    assert _claim(store, NOW + LEASE - SECOND) == []
    assert _claim(store, NOW + LEASE) == ["V1"]  # its process died: another one looks
    assert _claim(store, NOW + LEASE) == []


def test_no_more_are_claimed_than_can_be_looked_at_oldest_first(
    store: RequestStore, accept: Callable[..., str]
) -> None:
    for number in (3, 1, 2, 5, 4):
        accept(f"V{number}", NOW - (9 - number) * SECOND)
    assert _claim(store, most=2) == ["V1", "V2"]
    assert _claim(store, most=2) == ["V3", "V4"]
    assert _claim(store, most=2) == ["V5"]
    assert _claim(store, most=2) == []


def test_what_is_due_later_than_any_wait_is_due_because_the_clock_was_set_back(
    store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1", NOW + LONGEST_LOOK)
    accept("V2", NOW + LONGEST_LOOK + SECOND)
    assert _claim(store) == ["V2"]
    assert _claim(store) == []


@pytest.mark.parametrize("round_number", range(3))
def test_two_processes_never_claim_the_same_request(
    round_number: int, store: RequestStore, file: Path, accept: Callable[..., str]
) -> None:
    every = [accept(f"V{number:02}") for number in range(24)]
    databases = [open_quickly(file) for _ in range(2)]  # as two processes would have it
    barrier = threading.Barrier(4)

    def work(number: int) -> list[str]:
        mine, claimed = RequestStore(databases[number % 2]), list[str]()
        barrier.wait()
        while some := _claim(mine, most=3):
            claimed += some
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = sum(threads.map(work, range(4)), list[str]())
    for database in databases:
        database.dispose()
    assert sorted(claimed) == every


def test_the_next_look_is_when_it_was_set(store: RequestStore, accept: Callable[..., str]) -> None:
    accept("V1")
    _claim(store)
    store.look_again("V1", NOW + 5 * SECOND, 3)
    assert store.load("V1").looks == 3
    assert _claim(store, NOW + 4 * SECOND) == []
    assert _claim(store, NOW + 5 * SECOND) == ["V1"]


def test_a_watch_that_has_ended_does_not_begin_again(
    store: RequestStore, accept: Callable[..., str]
) -> None:
    accept("V1")
    store.look_again("V1", None, 3)
    assert not store.load("V1").is_watched
    assert store.load("V1").is_over
    store.look_again("V1", NOW, 4)  # a process that had it claimed meanwhile
    store.hasten_look("c1", NOW)
    assert not store.load("V1").is_watched
    assert _claim(store, NOW + LEASE) == []


def test_news_of_a_conversation_makes_the_look_at_its_messages_due(
    store: RequestStore, accept: Callable[..., str]
) -> None:
    for request_id, conversation_id in (("V1", "c1"), ("V2", "c1"), ("V3", "c2")):
        accept(request_id, NOW + LONGEST_LOOK, conversation_id)
    accept("V4", NOW - SECOND)
    store.hasten_look("c1", NOW)
    assert _claim(store) == ["V1", "V2", "V4"]
    store.hasten_look("unknown", NOW)
    assert _claim(store, NOW + SECOND) == []


def test_the_conversations_that_are_looked_at_soonest_are_named_first(
    store: RequestStore, accept: Callable[..., str], a_request: Build
) -> None:
    assert store.watched_conversations(9) == ()
    for number in (2, 1, 3):
        accept(f"V{number}", NOW + number * SECOND, f"c{number}")
    accept("V4", NOW, "c4")
    store.look_again("V4", None, 1)
    store.record(a_request(request_id="V5", conversation_id="c5"), no_work)
    assert store.watched_conversations(9) == ("c1", "c2", "c3")
    assert store.watched_conversations(2) == ("c1", "c2")


def test_the_end_of_a_watch_is_said_once(
    store: RequestStore, database: sa.Engine, accept: Callable[..., str]
) -> None:
    accept("V1")
    asked: list[str] = []
    for _ in range(3):  # as several processes may
        store.end_watch("V1", lambda _: asked.append("publish"))
    assert asked == ["publish"]
    assert [line.event for line in Ledger(database).unposted_lines("V1")] == [
        Event.ACCEPTED,
        Event.WATCH_ENDED,
    ]
    kept = store.load("V1")
    assert (kept.state, kept.is_watched, kept.is_over) == (State.ACCEPTED, False, True)
    store.end_watch("V404", lambda _: asked.append("publish"))
    assert asked == ["publish"]


def test_the_end_of_a_watch_and_its_work_are_one_transaction(
    store: RequestStore, database: sa.Engine, accept: Callable[..., str]
) -> None:
    accept("V1")

    class AskFailed(Exception):
        """The engine could not take the work."""

    def fail(_: sa.Connection) -> None:
        raise AskFailed

    with pytest.raises(AskFailed):
        store.end_watch("V1", fail)
    assert store.load("V1").is_watched
    assert [line.event for line in Ledger(database).unposted_lines("V1")] == [Event.ACCEPTED]
