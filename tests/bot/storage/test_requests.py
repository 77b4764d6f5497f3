"""A request is stored once with its jobs and moves only along the transition table."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.job import Job, deliver, publish
from bot.request import QUIET, Decision, Event, Request, Stuck
from bot.state import TRANSITIONS, State
from bot.storage.database import Database
from bot.storage.history import NOT_SHOWN
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from bot.storage.tables import history
from tests.bot.conftest import NOW
from tests.conftest import open_quickly

Build = Callable[..., Request]
REQUEST = "V0123456789"
SECOND = timedelta(seconds=1)


class EnqueueFailed(Exception):
    """The queue couldn't take a job."""


def fail(_connection: sa.Connection, _job: Job) -> None:
    raise EnqueueFailed


@pytest.fixture
def other_store(file: Path) -> Iterator[RequestStore]:
    """Open a store as another process would have it."""
    database = open_quickly(file)
    yield RequestStore(database, lambda _connection, _job: None, Keys(database))
    database.close()


def lines(database: Database) -> list[tuple[str, str, str]]:
    with database.connect() as connection:
        columns = sa.select(history.c.event, history.c.detail, history.c.posted_ts)
        return [tuple(row) for row in connection.execute(columns.order_by(history.c.line_id))]


def test_adding_a_request_writes_its_first_line_and_its_jobs(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    request = a_request()
    assert requests_store.add(request, [publish(REQUEST), deliver(REQUEST)]) == request
    assert requests_store.load(REQUEST) == request
    assert lines(database) == [(Event.ASKED, "", NOT_SHOWN)]
    assert jobs == [publish(REQUEST), deliver(REQUEST)]
    with database.connect() as connection:
        assert connection.execute(sa.select(history.c.at)).scalar_one() == NOW.timestamp()


def test_adding_a_request_twice_returns_the_first_one_and_enqueues_once(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    first = a_request(text="first")
    assert requests_store.add(first, [deliver(REQUEST)]) == first
    assert requests_store.add(a_request(text="second"), [deliver(REQUEST)]) == first
    assert jobs == [deliver(REQUEST)]
    assert [event for event, _, _ in lines(database)] == [Event.ASKED]


def test_twenty_submissions_at_once_are_one_request(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    barrier = threading.Barrier(20)

    def submit(number: int) -> str:
        barrier.wait()
        return requests_store.add(a_request(text=f"text {number}"), [deliver(REQUEST)]).text

    with ThreadPoolExecutor(20) as threads:
        texts = set(threads.map(submit, range(20)))
    assert texts == {requests_store.load(REQUEST).text}
    assert jobs == [deliver(REQUEST)]
    assert len(lines(database)) == 1


@pytest.mark.parametrize("request_id", ["", "V404"])
def test_an_unknown_request_is_a_lookup_error(
    request_id: str, requests_store: RequestStore
) -> None:
    with pytest.raises(LookupError, match=f"there is no request {request_id}"):
        requests_store.load(request_id)


def test_an_unknown_request_does_not_move(requests_store: RequestStore, jobs: list[Job]) -> None:
    assert not requests_store.move("V404", State.SCHEDULED, Event.FOUND, jobs=[publish("V404")])
    assert jobs == []


def test_a_request_moves_exactly_where_the_table_allows_it(
    requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    for number, (state, new) in enumerate(product(State, State)):
        request = a_request(request_id=f"V{number}", state=state)
        requests_store.add(request, [])
        moved = requests_store.move(request.request_id, new, Event.FOUND)
        assert moved is (new in TRANSITIONS[state])
        assert requests_store.load(request.request_id).state is (new if moved else state)
    moves = sum(map(len, TRANSITIONS.values()))
    assert len(lines(database)) == len(State) ** 2 + moves  # one for each move, and each first one


def test_a_move_that_comes_too_late_changes_and_enqueues_nothing(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    request = a_request(state=State.DELIVERED)
    requests_store.add(request, [])
    assert not requests_store.move(
        REQUEST, State.WAITING, Event.WAITING, "late", jobs=[publish(REQUEST)], reason="late"
    )
    assert requests_store.load(REQUEST) == request
    assert [event for event, _, _ in lines(database)] == [Event.ASKED]
    assert jobs == []


def test_a_move_writes_its_values_its_line_and_its_jobs_together(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    requests_store.add(a_request(), [])
    assert requests_store.move(
        REQUEST,
        State.SCHEDULED,
        Event.FOUND,
        "Found by identifier lookup.",
        jobs=[publish(REQUEST), deliver(REQUEST, 5.0)],
        link="https://apps.example.com/1",
        send_at=NOW,
        contact_id="c",
        contact_ids=("c", "d"),
        send_to_id="d",
    )
    moved = requests_store.load(REQUEST)
    assert (moved.contact_id, moved.contact_ids, moved.send_to_id) == ("c", ("c", "d"), "d")
    assert moved.send_at == NOW
    assert lines(database)[1:] == [(Event.FOUND, "Found by identifier lookup.", "")]
    assert jobs == [publish(REQUEST), deliver(REQUEST, 5.0)]


@pytest.mark.parametrize("event", Event)
def test_only_quiet_events_are_kept_out_of_the_thread(
    event: Event, requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    requests_store.add(a_request(), [])
    requests_store.add_line(REQUEST, event)
    assert lines(database)[1:] == [(event, "", NOT_SHOWN if event in QUIET else "")]


def test_the_time_of_a_send_is_kept_to_the_millisecond(
    requests_store: RequestStore, a_request: Build
) -> None:
    at = NOW.replace(microsecond=123_000)
    requests_store.add(a_request(state=State.SCHEDULED), [])
    assert requests_store.move(REQUEST, State.SENDING, Event.SENDING, sending_at=at)
    assert requests_store.load(REQUEST).sending_at == at


@pytest.mark.parametrize("round_number", range(10))
def test_of_two_that_want_to_send_exactly_one_may(
    round_number: int, requests_store: RequestStore, other_store: RequestStore, a_request: Build
) -> None:
    requests_store.add(a_request(state=State.SCHEDULED), [])
    barrier = threading.Barrier(2)

    def move(store: RequestStore) -> bool:
        barrier.wait()
        return store.move(REQUEST, State.SENDING, Event.SENDING)

    with ThreadPoolExecutor(2) as threads:
        won = list(threads.map(move, (requests_store, other_store)))
    assert sorted(won) == [False, True]
    assert requests_store.load(REQUEST).state is State.SENDING


def test_a_job_that_cannot_be_enqueued_leaves_no_request_behind(
    requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    with pytest.raises(EnqueueFailed):
        RequestStore(database, fail, Keys(database)).add(a_request(), [deliver(REQUEST)])
    with pytest.raises(LookupError):
        requests_store.load(REQUEST)
    assert lines(database) == []
    assert requests_store.add(a_request(), []).state is State.CHECKING  # it can be tried again


def test_a_job_that_cannot_be_enqueued_leaves_a_request_as_it_was(
    requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    request = a_request()
    requests_store.add(request, [])
    before = lines(database)
    broken = RequestStore(database, fail, Keys(database))
    with pytest.raises(EnqueueFailed):
        broken.move(REQUEST, State.SCHEDULED, Event.FOUND, jobs=[publish(REQUEST)], contact_id="c")
    with pytest.raises(EnqueueFailed):
        broken.add_line(REQUEST, Event.CHECK_ASKED, "Ada", jobs=[publish(REQUEST)])
    with pytest.raises(EnqueueFailed):
        broken.enqueue(publish(REQUEST))
    assert requests_store.load(REQUEST) == request
    assert lines(database) == before
    assert broken.moves == {}


def test_jobs_can_be_enqueued_without_a_change(
    requests_store: RequestStore, jobs: list[Job]
) -> None:
    requests_store.enqueue(publish(REQUEST), deliver(REQUEST))
    assert jobs == [publish(REQUEST), deliver(REQUEST)]


def test_a_line_that_may_stand_once_stands_once_and_its_jobs_are_enqueued_each_time(
    requests_store: RequestStore, database: Database, jobs: list[Job], a_request: Build
) -> None:
    requests_store.add(a_request(), [])
    requests_store.add(a_request(request_id="V2"), [])
    for request_id in (REQUEST, REQUEST, "V2"):
        requests_store.add_line(request_id, Event.HELD, jobs=[publish(request_id)], once=True)
    requests_store.add_line("V2", Event.STILL_UNCERTAIN)
    requests_store.add_line("V2", Event.STILL_UNCERTAIN)
    events = [event for event, _, _ in lines(database)]
    assert (events.count(Event.HELD), events.count(Event.STILL_UNCERTAIN)) == (2, 2)
    assert jobs == [publish(REQUEST), publish(REQUEST), publish("V2")]


@pytest.mark.parametrize("state", State)
def test_a_decision_meant_for_one_state_moves_a_request_from_no_other(
    state: State, requests_store: RequestStore, a_request: Build
) -> None:
    requests_store.add(a_request(state=state), [])
    moved = requests_store.move(
        REQUEST, State.SCHEDULED, Event.SEND_DECIDED, "Ada", since=State.UNCERTAIN
    )
    assert moved is (state is State.UNCERTAIN)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_decision_counts_only_if_it_is_the_next_one(
    number: int, requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    requests_store.add(a_request(state=State.UNCERTAIN, decisions=1), [])
    decision = Decision(REQUEST, number, "U0LEO", "leo")
    for is_first in (True, False):
        moved = requests_store.move(
            REQUEST,
            State.UNCERTAIN,
            Event.CHECK_ASKED,
            since=State.UNCERTAIN,
            decision=decision,
        )
        assert moved is (is_first and number == 1)
    assert requests_store.load(REQUEST).decisions == (2 if number == 1 else 1)
    with database.connect() as connection:
        rows = connection.execute(sa.select(history.c.user_id, history.c.detail)).all()[1:]
    assert rows == ([("U0LEO", "leo")] if number == 1 else [])
    assert requests_store.moves == {State.UNCERTAIN: 1}  # it came into this state only once


def test_open_requests_are_counted_by_state_and_finished_ones_are_not(
    requests_store: RequestStore, a_request: Build
) -> None:
    assert requests_store.count_open() == {}
    for number, state in enumerate([*State, State.CHECKING]):
        requests_store.add(a_request(request_id=f"V{number}", state=state), [])
    once = (State.UNAPPROVED, State.SCHEDULED, State.SENDING, State.UNCERTAIN)
    unfinished = {State.CHECKING: 2} | dict.fromkeys(once, 1)
    assert requests_store.count_open() == unfinished
    requests_store.add(a_request(request_id="followed", state=State.SENDING), [])
    requests_store.move("followed", State.ACCEPTED, Event.ACCEPTED, next_look_at=NOW)
    assert requests_store.count_open() == unfinished | {State.ACCEPTED: 1}


def test_moves_are_counted_by_their_new_state(
    requests_store: RequestStore, a_request: Build
) -> None:
    for request_id in ("V1", "V2", "V1"):  # the third is the first one again
        requests_store.add(a_request(request_id=request_id), [])
    requests_store.move("V1", State.SCHEDULED, Event.FOUND)
    requests_store.move("V1", State.SCHEDULED, Event.FOUND)  # it's there already
    assert requests_store.moves == {State.CHECKING: 2, State.SCHEDULED: 1}


def test_only_older_requests_that_could_go_out_now_are_ahead(
    requests_store: RequestStore, a_request: Build
) -> None:
    now = datetime.now(UTC)
    add = {
        "older": {"created_at": now - 9 * SECOND},
        "older, due": {"created_at": now - 9 * SECOND, "send_at": now - SECOND},
        "older, planned": {"created_at": now - 9 * SECOND, "send_at": now + 3_600 * SECOND},
        "older, scheduled": {"created_at": now - 9 * SECOND, "state": State.SCHEDULED},
        "newer": {"created_at": now},
        "as old": {"created_at": now - 5 * SECOND},
    }
    sent = [state for state in State if state not in (State.CHECKING, State.SCHEDULED)]
    for state in sent:
        add[f"older, {state}"] = {"created_at": now - 9 * SECOND, "state": state}
    for request_id, values in add.items():
        requests_store.add(a_request(request_id=request_id, **values), [])
    assert requests_store.count_ahead(requests_store.load("as old"), 9) == 3
    assert requests_store.count_ahead(requests_store.load("older"), 9) == 0
    assert requests_store.count_ahead(requests_store.load("newer"), 9) == 4
    assert requests_store.count_ahead(requests_store.load("newer"), 2) == 2


def test_only_message_ids_of_the_same_contact_are_known(
    requests_store: RequestStore, a_request: Build
) -> None:
    for number, (contact, message) in enumerate([("a", "m1"), ("a", ""), ("b", "m2"), ("a", "m3")]):
        requests_store.add(
            a_request(request_id=f"V{number}", contact_id=contact, message_id=message), []
        )
    assert requests_store.known_message_ids("a") == {"m1", "m3"}
    assert requests_store.known_message_ids("nobody") == frozenset()


def test_what_is_stored_is_there_after_a_restart(
    requests_store: RequestStore, database: Database, other_store: RequestStore, a_request: Build
) -> None:
    requests_store.add(a_request(), [])
    database.close()
    assert other_store.load(REQUEST) == a_request()


def test_a_wrong_value_is_refused_without_being_quoted(
    requests_store: RequestStore, a_request: Build
) -> None:
    requests_store.add(a_request(), [])
    with pytest.raises(sa.exc.SQLAlchemyError) as refusal:
        requests_store.move(
            REQUEST, State.SCHEDULED, Event.FOUND, reason=None, customer_name="canary"
        )
    assert "canary" not in f"{refusal.value} {refusal.value!r}"


def test_a_database_that_answers_is_reachable(requests_store: RequestStore) -> None:
    assert requests_store.is_reachable()


def test_a_file_that_is_no_database_is_not_reachable(file: Path) -> None:
    file.write_bytes(b"this is no database" * 1_000)
    database = Database(f"sqlite:///{file}")
    assert not RequestStore(database, fail, Keys(database)).is_reachable()
    database.close()


def test_what_holds_a_request_up_is_kept_until_it_moves_but_never_hides_a_pause(
    requests_store: RequestStore, a_request: Callable[..., Request]
) -> None:
    for request_id, before in (("V1", Stuck.NO), ("V2", Stuck.PAUSED)):
        requests_store.add(a_request(request_id=request_id, stuck=before), [])
        held = {"once": True, "stuck": Stuck.QUOTA}
        requests_store.add_line(request_id, Event.HELD, "quota", **held)
        stuck = requests_store.load(request_id).stuck
        assert stuck is (before or Stuck.QUOTA)
        requests_store.move(request_id, State.SCHEDULED, Event.FOUND)
        assert requests_store.load(request_id).stuck is before
