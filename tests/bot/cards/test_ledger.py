"""The ledger of posts: what was announced and not struck off may be in Slack already."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

import pytest
import sqlalchemy as sa

from bot.cards.ledger import NOWHERE, Ledger
from bot.cards.post_names import CARD, OUTCOME, REPEAT, line_key
from bot.cards.tries import AlreadyPosted, NotSettled, Tries
from bot.request import QUIET, Event, HistoryLine, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.history import NOT_SHOWN
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore
from bot.storage.tables import postings, requests

Build = Callable[..., Request]
WHAT = [CARD, OUTCOME, "line 98"]
SETTLED_AFTER = timedelta(seconds=6)


@pytest.fixture
def ledger(requests_store: RequestStore, database: Database, a_request: Build) -> Ledger:
    for request_id in ("V1", "V2"):
        requests_store.add(a_request(request_id=request_id), ())
    return Ledger(database)


class Standing(datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Standing":
        return cls(2026, 11, 27, tzinfo=tz)


def _set_age(
    database: Database, seconds: float, what: str = CARD, now: datetime | None = None
) -> None:
    """Make an announced try one that began so long ago; less than 0: in the future."""
    with database.transaction() as connection:
        at = (now or datetime.now(UTC)).timestamp() - seconds
        connection.execute(sa.update(postings).where(postings.c.what == what).values(since=at))


def _announced(database: Database) -> set[tuple[str, str]]:
    with database.connect() as connection:
        rows = connection.execute(sa.select(postings.c.request_id, postings.c.what))
        return {(row.request_id, row.what) for row in rows}


def _tries(ledger: Ledger, what: str = CARD) -> Tries:
    tries = ledger.announce("V1", what)
    assert tries is not None
    return tries


def _try_again(ledger: Ledger, what: str = CARD) -> None:
    ledger.announce_again("V1", what, _tries(ledger, what), SETTLED_AFTER)


@pytest.mark.parametrize("what", WHAT)
def test_the_first_try_has_no_earlier_one_and_the_second_is_told_of_the_first(
    what: str, ledger: Ledger
) -> None:
    before = datetime.now(UTC)
    assert ledger.announce("V1", what) is None
    tries = _tries(ledger, what)
    assert before <= tries.first <= datetime.now(UTC)
    assert tries == Tries(tries.first)
    assert tries.latest == tries.first
    assert _tries(ledger, what) == tries  # asking changes nothing


@pytest.mark.parametrize("what", WHAT)
def test_the_wait_counts_from_the_latest_try_and_the_search_from_the_first(
    what: str, ledger: Ledger, database: Database
) -> None:
    ledger.announce("V1", what)
    with pytest.raises(NotSettled):
        _try_again(ledger, what)
    _set_age(database, 7, what)
    first = _tries(ledger, what).first
    for _ in range(3):
        before = datetime.now(UTC)
        _try_again(ledger, what)
        tries = _tries(ledger, what)
        assert tries.first == first
        assert before <= tries.latest <= datetime.now(UTC)
        with pytest.raises(NotSettled):
            _try_again(ledger, what)
        _set_age(database, 6.5, f"{what} again")


@pytest.mark.parametrize(("age", "after"), [(0, 6), (2, 4), (5.5, 0.5)])
def test_who_comes_too_early_is_told_how_long_to_wait(
    age: float, after: float, ledger: Ledger, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.announce("V1", CARD)
    monkeypatch.setattr("bot.cards.tries.datetime", Standing)
    _set_age(database, age, now=Standing.now(UTC))
    with pytest.raises(NotSettled) as early:
        _try_again(ledger)
    assert early.value.after == after
    assert str(early.value) == "an earlier attempt may still reach Slack"
    assert _announced(database) == {("V1", CARD)}


def test_of_two_that_try_again_one_does(ledger: Ledger, database: Database) -> None:
    ledger.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _set_age(database, 7, what)
        tries = _tries(ledger)
        ledger.announce_again("V1", CARD, tries, SETTLED_AFTER)
        with pytest.raises(NotSettled) as second:
            ledger.announce_again("V1", CARD, tries, SETTLED_AFTER)
        assert second.value.after == 6


def test_a_clock_that_was_set_back_restarts_the_wait_but_does_not_extend_it(
    ledger: Ledger, database: Database
) -> None:
    ledger.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _set_age(database, -3600, what)
        with pytest.raises(NotSettled) as early:
            _try_again(ledger)
        assert early.value.after == 6
        assert _tries(ledger).latest <= datetime.now(UTC)
        _set_age(database, 7, f"{CARD} again")
        _try_again(ledger)


def test_posts_of_other_requests_and_kinds_are_independent(ledger: Ledger) -> None:
    for request_id, what in (
        ("V1", CARD),
        ("V2", CARD),
        ("V1", OUTCOME),
        ("V1", "line 98"),
        ("V1", "line 99"),
    ):
        assert ledger.announce(request_id, what) is None


@pytest.mark.parametrize("what", WHAT)
def test_what_slack_refused_may_be_tried_for_the_first_time_again(
    what: str, ledger: Ledger
) -> None:
    ledger.announce("V1", what)
    ledger.announce("V2", what)
    ledger.withdraw("V1", what, None)
    assert ledger.announce("V1", what) is None
    assert ledger.announce("V2", what) is not None
    ledger.withdraw("V1", "line 97", None)


def test_a_refusal_of_a_later_try_says_nothing_about_the_earlier_ones(
    ledger: Ledger, database: Database
) -> None:
    ledger.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _set_age(database, 7, what)
        tries = _tries(ledger)
        for _ in range(2):  # as when a second place is tried after the first one's refusal
            ledger.announce_again("V1", CARD, tries, SETTLED_AFTER)
            ledger.withdraw("V1", CARD, tries)
            assert _tries(ledger) == tries
        ledger.announce_again("V1", CARD, tries, SETTLED_AFTER)


def test_of_many_that_announce_the_same_post_one_is_the_first(ledger: Ledger) -> None:
    barrier = threading.Barrier(8)

    def announce(_: int) -> Tries | None:
        barrier.wait()
        return ledger.announce("V1", CARD)

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(announce, range(8)))
    assert told.count(None) == 1
    assert len(set(told)) == 2  # and the others all hear of the same first try


def _add_lines(store: RequestStore, ledger: Ledger) -> tuple[HistoryLine, HistoryLine]:
    store.add_line("V1", Event.FATE_UNKNOWN)
    store.add_line("V1", Event.CHECK_ASKED, "Ada")
    first, second = ledger.unposted_lines("V1")
    return first, second


def test_a_noted_post_strikes_off_all_its_tries(
    ledger: Ledger, requests_store: RequestStore, database: Database
) -> None:
    line, _ = _add_lines(requests_store, ledger)
    for what in (CARD, OUTCOME, line_key(line)):
        ledger.announce("V1", what)
        ledger.announce("V2", what)
        _set_age(database, 7, what)
        _try_again(ledger, what)
    others = {("V2", what) for what in (CARD, OUTCOME, line_key(line))}
    assert len(_announced(database) - others) == 6
    assert ledger.note_card("V1", "D1", "1.6", State.CHECKING)
    assert len(_announced(database) - others) == 4
    assert ledger.note_outcome("V1", "1.7")
    assert len(_announced(database) - others) == 2
    assert ledger.note_line("V1", line, "1.8")
    assert _announced(database) == others


def test_a_noted_card_has_its_place_and_the_state_that_it_shows(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    assert ledger.note_card("V1", "D1", "1.6", State.CHECKING)
    noted = requests_store.load("V1")
    assert (noted.card_channel, noted.card_ts, noted.card_state) == ("D1", "1.6", "checking")
    assert noted.state is State.CHECKING
    assert requests_store.load("V2").card_channel == ""


def test_a_card_that_is_nowhere_is_noted_too(ledger: Ledger, requests_store: RequestStore) -> None:
    assert ledger.note_card("V1", NOWHERE, "", State.CHECKING, elsewhere="that one is archived")
    noted = requests_store.load("V1")
    assert (noted.card_channel, noted.card_ts) == (NOWHERE, "")


def test_a_card_that_is_nowhere_can_be_tried_again_and_one_that_is_somewhere_stays(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    ledger.note_card("V1", NOWHERE, "", State.CHECKING)
    ledger.note_card("V2", "D1", "1.6", State.CHECKING)
    for request_id in ("V1", "V2"):
        ledger.forget_nowhere(request_id)
    assert ledger.announce("V1", CARD) is None
    assert ledger.note_card("V1", "C1", "1.7", State.SENDING)
    noted = [requests_store.load(request_id) for request_id in ("V1", "V2")]
    assert [(one.card_channel, one.card_ts) for one in noted] == [("C1", "1.7"), ("D1", "1.6")]


def test_the_state_that_a_card_shows_changes_without_its_place(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    for request_id in ("V1", "V2"):
        ledger.note_card(request_id, "D1", "1.6", State.CHECKING)
    ledger.note_shown_state(replace(requests_store.load("V1"), state=State.REFUSED))
    noted = requests_store.load("V1")
    assert (noted.card_channel, noted.card_ts, noted.card_state) == ("D1", "1.6", "refused")
    assert requests_store.load("V2").card_state == "checking"


def test_a_card_that_is_to_be_drawn_again_is_not_noted_as_shown(
    ledger: Ledger, requests_store: RequestStore, database: Database
) -> None:
    ledger.note_card("V1", "D1", "1.6", State.CHECKING)
    drawn = requests_store.load("V1")
    with database.transaction() as connection:
        connection.execute(sa.update(requests).values(card_state=""))  # as OptOuts.draw_again does
    ledger.note_shown_state(drawn)
    assert requests_store.load("V1").card_state == ""


def test_a_post_that_is_noted_stays_noted_if_another_process_shows_none(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    ledger.note_outcome("V1", "1.5")
    assert not ledger.note_outcome("V1", NOT_SHOWN)
    assert requests_store.load("V1").outcome_ts == "1.5"


@pytest.mark.parametrize("what", [CARD, OUTCOME, "line", "approval 0"])
def test_a_repeat_is_known_to_an_erasure(
    what: str, ledger: Ledger, requests_store: RequestStore, database: Database
) -> None:
    """Slack may refuse to remove it, or not answer."""
    line, _ = _add_lines(requests_store, ledger)
    for ts in ("1.5", "1.7"):
        if what == CARD:
            is_first = ledger.note_card("V1", "C1", ts, State.CHECKING)
        elif what == OUTCOME:
            is_first = ledger.note_outcome("V1", ts, "C1")
        elif what == "line":
            is_first = ledger.note_line("V1", line, ts, "C1")
        else:
            is_first = ledger.note_other_post("V1", what, "C1", ts)
        assert is_first is (ts == "1.5")
    noted = [(post.what, post.ts) for post in Posts(database).of(["V1"])]
    assert noted == [(line_key(line) if what == "line" else what, "1.5"), (REPEAT, "1.7")]


def test_the_reason_why_a_card_is_elsewhere_is_a_line_of_its_thread(ledger: Ledger) -> None:
    assert ledger.note_card("V1", "D1", "1.6", "", elsewhere="that channel is archived")
    (line,) = ledger.unposted_lines("V1")
    assert (line.event, line.detail) == (Event.ELSEWHERE, "that channel is archived")
    assert ledger.unposted_lines("V2") == ()


def test_a_noted_line_is_not_shown_again(ledger: Ledger, requests_store: RequestStore) -> None:
    first, second = _add_lines(requests_store, ledger)
    assert ledger.note_line("V1", first, "1.5")
    assert ledger.unposted_lines("V1") == (second,)
    assert ledger.note_line("V1", second, NOT_SHOWN)
    assert ledger.unposted_lines("V1") == ()


def test_a_noted_outcome_has_its_ts(ledger: Ledger, requests_store: RequestStore) -> None:
    assert ledger.note_outcome("V1", "1.7")
    assert requests_store.load("V1").outcome_ts == "1.7"
    assert requests_store.load("V2").outcome_ts == ""


@pytest.mark.parametrize(
    ("ts", "is_noted", "kept"), [("1.5", True, "1.5"), ("1.6", True, "1.6"), ("1.7", False, "1.6")]
)
def test_of_posts_that_two_processes_made_the_first_stays(
    ts: str, is_noted: bool, kept: str, ledger: Ledger, requests_store: RequestStore
) -> None:
    """A process that was frozen notes its post after its successor noted 1.6."""
    line, _ = _add_lines(requests_store, ledger)
    ledger.note_card("V1", "D1", "1.6", State.CHECKING)
    ledger.note_outcome("V1", "1.6")
    ledger.note_line("V1", line, "1.6")
    assert ledger.note_card("V1", "D1", ts, State.SENDING, elsewhere="late") is is_noted
    assert ledger.note_outcome("V1", ts) is is_noted
    assert ledger.note_line("V1", line, ts) is is_noted
    noted = requests_store.load("V1")
    assert (noted.card_ts, noted.outcome_ts) == (kept, kept)
    assert noted.card_state == ("sending" if is_noted else "checking")
    assert ("late" in [one.detail for one in ledger.unposted_lines("V1")]) is is_noted


def _note(ledger: Ledger, what: str, line: HistoryLine) -> None:
    if what == CARD:
        ledger.note_card("V1", NOWHERE, "", State.CHECKING)
    elif what == OUTCOME:
        ledger.note_outcome("V1", NOT_SHOWN)
    else:
        ledger.note_line("V1", line, "1.6")


@pytest.mark.parametrize("kind", [CARD, OUTCOME, "line"])
def test_what_another_process_has_noted_is_not_announced_again(
    kind: str, ledger: Ledger, requests_store: RequestStore, database: Database
) -> None:
    line, other = _add_lines(requests_store, ledger)
    what = kind if kind != "line" else line_key(line)
    _note(ledger, what, line)
    with pytest.raises(AlreadyPosted, match="another process has posted it meanwhile"):
        ledger.announce("V1", what)
    assert _announced(database) == set()
    for one in {CARD, OUTCOME, line_key(other)} - {what}:
        assert ledger.announce("V1", one) is None


@pytest.mark.parametrize("kind", [CARD, OUTCOME, "line"])
@pytest.mark.parametrize("is_again", [False, True])
def test_what_another_process_has_noted_is_not_tried_again(
    is_again: bool, kind: str, ledger: Ledger, requests_store: RequestStore, database: Database
) -> None:
    line, _ = _add_lines(requests_store, ledger)
    what = kind if kind != "line" else line_key(line)
    ledger.announce("V1", what)
    _set_age(database, 7, what)
    if is_again:
        _try_again(ledger, what)
        _set_age(database, 7, f"{what} again")
    tries = _tries(ledger, what)
    _note(ledger, what, line)
    with pytest.raises(AlreadyPosted):
        ledger.announce_again("V1", what, tries, SETTLED_AFTER)
    assert _announced(database) == set()


def test_a_card_in_another_channel_than_the_noted_one_is_a_repeat(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    ledger.note_card("V1", "D1", "1.6", State.CHECKING)
    for channel, ts in (("C1", "1.5"), ("C1", "1.7"), (NOWHERE, "")):
        assert not ledger.note_card("V1", channel, ts, State.CHECKING, elsewhere="late")
    assert requests_store.load("V1").card_channel == "D1"
    assert ledger.unposted_lines("V1") == ()


def test_lines_come_in_the_order_in_which_they_were_written(
    ledger: Ledger, requests_store: RequestStore
) -> None:
    requests_store.move("V1", State.SCHEDULED, Event.FOUND)
    requests_store.add_line("V2", Event.CHECK_ASKED, "Leo")
    requests_store.move("V1", State.SENDING, Event.SENDING)
    requests_store.add_line("V1", Event.FATE_UNKNOWN)
    requests_store.move("V1", State.UNCERTAIN, Event.UNCERTAIN)
    events = [line.event for line in ledger.unposted_lines("V1")]
    assert events == [Event.FOUND, Event.FATE_UNKNOWN, Event.UNCERTAIN]


@pytest.mark.parametrize("event", Event)
def test_quiet_events_are_in_the_history_but_not_in_the_thread(
    event: Event, ledger: Ledger, requests_store: RequestStore
) -> None:
    requests_store.add_line("V1", event)
    assert len(ledger.unposted_lines("V1")) == (event not in QUIET)


@pytest.mark.parametrize("request_id", ["", "V404"])
def test_an_unknown_request_has_no_lines(request_id: str, ledger: Ledger) -> None:
    assert ledger.unposted_lines(request_id) == ()
