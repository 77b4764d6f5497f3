"""The arithmetic of the shared budget: never above the limit in any period, and little below it."""

from __future__ import annotations

from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.pace import Marks, Pace
from genesys import Priority

MINUTE = 60.0
FRESH = Marks(0.0, 0.0, 0.0, 0.0, allowed=10**9, window_ends=0.0, remaining=10**9)
INTERACTIVE, BACKGROUND = Priority.INTERACTIVE, Priority.BACKGROUND


def most_in_a_minute(moments: list[float]) -> int:
    """Count the moments in the fullest minute, its end included."""
    moments = sorted(moments)
    return max(
        (bisect_right(moments, moment + MINUTE) - at for at, moment in enumerate(moments)),
        default=0,
    )


def call_all_the_time(marks: Marks, limit: int, priority: Priority, until: float) -> list[float]:
    """Return the moments of the grants when callers of one priority are always waiting."""
    pace, moments = Pace.of(limit, MINUTE), []
    while marks.seen < until:
        moment = marks.opens(pace, priority)
        marks = marks.at(moment).granted(moment, pace)
        moments.append(moment)
    return moments


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
    pace, marks, now = Pace.of(limit, MINUTE), FRESH, 0.0
    booked = []
    for wait, priority in [*later, *[(0.0, INTERACTIVE)] * burst]:
        now += wait
        marks = marks.at(now)
        moment = marks.opens(pace, priority)
        if priority is INTERACTIVE or moment <= now:
            booked.append(moment)
            marks = marks.granted(moment, pace)
    assert most_in_a_minute(booked) <= limit


@pytest.mark.parametrize("limit", [20, 25, 50, 100, 300, 600, 3000])
@pytest.mark.parametrize("priority", Priority)
def test_at_least_95_percent_of_the_limit_can_be_used(limit: int, priority: Priority) -> None:
    moments = call_all_the_time(FRESH, limit, priority, 20 * MINUTE)
    assert limit * 0.95 * 20 <= len(moments) <= limit * 20
    assert most_in_a_minute(moments) <= limit


@pytest.mark.parametrize("limit", [50, 300, 1000])
def test_background_work_leaves_a_part_of_the_burst(limit: int) -> None:
    pace, marks = Pace.of(limit, MINUTE), FRESH.at(1.0)
    while marks.opens(pace, BACKGROUND) <= 1.0:
        marks = marks.granted(1.0, pace)
    granted = 0
    while marks.opens(pace, INTERACTIVE) <= 1.0:
        marks = marks.granted(1.0, pace)
        granted += 1
    assert granted >= 1


def test_background_work_waits_until_every_booked_call_has_had_its_turn() -> None:
    pace, marks = Pace.of(300, MINUTE), FRESH.at(1.0)
    for _ in range(100):
        moment = marks.opens(pace, INTERACTIVE)
        marks = marks.granted(moment, pace)
    assert marks.opens(pace, BACKGROUND) > moment


@given(callers, st.floats(1, 300))
def test_a_pause_puts_off_all_that_was_booked_and_what_comes(
    later: list[tuple[float, Priority]], seconds: float
) -> None:
    pace, marks, now = Pace.of(300, MINUTE), FRESH, 0.0
    for wait, _ in later:
        now += wait
        marks = marks.at(now).granted(marks.at(now).opens(pace, INTERACTIVE), pace)
    paused = marks.at(now).paused(seconds, pace)
    for priority in Priority:
        assert paused.opens(pace, priority) >= now + seconds - 1e-6
    assert paused.pushed == pytest.approx(seconds)
    again = paused.paused(seconds / 2, pace)  # the next of the calls that were refused
    assert again == paused


def test_after_a_pause_calls_go_on_one_by_one() -> None:
    pace = Pace.of(300, MINUTE)
    moments = call_all_the_time(FRESH.at(1.0).paused(30.0, pace), 300, INTERACTIVE, 35.0)
    assert moments[0] == pytest.approx(31.0)
    assert moments[1] - moments[0] == pytest.approx(pace.interval)


def test_a_lower_limit_slows_us() -> None:
    marks = FRESH.at(1.0).told(100, 0, 60.0, MINUTE, Pace.of(300, MINUTE))
    assert marks.allowed == 100


def test_calls_of_others_slow_us_and_the_rest_is_spread() -> None:
    pace = Pace.of(300, MINUTE)
    marks = FRESH.at(100.0).told(300, 240, 30.0, MINUTE, pace)  # 60 left for half a minute
    moments = call_all_the_time(marks, 300, INTERACTIVE, 129.9)
    in_window = [moment for moment in moments if moment < 130.0]
    assert 55 <= len(in_window) <= 60
    middle = [moment for moment in in_window if moment < 115.0]
    assert len(middle) <= 45  # and not all of it at once


def test_when_nothing_is_left_everybody_waits_for_the_next_window() -> None:
    pace = Pace.of(300, MINUTE)
    marks = FRESH.at(100.0).told(300, 300, 20.0, MINUTE, pace)
    for priority in Priority:
        assert marks.opens(pace, priority) == pytest.approx(120.0)


def test_our_own_calls_are_not_taken_for_others() -> None:
    pace, marks = Pace.of(300, MINUTE), FRESH.at(1.0)
    marks = marks.told(300, 0, 60.0, MINUTE, pace)
    for count in range(1, 250):
        moment = marks.opens(pace, INTERACTIVE)
        marks = marks.at(moment).granted(moment, pace)
        told = marks.told(300, count, round(61.0 - moment), MINUTE, pace)
        assert told == marks


def test_news_of_a_window_that_is_over_changes_nothing() -> None:
    pace = Pace.of(300, MINUTE)
    marks = FRESH.at(100.0).told(300, 1, 60.0, MINUTE, pace)
    assert marks.told(300, 299, 2.0, MINUTE, pace) == marks


def test_a_clock_that_went_back_stops_nobody() -> None:
    pace = Pace.of(300, MINUTE)
    marks = FRESH.at(1_000_000.0).told(300, 10, 60.0, MINUTE, pace)
    for _ in range(20):
        marks = marks.granted(marks.opens(pace, INTERACTIVE), pace)
    before = marks.opens(pace, BACKGROUND) - marks.seen
    rebooted = marks.at(5.0)
    assert rebooted.opens(pace, BACKGROUND) - 5.0 == pytest.approx(before, abs=1e-6)
