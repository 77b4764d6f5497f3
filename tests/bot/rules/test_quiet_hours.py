"""Nobody is messaged in quiet hours, and a message goes out in the first moment after them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers.timezone
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rules.quiet_hours import is_quiet, next_allowed, zone_of
from bot.rules.rules_file import DEFAULTS, QuietHours
from genesys import Identity, IdentityKind

MINUTE = timedelta(minutes=1)
NIGHT = QuietHours(enabled=True, start="20:00", end="08:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def phone(number: str) -> Identity:
    return Identity(IdentityKind.PHONE, number)


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        ("+447911123456", "Europe/London"),  # Jersey, Guernsey and the Isle of Man have its time
        ("+447700900123", "Europe/London"),  # one of the numbers that nobody has
        ("+4915112345678", "Europe/Berlin"),
        ("+33612345678", "Europe/Paris"),
        ("+390612345678", "Europe/Rome"),
        ("+353851234567", "Europe/London"),  # phonenumbers names no other for Ireland
        ("+4740612345", "Europe/Oslo"),
        ("+8613812345678", "Asia/Shanghai"),
        ("+919812345678", "Asia/Calcutta"),
        # several zones
        ("+12125550123", ""),
        ("+18005550123", ""),
        ("+74951234567", ""),
        ("+61412345678", ""),
        ("+61891234567", ""),
        ("+34612345678", ""),
        ("+351912345678", ""),
        ("+64211234567", ""),
        ("+5511961234567", ""),
        # no country
        ("+80012345678", ""),
        ("+870773123456", ""),
        ("+99912345678", ""),
        ("+1", ""),
    ],
)
def test_the_zone_is_that_of_the_number_s_country_if_it_has_only_one(
    number: str, zone: str
) -> None:
    name, why = zone_of(phone(number), "Pacific/Chatham")
    assert name == (zone or "Pacific/Chatham")
    assert ("phone number's country" in why) is bool(zone)
    assert ("organisation" in why) is not bool(zone)


def test_an_email_address_has_the_organisation_s_zone_and_says_so() -> None:
    name, why = zone_of(Identity(IdentityKind.EMAIL, "jane@example.de"), "Asia/Tokyo")
    assert name == "Asia/Tokyo"
    assert why == "your organisation's, because an email address has no country"


def test_every_zone_that_a_number_can_have_is_known_here() -> None:
    names = {name for names in phonenumbers.timezone.TIMEZONE_DATA.values() for name in names}
    assert len(names) > 200
    for name in names - {"Etc/Unknown"}:
        ZoneInfo(name)


@pytest.mark.parametrize(
    ("zone", "at", "quiet"),
    [
        ("UTC", "2026-11-26T07:59:59.999999", True),
        ("UTC", "2026-11-26T08:00", False),
        ("UTC", "2026-11-26T19:59:59.999999", False),
        ("UTC", "2026-11-26T20:00", True),
        ("UTC", "2026-11-26T00:00", True),
        ("Europe/Berlin", "2026-11-26T06:59", True),
        ("Europe/Berlin", "2026-11-26T07:00", False),
        ("Europe/Berlin", "2026-07-01T06:00", False),
        ("Asia/Kathmandu", "2026-11-26T02:14", True),  # +05:45
        ("Asia/Kathmandu", "2026-11-26T02:15", False),
        ("Pacific/Kiritimati", "2026-11-25T18:00", False),  # +14:00
        ("Pacific/Pago_Pago", "2026-11-26T18:59", True),  # -11:00
        ("Pacific/Pago_Pago", "2026-11-26T19:00", False),
    ],
)
def test_quiet_hours_are_those_of_the_customer_s_clock(zone: str, at: str, quiet: bool) -> None:
    assert is_quiet(utc(at), zone, NIGHT) is quiet


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    noon = QuietHours(enabled=True, start="12:00", end="13:30")
    quiet = [f"{hour:02}:{minute}" for hour in range(24) for minute in ("00", "30")]
    found = [clock for clock in quiet if is_quiet(utc(f"2026-11-26T{clock}"), "UTC", noon)]
    assert found == ["12:00", "12:30", "13:00"]


def test_midnight_may_be_a_start_or_an_end() -> None:
    before, after = utc("2026-11-26T23:59"), utc("2026-11-27T00:00")
    to_midnight = QuietHours(enabled=True, start="20:00", end="00:00")
    assert is_quiet(before, "UTC", to_midnight) and not is_quiet(after, "UTC", to_midnight)
    from_midnight = QuietHours(enabled=True, start="00:00", end="08:00")
    assert not is_quiet(before, "UTC", from_midnight) and is_quiet(after, "UTC", from_midnight)


def test_weekends_and_holidays_are_quiet_for_the_whole_local_day() -> None:
    quiet = QuietHours(
        **{**NIGHT.model_dump(), "weekends": True, "holidays": (date(2026, 12, 25),)}
    )
    # Christmas 2026 is a Friday; the first working hours after it are on Monday.
    assert is_quiet(utc("2026-12-25T03:00"), "Asia/Tokyo", quiet)
    assert not is_quiet(utc("2026-12-25T03:00"), "Asia/Tokyo", NIGHT)
    assert next_allowed(utc("2026-12-24T15:00"), "Asia/Tokyo", quiet) == utc("2026-12-27T23:00")
    assert next_allowed(utc("2026-12-24T14:00"), "America/New_York", quiet) == utc(
        "2026-12-24T14:00"
    )
    assert next_allowed(utc("2026-12-25T14:00"), "America/New_York", quiet) == utc(
        "2026-12-28T13:00"
    )


def test_without_quiet_hours_every_moment_is_allowed() -> None:
    off = DEFAULTS.quiet_hours.model_copy(update={"weekends": True})
    night = utc("2026-11-28T03:00")
    assert not is_quiet(night, "UTC", off)
    assert next_allowed(night, "UTC", off) == night


@pytest.mark.parametrize(
    ("zone", "start", "end", "at", "allowed"),
    [
        # an ordinary night, and not a microsecond early
        ("Europe/Berlin", "20:00", "08:00", "2026-11-26T19:00", "2026-11-27T07:00"),
        ("Europe/Berlin", "20:00", "08:00", "2026-11-27T06:59:59.999999", "2026-11-27T07:00"),
        ("Europe/Berlin", "20:07", "08:13", "2026-11-26T20:00:30", "2026-11-27T07:13"),
        # the clocks go forward, and back
        ("Europe/Berlin", "20:00", "08:00", "2026-03-28T20:00", "2026-03-29T06:00"),
        ("Europe/Berlin", "20:00", "08:00", "2026-10-24T20:00", "2026-10-25T07:00"),
        # 02:30 doesn't exist: the first moment after it is 03:00
        ("Europe/Berlin", "20:00", "02:30", "2026-03-28T23:00", "2026-03-29T01:00"),
        # 02:30 comes twice: the first one counts, and what comes again is quiet again
        ("Europe/Berlin", "20:00", "02:30", "2026-10-24T23:00", "2026-10-25T00:30"),
        ("Europe/Berlin", "20:00", "02:30", "2026-10-25T01:00", "2026-10-25T01:30"),
        # quiet from 02:30, and the clocks go back to 02:00
        ("Europe/Berlin", "02:30", "08:00", "2026-10-25T00:45", "2026-10-25T01:00"),
        # the clocks change by half an hour
        ("Australia/Lord_Howe", "20:00", "08:00", "2026-10-03T12:00", "2026-10-03T21:00"),
        ("Australia/Lord_Howe", "20:00", "02:15", "2026-10-03T12:00", "2026-10-03T15:30"),
        ("Australia/Lord_Howe", "20:00", "08:00", "2026-04-04T12:00", "2026-04-04T21:30"),
        # by two hours
        ("Antarctica/Troll", "20:00", "02:00", "2026-03-28T22:00", "2026-03-29T01:00"),
        # days without midnight
        ("Africa/Cairo", "20:00", "00:00", "2026-04-23T20:00", "2026-04-23T22:00"),
        ("America/Havana", "20:00", "00:30", "2026-03-08T03:00", "2026-03-08T05:00"),
        ("America/Santiago", "20:00", "00:00", "2026-09-06T02:00", "2026-09-06T04:00"),
    ],
)
def test_a_message_waits_for_the_first_moment_that_is_not_quiet(
    zone: str, start: str, end: str, at: str, allowed: str
) -> None:
    quiet = QuietHours(enabled=True, start=start, end=end)
    assert next_allowed(utc(at), zone, quiet) == utc(allowed)


CLOCKS = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
ZONES = st.sampled_from(
    [
        *("Europe/Berlin", "Australia/Lord_Howe", "America/Havana", "Asia/Kathmandu", "UTC"),
        *("Africa/Cairo", "Africa/Casablanca", "America/Santiago", "Pacific/Chatham"),
        *("Antarctica/Troll", "America/St_Johns", "Pacific/Kiritimati", "Asia/Beirut"),
    ]
)
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


def _is_transition_near(at: datetime, zone: str) -> bool:
    clock = ZoneInfo(zone)
    ends = (at, at + timedelta(days=5))
    return len({moment.astimezone(clock).utcoffset() for moment in ends}) > 1


@settings(max_examples=60)
@given(at=INSTANTS, zone=ZONES, start=CLOCKS, end=CLOCKS, weekends=st.booleans(), data=st.data())
def test_what_is_offered_is_allowed_and_nothing_before_it_is(
    at: datetime, zone: str, start: str, end: str, weekends: bool, data: st.DataObject
) -> None:
    if start == end:
        return
    if data.draw(st.booleans()):  # near a change of the clocks, if there's one soon
        days = (at + timedelta(days=day) for day in range(0, 200, 5))
        at = next((day for day in days if _is_transition_near(day, zone)), at)
        at += data.draw(st.integers(0, 5 * 24 * 60)) * MINUTE
    holidays = tuple(
        at.date() + timedelta(days=day) for day in data.draw(st.sets(st.integers(-1, 2)))
    )
    quiet = QuietHours(enabled=True, start=start, end=end, weekends=weekends, holidays=holidays)
    allowed = next_allowed(at, zone, quiet)
    assert allowed.tzinfo is UTC
    assert allowed >= at
    assert not is_quiet(allowed, zone, quiet)
    assert next_allowed(allowed, zone, quiet) == allowed
    moment = at
    while moment < allowed:
        assert is_quiet(moment, zone, quiet)
        moment = moment.replace(second=0, microsecond=0) + MINUTE
    assert moment == allowed


def test_a_year_of_holidays_can_be_searched() -> None:
    days = tuple(date(2026, 1, 1) + timedelta(days=day) for day in range(365))
    quiet = QuietHours(**{**NIGHT.model_dump(), "holidays": days})
    assert next_allowed(utc("2026-01-01T00:00"), "Europe/Berlin", quiet) == utc("2027-01-01T07:00")
