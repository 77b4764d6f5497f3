"""A pause holds every message in every process, and after its end each of them goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier
from threading import Event as Signal
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, deliver, publish
from bot.request import Event, Request, Stuck
from bot.state import UNSENT, State
from bot.storage import pause as module
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.tables import history, requests
from tests.bot.conftest import NOW

LEO = ByWhom("U0LEO", "Leo Lead", NOW, "a bad template")
TEAM = "T0TEAM"
SENT_OR_OVER = sorted(set(State) - UNSENT)


class KilledError(Exception):
    """The process died."""


class Paused:
    """A database with requests that wait, and what a pause does to them."""

    def __init__(self, database: Database, build: Callable[..., Request]) -> None:
        self.database, self._build = database, build
        self.jobs: list[Job] = []
        self.store = RequestStore(database, lambda _connection, _job: None, Keys(database))
        self.pause = Pause(database, lambda _connection, job: self.jobs.append(job))
        self.audit = AuditLog(database)

    def add(self, request_id: str, state: State = State.SCHEDULED, **values: Any) -> str:
        self.store.add(self._build(request_id=request_id, state=state, **values), [])
        return request_id

    def stuck(self, *request_ids: str) -> list[Stuck]:
        return [self.store.load(one).stuck for one in request_ids]

    def lines(self, request_id: str) -> list[tuple[str, str]]:
        lines = sa.select(history).where(history.c.request_id == request_id)
        with self.database.connect() as connection:
            rows = connection.execute(lines.order_by(history.c.line_id)).all()
        return [(row.event, row.detail) for row in rows if row.event != Event.ASKED]


@pytest.fixture
def paused(
    database_url: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> Paused:
    return Paused(connect(database_url), a_request)


@pytest.fixture
def quick(database: Database, a_request: Callable[..., Request]) -> Paused:
    """Do the same on SQLite alone, for what doesn't depend on the SQL."""
    return Paused(database, a_request)


def test_another_reason_replaces_the_first_one_but_not_since_when(paused: Paused) -> None:
    other = ByWhom("U0ANN", "Ann", LEO.at + timedelta(hours=1), "Wrong prices")
    assert not paused.pause.replace(other, TEAM)
    paused.pause.begin(LEO, TEAM)
    assert paused.pause.replace(other, TEAM)
    assert paused.pause.read() == replace(other, at=LEO.at)
    actions = [(one.action, one.user_id) for one in paused.audit.entries() if not one.request_id]
    assert actions == [(Action.PAUSED, "U0LEO"), (Action.PAUSED, "U0ANN")]


def test_every_card_that_shows_the_pause_is_drawn_again_once(paused: Paused) -> None:
    shown = [paused.add(f"V{number:03}", stuck=Stuck.PAUSED) for number in range(60)]
    paused.add("W1")
    paused.add("W2", State.DELIVERED, stuck=Stuck.PAUSED)
    with paused.database.transaction() as connection:
        connection.execute(sa.update(requests).values(card_ts="1.1", card_state="as it was"))
    paused.add("W3", stuck=Stuck.PAUSED)  # has no card yet
    paused.pause.draw_again()
    assert sorted(job.request_id for job in paused.jobs) == shown
    states = {one: paused.store.load(one).card_state for one in (*shown, "W1", "W2")}
    assert {one for one in states if not states[one]} == set(shown)


def test_what_is_due_within_a_minute_is_counted_but_not_what_awaits_an_end(paused: Paused) -> None:
    now = datetime.now(UTC)
    for number, seconds in enumerate((-3600, 30, 90)):
        paused.add(f"V{number}", send_at=now + timedelta(seconds=seconds))
    paused.add("V4", State.CHECKING)
    for number, state in enumerate((State.UNAPPROVED, *SENT_OR_OVER)):
        paused.add(f"W{number}", state)
    assert paused.pause.count_due() == 3
    until = now + timedelta(hours=24)
    for stuck in (Stuck.CONVERSATION, Stuck.PAUSED):  # until its conversation has ended
        paused.add(f"X{stuck}", stuck=stuck, after_conversation=until, open_conversation_id="c")
    assert paused.pause.count_due() == 3


def test_a_pause_says_who_began_it_when_and_why_and_is_in_the_audit_log(paused: Paused) -> None:
    assert paused.pause.read() is None
    assert paused.pause.begin(LEO, TEAM)
    assert not paused.pause.begin(replace(LEO, user_id="U0ANN"), TEAM)  # the first one counts
    assert paused.pause.read() == LEO
    assert paused.pause.end("U0ANN", TEAM)
    assert not paused.pause.end("U0ANN", TEAM)
    assert paused.pause.read() is None
    told = [(one.action, one.user_id, one.team_id) for one in paused.audit.entries()]
    assert told == [("paused", "U0LEO", TEAM), ("resumed", "U0ANN", TEAM)]


def test_of_two_leads_who_resume_at_the_same_moment_one_does(paused: Paused) -> None:
    paused.pause.begin(LEO, TEAM)
    barrier = Barrier(2)

    def end(user_id: str) -> bool:
        barrier.wait()
        return paused.pause.end(user_id, TEAM)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(end, ["U0LEO", "U0ANN"])) == [False, True]


def test_every_message_that_waits_says_so_and_goes_on_after_the_end(paused: Paused) -> None:
    waiting = [paused.add(f"V{state}", state) for state in sorted(UNSENT)]
    paused.pause.begin(LEO, TEAM)
    paused.pause.mark_all()
    assert paused.stuck(*waiting) == [Stuck.PAUSED] * len(waiting)
    assert Counter(paused.jobs) == Counter(map(publish, waiting))
    paused.jobs.clear()
    paused.pause.mark_all()  # again, as another process does
    assert paused.jobs == []
    paused.pause.end("U0LEO", TEAM)
    paused.pause.mark_all()
    assert paused.stuck(*waiting) == [Stuck.NO] * len(waiting)
    on = [deliver("Vchecking"), deliver("Vscheduled")]  # the other waits for an approval
    assert Counter(paused.jobs) == Counter([*map(publish, waiting), *on])
    said = (Event.PAUSED, "Leo Lead: a bad template")
    assert paused.lines("Vscheduled") == [said, (Event.RESUMED, "")]


def test_without_a_reason_the_line_says_who_paused(quick: Paused) -> None:
    quick.add("V1")
    quick.pause.begin(replace(LEO, reason=""), TEAM)
    quick.pause.mark_all()
    assert quick.lines("V1") == [(Event.PAUSED, "Leo Lead paused it.")]


@pytest.mark.parametrize("state", SENT_OR_OVER)
def test_what_went_out_or_is_over_is_not_marked(quick: Paused, state: State) -> None:
    quick.add("V1", state)
    quick.pause.begin(LEO, TEAM)
    quick.pause.mark_all()
    quick.pause.hold("V1")
    assert (quick.stuck("V1"), quick.jobs, quick.lines("V1")) == ([Stuck.NO], [], [])


@pytest.mark.parametrize("over", [State.CANCELLED, State.REFUSED, State.EXPIRED])
def test_what_ends_during_a_pause_waits_for_nothing_any_more(quick: Paused, over: State) -> None:
    quick.add("V1")
    quick.pause.begin(LEO, TEAM)
    quick.pause.mark_all()
    assert quick.store.move("V1", over, Event.CANCELLED)
    assert quick.stuck("V1") == [Stuck.NO]
    assert quick.store.load("V1").state_to_show == over.value


def test_though_a_process_dies_in_the_middle_another_marks_and_resumes_the_rest(
    paused: Paused, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    ids = [paused.add(f"V{n}", created_at=NOW + timedelta(seconds=n)) for n in range(5)]

    def die_at(last: str) -> Pause:
        def enqueue(_connection: sa.Connection, job: Job) -> None:
            if job.request_id == last:
                raise KilledError

        return Pause(paused.database, enqueue)

    paused.pause.begin(LEO, TEAM)
    with pytest.raises(KilledError):
        die_at("V3").mark_all()
    assert paused.stuck(*ids) == [*[Stuck.PAUSED] * 2, *[Stuck.NO] * 3]
    paused.pause.mark_all()
    assert paused.stuck(*ids) == [Stuck.PAUSED] * 5
    paused.pause.end("U0LEO", TEAM)
    with pytest.raises(KilledError):
        die_at("V2").mark_all()
    assert paused.stuck(*ids) == [*[Stuck.NO] * 2, *[Stuck.PAUSED] * 3]
    paused.jobs.clear()
    paused.pause.mark_all()
    assert paused.stuck(*ids) == [Stuck.NO] * 5
    rest = [do(one) for one in ids[2:] for do in (publish, deliver)]
    assert Counter(paused.jobs) == Counter(rest)


def test_though_some_change_meanwhile_all_the_rest_are_marked(
    postgresql: str,
    connect: Callable[[str], Database],
    a_request: Callable[..., Request],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of the first batch is cancelled while the batch waits for its row."""
    monkeypatch.setattr(module, "_BATCH", 2)
    paused = Paused(connect(postgresql), a_request)
    ids = [paused.add(f"V{n}", created_at=NOW + timedelta(seconds=n)) for n in range(4)]
    paused.pause.begin(LEO, TEAM)
    cancelled, marking = Signal(), Signal()

    def enqueue(_connection: sa.Connection, _job: Job) -> None:
        cancelled.set()
        assert marking.wait(10)

    slow = RequestStore(paused.database, enqueue, Keys(paused.database))
    with ThreadPoolExecutor(2) as pool:
        moved = pool.submit(slow.move, "V0", State.CANCELLED, Event.CANCELLED, jobs=[publish("V0")])
        assert cancelled.wait(10)
        marked = pool.submit(paused.pause.mark_all)
        marking.set()
        assert moved.result()
        marked.result()
    assert paused.stuck(*ids) == [Stuck.NO, *[Stuck.PAUSED] * 3]


def test_a_message_that_meets_the_pause_is_held_once(paused: Paused) -> None:
    paused.add("V1")
    paused.pause.begin(LEO, TEAM)
    paused.pause.hold("V1")
    paused.pause.hold("V1")
    assert paused.stuck("V1") == [Stuck.PAUSED]
    assert paused.jobs == [publish("V1")]
    assert [event for event, _ in paused.lines("V1")] == [Event.PAUSED]


def test_a_message_that_meets_the_pause_when_it_has_just_ended_goes_on(paused: Paused) -> None:
    paused.add("V1")
    paused.pause.hold("V1")
    assert (paused.stuck("V1"), paused.jobs) == ([Stuck.NO], [deliver("V1")])


def test_no_message_is_left_behind_when_it_is_held_while_the_pause_ends(paused: Paused) -> None:
    """Whichever comes first, it's delivered after the end."""
    for number in range(8):
        id_ = paused.add(f"V{number}")
        paused.pause.begin(LEO, TEAM)
        paused.jobs.clear()
        barrier = Barrier(2)

        def hold(id_: str = id_, barrier: Barrier = barrier) -> None:
            barrier.wait()
            paused.pause.hold(id_)

        def end(barrier: Barrier = barrier) -> None:
            barrier.wait()
            paused.pause.end("U0LEO", TEAM)
            paused.pause.mark_all()

        with ThreadPoolExecutor(2) as pool:
            for task in (pool.submit(hold), pool.submit(end)):
                task.result()
        assert deliver(id_) in paused.jobs
        assert paused.stuck(id_) == [Stuck.NO]


def test_the_end_of_a_pause_waits_for_those_who_mark(
    postgresql: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> None:
    """Otherwise it would find nothing to resume, and the request would wait on."""
    paused = Paused(connect(postgresql), a_request)
    paused.add("V1")
    paused.pause.begin(LEO, TEAM)
    inside, go_on = Signal(), Signal()

    def enqueue(_connection: sa.Connection, _job: Job) -> None:
        inside.set()
        assert go_on.wait(10)

    def end() -> None:
        paused.pause.end("U0LEO", TEAM)
        paused.pause.mark_all()

    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(Pause(paused.database, enqueue).hold, "V1")
        assert inside.wait(10)
        ended = pool.submit(end)
        with pytest.raises(TimeoutError):
            ended.result(0.2)
        go_on.set()
        held.result()
        ended.result()
    assert paused.jobs == [publish("V1"), deliver("V1")]
    assert paused.stuck("V1") == [Stuck.NO]
