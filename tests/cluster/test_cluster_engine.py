"""The engine on both databases: who begins what, in which order, and what is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.jobs.queue import KNOWN_DBOS, Engine, Queue, Work
from bot.slot import take_slot

from .conftest import Ledger, Program, busy, wait_until

pytestmark = pytest.mark.slow

AT_ONCE = 8  # pieces of work that one process does at the same time


def test_processes_may_start_together_on_an_empty_database(
    ledger: Ledger, worker: Callable[[float], Program]
) -> None:
    programs = [worker(1.0) for _ in range(3)]
    assert sorted(program.hear() for program in programs) == ["w0", "w1", "w2"]
    ledger.open_the_gate()
    for number, program in enumerate(programs):
        program.tell(f"r{number}")
    wait_until(lambda: len(ledger.rows("ended")) == 3, "the work is done")
    assert len(ledger.rows("begun")) == 3


def test_what_waited_is_begun_in_the_order_in_which_it_was_asked_for(
    ledger: Ledger, worker: Callable[[float], Program]
) -> None:
    program = busy(worker, ledger, 1.0, *(f"full{number}" for number in range(AT_ONCE)))
    years = list(range(2027, 2051))
    for year in reversed(years):  # the newest first, as after turns of waiting in any order
        program.tell(f"since{year} {year}")
    wait_until(lambda: len(ledger.holders()) == AT_ONCE + len(years), "all of it waits")
    ledger.open_the_gate()
    wait_until(lambda: len(ledger.rows("ended")) == AT_ONCE + len(years), "all of it is done")
    dequeued = sorted(
        (at, int(name.split("since")[1][:4])) for name, at in ledger.dequeued("since")
    )
    assert [year for _, year in dequeued] == years


@pytest.fixture
def engine(database_url: str, database: sa.Engine) -> Iterator[Engine]:
    slot = take_slot(database_url, database)
    engine = Engine(database_url, database, slot.name)
    engine.register({"work": lambda _request_id, _turn: None})
    engine.launch()
    yield engine
    engine.close()
    slot.release()


def test_finished_work_is_forgotten_and_waiting_work_is_not(
    engine: Engine, database: sa.Engine
) -> None:
    def statuses() -> list[str]:
        schema = "dbos." if database.dialect.name == "postgresql" else ""
        with database.connect() as connection:
            query = f"SELECT status FROM {schema}workflow_status ORDER BY status"
            return list(connection.execute(sa.text(query)).scalars())

    works = [Work("work", Queue.DELIVERY, f"r{number}") for number in range(3)]
    later = Work("work", Queue.DELIVERY, "later", delay=3600.0)
    with database.begin() as connection:
        engine.asking(*works, later)(connection)
    wait_until(lambda: statuses() == ["DELAYED", *["SUCCESS"] * 3], "the work is done")
    now = datetime.now(UTC)
    assert engine.forget_finished(now - timedelta(days=7), most=10) == 0
    assert engine.forget_finished(now + timedelta(seconds=1), most=2) == 2
    assert engine.forget_finished(now + timedelta(seconds=1), most=2) == 1
    assert statuses() == ["DELAYED"]
    assert engine.executors() == frozenset()


def test_an_engine_whose_private_parts_nobody_has_read_is_refused(
    database_url: str, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.jobs.queue.version", lambda _: "3.5.0")
    with pytest.raises(RuntimeError, match=r"3\.4"):
        Engine(database_url, database, "w0")
    assert KNOWN_DBOS == "3.4."
