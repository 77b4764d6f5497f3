"""The rate budget, on a clock that moves only when somebody sleeps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesys import LocalBudget, Priority, RateBudgetExhausted

INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND


class Time:
    """A clock and its sleep."""

    def __init__(self) -> None:
        self.now = 1000.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def _budget(limit: int) -> tuple[LocalBudget, Time]:
    time = Time()
    return LocalBudget(limit, clock=time.clock, sleep=time.sleep), time


def _calls_without_waiting(budget: LocalBudget, priority: Priority) -> int:
    for number in range(1000):
        try:
            budget.acquire(priority, 0)
        except RateBudgetExhausted:
            return number
    raise AssertionError("no limit")


@pytest.mark.parametrize(("limit", "background"), [(300, 240), (10, 8), (5, 4), (2, 1), (1, 1)])
def test_a_share_of_the_rate_is_kept_for_interactive_calls(limit: int, background: int) -> None:
    budget, _ = _budget(limit)
    assert _calls_without_waiting(budget, BACKGROUND) == background
    assert _calls_without_waiting(budget, INTERACTIVE) == limit - background


def test_the_next_call_waits_until_the_oldest_is_a_minute_old() -> None:
    budget, time = _budget(2)
    budget.acquire(INTERACTIVE, 0)
    time.now += 10
    budget.acquire(INTERACTIVE, 0)
    budget.acquire(INTERACTIVE, 60)
    assert time.now == 1060
    budget.acquire(INTERACTIVE, 60)
    assert time.now == 1070


def test_a_wait_beyond_the_patience_is_refused_at_once() -> None:
    budget, time = _budget(1)
    budget.acquire(INTERACTIVE, 0)
    with pytest.raises(RateBudgetExhausted) as caught:
        budget.acquire(INTERACTIVE, 59)
    assert caught.value.retry_after == 60
    assert time.now == 1000


def test_room_that_comes_free_belongs_to_the_interactive_caller() -> None:
    budget, time = _budget(5)
    for _ in range(5):
        budget.acquire(INTERACTIVE, 0)
        time.now += 1
    time.now = 1060  # one of five is free again, and it is the reserved one
    with pytest.raises(RateBudgetExhausted) as caught:
        budget.acquire(BACKGROUND, 0)
    assert caught.value.retry_after == 1
    budget.acquire(INTERACTIVE, 0)


@pytest.mark.parametrize(
    ("allowed", "count", "ours", "left"),
    [
        (300, 0, 0, 10),  # a higher limit than ours does not raise ours
        (4, 0, 0, 4),  # a lower one holds
        (10, 3, 3, 7),  # the calls counted are ours
        (10, 7, 3, 3),  # four of those counted are somebody else's
        (10, 12, 3, 0),  # others used it all up
        (0, 0, 0, 1),  # nonsense leaves a trickle
    ],
)
def test_what_genesys_reports_is_taken_in(allowed: int, count: int, ours: int, left: int) -> None:
    budget, _ = _budget(10)
    for _ in range(ours):
        budget.acquire(INTERACTIVE, 0)
    budget.learn(allowed, count, 30)
    assert _calls_without_waiting(budget, INTERACTIVE) == left


def test_the_calls_of_others_are_forgotten_when_the_count_starts_again() -> None:
    budget, time = _budget(10)
    budget.learn(10, 10, 30)
    budget.acquire(INTERACTIVE, 60)
    assert time.now == 1030


def test_a_pause_holds_for_everyone_and_does_not_shrink() -> None:
    budget, time = _budget(300)
    budget.pause(20)
    budget.pause(5)
    with pytest.raises(RateBudgetExhausted):
        budget.acquire(BACKGROUND, 10)
    budget.acquire(INTERACTIVE, 30)
    assert time.now == 1020


@settings(deadline=None)
@given(
    limit=st.integers(1, 6),
    steps=st.lists(
        st.tuples(st.sampled_from(list(Priority)), st.floats(0, 30), st.floats(0, 90)), max_size=60
    ),
)
def test_no_sixty_seconds_ever_hold_more_calls_than_allowed(
    limit: int, steps: list[tuple[Priority, float, float]]
) -> None:
    budget, time = _budget(limit)
    starts: list[float] = []
    for priority, idle, patience in steps:
        time.now += idle
        try:
            budget.acquire(priority, patience)
        except RateBudgetExhausted as refusal:
            assert refusal.retry_after > patience
            continue
        starts.append(time.now)
        assert sum(start + 60 > time.now for start in starts) <= limit
