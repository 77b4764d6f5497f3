"""Work of a process that never comes back goes on in another; work of a live one stays with it."""

from __future__ import annotations

import contextlib
import fcntl
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from .conftest import PATIENCE, Ledger, PostgreSQL, Program, busy, wait_until

pytestmark = pytest.mark.slow

Worker = Callable[[float], Program]
OFTEN, SELDOM = 0.05, 0.5  # seconds between a reaper's turns
MINE = tuple(f"mine{number}" for number in range(8))  # as much as one process takes on


def test_work_of_a_process_that_never_comes_back_is_finished_by_another(
    ledger: Ledger, worker: Worker
) -> None:
    dead = busy(worker, ledger, OFTEN, "r1", "r2", "r3")
    alive = worker(OFTEN)
    assert alive.hear() == "w1"
    dead.kill()
    ledger.open_the_gate()
    wait_until(lambda: len(ledger.rows("ended")) == 3, "another process ended the work")
    pid = alive.process.pid
    assert ledger.rows("ended") == [("r1", pid), ("r2", pid), ("r3", pid)]
    assert len(ledger.rows("begun")) == 3  # a step that was done is not done again


def test_work_of_a_live_process_is_never_taken(ledger: Ledger, worker: Worker) -> None:
    mine = busy(worker, ledger, OFTEN, *MINE)
    dead = busy(worker, ledger, SELDOM, "theirs")
    other = worker(OFTEN)
    assert other.hear() == "w2"
    dead.kill()
    # By the time anybody takes the dead one's work, both looked at each other as often.
    wait_until(lambda: ledger.holders()["work:theirs:0"] != "w1", "the dead one's work is taken")
    assert {ledger.holders()[f"work:{name}:0"] for name in MINE} == {"w0"}
    ledger.open_the_gate()
    wait_until(lambda: len(ledger.rows("ended")) == 9, "all work is ended")
    assert ledger.rows("ended")[:8] == [(name, mine.process.pid) for name in MINE]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_live_process_that_lost_its_connection_keeps_its_work(
    ledger: Ledger, worker: Worker, server: PostgreSQL, database: sa.Engine
) -> None:
    mine = busy(worker, ledger, OFTEN, *MINE)
    dead = busy(worker, ledger, SELDOM, "theirs")
    other = worker(SELDOM)
    assert other.hear() == "w2"
    dead.kill()
    database.dispose()
    server.stop(signal.SIGQUIT)  # all locks are lost at once, of the living and of the dead
    server.start()
    wait_until(lambda: ledger.holders()["work:theirs:0"] != "w1", "the dead one's work is taken")
    assert {ledger.holders()[f"work:{name}:0"] for name in MINE} == {"w0"}
    ledger.open_the_gate()
    wait_until(lambda: len(ledger.rows("ended")) == 9, "all work is ended", patience=60.0)
    assert ledger.rows("ended")[:8] == [(name, mine.process.pid) for name in MINE]
    assert mine.process.poll() is None


def test_a_process_whose_slot_went_to_another_ends(
    ledger: Ledger, worker: Worker, database: sa.Engine
) -> None:
    mine = busy(worker, ledger, OFTEN, "mine")
    take_away = _take_file_away if database.dialect.name == "sqlite" else _take_connection_away
    with take_away(database):
        assert mine.process.wait(PATIENCE) == -signal.SIGTERM


@contextlib.contextmanager
def _take_file_away(database: sa.Engine) -> Iterator[None]:
    lock = Path(f"{database.url.database}.w0.lock")
    with lock.with_suffix(".new").open("wb") as new:
        fcntl.flock(new, fcntl.LOCK_EX)
        Path(new.name).replace(lock)
        yield


@contextlib.contextmanager
def _take_connection_away(database: sa.Engine) -> Iterator[None]:
    """Queue for the lock of the only slot, then cut the connection that has it."""
    with database.connect() as robber, database.connect() as witness:
        held = "SELECT pid, classid::bigint, objid::bigint FROM pg_locks WHERE locktype='advisory'"
        holder, high, low = next(
            (pid, high, low)
            for pid, high, low in witness.execute(sa.text(held))
            if pid in _slot_connections(witness)
        )
        robber.execute(sa.text("SET lock_timeout = 0"))
        key = int.from_bytes(((high << 32) | low).to_bytes(8, "big"), "big", signed=True)
        wait = sa.select(sa.func.pg_advisory_lock(key))
        waiting = threading.Thread(target=robber.execute, args=[wait])
        waiting.start()
        queued = sa.text("SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND NOT granted")
        wait_until(lambda: witness.execute(queued).scalar(), "the robber waits")
        witness.execute(sa.select(sa.func.pg_terminate_backend(holder)))
        waiting.join()
        yield


def _slot_connections(connection: sa.Connection) -> list[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'proactive slot'"
    return list(connection.execute(sa.text(query)).scalars())
