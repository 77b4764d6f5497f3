"""Jobs of a process that's gone go on in another one; those of a living one stay with it."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from tests.conftest import PostgreSQL

from .conftest import PATIENCE, Records, Worker, start_busy, wait_until
from .worker import PLACES

StartWorker = Callable[[], Worker]
MINE = tuple(f"mine{number}" for number in range(PLACES))  # as many as one process takes


def test_jobs_of_a_killed_process_are_finished_by_one_of_the_others(
    records: Records, start_worker: StartWorker
) -> None:
    dead = start_busy(start_worker, records, "r1", "r2", "r3")
    rivals = [start_worker() for _ in range(2)]
    assert all(rival.worker_id for rival in rivals)
    dead.kill()
    wait_until(lambda: len(records.rows("begun")) == 6, "the jobs have begun again")
    records.open_the_gate()
    wait_until(lambda: len(records.rows("ended")) == 3, "the jobs are done")
    assert [name for name, _ in records.rows("ended")] == ["r1", "r2", "r3"]
    assert records.rows("sent") == records.rows("ended")
    assert {pid for _, pid in records.rows("ended")} <= {rival.pid for rival in rivals}
    assert len(records.rows("begun")) == 6


def test_jobs_of_a_killed_process_are_finished_by_the_next_one_that_starts(
    records: Records, start_worker: StartWorker
) -> None:
    dead = start_busy(start_worker, records, "r1", "r2")
    dead.kill()
    records.open_the_gate()
    new = start_worker()
    wait_until(lambda: len(records.rows("ended")) == 2, "the jobs are done")
    assert records.rows("sent") == [("r1", new.pid), ("r2", new.pid)]


def test_jobs_of_a_stopped_process_are_finished_by_another(
    records: Records, start_worker: StartWorker
) -> None:
    stopped = start_busy(start_worker, records, "r1")
    other = start_worker()
    assert other.worker_id
    stopped.stop()
    records.open_the_gate()
    wait_until(lambda: records.rows("ended"), "the job is done")
    assert records.rows("ended") == records.rows("sent") == [("r1", other.pid)]


def test_jobs_of_a_living_process_are_never_taken(
    records: Records, start_worker: StartWorker
) -> None:
    mine = start_busy(start_worker, records, *MINE)
    dead = start_busy(start_worker, records, "theirs")
    other = start_worker()
    assert other.worker_id
    dead.kill()
    # By the time somebody takes the dead one's job, all have looked at each other as often.
    wait_until(lambda: records.begun_by(other) == ["theirs"], "the dead one's job is taken")
    assert {records.jobs()[name] for name in MINE} == {("PENDING", mine.worker_id)}
    records.open_the_gate()
    wait_until(lambda: len(records.rows("ended")) == len(MINE) + 1, "all jobs are done")
    expected = [(name, mine.pid) for name in MINE] + [("theirs", other.pid)]
    assert records.rows("ended") == records.rows("sent") == expected
    assert records.begun_by(mine) == list(MINE)


def test_a_process_that_was_frozen_during_the_take_over_sends_nothing_twice(
    records: Records, start_worker: StartWorker
) -> None:
    frozen = start_busy(start_worker, records, "r1")
    other = start_worker()
    assert other.worker_id
    records.freeze(frozen)
    wait_until(lambda: records.begun_by(other) == ["r1"], "the job has begun again")
    frozen.thaw()  # now both are at it
    records.open_the_gate()
    wait_until(lambda: len(records.rows("ended")) == 2, "both have finished")
    assert sorted(pid for _, pid in records.rows("ended")) == sorted([frozen.pid, other.pid])
    assert len(records.rows("sent")) == 1
    done = {"r1": ("SUCCESS", other.worker_id)}
    wait_until(lambda: records.jobs() == done, "the queue knows that the successor did it")


def test_a_process_that_wakes_up_after_its_job_was_done_sends_nothing_and_works_on(
    records: Records, start_worker: StartWorker
) -> None:
    frozen = start_busy(start_worker, records, "r1")
    other = start_worker()
    assert other.worker_id
    records.freeze(frozen)
    records.open_the_gate()
    wait_until(lambda: records.rows("sent"), "the other one sends")
    frozen.thaw()
    wait_until(lambda: ("r1", frozen.pid) in records.rows("ended"), "it wakes up and goes on")
    assert records.rows("sent") == [("r1", other.pid)]
    other.kill()
    frozen.enqueue("r2")
    done = ("SUCCESS", frozen.worker_id)
    wait_until(lambda: records.jobs().get("r2") == done, "it does its next job")
    assert ("r2", frozen.pid) in records.rows("sent")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_living_process_keeps_its_jobs_when_the_database_restarts(
    records: Records, start_worker: StartWorker, server: PostgreSQL
) -> None:
    mine = start_busy(start_worker, records, *MINE)
    dead = start_busy(start_worker, records, "theirs")
    other = start_worker()
    assert other.worker_id
    dead.kill()
    server.stop(signal.SIGQUIT)  # all connections are cut
    server.start()
    wait_until(lambda: begun_after_the_restart(records, other), "the dead one's job is taken")
    assert {records.jobs()[name] for name in MINE} == {("PENDING", mine.worker_id)}
    records.open_the_gate()
    wait_until(
        lambda: len(records.rows("ended")) == len(MINE) + 1, "all jobs are done", 2 * PATIENCE
    )
    expected = [(name, mine.pid) for name in MINE] + [("theirs", other.pid)]
    assert records.rows("ended") == records.rows("sent") == expected
    assert mine.is_alive()


def begun_after_the_restart(records: Records, worker: Worker) -> bool:
    try:
        return bool(records.begun_by(worker))
    except sa.exc.OperationalError:
        return False
