"""Processes may start together on an empty database, and share its jobs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Records, Worker, wait_until


@pytest.fixture(params=["sqlite", "empty_postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """Return the URL of a database without any table of the job queue."""
    return str(request.getfixturevalue(request.param))


def test_processes_may_start_together_on_an_empty_database(
    records: Records, start_worker: Callable[[], Worker]
) -> None:
    workers = [start_worker() for _ in range(3)]
    assert len({worker.worker_id for worker in workers}) == 3
    records.open_the_gate()
    names = [f"r{number}" for number in range(9)]
    for number, name in enumerate(names):
        workers[number % 3].enqueue(name)
    wait_until(lambda: len(records.rows("ended")) == len(names), "the jobs are done")
    assert [name for name, _ in records.rows("begun")] == names
    assert [name for name, _ in records.rows("sent")] == names


def test_two_jobs_of_one_request_run_one_after_the_other_in_whichever_process(
    records: Records, start_worker: Callable[[], Worker]
) -> None:
    workers = [start_worker() for _ in range(2)]
    for worker in workers:
        assert worker.worker_id
        worker.enqueue("r1", "r1")
    wait_until(lambda: records.rows("begun"), "one begins")
    workers[0].enqueue("r2")
    wait_until(lambda: len(records.rows("begun")) == 2, "another request's begins meanwhile")
    assert [name for name, _ in records.rows("begun")] == ["r1", "r2"]
    records.open_the_gate()
    wait_until(lambda: len(records.rows("ended")) == 5, "all are done")
    assert len(records.rows("begun")) == 5
