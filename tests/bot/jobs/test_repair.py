"""A request that has lost its job gets a new one, and no other request does.

The queue is the real one, on a SQLite file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.job import Job, deliver, publish, reconcile
from bot.jobs import repair as module
from bot.jobs.repair import KEPT_HEARTBEATS, KEPT_JOBS, STALLED_AFTER, Repair
from bot.request import Event, Request, Stuck
from bot.state import State
from bot.storage.database import insert_new, seconds_now
from bot.storage.erasure import Erasure
from bot.storage.facts import ByWhom
from bot.storage.history import NOT_SHOWN
from bot.storage.keys import Keys
from bot.storage.tables import history, workers
from tests.conftest import wait_until

from .conftest import Team

REQUEST = "V0123456789"
UNSENT = (State.CHECKING, State.SCHEDULED, State.SENDING)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
HOUR = 3600.0
LATER = STALLED_AFTER + SECOND


@pytest.fixture
def repair(team: Team) -> Repair:
    return Repair(team.database, team.store, team.queue, team.pause)


@pytest.fixture
def add(team: Team, a_request: Callable[..., Request]) -> Callable[..., None]:
    """Store a request in a state, as of just now. No thread shows its first line anyway."""

    def add(state: State, **values: object) -> None:
        team.store.add(a_request(state=state, created_at=datetime.now(UTC), **values), [])

    return add


def look(repair: Repair, later: timedelta = LATER) -> int:
    """Repair as if so much time had passed."""
    return repair.repair(datetime.now(UTC) + later)


def lose(team: Team, job: Job) -> None:
    """Let a job end in an error that nobody foresaw."""

    def fail(_job: Job) -> None:
        raise ValueError("nobody foresaw this")

    team.does[job.request_id] = fail
    team.enqueue(job)
    team.wait_until_idle()
    team.does.clear()
    team.begun.clear()


@pytest.mark.parametrize("state", UNSENT)
def test_an_unsent_request_whose_job_ended_in_an_error_goes_on(
    state: State, team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(state)
    lose(team, deliver(REQUEST))
    assert look(repair) == 1
    team.wait_until_idle()
    assert team.begun == [deliver(REQUEST)]


def test_a_request_that_was_repaired_once_is_repaired_again(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.CHECKING)
    for _ in range(2):
        lose(team, deliver(REQUEST))
        assert look(repair) == 1
        team.wait_until_idle()
        assert team.begun == [deliver(REQUEST)]


def test_a_request_to_which_something_has_just_happened_is_left_alone(
    repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SENDING)
    assert look(repair, STALLED_AFTER - 5 * SECOND) == 0
    assert look(repair) == 1


def test_only_the_newest_line_counts(team: Team, repair: Repair, add: Callable[..., None]) -> None:
    add(State.SENDING)
    with team.database.transaction() as connection:
        connection.execute(sa.update(history).values(at=history.c.at - HOUR))
    team.store.add_line(REQUEST, Event.NOT_TAKEN)
    assert look(repair, timedelta()) == 0


@pytest.mark.parametrize(
    "job", [deliver(REQUEST, 240.0), reconcile(REQUEST, 1, 24 * HOUR)], ids=lambda job: job.kind
)
@pytest.mark.parametrize("state", UNSENT)
def test_a_request_whose_job_waits_is_left_alone(
    state: State, job: Job, team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(state)
    team.enqueue(job)
    assert look(repair) == 0
    assert len(team.stored()) == 1


def test_a_request_whose_job_runs_is_left_alone(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SENDING)
    team.does[REQUEST] = team.wait_at_the_gate
    team.enqueue(deliver(REQUEST))
    team.wait_for(lambda: team.begun, "it runs")
    assert look(repair) == 0
    assert len(team.stored()) == 1


def test_a_publish_job_delivers_nothing(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SENDING)
    team.enqueue(Job(publish(REQUEST).kind, REQUEST, delay=60.0))
    assert look(repair) == 1


def test_another_requests_job_does_not_count(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.CHECKING)
    team.enqueue(deliver(f"{REQUEST}0", HOUR))
    assert look(repair) == 1


def test_a_request_that_dbos_has_set_aside_goes_on(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    """DBOS gives up a job whose process died again and again."""
    add(State.SENDING)
    team.enqueue(deliver(REQUEST, HOUR))
    team.write("UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'")
    assert look(repair) == 1
    team.wait_until_idle()
    assert team.names_begun() == [REQUEST]


def test_a_planned_request_is_missed_only_after_its_time(
    repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SCHEDULED, send_at=datetime.now(UTC) + DAY)
    assert look(repair) == 0
    assert look(repair, DAY) == 0
    assert look(repair, DAY + LATER) == 1


@pytest.mark.parametrize("state", [state for state in State if state not in UNSENT])
def test_a_request_that_has_gone_or_will_not_go_is_not_delivered(
    state: State, repair: Repair, add: Callable[..., None]
) -> None:
    add(state)
    assert look(repair) == 0


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REPLIED, State.CANCELLED])
def test_a_line_that_no_thread_shows_is_shown(
    state: State, team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(state)
    team.store.add_line(REQUEST, Event.ACCEPTED)
    lose(team, publish(REQUEST))
    assert look(repair, timedelta()) == 0  # not yet: it's quite new
    assert look(repair) == 1
    team.wait_until_idle()
    assert team.begun == [publish(REQUEST)]


def test_a_request_that_the_command_has_just_erased_is_shown_with_the_next_look(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SCHEDULED)
    erasure = Erasure(team.database, lambda _connection, _job: None, Keys(team.database))
    ended = erasure.erase(REQUEST)
    assert ended and ended.was_unsent
    assert look(repair, timedelta()) == 1
    team.wait_until_idle()
    assert team.begun == [publish(REQUEST)]


def test_a_request_with_several_lines_that_no_thread_shows_gets_one_job(
    repair: Repair, team: Team, add: Callable[..., None]
) -> None:
    add(State.REPLIED)
    for event in (Event.ACCEPTED, Event.DELIVERED, Event.REPLIED):
        team.store.add_line(REQUEST, event)
    assert look(repair) == 1


def test_an_unsent_request_with_a_line_that_no_thread_shows_gets_both_jobs(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SCHEDULED)
    team.store.add_line(REQUEST, Event.FOUND)
    assert look(repair) == 2
    team.wait_until_idle()
    assert sorted(team.begun, key=lambda job: job.kind) == [deliver(REQUEST), publish(REQUEST)]


@pytest.mark.parametrize("shown", ["1.5", NOT_SHOWN])
def test_a_line_that_is_shown_or_is_not_meant_to_be_is_left_alone(
    shown: str, team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.ACCEPTED)
    team.store.add_line(REQUEST, Event.ACCEPTED)
    with team.database.transaction() as connection:
        connection.execute(sa.update(history).values(posted_ts=shown))
    assert look(repair) == 0


def test_a_line_that_is_about_to_be_shown_is_left_alone(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.ACCEPTED)
    team.store.add_line(REQUEST, Event.ACCEPTED)
    team.does[REQUEST] = team.wait_at_the_gate
    team.enqueue(publish(REQUEST))
    assert look(repair) == 0


def test_a_line_that_could_not_be_shown_for_days_is_not_given_up(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.ACCEPTED)
    team.store.add_line(REQUEST, Event.ACCEPTED)
    assert look(repair, 30 * DAY) == 1


BACK = timedelta(days=3)  # by so much the clock was set back since


@pytest.mark.parametrize(
    "job", [deliver(REQUEST, 10.0), reconcile(REQUEST, 1, 60.0)], ids=lambda job: job.kind
)
@pytest.mark.parametrize("state", UNSENT)
def test_a_request_that_waits_goes_on_after_the_clock_was_set_back(
    state: State, job: Job, team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    """Its next job is due only when the clock has caught up."""
    add(state)
    team.enqueue(job)
    assert look(repair, -BACK) == 1
    team.wait_for(lambda: team.begun, "it goes on")
    assert team.begun == [deliver(REQUEST)]


def test_a_line_is_shown_after_the_clock_was_set_back(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.ACCEPTED)
    team.store.add_line(REQUEST, Event.ACCEPTED)
    assert look(repair, -BACK) == 1


def test_a_planned_request_keeps_its_time_after_the_clock_was_set_back(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    add(State.SCHEDULED, send_at=datetime.now(UTC) + DAY)
    team.enqueue(deliver(REQUEST, DAY.total_seconds()))
    assert look(repair, -BACK) == 0


def test_it_looks_by_itself_also_after_the_database_was_away(
    team: Team, add: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(State.CHECKING)
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(module, "STALLED_AFTER", timedelta())
    list_unfinished, looks = team.queue.list_unfinished, list[int]()

    def away_at_first() -> object:
        looks.append(1)
        if len(looks) == 1:
            raise sa.exc.OperationalError("", None, Exception("away"))
        return list_unfinished()

    monkeypatch.setattr(team.queue, "list_unfinished", away_at_first)
    repair = Repair(team.database, team.store, team.queue, team.pause)
    repair.start()
    try:
        team.wait_for(lambda: team.begun, "it's repaired")
    finally:
        repair.stop()
    assert len(looks) > 1


def test_what_is_no_longer_needed_is_deleted_in_batches(
    team: Team, repair: Repair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 2)
    team.enqueue(*(publish(f"r{number}") for number in range(5)), deliver("later", HOUR))
    wait_until(lambda: len(team.queue.list_unfinished()) == 1, "five have ended")
    now = datetime.now(UTC)
    repair.clean_up(now + KEPT_JOBS - 60 * SECOND)
    assert len(team.stored()) == 6
    repair.clean_up(now + KEPT_JOBS + 60 * SECOND)
    assert team.stored() == [("deliver", "DELAYED", ["later", 0, 0])]


def test_old_heartbeats_are_deleted(team: Team, repair: Repair) -> None:
    kept = KEPT_HEARTBEATS.total_seconds()
    with team.database.transaction() as connection:
        for worker_id, ago in (("old", kept + 60.0), ("new", kept - 60.0)):
            at = seconds_now(team.database) - ago
            insert_new(connection, workers, {"worker_id": worker_id, "beat_at": at})
    repair.clean_up(datetime.now(UTC))
    assert team.rows("SELECT worker_id FROM workers") == [("new",)]


@pytest.fixture
def left_behind(team: Team) -> Iterator[list[str]]:
    """Leave a job on a queue of release 0.1; return its id."""
    team.enqueue(deliver("old", HOUR))
    team.write("UPDATE workflow_status SET queue_name = 'delivery', application_version = '1'")
    yield team.queue.list_jobs_of_0_1()


def test_jobs_of_release_0_1_are_replaced_at_the_start(
    team: Team, add: Callable[..., None], left_behind: list[str]
) -> None:
    assert len(left_behind) == 1
    add(State.CHECKING)
    add(State.SCHEDULED, request_id="planned", send_at=datetime.now(UTC) + DAY)
    add(State.UNCERTAIN, request_id="uncertain")
    add(State.REPLIED, request_id="with news")
    team.store.add_line("with news", Event.REPLIED)
    repair = Repair(team.database, team.store, team.queue, team.pause)
    repair.start()
    repair.stop()
    team.wait_until_idle()
    assert sorted(team.begun, key=lambda job: job.request_id) == [
        deliver(REQUEST),
        deliver("planned"),
        publish("with news"),
    ]
    assert team.queue.list_jobs_of_0_1() == []
    assert [name for name, state, args in team.stored() if args[0] == "old"] == []


def test_nothing_is_repaired_at_the_start_of_a_bot_that_was_up_to_date(
    team: Team, add: Callable[..., None]
) -> None:
    add(State.CHECKING)
    repair = Repair(team.database, team.store, team.queue, team.pause)
    repair.start()
    repair.stop()
    assert team.stored() == []


def test_what_waits_for_the_end_of_a_pause_has_lost_nothing_until_its_deadline(
    team: Team, repair: Repair, add: Callable[..., None]
) -> None:
    deadline = datetime.now(UTC) + DAY
    add(State.SCHEDULED, stuck=Stuck.PAUSED, send_before=deadline)
    assert look(repair) == 0
    assert look(repair, DAY - SECOND) == 0
    assert look(repair, DAY + LATER) == 1  # so that it expires, and its card says so
    team.wait_until_idle()
    assert team.begun == [deliver(REQUEST)]


@pytest.mark.parametrize("is_over", [False, True])
def test_what_a_process_left_unmarked_when_it_died_is_marked_and_goes_on(
    team: Team, add: Callable[..., None], monkeypatch: pytest.MonkeyPatch, *, is_over: bool
) -> None:
    add(State.SCHEDULED, stuck=Stuck.PAUSED if is_over else Stuck.NO)
    if not is_over:
        team.pause.begin(ByWhom("U0LEO", "Leo Lead", datetime.now(UTC), ""), "T0TEAM")
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.05)
    repair = Repair(team.database, team.store, team.queue, team.pause)
    repair.start()
    try:
        wanted = [publish(REQUEST), *([deliver(REQUEST)] if is_over else [])]
        team.wait_for(lambda: len(team.begun) == len(wanted), "it's marked")
    finally:
        repair.stop()
    assert team.begun == wanted
    assert team.store.load(REQUEST).stuck is (Stuck.NO if is_over else Stuck.PAUSED)
    team.pause.end("U0LEO", "T0TEAM")
