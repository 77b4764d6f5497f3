"""The arithmetic: never above the limit in any period, and never far below it."""

from bisect import bisect_right
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesys import Priority
from genesys.rate_limit import UNKNOWN_LIMIT, Rate, RateState

MINUTE = 60.0
INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND
OF_300 = Rate.of(300, MINUTE)


def most_in_a_minute(moments: list[float]) -> int:
    """Count the moments in the fullest minute, including its end."""
    moments = sorted(moments)
    return max(
        (bisect_right(moments, moment + MINUTE) - at for at, moment in enumerate(moments)),
        default=0,
    )


def call_all_the_time(state: RateState, limit: int, priority: Priority, end: float) -> list[float]:
    """Return when calls start if callers of one priority are always waiting."""
    rate, starts = Rate.of(limit, MINUTE), []
    while state.seen < end:
        start = state.next_start(rate, priority)
        state = state.at(start).book(start, rate)
        starts.append(start)
    return starts


callers = st.lists(
    st.tuples(
        st.sampled_from([0.0, 0.01, 0.3, 5.0, 30.0]) | st.floats(0, 70), st.sampled_from(Priority)
    ),
    max_size=200,
)


@given(st.integers(10, 1000), callers, st.integers(0, 400))
def test_no_minute_has_more_calls_than_the_limit(
    limit: int, later: list[tuple[float, Priority]], burst: int
) -> None:
    rate, state, now = Rate.of(limit, MINUTE), RateState(), 0.0
    booked = []
    for wait, priority in [*later, *[(0.0, INTERACTIVE)] * burst]:
        now += wait
        state = state.at(now)
        start = state.next_start(rate, priority)
        if priority is INTERACTIVE or start <= now:
            booked.append(start)
            state = state.book(start, rate)
    assert most_in_a_minute(booked) <= limit


@pytest.mark.parametrize("limit", [20, 25, 50, 100, 300, 600, 3000])
@pytest.mark.parametrize("priority", Priority)
def test_at_least_95_percent_of_the_limit_can_be_used(limit: int, priority: Priority) -> None:
    starts = call_all_the_time(RateState(), limit, priority, 20 * MINUTE)
    assert limit * 0.95 * 20 <= len(starts) <= limit * 20
    assert most_in_a_minute(starts) <= limit


@pytest.mark.parametrize(
    ("limit", "burst", "reserved"),
    [(1, 1, 0), (49, 1, 0), (50, 2, 1), (75, 3, 1), (300, 12, 6), (1000, 40, 20)],
)
def test_a_limit_is_split_into_a_rate_and_a_burst(limit: int, burst: int, reserved: int) -> None:
    rate = Rate.of(limit, MINUTE)
    assert rate.period == MINUTE
    assert rate.interval == pytest.approx(MINUTE / (limit * 0.995 - burst + 0.5))
    assert rate.ahead == pytest.approx((burst - 1) * rate.interval)
    assert rate.background_ahead == pytest.approx((burst - 1 - reserved) * rate.interval)
    assert rate.reserved == reserved


@pytest.mark.parametrize("limit", [50, 300, 1000])
def test_background_calls_leave_half_of_the_burst(limit: int) -> None:
    rate, state = Rate.of(limit, MINUTE), RateState().at(1.0)
    granted = {BACKGROUND: 0, INTERACTIVE: 0}
    for priority in granted:
        while state.next_start(rate, priority) <= 1.0 + 1e-9:
            state = state.book(1.0, rate)
            granted[priority] += 1
    burst = limit * 4 // 100
    assert granted == {BACKGROUND: burst - burst // 2, INTERACTIVE: burst // 2}


def test_a_background_call_waits_until_every_booked_call_has_started() -> None:
    state = RateState().at(1.0)
    for _ in range(100):
        start = state.next_start(OF_300, INTERACTIVE)
        state = state.book(start, OF_300)
    assert state.next_start(OF_300, BACKGROUND) > start


def test_a_call_may_start_a_burst_before_it_is_due() -> None:
    state = RateState(seen=100.0, due=110.0)
    rate = Rate(MINUTE, interval=1.0, ahead=4.0, background_ahead=2.0, reserved=1)
    assert state.next_start(rate, INTERACTIVE) == 106.0
    assert state.next_start(rate, BACKGROUND) == 108.0
    assert state.at(107.0).next_start(rate, INTERACTIVE) == 107.0


@pytest.mark.parametrize(
    ("remaining", "interactive", "background"),
    [(7, 100.0, 100.0), (6, 100.0, 130.0), (1, 100.0, 130.0), (0, 130.0, 130.0)],
)
def test_when_genesys_leaves_no_calls_everyone_waits_for_its_next_window(
    remaining: int, interactive: float, background: float
) -> None:
    state = RateState(seen=100.0, window_ends=130.0, remaining=remaining)
    assert state.next_start(OF_300, INTERACTIVE) == interactive
    assert state.next_start(OF_300, BACKGROUND) == background


@pytest.mark.parametrize(
    ("state", "start", "due", "remaining"),
    [
        # No window: one interval later, and the count stays.
        (RateState(remaining=7), 50.0, 50.0 + OF_300.interval, 7),
        (RateState(due=60.0, remaining=7), 50.0, 60.0 + OF_300.interval, 7),
        (RateState(window_ends=50.0, remaining=7), 50.0, 50.0 + OF_300.interval, 7),
        # In a window: what remains is spread over the rest of it.
        (RateState(window_ends=80.0, remaining=10), 50.0, 53.0, 9),
        (RateState(due=60.0, window_ends=80.0, remaining=10), 50.0, 63.0, 9),
        (RateState(window_ends=80.0, remaining=1), 50.0, 80.0, 0),
        (RateState(window_ends=80.0, remaining=0), 50.0, 80.0, -1),
        (RateState(window_ends=80.0, remaining=10_000), 50.0, 50.0 + OF_300.interval, 9_999),
    ],
)
def test_a_booked_call_moves_the_next_one(
    state: RateState, start: float, due: float, remaining: int
) -> None:
    booked = state.book(start, OF_300)
    assert booked.due == pytest.approx(due)
    assert booked == replace(state, due=booked.due, remaining=remaining)


@given(callers, st.floats(1, 300))
def test_a_pause_delays_what_was_booked_and_what_comes(
    later: list[tuple[float, Priority]], seconds: float
) -> None:
    state, now = RateState(), 0.0
    for wait, _ in later:
        now += wait
        state = state.at(now).book(state.at(now).next_start(OF_300, INTERACTIVE), OF_300)
    paused = state.at(now).pause(seconds, OF_300)
    for priority in Priority:
        assert paused.next_start(OF_300, priority) >= now + seconds - 1e-6
    assert paused.pushed == pytest.approx(seconds)
    assert paused.pause(seconds / 2, OF_300) == paused  # the next of the refused calls


@pytest.mark.parametrize(
    ("due", "paused_until", "paused_due", "pushed"),
    [
        (0.0, 0.0, 130.0 + OF_300.ahead, 30.0),  # nothing is booked: no burst afterwards
        (125.0, 0.0, 155.0, 30.0),  # a booked call is delayed by the whole pause
        (125.0, 110.0, 145.0, 20.0),  # or by as much as the pause grew
        (125.0, 129.0, 130.0 + OF_300.ahead, 1.0),
    ],
)
def test_a_pause_delays_by_as_much_as_it_lasts_longer(
    due: float, paused_until: float, paused_due: float, pushed: float
) -> None:
    state = RateState(seen=100.0, due=due, paused_until=paused_until, pushed=3.0)
    paused = state.pause(30.0, OF_300)
    assert paused == replace(
        state, due=pytest.approx(paused_due), paused_until=130.0, pushed=3.0 + pushed
    )


@pytest.mark.parametrize("paused_until", [130.0, 200.0])
def test_a_shorter_pause_changes_nothing(paused_until: float) -> None:
    state = RateState(seen=100.0, due=125.0, paused_until=paused_until)
    assert state.pause(30.0, OF_300) is state


def test_after_a_pause_calls_continue_one_by_one() -> None:
    starts = call_all_the_time(RateState().at(1.0).pause(30.0, OF_300), 300, INTERACTIVE, 35.0)
    assert starts[0] == pytest.approx(31.0)
    assert starts[1] - starts[0] == pytest.approx(OF_300.interval)


SEEN = RateState(seen=100.0)
IN_WINDOW = RateState(seen=100.0, window_ends=130.0, remaining=50)


@pytest.mark.parametrize(
    ("state", "report", "changed"),
    [
        # A new window: its end and what it leaves.
        (SEEN, (300, 10, 60.0), {"window_ends": 160.0, "remaining": 290}),
        (SEEN, (300, 10, 75.0), {"window_ends": 160.0, "remaining": 290}),  # at most a period
        (SEEN, (100, 10, 20.0), {"allowed": 100, "window_ends": 120.0, "remaining": 90}),
        (SEEN, (300, 310, 20.0), {"window_ends": 120.0, "remaining": 0}),
        (IN_WINDOW, (300, 1, 33.5), {"window_ends": 133.5, "remaining": 299}),
        # The same window, give or take three seconds: only fewer calls are news.
        (IN_WINDOW, (300, 1, 33.0), {}),
        (IN_WINDOW, (300, 260, 33.0), {"remaining": 40}),
        (IN_WINDOW, (300, 260, 30.0), {"remaining": 40}),
        (IN_WINDOW, (300, 260, 27.0), {"remaining": 40}),
        (IN_WINDOW, (300, 240, 30.0), {}),
        # A window that has ended: only the limit is news.
        (IN_WINDOW, (300, 299, 26.5), {}),
        (IN_WINDOW, (200, 199, 26.5), {"allowed": 200}),
    ],
)
def test_a_report_of_genesys_is_learned(
    state: RateState, report: tuple[int, int, float], changed: dict[str, Any]
) -> None:
    assert state.learn(*report, OF_300) == replace(state, **{"allowed": report[0], **changed})


@pytest.mark.parametrize(
    ("intervals", "booked"),
    [(-5.0, 0), (0.0, 0), (1.0, 0), (1.5, 1), (2.0, 1), (2.5, 2), (3.0, 2), (9.0, 8)],
)
def test_calls_that_are_booked_but_not_counted_yet_are_subtracted(
    intervals: float, booked: int
) -> None:
    state = RateState(seen=100.0, due=100.0 + OF_300.ahead + intervals * OF_300.interval)
    assert state.learn(300, 10, 60.0, OF_300).remaining == 290 - booked


def test_calls_of_other_programs_slow_us_and_the_rest_is_spread() -> None:
    state = RateState().at(100.0).learn(300, 240, 30.0, OF_300)  # 60 are left for half a minute
    starts = call_all_the_time(state, 300, INTERACTIVE, 129.9)
    in_window = [start for start in starts if start < 130.0]
    assert 55 <= len(in_window) <= 60
    assert len([start for start in in_window if start < 115.0]) <= 45


def test_our_own_calls_do_not_count_as_others() -> None:
    state = RateState().at(1.0).learn(300, 0, 60.0, OF_300)
    for count in range(1, 250):
        start = state.next_start(OF_300, INTERACTIVE)
        state = state.at(start).book(start, OF_300)
        assert state.learn(300, count, round(61.0 - start), OF_300) == state


def test_nothing_is_booked_or_known_at_first() -> None:
    fresh = RateState().at(5.0)
    assert fresh == RateState(5.0, 0.0, 0.0, 0.0, UNKNOWN_LIMIT, 0.0, UNKNOWN_LIMIT)
    assert UNKNOWN_LIMIT == 2**31 - 1, "the largest INTEGER of PostgreSQL"
    assert fresh.next_start(OF_300, BACKGROUND) == 5.0


def test_time_that_passes_changes_nothing_else() -> None:
    state = RateState(100.0, 110.0, 120.0, 7.0, 300, 130.0, 50)
    assert state.at(105.0) == RateState(105.0, 110.0, 120.0, 7.0, 300, 130.0, 50)


def test_a_clock_that_was_set_back_takes_all_times_with_it() -> None:
    state = RateState(100.0, 110.0, 120.0, 7.0, 300, 130.0, 50)
    assert state.at(40.0) == RateState(40.0, 50.0, 60.0, 7.0, 300, 70.0, 50)
