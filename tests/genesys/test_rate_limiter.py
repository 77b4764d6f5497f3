"""Waiting for the rate limit, on a clock that moves only when somebody sleeps."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import inf, nextafter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys import LocalRateLimiter, Priority, RateLimitExhausted, RateState, StoredRateLimiter
from genesys.rate_limit import Rate
from tests.clock import Clock

INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND
INTERVAL = Rate.of(300, 60.0).interval


class Time:
    """A clock and its sleep; `during` runs in the middle of every sleep."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.during: Callable[[], None] = lambda: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        wakes = max(self.now + seconds, nextafter(self.now, inf))  # even a tiny sleep takes time
        self.now = (self.now + wakes) / 2
        self.during()
        self.now = wakes


class Store:
    """A RateStore that records the patience of each change, and can be away."""

    def __init__(self, time: Time) -> None:
        self.time, self.state, self.away = time, RateState(), False
        self.patience: list[float] = []
        self.reads: list[float] = []

    def change(self, step: Any, patience: float) -> Any:
        self.patience.append(patience)
        if self.away:
            raise RateLimitExhausted(retry_after=1.0)
        self.state, result = step(self.state.at(self.time.now))
        return result

    def read_pushed(self, patience: float) -> float:
        self.reads.append(patience)
        return self.state.pushed


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def limiter(time: Time) -> LocalRateLimiter:
    return LocalRateLimiter(300, clock=time.clock, sleep=time.sleep)


@pytest.fixture
def store(time: Time) -> Store:
    return Store(time)


@pytest.fixture
def stored(time: Time, store: Store) -> StoredRateLimiter:
    return StoredRateLimiter(store, 300, clock=time.clock, sleep=time.sleep)


def calls_without_waiting(limiter: StoredRateLimiter, priority: Priority) -> int:
    for number in range(1000):
        try:
            limiter.acquire(priority, 0)
        except RateLimitExhausted:
            return number
    raise AssertionError("no limit")


def test_half_of_the_burst_is_for_interactive_calls(limiter: LocalRateLimiter) -> None:
    assert calls_without_waiting(limiter, BACKGROUND) == 6
    assert calls_without_waiting(limiter, INTERACTIVE) == 6


@pytest.mark.parametrize(("priority", "burst"), [(INTERACTIVE, 12), (BACKGROUND, 6)])
def test_after_the_burst_each_call_waits_for_an_interval(
    limiter: LocalRateLimiter, time: Time, priority: Priority, burst: int
) -> None:
    for _ in range(burst):
        limiter.acquire(priority, 0)
    assert time.now == 1000
    for number in range(1, 4):
        limiter.acquire(priority, 60)
        assert time.now == pytest.approx(1000 + number * INTERVAL)


@pytest.mark.parametrize(("priority", "burst"), [(INTERACTIVE, 12), (BACKGROUND, 6)])
def test_a_wait_beyond_the_patience_is_refused_right_away_and_books_nothing(
    limiter: LocalRateLimiter, time: Time, priority: Priority, burst: int
) -> None:
    assert calls_without_waiting(limiter, priority) == burst
    for _ in range(3):
        with pytest.raises(RateLimitExhausted) as caught:
            limiter.acquire(priority, INTERVAL - 0.001)
        assert caught.value.retry_after == pytest.approx(INTERVAL)
    assert time.now == 1000
    limiter.acquire(priority, INTERVAL + 0.001)
    assert time.now == pytest.approx(1000 + INTERVAL)


def test_a_wait_may_use_up_the_whole_patience(time: Time) -> None:
    store = Store(time)
    store.state = RateState(due=1004.0)
    limiter = StoredRateLimiter(store, 1, period=1.0, clock=time.clock, sleep=time.sleep)
    with pytest.raises(RateLimitExhausted):
        limiter.acquire(INTERACTIVE, 3.5)
    limiter.acquire(INTERACTIVE, 4.0)
    assert time.now == 1004.0


@pytest.mark.parametrize(
    ("allowed", "burst"),
    [
        (600, 12),  # a higher limit than ours doesn't raise ours
        (100, 4),  # a lower one counts
        (0, 1),  # nonsense leaves a trickle
    ],
)
def test_the_limit_that_genesys_reports_is_learned(
    limiter: LocalRateLimiter, allowed: int, burst: int
) -> None:
    limiter.learn(allowed, 0, 60)
    assert calls_without_waiting(limiter, INTERACTIVE) == burst


def test_when_others_used_up_the_limit_calls_wait_until_the_count_restarts(
    limiter: LocalRateLimiter, time: Time
) -> None:
    limiter.learn(300, 300, 30)
    limiter.acquire(INTERACTIVE, 60)
    assert time.now == 1030


def test_a_pause_stops_everyone_and_does_not_shrink(limiter: LocalRateLimiter, time: Time) -> None:
    limiter.pause(20)
    limiter.pause(5)
    for priority in Priority:
        with pytest.raises(RateLimitExhausted) as caught:
            limiter.acquire(priority, 10)
        assert caught.value.retry_after >= 20
    limiter.acquire(INTERACTIVE, 30)
    assert time.now == 1020


def test_a_pause_also_stops_those_who_wait_already(limiter: LocalRateLimiter, time: Time) -> None:
    limiter.pause(10)
    pauses = iter([20.0, 12.0])
    time.during = lambda: limiter.pause(next(pauses, 0.0))
    limiter.acquire(INTERACTIVE, 60)
    # At 1005 paused until 1025; then at 1017.5 until 1029.5.
    assert time.now == pytest.approx(1029.5)


def test_a_pause_beyond_the_patience_of_one_who_waits_ends_the_wait(
    limiter: LocalRateLimiter, time: Time
) -> None:
    limiter.pause(10)
    time.during = lambda: limiter.pause(20)
    with pytest.raises(RateLimitExhausted) as caught:
        limiter.acquire(INTERACTIVE, 24)
    assert caught.value.retry_after == pytest.approx(15)
    assert time.now == 1010


def test_a_background_caller_that_waits_goes_behind_an_interactive_one(
    limiter: LocalRateLimiter, time: Time
) -> None:
    assert calls_without_waiting(limiter, BACKGROUND) == 6
    started: list[float] = []

    def call() -> None:
        time.during = lambda: None
        limiter.acquire(INTERACTIVE, 0)
        started.append(time.now)

    time.during = call
    limiter.acquire(BACKGROUND, 60)
    assert started == [pytest.approx(1000 + INTERVAL / 2)]
    assert time.now == pytest.approx(1000 + 2 * INTERVAL)


def test_one_background_caller_at_a_time_asks_for_what_is_free() -> None:
    asleep, wake = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        asleep.set()
        assert wake.wait(10)
        limiter.learn(300, 0, 60)

    clock = Clock()
    limiter = LocalRateLimiter(300, clock=clock, sleep=sleep)
    assert calls_without_waiting(limiter, BACKGROUND) == 6
    waiting = threading.Thread(target=limiter.acquire, args=(BACKGROUND, 60))
    waiting.start()
    assert asleep.wait(10)
    for patience in (0, -5):
        with pytest.raises(RateLimitExhausted) as caught:
            limiter.acquire(BACKGROUND, patience)
        assert caught.value.retry_after == 1.0
    clock.now += 60
    wake.set()
    waiting.join()
    limiter.acquire(BACKGROUND, 0)


def test_the_store_is_given_the_callers_remaining_patience(
    stored: StoredRateLimiter, store: Store, time: Time
) -> None:
    stored.acquire(INTERACTIVE, 7)
    stored.acquire(BACKGROUND, 8)
    stored.pause(10)
    assert store.patience == [7, 8, 0]
    stored.acquire(INTERACTIVE, 12)
    assert store.patience == [7, 8, 0, 12]
    assert store.reads == [pytest.approx(2)]


def test_a_store_that_is_away_stops_calls_but_not_the_answers(
    stored: StoredRateLimiter, store: Store
) -> None:
    store.away = True
    stored.learn(300, 10, 60)
    stored.pause(10)
    assert store.patience == [0, 0]
    for priority in Priority:
        with pytest.raises(RateLimitExhausted):
            stored.acquire(priority, 5)


def test_an_answer_without_news_leaves_the_store_alone(
    stored: StoredRateLimiter, store: Store, time: Time
) -> None:
    stored.learn(300, 0, 60)
    stored.acquire(INTERACTIVE, 0)
    assert len(store.patience) == 2
    time.now += 10
    stored.learn(300, 1, 50)
    assert len(store.patience) == 2
    stored.learn(300, 200, 50)
    assert len(store.patience) == 3
    assert store.state.remaining == 100
    time.now += 50
    stored.learn(300, 0, 60)  # a new window
    assert store.state.window_ends == time.now + 60


@pytest.mark.parametrize("period", [60.0, 2.0])
def test_the_period_is_a_minute_unless_a_test_wants_another(store: Store, period: float) -> None:
    more = {} if period == 60.0 else {"period": period}
    limiter = StoredRateLimiter(store, 300, clock=store.time.clock, **more)
    limiter.acquire(INTERACTIVE, 0)
    assert store.state.due == pytest.approx(1000 + Rate.of(300, period).interval)


def test_threads_share_the_limit(limiter: LocalRateLimiter) -> None:
    def acquire(_: int) -> bool:
        try:
            limiter.acquire(INTERACTIVE, 0)
        except RateLimitExhausted:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(acquire, range(200))) == 12


@given(
    limit=st.integers(1, 60),
    steps=st.lists(
        st.tuples(st.sampled_from(list(Priority)), st.floats(0, 30), st.floats(0, 90)), max_size=60
    ),
)
def test_no_minute_has_more_calls_than_the_limit(
    limit: int, steps: list[tuple[Priority, float, float]]
) -> None:
    time = Time()
    limiter = LocalRateLimiter(limit, clock=time.clock, sleep=time.sleep)
    starts: list[float] = []
    for priority, idle, patience in steps:
        time.now += idle
        try:
            limiter.acquire(priority, patience)
        except RateLimitExhausted as refusal:
            assert refusal.retry_after > patience - 1e-6
            continue
        starts.append(time.now)
        assert sum(start + 60 > time.now for start in starts) <= limit
