"""The ledger of posts: what was announced and not struck off may stand in Slack already."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cards.ledger import CARD, OUTCOME, Ledger, NotSettled, Tries, line_key
from bot.request import QUIET, Event, Request, State
from bot.storage.requests import NOT_SHOWN, RequestStore, no_work
from bot.storage.tables import postings

Build = Callable[..., Request]
WHAT = [CARD, OUTCOME, "line 1"]
SETTLED_AFTER = timedelta(seconds=6)


@pytest.fixture
def posts(store: RequestStore, database: sa.Engine, a_request: Build) -> Ledger:
    for request_id in ("V1", "V2"):
        store.record(a_request(request_id=request_id), no_work)
    return Ledger(database)


def _begun(database: sa.Engine, seconds_ago: float, what: str = CARD) -> None:
    """Make a noted try one that began so long ago; less than nothing: by a clock set back since."""
    with database.begin() as connection:
        at = datetime.now(UTC).timestamp() - seconds_ago
        connection.execute(sa.update(postings).where(postings.c.what == what).values(since=at))


def _tries(posts: Ledger, what: str = CARD) -> Tries:
    tries = posts.announce("V1", what)
    assert tries is not None
    return tries


@pytest.mark.parametrize("what", WHAT)
def test_a_first_try_is_told_so_and_a_second_when_the_first_was(what: str, posts: Ledger) -> None:
    before = datetime.now(UTC)
    assert posts.announce("V1", what) is None
    tries = _tries(posts, what)
    assert before <= tries.first <= datetime.now(UTC)
    assert tries.latest == tries.first
    assert _tries(posts, what) == tries  # asking changes nothing


@pytest.mark.parametrize("what", WHAT)
def test_the_wait_counts_from_the_latest_try_and_the_search_from_the_first(
    what: str, posts: Ledger, database: sa.Engine
) -> None:
    posts.announce("V1", what)
    with pytest.raises(NotSettled):
        posts.announce_again("V1", what, _tries(posts, what), SETTLED_AFTER)
    _begun(database, 7, what)
    first = _tries(posts, what).first
    for _ in range(3):
        before = datetime.now(UTC)
        posts.announce_again("V1", what, _tries(posts, what), SETTLED_AFTER)
        tries = _tries(posts, what)
        assert tries.first == first
        assert before <= tries.latest <= datetime.now(UTC)
        with pytest.raises(NotSettled):
            posts.announce_again("V1", what, tries, SETTLED_AFTER)
        _begun(database, 6.5, f"{what} again")


def test_of_two_that_would_try_again_one_does(posts: Ledger, database: sa.Engine) -> None:
    posts.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _begun(database, 7, what)
        tries = _tries(posts)
        posts.announce_again("V1", CARD, tries, SETTLED_AFTER)
        with pytest.raises(NotSettled):
            posts.announce_again("V1", CARD, tries, SETTLED_AFTER)


def test_a_clock_that_was_set_back_makes_the_wait_begin_anew_and_no_longer(
    posts: Ledger, database: sa.Engine
) -> None:
    posts.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _begun(database, -3600, what)
        with pytest.raises(NotSettled):
            posts.announce_again("V1", CARD, _tries(posts), SETTLED_AFTER)
        assert _tries(posts).latest <= datetime.now(UTC)
        _begun(database, 7, f"{CARD} again")
        posts.announce_again("V1", CARD, _tries(posts), SETTLED_AFTER)


def test_posts_of_other_requests_and_of_other_kinds_have_nothing_to_do_with_it(
    posts: Ledger,
) -> None:
    assert posts.announce("V1", CARD) is None
    assert posts.announce("V2", CARD) is None
    assert posts.announce("V1", OUTCOME) is None
    assert posts.announce("V1", "line 1") is None
    assert posts.announce("V1", "line 2") is None


@pytest.mark.parametrize("what", WHAT)
def test_what_slack_refused_may_be_tried_anew(what: str, posts: Ledger) -> None:
    posts.announce("V1", what)
    posts.announce("V2", what)
    posts.withdraw("V1", what, None)
    assert posts.announce("V1", what) is None
    assert posts.announce("V2", what) is not None
    posts.withdraw("V1", "never announced", None)


def test_a_refusal_of_a_later_try_says_nothing_of_the_earlier_ones(
    posts: Ledger, database: sa.Engine
) -> None:
    posts.announce("V1", CARD)
    for what in (CARD, f"{CARD} again"):
        _begun(database, 7, what)
        tries = _tries(posts)
        for _ in range(2):  # as when a second place is tried after the first one's refusal
            posts.announce_again("V1", CARD, tries, SETTLED_AFTER)
            posts.withdraw("V1", CARD, tries)
            assert _tries(posts) == tries
        posts.announce_again("V1", CARD, tries, SETTLED_AFTER)


def test_of_many_that_try_at_once_one_is_the_first(posts: Ledger) -> None:
    barrier = threading.Barrier(8)

    def announce(_: int) -> Tries | None:
        barrier.wait()
        return posts.announce("V1", CARD)

    with ThreadPoolExecutor(8) as threads:
        told = list(threads.map(announce, range(8)))
    assert told.count(None) == 1
    assert len(set(told)) == 2  # and the others all hear of the same first try


def test_with_a_post_all_its_tries_are_struck_off(
    posts: Ledger, store: RequestStore, database: sa.Engine
) -> None:
    store.add_line("V1", Event.FATE_UNKNOWN)
    (line,) = posts.unposted_lines("V1")
    for what in (CARD, OUTCOME, line_key(line)):
        posts.announce("V1", what)
        _begun(database, 7, what)
        posts.announce_again("V1", what, _tries(posts, what), SETTLED_AFTER)
    posts.note_card("V1", "D1", "1.6", State.CHECKING)
    posts.note_outcome("V1", "1.7")
    posts.note_line("V1", line, "1.8")
    with database.connect() as connection:
        assert connection.execute(sa.select(postings)).all() == []


def test_a_card_that_stands_is_struck_off_together_with_its_place(
    posts: Ledger, store: RequestStore
) -> None:
    for request_id in ("V1", "V2"):
        posts.announce(request_id, CARD)
    posts.announce("V1", OUTCOME)
    posts.note_card("V1", "D1", "1.6", State.CHECKING)
    kept = store.load("V1")
    assert (kept.card_channel, kept.card_ts, kept.card_state) == ("D1", "1.6", "checking")
    assert kept.state is State.CHECKING
    assert store.load("V2").card_ts == ""
    assert posts.announce("V1", CARD) is None
    assert posts.announce("V1", OUTCOME) is not None
    assert posts.announce("V2", CARD) is not None


def test_why_a_card_stands_elsewhere_is_a_line_of_its_thread(posts: Ledger) -> None:
    posts.note_card("V1", "D1", "1.6", State.CHECKING, elsewhere="that channel is archived")
    (line,) = posts.unposted_lines("V1")
    assert (line.event, line.detail) == (Event.ELSEWHERE, "that channel is archived")
    posts.note_card("V1", "D1", "1.6", State.REFUSED)
    assert posts.unposted_lines("V1") == (line,)


def test_a_line_that_stands_is_struck_off_and_shown_no_more(posts: Ledger, store: RequestStore) -> None:
    store.add_line("V1", Event.FATE_UNKNOWN)
    store.add_line("V1", Event.CHECK_ASKED, "Ada")
    first, second = posts.unposted_lines("V1")
    for line in (first, second):
        posts.announce("V1", line_key(line))
    posts.note_line("V1", first, "1.5")
    assert posts.unposted_lines("V1") == (second,)
    assert posts.announce("V1", line_key(first)) is None
    assert posts.announce("V1", line_key(second)) is not None
    posts.note_line("V1", second, NOT_SHOWN)
    assert posts.unposted_lines("V1") == ()


def test_an_outcome_that_stands_is_struck_off_together_with_its_ts(
    posts: Ledger, store: RequestStore
) -> None:
    posts.announce("V1", OUTCOME)
    posts.announce("V1", CARD)
    posts.note_outcome("V1", "1.7")
    assert store.load("V1").outcome_ts == "1.7"
    assert store.load("V2").outcome_ts == ""
    assert posts.announce("V1", OUTCOME) is None
    assert posts.announce("V1", CARD) is not None


def test_lines_come_in_the_order_in_which_they_were_written(posts: Ledger, store: RequestStore) -> None:
    store.move("V1", State.SCHEDULED, Event.FOUND)
    store.add_line("V2", Event.CHECK_ASKED, "Leo")
    store.move("V1", State.SENDING, Event.SENDING)
    store.add_line("V1", Event.FATE_UNKNOWN)
    store.move("V1", State.UNCERTAIN, Event.UNCERTAIN)
    events = [line.event for line in posts.unposted_lines("V1")]
    assert events == [Event.FOUND, Event.FATE_UNKNOWN, Event.UNCERTAIN]


@pytest.mark.parametrize("event", Event)
def test_what_is_quiet_is_in_the_history_and_not_in_the_thread(
    event: Event, posts: Ledger, store: RequestStore
) -> None:
    store.add_line("V1", event)
    assert len(posts.unposted_lines("V1")) == (event not in QUIET)


@pytest.mark.parametrize("request_id", ["", "V404"])
def test_an_unknown_request_has_no_lines(request_id: str, posts: Ledger) -> None:
    assert posts.unposted_lines(request_id) == ()
