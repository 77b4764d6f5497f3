"""Which days a digest is about, and when it's due."""

from datetime import UTC, date, datetime

import pytest

from bot.rules.digest_period import latest_due
from bot.rules.rule_sections import DigestRules, Every, Weekday

BERLIN = "Europe/Berlin"
DAILY = DigestRules(every=Every.DAY, at="08:00")


def utc(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_by_default_there_are_no_digests() -> None:
    assert latest_due(utc(26, 9), DigestRules(), "UTC") is None


@pytest.mark.parametrize(
    ("now", "last"),
    [(utc(26, 6, 59), date(2026, 11, 24)), (utc(26, 7), date(2026, 11, 25))],
)
def test_a_daily_digest_is_about_the_day_before_in_the_organisation_s_time(
    now: datetime, last: date
) -> None:
    period = latest_due(now, DAILY, BERLIN)
    assert period is not None
    assert (period.first, period.last, period.name) == (last, last, f"day {last}")
    assert period.start == datetime(2026, 11, last.day - 1, 23, tzinfo=UTC)
    assert period.end == datetime(2026, 11, last.day, 23, tzinfo=UTC)


def test_a_weekly_digest_is_about_the_seven_days_before_its_weekday() -> None:
    weekly = DigestRules(every=Every.WEEK, at="17:00", weekday=Weekday.FRIDAY)
    period = latest_due(utc(26, 12), weekly, "UTC")  # a Thursday
    assert period is not None
    assert (period.first, period.last) == (date(2026, 11, 13), date(2026, 11, 19))
    assert period.name == "week 2026-11-19"
    later = latest_due(utc(27, 17), weekly, "UTC")
    assert later is not None and later.start == period.end


def test_days_with_a_missing_or_repeated_hour_are_whole_days() -> None:
    longer = latest_due(datetime(2026, 10, 26, 9, tzinfo=UTC), DAILY, BERLIN)
    shorter = latest_due(datetime(2026, 3, 30, 9, tzinfo=UTC), DAILY, BERLIN)
    assert longer is not None and shorter is not None
    assert (longer.end - longer.start).total_seconds() == 25 * 3600
    assert (shorter.end - shorter.start).total_seconds() == 23 * 3600


def test_a_digest_at_a_time_that_the_clocks_skip_comes_an_hour_later_and_once() -> None:
    skipped = DigestRules(every=Every.DAY, at="02:30")
    before = latest_due(datetime(2026, 3, 29, 1, 29, tzinfo=UTC), skipped, BERLIN)
    after = latest_due(datetime(2026, 3, 29, 1, 30, tzinfo=UTC), skipped, BERLIN)
    assert before is not None and after is not None
    assert (before.last, after.last) == (date(2026, 3, 27), date(2026, 3, 28))


def test_a_digest_in_a_repeated_hour_comes_at_its_first_time() -> None:
    twice = DigestRules(every=Every.DAY, at="02:30")
    names = {
        latest_due(datetime(2026, 10, 25, hour, 31, tzinfo=UTC), twice, BERLIN) for hour in (0, 1)
    }
    assert [one and one.name for one in names] == ["day 2026-10-24"]
