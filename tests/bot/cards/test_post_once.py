"""A post is made once, whatever gets lost, and never while an earlier attempt may still arrive."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

import bot.cards.client
import bot.cards.post_once
from bot.cards.card import show_notice
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackRateLimited, SlackRefused, SlackUnavailable
from bot.cards.ledger import Ledger
from bot.cards.post_names import CARD
from bot.cards.post_once import SETTLED_AFTER, Posted, PostOnce
from bot.cards.tries import NotSettled
from bot.request import Request
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from bot.storage.tables import postings
from tests.bot.conftest import Local

from .conftest import answer_once, direct_channel

REQUEST, SUPPORT = "V0123456789", "C0SUPPORT"
HERE, DIRECT = Spot(SUPPORT), Spot("U0ADA")
POST = show_notice("Something happened.")


class Bench:
    """Posts one card, and lets time pass."""

    def __init__(self, database: Database, local: Local, slack: SlackClient) -> None:
        self.local, self.slack, self._database = local, slack, database
        self.ledger = Ledger(database)
        self.now = 0.0
        self._once = PostOnce(self.ledger, slack, lambda: self.now)

    def post(self, spot: Spot = HERE) -> Posted:
        return self._once.post(REQUEST, CARD, spot, POST)

    def lose(self, kind: str, spot: Spot = HERE) -> None:
        self.local.order("slack", "chat.postMessage", kind, times=1)
        with pytest.raises(SlackUnavailable):
            self.post(spot)

    def let_settle(self) -> None:
        """Let the time pass in which an earlier attempt may still arrive."""
        with self._database.transaction() as connection:
            before = datetime.now(UTC) - SETTLED_AFTER
            connection.execute(sa.update(postings).values(since=before.timestamp()))

    def standing(self, channel: str = SUPPORT) -> list[str]:
        return [str(message["ts"]) for message in self.local.messages(channel)]

    def attempts(self) -> int:
        return len(self.local.calls("slack", "chat.postMessage"))

    def searches(self) -> int:
        return len(self.local.calls("slack", "conversations."))


@pytest.fixture
def bench(
    requests_store: RequestStore,
    database: Database,
    local: Local,
    slack: SlackClient,
    a_request: Callable[..., Request],
) -> Bench:
    requests_store.add(a_request(), ())
    return Bench(database, local, slack)


def test_the_first_attempt_posts_without_a_search(bench: Bench) -> None:
    posted = bench.post()
    assert posted == Posted(SUPPORT, bench.standing()[0], is_fresh=True)
    assert (bench.attempts(), bench.searches()) == (1, 0)


def test_a_post_that_arrived_is_found_and_may_show_an_earlier_state(bench: Bench) -> None:
    bench.lose("cut_after")
    (ts,) = bench.standing()
    assert bench.post() == Posted(SUPPORT, ts, is_fresh=False)
    assert bench.attempts() == 1


def test_a_post_that_did_not_arrive_is_tried_again_when_it_can_arrive_no_more(
    bench: Bench,
) -> None:
    begun = time.time()
    bench.lose("cut_before")
    with pytest.raises(NotSettled) as early:
        bench.post()
    assert begun - time.time() <= early.value.after - 6 <= 0
    assert bench.attempts() == 1
    bench.let_settle()
    posted = bench.post()
    assert posted == Posted(SUPPORT, bench.standing()[0], is_fresh=False)
    assert bench.attempts() == 2


def test_no_attempt_begins_while_a_later_one_may_still_arrive(bench: Bench) -> None:
    for attempts in (1, 2, 3):
        bench.lose("cut_before")
        for _ in range(2):
            with pytest.raises(NotSettled):
                bench.post()
        assert bench.attempts() == attempts
        bench.let_settle()
    bench.post()
    assert len(bench.standing()) == 1


def test_the_search_goes_back_to_the_first_attempt(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first attempt has arrived, out of our sight; a second one never did."""
    monkeypatch.setattr(bot.cards.client, "CLOCK_SKEW", 0.0)
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(SlackUnavailable):
        bench.post()
    first = bench.standing()
    with monkeypatch.context() as blind:
        blind.setattr(bench.slack, "find", lambda *_: "")
        blind.setattr(bot.cards.post_once, "SETTLED_AFTER", timedelta())
        bench.lose("cut_before")
    assert bench.post() == Posted(SUPPORT, first[0], is_fresh=False)
    assert bench.standing() == first


def test_a_post_that_arrives_between_a_search_and_the_next_attempt_stays_alone(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.lose("cut_after")
    first = bench.standing()
    bench.let_settle()
    find, searches = bench.slack.find, []

    def blind_at_first(*asked: Any) -> str:
        searches.append(asked)
        return find(*asked) if len(searches) > 1 else ""

    monkeypatch.setattr(bench.slack, "find", blind_at_first)
    posted = bench.post()
    assert bench.standing() == first == [posted.ts]


def test_a_direct_message_that_arrived_is_found_by_posting_it_again(bench: Bench) -> None:
    bench.lose("cut_after", DIRECT)
    direct = direct_channel(bench.local)
    first = bench.standing(direct)
    bench.let_settle()
    assert bench.post(DIRECT) == Posted(direct, first[0], is_fresh=False)
    assert bench.standing(direct) == first


def test_what_slack_refused_is_tried_again_without_a_wait(bench: Bench) -> None:
    answer_once(bench.local, "chat.postMessage", "invalid_blocks")
    with pytest.raises(SlackRefused):
        bench.post()
    bench.local.order("slack", "chat.postMessage", "status", status=429, times=1)
    with pytest.raises(SlackRateLimited):
        bench.post()
    assert bench.post().is_fresh
    assert bench.searches() == 0


def test_a_refusal_does_not_forget_an_attempt_that_may_have_arrived(bench: Bench) -> None:
    bench.lose("cut_before")
    bench.let_settle()
    answer_once(bench.local, "chat.postMessage", "invalid_blocks")
    with pytest.raises(SlackRefused):
        bench.post()
    assert not bench.post().is_fresh
    assert bench.searches() == 3  # before each later attempt, and after the one that worked


@pytest.mark.parametrize(
    ("code", "status"), [("internal_error", 200), ("fatal_error", 200), ("whatever", 503)]
)
def test_a_post_that_slack_made_before_it_broke_down_is_found(
    code: str, status: int, bench: Bench, web: WebClient
) -> None:
    """The stand-in answers so without posting. That it posted first is simulated afterwards."""
    answer_once(bench.local, "chat.postMessage", code, status)
    with pytest.raises(SlackUnavailable):
        bench.post()
    name = {"event_type": "proactive_post", "event_payload": {"name": f"{REQUEST} {CARD}"}}
    web.chat_postMessage(channel=SUPPORT, text="done", metadata=name)
    assert bench.post() == Posted(SUPPORT, bench.standing()[0], is_fresh=False)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_process_that_froze_after_the_announcement_does_not_post(
    is_first: bool, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its announcement is too old by then: another process may have posted meanwhile."""
    if not is_first:
        bench.lose("cut_before")
        bench.let_settle()
    attempts = bench.attempts()
    method = "announce" if is_first else "announce_again"
    announce = getattr(bench.ledger, method)

    def announce_and_freeze(*asked: Any) -> Any:
        bench.now += 40.0
        return announce(*asked)

    monkeypatch.setattr(bench.ledger, method, announce_and_freeze)
    with pytest.raises(NotSettled) as late:
        bench.post()
    assert late.value.after == 6
    assert bench.attempts() == attempts
    assert bench.standing() == []
