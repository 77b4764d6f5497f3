"""When a message may be planned for: every refusal stands under the field that it is about."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.request import Place
from bot.slack.form_input import (
    LATEST,
    SEND_AT,
    SEND_BEFORE,
    check_times,
    make_draft,
    read_place,
    write_place,
)

from .conftest import NOW, PLACE

DRAFT = make_draft(PLACE, "jane@example.com", "Hello", None)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
GONE, TOO_FAR, NO_TIME = "is over", "next 90 days", "could not have been sent"


@pytest.mark.parametrize(
    ("send_at", "send_before", "refusals"),
    [
        (None, None, {}),
        # Send later. The form may have been open for a while, so a minute ago still means now.
        (NOW, None, {}),
        (NOW - MINUTE, None, {}),
        (NOW - MINUTE - SECOND, None, {SEND_AT: GONE}),
        (NOW - 400 * 24 * HOUR, None, {SEND_AT: GONE}),
        (NOW + MINUTE, None, {}),
        (NOW + LATEST, None, {}),
        (NOW + LATEST + SECOND, None, {SEND_AT: TOO_FAR}),
        # Not after.
        (None, NOW + SECOND, {}),
        (None, NOW, {SEND_BEFORE: NO_TIME}),
        (None, NOW - HOUR, {SEND_BEFORE: NO_TIME}),
        (None, NOW + 2 * LATEST, {}),
        # Both.
        (NOW + HOUR, NOW + HOUR + SECOND, {}),
        (NOW + HOUR, NOW + HOUR, {SEND_BEFORE: NO_TIME}),
        (NOW + HOUR, NOW + MINUTE, {SEND_BEFORE: NO_TIME}),
        (NOW - MINUTE, NOW - SECOND, {SEND_BEFORE: NO_TIME}),
        (NOW - MINUTE, NOW + SECOND, {}),
        (NOW - HOUR, NOW - HOUR, {SEND_AT: GONE, SEND_BEFORE: NO_TIME}),
        (NOW + LATEST + HOUR, NOW + HOUR, {SEND_AT: TOO_FAR, SEND_BEFORE: NO_TIME}),
        (NOW + LATEST + HOUR, NOW + LATEST + 2 * HOUR, {SEND_AT: TOO_FAR}),
    ],
)
def test_times_are_refused_under_the_field_they_are_about(
    send_at: datetime | None, send_before: datetime | None, refusals: dict[str, str]
) -> None:
    errors = check_times(replace(DRAFT, send_at=send_at, send_before=send_before), NOW)
    assert set(errors) == set(refusals)
    for field, words in refusals.items():
        assert words in errors[field]
        assert "Choose" in errors[field]


TIMES = st.none() | st.datetimes(
    (NOW - timedelta(days=100)).replace(tzinfo=None),
    (NOW + timedelta(days=100)).replace(tzinfo=None),
).map(lambda at: at.replace(tzinfo=NOW.tzinfo))


@given(send_at=TIMES, send_before=TIMES)
def test_what_is_taken_can_be_kept(send_at: datetime | None, send_before: datetime | None) -> None:
    """A plan that is not refused leaves a moment at which the message may go out."""
    if check_times(replace(DRAFT, send_at=send_at, send_before=send_before), NOW):
        return
    begins = max(send_at or NOW, NOW)
    assert begins <= NOW + LATEST
    assert send_before is None or send_before > begins


@given(channel=st.text(), thread_ts=st.text(), response_url=st.text())
def test_the_place_comes_back_from_the_modal(
    channel: str, thread_ts: str, response_url: str
) -> None:
    place = Place("T0TEAM", channel, thread_ts, response_url)
    assert read_place(write_place(place), "T0TEAM") == place
