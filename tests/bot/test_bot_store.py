"""A request is written once with its work, moves only along the table, and gives way to nobody."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa
from prometheus_client import generate_latest

from bot.ops.metrics import build_metrics
from bot.request import TRANSITIONS, Event, Request, State
from bot.storage.requests import RequestStore
from bot.storage.tables import open_database

from .conftest import NOW

Build = Callable[..., Request]
LEASE = timedelta(seconds=120)


@pytest.fixture
def asked(store: RequestStore) -> Callable[[sa.Connection], None]:
    """Ask for work as the engine does: by writing into the same transaction."""
    with store._engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE asked (work TEXT)"))

    def ask(connection: sa.Connection) -> None:
        connection.execute(sa.text("INSERT INTO asked VALUES ('work')"))

    return ask


def _count_asked(database: sa.Engine) -> int:
    with database.connect() as connection:
        return int(connection.execute(sa.text("SELECT count(*) FROM asked")).scalar_one())


def _lines(database: sa.Engine) -> list[tuple[str, str, str]]:
    with database.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT event, detail, posted_ts FROM history ORDER BY line_id")
        )
        return [(row[0], row[1], row[2]) for row in rows]


class _AskFailed(Exception):
    """The engine could not take the work."""


def _fail(_: sa.Connection) -> None:
    raise _AskFailed


def _nothing(_: sa.Connection) -> None:
    pass


def test_when_sending_began_is_kept_to_the_millisecond(store: RequestStore, a_request: Build) -> None:
    at = NOW.replace(microsecond=123_000)
    store.record(a_request(state=State.SCHEDULED), _nothing)
    assert store.move("V0123456789", State.SENDING, Event.SENDING, sending_at=at)
    assert store.load("V0123456789").sending_at == at


def test_recording_twice_gives_the_first_and_asks_once(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None], a_request: Build
) -> None:
    first = a_request(text="first")
    assert store.record(first, asked) == first
    assert store.record(a_request(text="second"), asked) == first
    assert _count_asked(database) == 1
    assert [event for event, _, _ in _lines(database)] == [Event.ASKED]


def test_twenty_submissions_at_once_are_one_request(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None], a_request: Build
) -> None:
    barrier = threading.Barrier(20)

    def submit(number: int) -> str:
        barrier.wait()
        return store.record(a_request(text=f"text {number}"), asked).text

    with ThreadPoolExecutor(20) as threads:
        texts = set(threads.map(submit, range(20)))
    assert texts == {store.load("V0123456789").text}
    assert _count_asked(database) == 1
    assert len(_lines(database)) == 1


@pytest.mark.parametrize("request_id", ["", "V404"])
def test_an_unknown_request_is_a_lookup_error(request_id: str, store: RequestStore) -> None:
    with pytest.raises(LookupError):
        store.load(request_id)
    assert not store.move(request_id, State.SCHEDULED, Event.FOUND)
    assert store.claim_watched(NOW, LEASE, 9) == ()


def test_a_move_happens_exactly_where_the_table_allows_it(
    store: RequestStore, database: sa.Engine, a_request: Build
) -> None:
    for number, (state, new) in enumerate(product(State, State)):
        request = a_request(request_id=f"V{number}", state=state)
        store.record(request, _nothing)
        moved = store.move(request.request_id, new, Event.FOUND)
        assert moved is (new in TRANSITIONS[state])
        assert store.load(request.request_id).state is (new if moved else state)
    moves = sum(map(len, TRANSITIONS.values()))
    assert len(_lines(database)) == len(State) ** 2 + moves  # one each, and the first of all


def test_a_move_that_comes_too_late_changes_and_asks_nothing(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None], a_request: Build
) -> None:
    request = a_request(state=State.DELIVERED)
    store.record(request, _nothing)
    assert not store.move(
        request.request_id, State.WAITING, Event.FOUND, "late", ask=asked, reason="late"
    )
    assert store.load(request.request_id) == request
    assert _count_asked(database) == 0


def test_a_move_writes_its_values_its_line_and_its_work_together(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None], a_request: Build
) -> None:
    store.record(a_request(), _nothing)
    assert store.move(
        "V0123456789",
        State.SCHEDULED,
        Event.FOUND,
        "Found by identifier lookup.",
        ask=asked,
        link="https://apps.example.com/1",
        send_at=NOW,
        contact_id="c",
        contact_ids=("c", "d"),
        send_to_id="d",
    )
    moved = store.load("V0123456789")
    assert (moved.contact_id, moved.contact_ids, moved.send_to_id) == ("c", ("c", "d"), "d")
    assert moved.send_at == NOW
    assert _lines(database)[1:] == [(Event.FOUND, "Found by identifier lookup.", "")]
    assert _count_asked(database) == 1


@pytest.mark.parametrize("round_number", range(10))
def test_of_two_that_want_to_send_exactly_one_may(
    round_number: int, store: RequestStore, file: Path, a_request: Build
) -> None:
    other = RequestStore(open_database(f"sqlite:///{file}"))  # as another process would have it
    store.record(a_request(state=State.SCHEDULED), _nothing)
    barrier = threading.Barrier(2)

    def move(one: RequestStore) -> bool:
        barrier.wait()
        return one.move("V0123456789", State.SENDING, Event.SENDING)

    with ThreadPoolExecutor(2) as threads:
        won = list(threads.map(move, (store, other)))
    other._engine.dispose()
    assert sorted(won) == [False, True]
    assert store.load("V0123456789").state is State.SENDING


def test_a_failing_ask_leaves_no_request_behind(
    store: RequestStore, database: sa.Engine, a_request: Build
) -> None:
    with pytest.raises(_AskFailed):
        store.record(a_request(), _fail)
    with pytest.raises(LookupError):
        store.load("V0123456789")
    assert _lines(database) == []
    assert store.record(a_request(), _nothing).state is State.CHECKING  # and it can be tried again


def test_a_failing_ask_leaves_a_request_where_it_was(
    store: RequestStore, database: sa.Engine, a_request: Build
) -> None:
    request = a_request()
    store.record(request, _nothing)
    lines = _lines(database)
    with pytest.raises(_AskFailed):
        store.move("V0123456789", State.SCHEDULED, Event.FOUND, ask=_fail, contact_id="c")
    with pytest.raises(_AskFailed):
        store.add_line("V0123456789", Event.CHECK_ASKED, "Ada", ask=_fail)
    with pytest.raises(_AskFailed):
        store.ask(_fail)
    assert store.load("V0123456789") == request
    assert _lines(database) == lines


def test_work_can_be_asked_for_without_a_change(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None]
) -> None:
    store.ask(asked)
    assert _count_asked(database) == 1


def test_a_line_that_may_stand_once_stands_once_and_its_work_is_asked_for_each_time(
    store: RequestStore, database: sa.Engine, asked: Callable[[sa.Connection], None], a_request: Build
) -> None:
    store.record(a_request(), _nothing)
    store.record(a_request(request_id="V2"), _nothing)
    for request_id in ("V0123456789", "V0123456789", "V2"):
        store.add_line(request_id, Event.HELD, ask=asked, once=True)
    store.add_line("V2", Event.STILL_UNCERTAIN)
    store.add_line("V2", Event.STILL_UNCERTAIN)
    events = [event for event, _, _ in _lines(database)]
    assert (events.count(Event.HELD), events.count(Event.STILL_UNCERTAIN)) == (2, 2)
    assert _count_asked(database) == 3


@pytest.mark.parametrize("state", State)
def test_a_decision_meant_for_one_state_moves_a_request_from_no_other(
    state: State, store: RequestStore, a_request: Build
) -> None:
    store.record(a_request(state=state), _nothing)
    moved = store.move(
        "V0123456789", State.SCHEDULED, Event.SEND_DECIDED, "Ada", since=State.UNCERTAIN
    )
    assert moved is (state is State.UNCERTAIN)


def test_states_are_counted(store: RequestStore, a_request: Build) -> None:
    assert store.count_states() == {}
    states = [State.ACCEPTED, State.ACCEPTED, State.UNCERTAIN]
    for number, state in enumerate(states):
        store.record(a_request(request_id=f"V{number}", state=state), _nothing)
    assert store.count_states() == {State.ACCEPTED: 2, State.UNCERTAIN: 1}


def test_metrics_show_every_state_and_nothing_private(store: RequestStore, a_request: Build) -> None:
    store.record(a_request(state=State.UNCERTAIN), _nothing)
    page = generate_latest(build_metrics(store)).decode()
    for state in State:
        count = 1.0 if state is State.UNCERTAIN else 0.0
        assert f'proactive_requests{{state="{state.value}"}} {count}' in page
    assert "jane" not in page
    assert "V0123456789" not in page


def test_the_message_ids_that_are_claimed_are_those_of_the_same_contact(
    store: RequestStore, a_request: Build
) -> None:
    for number, (contact, message) in enumerate([("a", "m1"), ("a", ""), ("b", "m2"), ("a", "m3")]):
        request = a_request(request_id=f"V{number}", contact_id=contact, message_id=message)
        store.record(request, _nothing)
    assert store.known_message_ids("a") == {"m1", "m3"}
    assert store.known_message_ids("nobody") == frozenset()


def test_what_is_written_is_there_after_a_restart(
    store: RequestStore, database: sa.Engine, file: Path, a_request: Build
) -> None:
    store.record(a_request(), _nothing)
    database.dispose()
    again = RequestStore(open_database(f"sqlite:///{file}"))
    assert again.load("V0123456789") == a_request()
    again._engine.dispose()


@pytest.fixture
def locked(store: RequestStore, file: Path) -> Iterator[None]:
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def test_a_locked_database_is_a_clear_refusal_within_the_agent_s_three_seconds(
    store: RequestStore, locked: None, a_request: Build
) -> None:
    begun = time.monotonic()
    with pytest.raises(sa.exc.SQLAlchemyError) as refusal:
        store.record(a_request(text="canary"), _nothing)
    assert time.monotonic() - begun < 2.9
    said = f"{refusal.value} {refusal.value!r}"
    assert "locked" in said
    assert not [private for private in ("canary", "jane@", "Ada Agent") if private in said]


def test_a_locked_database_can_still_be_read(store: RequestStore, locked: None) -> None:
    assert store.is_reachable()
    assert store.count_states() == {}


def test_a_wrong_value_is_refused_without_being_quoted(store: RequestStore, a_request: Build) -> None:
    store.record(a_request(), _nothing)
    with pytest.raises(sa.exc.SQLAlchemyError) as refusal:
        store.move("V0123456789", State.SCHEDULED, Event.FOUND, reason=None, customer_name="canary")
    assert "canary" not in f"{refusal.value} {refusal.value!r}"


def test_a_database_that_is_none_is_not_reachable(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path / 'good.sqlite'}")
    store = RequestStore(database)
    database.dispose()
    for old in tmp_path.iterdir():
        old.write_bytes(b"this is no database" * 1_000)
    assert not store.is_reachable()
    database.dispose()
