"""One rate for all processes, on both databases."""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_right
from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.storage.rate_limit import SharedBudget
from genesys import Priority, RateBudgetExhausted

from .conftest import Program, wait_until

pytestmark = pytest.mark.slow

Start = Callable[..., Program]
Connect = Callable[[str], sa.Engine]
INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND
LIMIT, PERIOD = 100, 2.0


def most_in_a_period(moments: list[float], period: float) -> int:
    return max(bisect_right(moments, moment + period) - i for i, moment in enumerate(moments))


def call_from(programs: list[Program], seconds: float) -> list[list[float]]:
    """Let the programs call all at the same time; return the moments of each one's grants."""
    for program in programs:
        assert program.hear() == "ready"
    for program in programs:
        program.tell("go")
    first = [float(program.hear()) for program in programs]
    time.sleep(seconds)  # the load itself, not a wait for something
    rest = [[float(line) for line in program.finish().split()] for program in programs]
    return [[one, *more] for one, more in zip(first, rest, strict=True)]


@pytest.mark.parametrize("priority", Priority)
def test_three_processes_together_keep_the_limit(
    postgresql: str, start: Start, priority: Priority
) -> None:
    programs = [start("caller.py", postgresql, LIMIT, PERIOD, priority, 4) for _ in range(3)]
    granted = call_from(programs, 2 * PERIOD)
    moments = sorted(moment for one in granted for moment in one)
    assert most_in_a_period(moments, PERIOD) <= LIMIT
    assert all(len(one) > 10 for one in granted)  # nobody is left out


def test_three_processes_together_use_the_limit(
    database_url: str, database: sa.Engine, start: Start
) -> None:
    limit = 49  # so small a one has no burst: what counts is the rate, once all have begun
    programs = [start("caller.py", database_url, limit, PERIOD, INTERACTIVE, 8) for _ in range(3)]
    moments = sorted(moment for one in call_from(programs, 4 * PERIOD) for moment in one)
    assert most_in_a_period(moments, PERIOD) <= limit
    begun = moments[0] + PERIOD
    used = [moment for moment in moments if begun <= moment < begun + 3 * PERIOD]
    assert len(used) >= 3 * limit * 0.95
    with database.connect() as connection:  # although all three began on an empty database
        assert connection.execute(sa.text("SELECT count(*) FROM rate_budget")).scalar() == 1


class NotingBudget(SharedBudget):
    """Knows when it asked and for when it was granted, by the database's clock."""

    asked = granted = 0.0

    def _book(self, priority: Priority, give_up: float) -> tuple[float, float]:
        wait, pushed = super()._book(priority, give_up)
        assert self._known is not None
        self.asked, self.granted = self._known.seen, self._known.seen + wait
        return wait, pushed


def test_a_person_goes_before_any_work_in_the_background(
    database_url: str, database: sa.Engine, start: Start
) -> None:
    crowd = start("caller.py", database_url, 30, PERIOD, BACKGROUND, 8)
    budget = NotingBudget(database, 30, period=PERIOD)
    assert crowd.hear() == "ready"
    crowd.tell("go")
    assert crowd.hear()
    waited = []
    for _ in range(10):
        budget.acquire(INTERACTIVE, patience=PERIOD)
        waited.append((budget.asked, budget.granted))
    background = [float(line) for line in crowd.finish().split()]
    assert sum(granted > asked for asked, granted in waited) > 1  # there was a crowd to pass
    for asked, granted in waited:
        assert not any(asked < moment < granted for moment in background)


def test_a_wait_beyond_the_patience_is_refused_at_once(database: sa.Engine) -> None:
    budget = SharedBudget(database, 10, period=60.0)
    for priority in Priority:
        budget.acquire(priority, patience=60.0 if priority is BACKGROUND else 1.0)
        began = time.monotonic()
        with pytest.raises(RateBudgetExhausted) as refusal:
            budget.acquire(priority, patience=1.0)
        assert time.monotonic() - began < 0.9
        assert 1.0 < refusal.value.retry_after <= 60.0
        if priority is INTERACTIVE:
            return


def test_a_pause_stops_everybody_also_those_who_wait_already(
    database_url: str, connect: Connect
) -> None:
    budgets = [SharedBudget(connect(database_url), 100, period=PERIOD) for _ in range(2)]
    for _ in range(10):
        budgets[0].acquire(INTERACTIVE, patience=PERIOD)
    granted: list[float] = []

    def call(budget: SharedBudget, priority: Priority) -> None:
        budget.acquire(priority, patience=10.0)
        granted.append(time.monotonic())

    waiting = [
        threading.Thread(target=call, args=[budget, priority])
        for budget in budgets
        for priority in Priority
    ]
    budgets[1].pause(0.5)
    resumes = time.monotonic() + 0.5
    for thread in waiting:
        thread.start()
    wait_until(lambda: _booked_ahead(budgets[0]) > 0, "somebody waits")
    budgets[1].pause(1.0)  # another 429, while they wait
    resumes = time.monotonic() + 1.0
    for thread in waiting:
        thread.join()
    assert len(granted) == 4
    assert min(granted) >= resumes - 0.05


def _booked_ahead(budget: SharedBudget) -> float:
    with budget._locked() as (_, marks):
        return marks.due - marks.seen


def test_what_genesys_says_in_one_process_holds_in_all(database_url: str, connect: Connect) -> None:
    first, second = (SharedBudget(connect(database_url), 300, period=PERIOD) for _ in range(2))
    first.acquire(INTERACTIVE, patience=1.0)
    first.learn(allowed=300, count=300, reset_seconds=1.0)
    began = time.monotonic()
    second.acquire(INTERACTIVE, patience=5.0)
    assert time.monotonic() - began >= 0.9


def test_an_answer_without_news_costs_no_transaction(database: sa.Engine) -> None:
    budget = SharedBudget(database, 300)
    budget.learn(allowed=300, count=0, reset_seconds=60.0)
    budget.acquire(INTERACTIVE, patience=1.0)
    asked: list[str] = []
    sa.event.listen(database, "before_cursor_execute", lambda *a: asked.append(a[2]))
    budget.learn(allowed=300, count=1, reset_seconds=60.0)
    assert not asked
    budget.learn(allowed=300, count=200, reset_seconds=60.0)
    assert asked


def test_a_locked_database_is_waited_for_within_the_patience(
    sqlite: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    database = connect(sqlite)
    budget = SharedBudget(database, 300)
    with connect(sqlite).begin() as other, caplog.at_level(logging.WARNING):
        other.execute(sa.text("UPDATE rate_budget SET remaining = remaining"))
        with pytest.raises(RateBudgetExhausted) as refusal:
            budget.acquire(INTERACTIVE, patience=0.2)
        assert 0 < refusal.value.retry_after < 5
        done = threading.Event()

        def call() -> None:
            budget.acquire(INTERACTIVE, patience=10.0)
            done.set()

        caller = threading.Thread(target=call)
        caller.start()
    caller.join()
    assert done.is_set()
    assert "OperationalError" in caplog.text
