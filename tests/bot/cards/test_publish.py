"""Card, thread and outcome come to show what is stored, once each, wherever an attempt stopped."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

import bot.job
from bot.cards.client import SlackClient
from bot.cards.errors import SlackUnavailable
from bot.cards.ledger import CARD, NOWHERE, OUTCOME, Ledger
from bot.cards.publish import Publisher
from bot.job import TryAgain
from bot.request import WATCHED, Event, Place, Request, State
from bot.storage.database import Database
from bot.storage.requests import NOT_SHOWN, RequestStore
from bot.storage.tables import history, postings
from tests.bot.conftest import Local

from .conftest import HISTORY_SCOPES, answer_once, direct_channel

Build = Callable[..., Request]
REQUEST, SUPPORT = "V0123456789", "C0SUPPORT"
OUTCOMES = "C0NEWS"
LINK = "https://apps.example.com/1"
SENDING, ACCEPTED = "⏳ Being handed to Genesys Cloud", "☑️ Accepted by Genesys Cloud"
DELIVERED, REPLIED = "✅ Delivered", "💬 The customer replied"
TOLD = [REPLIED, "accepted", "delivered", "replied"]


class Bench:
    """Publishes one request, and does what happens to it meanwhile."""

    def __init__(
        self, store: RequestStore, database: Database, local: Local, slack: SlackClient
    ) -> None:
        self.store, self.local, self.slack = store, local, slack
        self.ledger, self._database = Ledger(database), database
        self.channel(OUTCOMES).posting_restricted = False
        self.publisher = Publisher(store, self.ledger, slack, outcomes_channel=OUTCOMES)

    def channel(self, channel_id: str) -> Any:
        return self.local.sandbox.local_slack._state.workspace.channels[channel_id]

    def publish(self) -> None:
        self.publisher.publish(bot.job.publish(REQUEST))

    def fail(self) -> TryAgain:
        """Publish, and return why it has to be tried again."""
        with pytest.raises(TryAgain) as failure:
            self.publish()
        return failure.value

    def publish_until_done(self) -> None:
        """Publish as the queue does: again after each failure, when attempts have settled."""
        for _ in range(10):
            try:
                return self.publish()
            except TryAgain:
                self.let_settle()
        raise AssertionError("publishing never ends")

    def let_settle(self) -> None:
        """Let the time pass in which an earlier attempt may still arrive."""
        with self._database.transaction() as connection:
            before = datetime.now(UTC) - timedelta(seconds=30)
            connection.execute(sa.update(postings).values(since=before.timestamp()))

    def move(self, *states: State) -> None:
        """Move the request as its outcomes do: it's followed until it's over."""
        for state in states:
            later = datetime.now(UTC) + timedelta(hours=1) if state in WATCHED else None
            event = Event(state.value)
            assert self.store.move(REQUEST, state, event, link=LINK, next_look_at=later)

    def stored(self) -> Request:
        return self.store.load(REQUEST)

    def line_timestamps(self) -> list[str]:
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(history.c.posted_ts).order_by(history.c.line_id))
            return [row.posted_ts for row in rows]

    def announced(self) -> list[str]:
        with self._database.connect() as connection:
            return [row.what for row in connection.execute(sa.select(postings.c.what))]

    def shown(self, channel: str = SUPPORT) -> list[str]:
        """List a channel's posts, each in the words of its notification."""
        return [
            message["text"].removeprefix("Message to a customer: ")
            for message in self.local.messages(channel)
        ]

    def asked(self, method: str) -> int:
        return len(self.local.calls("slack", method))


@pytest.fixture
def bench(
    requests_store: RequestStore,
    database: Database,
    local: Local,
    slack: SlackClient,
    a_request: Build,
) -> Bench:
    requests_store.add(a_request(state=State.SENDING), ())
    return Bench(requests_store, database, local, slack)


def test_the_card_is_updated_and_every_line_is_posted_once(bench: Bench) -> None:
    bench.publish()
    assert bench.shown() == [SENDING]
    bench.move(State.ACCEPTED, State.DELIVERED)
    bench.publish()
    assert bench.shown() == [DELIVERED, "accepted", "delivered"]
    bench.move(State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown() == TOLD
    card, *lines = bench.local.messages()
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    assert [message["pings"] for message in (card, *lines)] == [[], [], [], ["U0ADA"]]
    assert bench.announced() == []


def test_what_was_published_is_stored(bench: Bench) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    card, *lines = bench.local.messages()
    (outcome,) = bench.local.messages(OUTCOMES)
    stored = bench.stored()
    assert (stored.card_channel, stored.card_ts) == (SUPPORT, card["ts"])
    assert (stored.card_state, stored.outcome_ts) == ("replied", outcome["ts"])
    assert bench.line_timestamps() == [NOT_SHOWN, *(line["ts"] for line in lines)]


def test_a_request_that_is_shown_already_costs_no_call(bench: Bench) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    before = len(bench.local.calls("slack", ""))
    bench.publish()
    assert len(bench.local.calls("slack", "")) == before


def test_a_request_from_a_thread_has_its_card_and_lines_there(
    bench: Bench, a_request: Build, web: WebClient
) -> None:
    thread = str(web.chat_postMessage(channel=SUPPORT, text="Where's my order?")["ts"])
    place = Place("T0TEAM", SUPPORT, thread)
    bench.store.add(a_request(request_id="V2", state=State.SENDING, place=place), ())
    bench.store.move("V2", State.ACCEPTED, Event.ACCEPTED)
    bench.publisher.publish(bot.job.publish("V2"))
    assert [m["thread_ts"] for m in bench.local.messages()] == [None, thread, thread]


def test_the_lines_follow_a_card_that_had_to_leave_the_thread(
    bench: Bench, a_request: Build
) -> None:
    place = Place("T0TEAM", SUPPORT, "1790000000.000100")  # a thread that's gone
    bench.store.add(a_request(request_id="V2", state=State.SENDING, place=place), ())
    answer_once(bench.local, "chat.postMessage", "thread_not_found")
    bench.publisher.publish(bot.job.publish("V2"))
    card, line = bench.local.messages(direct_channel(bench.local))
    assert (card["thread_ts"], line["thread_ts"]) == (None, card["ts"])


def test_the_outcome_is_one_quiet_line_with_a_link_to_the_thread(bench: Bench) -> None:
    bench.move(State.ACCEPTED, State.DELIVERED)
    bench.publish()
    assert bench.shown(OUTCOMES) == []  # not before it's over
    bench.move(State.REPLIED)
    for _ in range(2):
        bench.publish()
    (line,) = bench.local.messages(OUTCOMES)
    card_ts = bench.stored().card_ts
    assert f"/archives/{SUPPORT}/p{card_ts.replace('.', '')}" in json.dumps(line["blocks"])
    assert line["pings"] == []


def test_without_an_outcomes_channel_no_outcome_is_posted(bench: Bench) -> None:
    publisher = Publisher(bench.store, bench.ledger, bench.slack, outcomes_channel="")
    bench.move(State.ACCEPTED, State.REPLIED)
    publisher.publish(bot.job.publish(REQUEST))
    assert bench.shown() == [REPLIED, "accepted", "replied"]
    assert (bench.asked("chat.getPermalink"), bench.stored().outcome_ts) == (0, "")


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("lost", range(5))
def test_whichever_post_is_cut_each_is_there_once(lost: int, kind: str, bench: Bench) -> None:
    """The card, three lines and the outcome, each before and after Slack posts it."""
    bench.move(State.ACCEPTED, State.DELIVERED, State.REPLIED)
    if lost:
        bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=lost)
    bench.local.order("slack", "chat.postMessage", kind, times=1)
    assert "gave no clear answer" in str(bench.fail())
    standing = len(bench.shown() + bench.shown(OUTCOMES))
    assert standing == (lost + 1 if kind == "cut_after" else lost)
    bench.publish_until_done()
    assert bench.shown() == TOLD
    assert len(bench.shown(OUTCOMES)) == 1
    assert bench.announced() == []


@pytest.mark.parametrize("method", ["chat.update", "chat.getPermalink"])
@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_cut_anywhere_else_loses_and_repeats_nothing(
    kind: str, method: str, bench: Bench
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.DELIVERED, State.REPLIED)
    bench.local.order("slack", method, kind, times=1)
    bench.publish_until_done()
    assert bench.shown() == TOLD
    assert len(bench.shown(OUTCOMES)) == 1


def test_a_card_that_is_found_shows_the_state_of_now(bench: Bench) -> None:
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.fail()
    bench.move(State.ACCEPTED)
    bench.publish()
    assert bench.shown() == [ACCEPTED, "accepted"]
    assert bench.stored().card_state == "accepted"


def _publish_when_slack_is(bench: Bench, **fault: Any) -> TryAgain:
    bench.local.order("slack", "chat.postMessage", times=1, **fault)
    return bench.fail()


def test_a_rate_limit_is_left_to_the_queue_with_slack_s_own_wait(bench: Bench) -> None:
    again = _publish_when_slack_is(bench, kind="status", status=429, retry_after=7)
    assert (str(again), again.after) == ("Slack's rate limit was reached", 7.0)
    assert bench.asked("chat.postMessage") == 1
    bench.publish()
    assert bench.shown() == [SENDING]


@pytest.mark.parametrize("method", ["chat.update", "chat.getPermalink"])
def test_a_rate_limit_of_any_call_is_left_to_the_queue(method: str, bench: Bench) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.local.order("slack", method, "status", status=429, retry_after=3, times=1)
    assert bench.fail().after == 3.0
    assert bench.asked(method) == 1


def test_a_slack_that_breaks_down_is_left_to_the_queue(bench: Bench) -> None:
    again = _publish_when_slack_is(bench, kind="status", status=503)
    assert again.after is None
    assert str(again).startswith("Slack gave no clear answer (")


def test_a_post_in_doubt_is_left_to_the_queue_until_it_has_settled(bench: Bench) -> None:
    _publish_when_slack_is(bench, kind="cut_before")
    again = bench.fail()
    assert again.after is not None and 5 < again.after <= 6
    assert str(again) == "an earlier attempt may still reach Slack"
    assert bench.asked("chat.postMessage") == 1


def test_a_refusal_that_is_not_about_the_place_is_left_to_the_queue_and_named(
    bench: Bench,
) -> None:
    answer_once(bench.local, "chat.postMessage", "invalid_blocks")
    again = bench.fail()
    assert (str(again), again.after) == ("Slack refused the call (invalid_blocks)", None)
    bench.publish()
    assert bench.shown() == [SENDING]


def test_a_request_that_is_unknown_is_an_error(bench: Bench) -> None:
    with pytest.raises(LookupError):
        bench.publisher.publish(bot.job.publish("V404"))


def test_a_post_in_doubt_goes_to_the_agent_if_its_channel_was_closed_meanwhile(
    bench: Bench,
) -> None:
    bench.local.order("slack", "chat.postMessage", "cut_before", times=1)
    bench.fail()
    bench.channel(SUPPORT).is_archived = True
    bench.let_settle()
    bench.publish()
    assert bench.shown() == []
    assert bench.shown(direct_channel(bench.local)) == [SENDING, "elsewhere"]


@pytest.mark.parametrize("is_card_there", [False, True])
def test_a_direct_message_whose_answer_was_cut_is_there_once(
    is_card_there: bool, bench: Bench
) -> None:
    """Only an answer tells its channel. So it's posted again, and then the repeat is removed."""
    if is_card_there:
        bench.publish()
    bench.channel(SUPPORT).is_archived = True
    bench.move(State.ACCEPTED)
    if is_card_there:
        answer_once(bench.local, "chat.update", "cant_update_message")
    bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=1)  # the refusal
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.fail()
    bench.publish_until_done()
    card = [] if is_card_there else [ACCEPTED]
    why = [] if is_card_there else ["elsewhere"]
    assert bench.shown(direct_channel(bench.local)) == [*card, "accepted", *why]


def test_without_the_history_scopes_a_post_in_doubt_is_repeated_and_not_lost(
    bench: Bench,
) -> None:
    bench.local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY_SCOPES)
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.publish_until_done()
    assert len(bench.shown()) == 2


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("not_in_channel", "the bot is not in that channel. Invite it there with /invite"),
        ("missing_scope", "the bot lacks the right to post. Ask an administrator to reinstall it"),
    ],
)
def test_where_the_bot_cannot_post_the_agent_gets_the_card_and_the_reason(
    code: str, why: str, bench: Bench
) -> None:
    answer_once(bench.local, "chat.postMessage", code)
    bench.publish()
    direct = direct_channel(bench.local)
    assert bench.shown() == []
    assert bench.shown(direct) == [SENDING, "elsewhere"]
    assert why in json.dumps(bench.local.messages(direct))
    assert bench.stored().card_channel == direct


def test_if_the_channel_is_archived_the_news_goes_to_the_agent(bench: Bench) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.DELIVERED)
    bench.channel(SUPPORT).is_archived = True
    bench.publish()
    assert bench.shown(direct_channel(bench.local)) == ["accepted", "delivered"]


def test_a_line_that_nobody_takes_is_not_tried_again(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    for code in ("is_archived", "messages_tab_disabled"):
        answer_once(bench.local, "chat.postMessage", code)
    bench.publish()
    bench.publish()
    assert bench.shown() == [ACCEPTED]
    assert bench.line_timestamps() == [NOT_SHOWN, NOT_SHOWN]
    assert bench.announced() == []
    assert caplog.text.count("request V0123456789: can't post a line: ") == 2


def _refuse_the_card(bench: Bench) -> None:
    for code in ("is_archived", "messages_tab_disabled"):
        answer_once(bench.local, "chat.postMessage", code)


@pytest.fixture
def told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Collect what the response URL gets: its words and the types of its blocks."""
    told: list[tuple[str, str]] = []

    def respond(url: str, post: Any) -> None:
        assert url == "https://hooks.slack.com/commands/T/1/secret"
        told.append((post.text, " ".join(block["type"] for block in post.blocks)))

    monkeypatch.setattr(bench.slack, "respond", respond)
    return told


def test_if_no_place_takes_the_card_the_agent_is_told_through_the_response_url(
    bench: Bench, told: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    _refuse_the_card(bench)
    bench.publish()
    assert "request V0123456789: Slack takes its card nowhere" in caplog.text
    assert told == [(f"Message to a customer: {SENDING}", "rich_text rich_text")]
    stored = bench.stored()
    assert (stored.card_channel, stored.card_state) == (NOWHERE, "sending")
    assert (bench.line_timestamps(), bench.announced()) == ([NOT_SHOWN, NOT_SHOWN], [])
    bench.publish()
    assert len(told) == 1  # there's no news
    bench.move(State.ACCEPTED, State.FAILED)
    bench.publish()
    failed = "Message to a customer: ❌ Failed: the message did not reach the customer"
    assert told[1:] == [(failed, "rich_text rich_text rich_text")]  # and no buttons
    assert bench.stored().card_state == "failed"
    bench.publish()
    assert len(told) == 2
    assert bench.shown() == []
    assert bench.stored().outcome_ts == ""


def test_a_response_url_that_is_away_is_left_to_the_queue(
    bench: Bench, told: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise SlackUnavailable("HTTP 503")

    _refuse_the_card(bench)
    with monkeypatch.context() as broken:
        broken.setattr(bench.slack, "respond", away)
        assert str(bench.fail()) == "Slack gave no clear answer (HTTP 503)"
    bench.publish()
    assert len(told) == 1


@pytest.mark.parametrize("url", ["", "{base}/gone"])
def test_an_agent_who_cannot_be_told_at_all_does_not_keep_the_queue_busy(
    url: str, bench: Bench, a_request: Build, caplog: pytest.LogCaptureFixture
) -> None:
    url = url.format(base=bench.local.settings["SLACK_API_URL"].removesuffix("/api/"))
    place = Place("T0TEAM", SUPPORT, "", url)
    bench.store.add(a_request(request_id="V2", place=place), ())
    _refuse_the_card(bench)
    bench.publisher.publish(bot.job.publish("V2"))
    assert bench.store.load("V2").card_state == "checking"
    assert bench.ledger.unposted_lines("V2") == ()
    assert ("can't tell the agent" in caplog.text) is bool(url)


@pytest.mark.parametrize("refused", [1, 2])
def test_a_card_that_is_refused_for_another_reason_is_not_given_up(
    refused: int, bench: Bench
) -> None:
    codes = ["is_archived", "msg_too_long"][-refused:]
    for code in codes:
        answer_once(bench.local, "chat.postMessage", code)
    assert str(bench.fail()) == "Slack refused the call (msg_too_long)"
    assert bench.stored().card_channel == ""
    bench.publish()
    assert bench.shown() == [SENDING]


@pytest.mark.parametrize(
    "code", ["message_not_found", "edit_window_closed", "cant_update_message", "is_inactive"]
)
def test_a_card_that_can_be_edited_no_more_does_not_hold_up_its_thread(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    answer_once(bench.local, "chat.update", code)
    for _ in range(2):
        bench.publish()
    assert bench.shown() == [SENDING, "accepted"]
    assert bench.asked("chat.update") == 1
    assert "request V0123456789: its card can't be edited any more" in caplog.text


@pytest.mark.parametrize("method", ["chat.update", "chat.getPermalink"])
def test_any_other_refusal_of_a_call_about_the_card_is_left_to_the_queue(
    method: str, bench: Bench
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    answer_once(bench.local, method, "ekm_access_denied")
    assert str(bench.fail()) == "Slack refused the call (ekm_access_denied)"
    bench.publish()
    assert bench.shown() == [REPLIED, "accepted", "replied"]
    assert len(bench.shown(OUTCOMES)) == 1


def test_if_the_card_was_deleted_the_outcome_is_still_told(bench: Bench, web: WebClient) -> None:
    bench.publish()
    web.chat_delete(channel=SUPPORT, ts=bench.stored().card_ts)
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    (outcome,) = bench.local.messages(OUTCOMES)
    assert "/archives/" not in json.dumps(outcome["blocks"])


def test_the_outcome_of_a_card_in_a_direct_message_has_no_link(bench: Bench) -> None:
    bench.channel(SUPPORT).is_archived = True
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    (outcome,) = bench.local.messages(OUTCOMES)
    assert "/archives/" not in json.dumps(outcome["blocks"])
    assert bench.asked("chat.getPermalink") == 0


def test_an_outcomes_channel_that_refuses_is_asked_once_and_named_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.channel(OUTCOMES).posting_restricted = True
    bench.move(State.ACCEPTED, State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == []
    assert bench.shown() == [REPLIED, "accepted", "replied"]
    assert bench.stored().outcome_ts == NOT_SHOWN
    posts = [call["arguments"]["channel"] for call in bench.local.calls("slack", "postMessage")]
    assert posts.count(OUTCOMES) == 1
    assert "can't post to the outcomes channel: posting is restricted" in caplog.text


def test_the_end_of_following_a_message_is_an_outcome_too(bench: Bench) -> None:
    bench.move(State.ACCEPTED)
    bench.publish()
    assert bench.shown(OUTCOMES) == []
    bench.store.move(REQUEST, State.DELIVERED, Event.DELIVERED, next_look_at=None)
    bench.store.add_line(REQUEST, Event.WATCH_ENDED)
    bench.publish()
    assert bench.shown() == [DELIVERED, "accepted", "delivered", "watch ended"]
    assert len(bench.shown(OUTCOMES)) == 1


def test_a_state_that_changes_during_an_update_is_shown_as_well(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when this process froze in the update, and another one showed a later state."""
    bench.publish()
    bench.move(State.ACCEPTED)
    update = bench.slack.update

    def update_late(*asked: Any) -> None:
        if bench.stored().state is State.ACCEPTED:
            bench.move(State.DELIVERED)
        update(*asked)

    monkeypatch.setattr(bench.slack, "update", update_late)
    bench.publish()
    assert bench.shown() == [DELIVERED, "accepted", "delivered"]
    assert bench.stored().card_state == "delivered"


FROZEN = [CARD, "line", OUTCOME]


def _freeze(bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str, method: str) -> None:
    """Freeze the publisher once, right before it posts or announces something.

    Its successor, which has taken over its job, publishes everything meanwhile.
    """
    successor = Publisher(bench.store, bench.ledger, bench.slack, outcomes_channel=OUTCOMES)
    owner: Any = bench.slack if method == "post" else bench.ledger
    call, frozen = getattr(owner, method), []

    def call_late(*asked: Any) -> Any:
        if not frozen and any(f" {what}" in f" {one}" for one in asked if isinstance(one, str)):
            frozen.append(asked)
            bench.let_settle()
            successor.publish(bot.job.publish(REQUEST))
        return call(*asked)

    monkeypatch.setattr(owner, method, call_late)


def _check_published_once(bench: Bench) -> None:
    assert bench.shown() == [REPLIED, "accepted", "replied"]
    assert len(bench.shown(OUTCOMES)) == 1
    card, *lines = bench.local.messages()
    assert bench.stored().card_ts == card["ts"]
    assert bench.line_timestamps() == [NOT_SHOWN, *(line["ts"] for line in lines)]
    assert bench.announced() == []


@pytest.mark.parametrize("what", FROZEN)
def test_a_process_that_freezes_in_a_call_removes_what_its_successor_posted_first(
    what: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    _freeze(bench, monkeypatch, what, "post")
    assert str(bench.fail()) == "another process has posted it meanwhile"
    assert bench.asked("chat.delete") == 1
    assert bench.asked("chat.postMessage") == 5
    _check_published_once(bench)
    bench.publish()
    assert bench.asked("chat.postMessage") == 5


@pytest.mark.parametrize("what", FROZEN)
def test_a_process_that_freezes_before_a_call_does_not_repeat_it(
    what: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    _freeze(bench, monkeypatch, what, "announce")
    assert str(bench.fail()) == "another process has posted it meanwhile"
    assert bench.asked("chat.postMessage") == 4
    _check_published_once(bench)
