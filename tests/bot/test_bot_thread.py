"""Card, thread and outcome show what the store says, once each, from wherever a try stopped."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.errors import SlackApiError

import bot.cards.client
from bot.cards.client import SlackClient
from bot.cards.ledger import Ledger, NotSettled
from bot.cards.publish import Publisher
from bot.request import WATCHED, Event, Request, State
from bot.storage.requests import RequestStore, no_work
from bot.storage.tables import postings

from .conftest import Local, wait_until

Build = Callable[..., Request]
REQUEST = "V0123456789"
OUTCOMES = "C0NEWS"
LINK = "https://apps.example.com/1"


class Bench:
    """A thread of one request, and what it works with."""

    def __init__(
        self, store: RequestStore, database: sa.Engine, local: Local, slack: SlackClient
    ) -> None:
        self.store, self.database, self.local, self.slack = store, database, local, slack
        local.sandbox.local_slack._state.workspace.channels[OUTCOMES].posting_restricted = False
        self.thread = Publisher(store, Ledger(database), slack, outcomes_channel=OUTCOMES)

    def publish(self) -> None:
        self.thread.publish(REQUEST)

    def publish_until_done(self) -> None:
        """Publish as the engine does: again after an error, when earlier tries have settled."""

        def done() -> bool:
            try:
                self.publish()
            except (OSError, SlackApiError, NotSettled):
                self.let_settle()
                return False
            return True

        wait_until(done)

    def let_settle(self) -> None:
        """Let the time pass in which an earlier try may still arrive."""
        with self.database.begin() as connection:
            before = datetime.now(UTC) - timedelta(seconds=30)
            connection.execute(sa.update(postings).values(since=before.timestamp()))

    def move(self, *states: State) -> None:
        """Move the request as the watch does: followed until it is over."""
        for state in states:
            later = datetime.now(UTC) + timedelta(hours=1) if state in WATCHED else None
            event = Event(state.value)
            assert self.store.move(REQUEST, state, event, link=LINK, next_look_at=later)

    def shown(self, channel: str = "C0SUPPORT") -> list[str]:
        """List what stands in a channel: each post in the words of its notification."""
        return [
            message["text"].removeprefix("Message to a customer: ")
            for message in self.local.messages(channel)
        ]


@pytest.fixture
def bench(
    store: RequestStore, database: sa.Engine, local: Local, slack: SlackClient, a_request: Build
) -> Bench:
    store.record(a_request(state=State.SENDING), no_work)
    return Bench(store, database, local, slack)


def _card_first(bench: Bench) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.DELIVERED)


CARD = "⏳ Being handed to Genesys Cloud"
STANDS = [
    "💬 The customer replied",
    *("accepted", "delivered", "replied"),
]


def test_the_card_is_edited_and_every_line_is_posted_once(bench: Bench) -> None:
    _card_first(bench)
    bench.publish()
    assert bench.shown() == ["✅ Delivered", "accepted", "delivered"]
    bench.move(State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown() == STANDS
    card, *lines = bench.local.messages()
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    assert [message["pings"] for message in (card, *lines)] == [[], [], [], ["U0ADA"]]


def test_the_outcome_is_one_quiet_line_with_a_link_to_the_thread(bench: Bench) -> None:
    _card_first(bench)
    bench.publish()
    assert bench.shown(OUTCOMES) == []  # not before it is over
    bench.move(State.REPLIED)
    for _ in range(2):
        bench.publish()
    (line,) = bench.local.messages(OUTCOMES)
    card_ts = bench.store.load(REQUEST).card_ts
    assert f"/archives/C0SUPPORT/p{card_ts.replace('.', '')}" in json.dumps(line["blocks"])
    assert line["pings"] == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("lost", range(5))
def test_whichever_post_is_cut_each_stands_there_once(lost: int, kind: str, bench: Bench) -> None:
    """The card, three lines and the outcome: before or after each was done."""
    bench.move(State.ACCEPTED, State.DELIVERED, State.REPLIED)
    if lost:
        bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=lost)
    bench.local.order("slack", "chat.postMessage", kind, times=1)
    with pytest.raises(OSError):
        bench.publish()
    standing = len(bench.shown() + bench.shown(OUTCOMES))
    assert standing == (lost + 1 if kind == "cut_after" else lost)
    bench.publish_until_done()
    assert bench.shown() == STANDS
    assert len(bench.shown(OUTCOMES)) == 1


@pytest.mark.parametrize("method", ["chat.update", "chat.getPermalink"])
@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_cut_anywhere_else_loses_and_repeats_nothing(
    kind: str, method: str, bench: Bench
) -> None:
    _card_first(bench)
    bench.move(State.REPLIED)
    bench.local.order("slack", method, kind, times=1)
    bench.publish_until_done()
    assert bench.shown() == STANDS
    assert len(bench.shown(OUTCOMES)) == 1


def _break_posting(bench: Bench, word: str, status: int = 400) -> None:
    """Let Slack answer a post once with this word; 400 stands for its 200 with ``ok`` false."""
    body = {"ok": False, "error": word}
    bench.local.order("slack", "chat.postMessage", "status", status=status, body=body, times=1)


def _tried(bench: Bench) -> int:
    return len(bench.local.calls("slack", "chat.postMessage"))


@pytest.mark.parametrize(
    ("word", "status"), [("internal_error", 400), ("fatal_error", 400), ("whatever", 503)]
)
def test_a_post_that_slack_may_have_done_before_it_broke_stands_there_once(
    word: str, status: int, bench: Bench
) -> None:
    """The stand-in answers so without posting; that it posted all the same is put on afterwards."""
    _break_posting(bench, word, status)
    with pytest.raises(SlackApiError):
        bench.publish()
    name = {"event_type": "proactive_post", "event_payload": {"name": f"{REQUEST} card"}}
    bench.slack.client.chat_postMessage(channel="C0SUPPORT", text="done", metadata=name)
    bench.publish()
    (card,) = bench.local.messages()
    assert card["ts"] == bench.store.load(REQUEST).card_ts
    assert bench.shown() == [CARD]


def test_a_post_that_slack_refused_is_tried_again_at_once(bench: Bench) -> None:
    for word, status in (("invalid_blocks", 400), ("ratelimited", 429)):
        _break_posting(bench, word, status)
        with pytest.raises(SlackApiError):
            bench.publish()
    bench.publish()
    assert bench.shown() == [CARD]
    assert not bench.local.calls("slack", "conversations.")


def test_no_try_begins_while_another_may_be_on_its_way(bench: Bench) -> None:
    """The first try is lost, and so is the second: the third waits for the second, too."""
    bench.local.order("slack", "chat.postMessage", "cut_before", times=2)
    for tries in (1, 2):
        with pytest.raises(OSError):
            bench.publish()
        for _ in range(2):
            with pytest.raises(NotSettled):
                bench.publish()
        assert _tried(bench) == tries
        bench.let_settle()
    bench.publish()
    assert bench.shown() == [CARD]


def test_the_search_goes_back_to_the_first_try(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try has arrived, out of our sight; a second never did."""
    monkeypatch.setattr(bot.slack_posting, "_CLOCKS", 0.0)
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(OSError):
        bench.publish()
    first = _standing(bench)
    bench.let_settle()
    with monkeypatch.context() as blind:
        blind.setattr(bench.slack, "find", lambda *_: "")
        bench.local.order("slack", "chat.postMessage", "cut_before", times=1)
        with pytest.raises(OSError):
            bench.publish()
    bench.publish()
    assert _standing(bench) == first


def test_a_post_that_arrives_between_a_look_and_the_next_try_is_mended(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(OSError):
        bench.publish()
    first = _standing(bench)
    bench.let_settle()
    find, looks = bench.slack.find, []

    def blind_at_first(*asked: Any) -> str:
        looks.append(asked)
        return find(*asked) if len(looks) > 1 else ""

    monkeypatch.setattr(bench.slack, "find", blind_at_first)
    bench.publish()
    assert _standing(bench) == first == [bench.store.load(REQUEST).card_ts]


def _standing(bench: Bench) -> list[str]:
    return [str(message["ts"]) for message in bench.local.messages()]


def test_a_doubtful_post_goes_to_the_agent_when_its_channel_was_closed_meanwhile(
    bench: Bench,
) -> None:
    bench.local.order("slack", "chat.postMessage", "cut_before", times=1)
    with pytest.raises(OSError):
        bench.publish()
    _archive(bench)
    bench.let_settle()
    bench.publish()
    assert bench.shown() == []
    assert bench.shown(_direct_channel(bench)) == [CARD, "elsewhere"]


@pytest.mark.parametrize("card_stands", [False, True])
def test_a_direct_message_whose_answer_was_cut_stands_there_once(
    card_stands: bool, bench: Bench
) -> None:
    """Its channel is known from an answer only: it is posted again, then the repeated one goes."""
    if card_stands:
        bench.publish()
    _archive(bench)
    bench.move(State.ACCEPTED)
    bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=1)  # the refusal
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(OSError):
        bench.publish()
    bench.publish_until_done()
    card = [] if card_stands else ["☑️ Accepted by Genesys Cloud"]
    told = [] if card_stands else ["elsewhere"]
    assert bench.shown(_direct_channel(bench)) == [*card, "accepted", *told]


def test_without_the_right_to_read_a_doubtful_post_is_posted_again_and_not_lost(
    bench: Bench,
) -> None:
    scopes = ["channels:history", "groups:history", "im:history", "mpim:history"]
    bench.local.ask("POST", "/control/slack/settings", missing_scopes=scopes)
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.publish_until_done()
    assert len(bench.shown()) == 2


def _archive(bench: Bench) -> None:
    workspace = bench.local.sandbox.local_slack._state.workspace
    workspace.channels["C0SUPPORT"].is_archived = True


def test_when_the_channel_is_archived_the_news_goes_to_the_agent(bench: Bench) -> None:
    _card_first(bench)
    _archive(bench)
    bench.publish()
    direct = _direct_channel(bench)
    assert bench.shown(direct) == ["accepted", "delivered"]


def _direct_channel(bench: Bench) -> str:
    shown: dict[str, Any] = bench.local.ask("GET", "/people/workspace?user=U0ADA")
    return next(str(one["id"]) for one in shown["channels"] if one["id"].startswith("D"))


def test_when_the_card_was_deleted_the_outcome_is_still_told(bench: Bench) -> None:
    _card_first(bench)
    bench.publish()
    request = bench.store.load(REQUEST)
    for message in reversed(bench.local.messages()):
        bench.slack.client.chat_delete(channel="C0SUPPORT", ts=message["ts"])
    assert request.card_ts
    bench.move(State.REPLIED)
    bench.publish()
    assert len(bench.shown(OUTCOMES)) == 1


def test_an_outcomes_channel_that_refuses_is_asked_once(bench: Bench) -> None:
    workspace = bench.local.sandbox.local_slack._state.workspace
    workspace.channels[OUTCOMES].posting_restricted = True
    bench.move(State.ACCEPTED, State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == []
    assert bench.shown() == ["💬 The customer replied", "accepted", "replied"]
    assert bench.store.load(REQUEST).outcome_ts == "-"


def test_the_end_of_a_watch_is_an_outcome_too(bench: Bench) -> None:
    bench.move(State.ACCEPTED)
    bench.publish()
    assert bench.shown(OUTCOMES) == []
    bench.store.end_watch(REQUEST, no_work)
    bench.publish()
    assert bench.shown() == ["☑️ Accepted by Genesys Cloud", "accepted", "watch ended"]
    assert len(bench.shown(OUTCOMES)) == 1
