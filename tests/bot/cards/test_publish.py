"""Card, thread and outcome come to show what is stored, once each, wherever an attempt stopped."""

import json
import time
from typing import Any

import pytest
from slack_sdk.web import WebClient

import bot.job
from bot.cards.client import Spot
from bot.cards.errors import SlackError
from bot.cards.places import Places
from bot.cards.post import Post
from bot.cards.post_names import CARD, OUTCOME
from bot.job import TryAgain
from bot.request import Decision, Event, Place
from bot.settings import Show
from bot.state import State
from bot.storage.history import NOT_SHOWN

from .conftest import HISTORY_SCOPES, OUTCOMES, REQUEST, SUPPORT, Bench, Build, direct_channel

SENDING, ACCEPTED = "⏳ Sending…", "☑️ Sent"
DELIVERED, REPLIED = "✅ Delivered", "💬 Customer replied"
TOLD = [REPLIED, "Sent", "Delivered", "The customer replied"]


def test_the_card_is_updated_and_every_line_is_posted_once(bench: Bench) -> None:
    bench.publish()
    assert bench.shown() == [SENDING]
    bench.move(State.ACCEPTED, State.DELIVERED)
    bench.publish()
    assert bench.shown() == [DELIVERED, "Sent", "Delivered"]
    bench.move(State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown() == TOLD
    card, *lines = bench.local.messages()
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    assert [message["pings"] for message in (card, *lines)] == [[], [], [], ["U0ADA"]]
    assert bench.announced() == []


def test_the_buttons_are_those_of_the_next_decision_even_if_the_state_stays(bench: Bench) -> None:
    """Else the agent could decide no more: a decision counts only for the card that showed it."""

    def values() -> list[str]:
        return [button["value"] for button in bench.local.messages()[0]["blocks"][-1]["elements"]]

    bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.publish()
    assert values() == [f"{REQUEST}:0"] * 3
    decision = Decision(REQUEST, 0, "U0ADA", "ada")
    since = State.UNCERTAIN
    assert bench.store.move(REQUEST, since, Event.CHECK_ASKED, since=since, decision=decision)
    bench.publish()
    assert values() == [f"{REQUEST}:1"] * 3
    updates = bench.asked("chat.update")
    bench.publish()
    assert bench.asked("chat.update") == updates


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
    bench.refuse("thread_not_found")
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


def test_a_failed_outcome_says_why_in_the_channel_for_where_it_was_asked_for(bench: Bench) -> None:
    asked = list[str]()

    def find(channel: str) -> str:
        asked.append(channel)
        return OUTCOMES

    publisher = bench.publisher_to(find)
    bench.store.move(REQUEST, State.ACCEPTED, Event.ACCEPTED)
    reason = "MessageExpired: <!here> Too old"
    bench.store.move(REQUEST, State.FAILED, Event.FAILED, reason, reason=reason)
    publisher.publish(bot.job.publish(REQUEST))
    [message] = bench.local.messages(OUTCOMES)
    assert reason in str(message["blocks"])
    assert asked == [SUPPORT]


def test_without_an_outcomes_channel_no_outcome_is_posted(bench: Bench) -> None:
    publisher = bench.publisher_to(lambda _: "")
    bench.move(State.ACCEPTED, State.REPLIED)
    publisher.publish(bot.job.publish(REQUEST))
    assert bench.shown() == [REPLIED, "Sent", "The customer replied"]
    assert bench.asked("chat.getPermalink") == 0


def test_a_process_that_was_frozen_in_an_update_leaves_the_newest_state_on_the_card(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    update, successor = bench.slack.update, bench.publisher_to(lambda _: OUTCOMES)

    def freeze(channel: str, ts: str, card: Post) -> None:
        monkeypatch.undo()
        bench.move(State.DELIVERED)
        successor.publish(bot.job.publish(REQUEST))
        assert bench.stored().card_state == "delivered"
        update(channel, ts, card)

    monkeypatch.setattr(bench.slack, "update", freeze)
    bench.publish()
    assert bench.shown()[0] == DELIVERED


@pytest.mark.parametrize("channel", ["", OUTCOMES], ids=["off", "shared"])
def test_an_outcome_whose_answer_was_lost_is_still_known_after_its_channel_takes_none(
    channel: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    post = bench.slack.post

    def lose(spot: Spot, shown: Post, name: str) -> tuple[str, str]:
        posted = post(spot, shown, name)
        if spot.channel == OUTCOMES:
            raise SlackError("no answer")
        return posted

    monkeypatch.setattr(bench.slack, "post", lose)
    bench.fail()
    shared = Places(Show.CHANNEL, lambda asked: asked == OUTCOMES)
    bench.publisher_to(lambda _: channel, shared).publish(bot.job.publish(REQUEST))
    assert "outcome" in bench.announced()


def test_a_channel_that_is_chosen_later_gets_no_old_outcomes(bench: Bench) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publisher_to(lambda _: "").publish(bot.job.publish(REQUEST))
    bench.publish()
    assert bench.shown(OUTCOMES) == []


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
@pytest.mark.parametrize("lost", range(5))
def test_whichever_post_is_cut_each_is_there_once(lost: int, kind: str, bench: Bench) -> None:
    """The card, three lines and the outcome, each before and after Slack posts it."""
    bench.move(State.ACCEPTED, State.DELIVERED, State.REPLIED)
    if lost:
        bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=lost)
    bench.local.order("slack", "chat.postMessage", kind, times=1)
    assert "gave no clear answer" in str(bench.fail())
    standing = [*bench.shown(), *bench.shown(OUTCOMES)][: lost + 1]
    if lost in (1, 2, 3):  # the outcome is there already; it doesn't need the lines
        assert len(bench.shown(OUTCOMES)) == 1
        standing = bench.shown()
    assert len(standing) == (lost + 1 if kind == "cut_after" else lost)
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
    assert bench.shown() == [ACCEPTED, "Sent"]
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
    begun = time.time()
    _publish_when_slack_is(bench, kind="cut_before")
    again = bench.fail()
    assert again.after is not None and begun - time.time() <= again.after - 6 <= 0
    assert str(again) == "an earlier attempt may still reach Slack"
    assert bench.asked("chat.postMessage") == 1


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
    assert bench.shown(direct_channel(bench.local)) == [SENDING, "Only you can see this:"]


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
        bench.refuse("cant_update_message", method="chat.update")
    bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=1)  # the refusal
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.fail()
    bench.publish_until_done()
    card = [] if is_card_there else [ACCEPTED]
    why = [] if is_card_there else ["Only you can see this:"]
    assert bench.shown(direct_channel(bench.local)) == [*card, *why, "Sent"]


def test_without_the_history_scopes_a_post_in_doubt_is_repeated_and_not_lost(
    bench: Bench,
) -> None:
    bench.local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY_SCOPES)
    bench.local.order("slack", "chat.postMessage", "cut_after", times=1)
    bench.publish_until_done()
    assert len(bench.shown()) == 2


@pytest.mark.parametrize(
    "code",
    [
        *("message_not_found", "edit_window_closed", "cant_update_message", "is_inactive"),
        *("posting_to_channel_denied", "ekm_access_denied", "something_new"),
    ],
)
def test_a_card_that_can_be_edited_no_more_does_not_hold_up_its_thread(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    bench.refuse(code, method="chat.update")
    bench.publish()
    assert bench.shown() == [SENDING, "Sent"]
    assert bench.asked("chat.update") == 1
    assert f"request V0123456789: its card can't be edited any more ({code})" in caplog.text
    bench.move(State.DELIVERED)
    bench.publish()  # the refusal was about that time, so the next news is shown
    assert bench.shown() == [DELIVERED, "Sent", "Delivered"]


def _refuse_edits(bench: Bench) -> None:
    body = {"ok": False, "error": "posting_to_channel_denied"}
    bench.local.order("slack", "chat.update", "status", status=400, body=body, times=None)


def _button_values(message: dict[str, Any]) -> set[str]:
    actions = [block for block in message["blocks"] if block["type"] == "actions"]
    return {button["value"] for block in actions for button in block["elements"]}


def _check_again(bench: Bench, number: int, response_url: str = "") -> bool:
    decision = Decision(REQUEST, number, "U0ADA", "ada", response_url)
    since = State.UNCERTAIN
    return bench.store.move(REQUEST, since, Event.CHECK_ASKED, since=since, decision=decision)


@pytest.mark.parametrize("is_edited_first", [True, False])
def test_though_a_card_can_be_edited_no_more_the_newest_line_has_the_buttons_that_count(
    is_edited_first: bool, bench: Bench
) -> None:
    bench.publish()
    if not is_edited_first:
        _refuse_edits(bench)
    assert bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.publish()
    _refuse_edits(bench)
    for number in range(3):
        with_buttons = [message for message in bench.local.messages() if _button_values(message)]
        assert _button_values(with_buttons[-1]) == {f"{REQUEST}:{number}"}
        assert _check_again(bench, number)
        bench.publish()
        bench.store.add_line(REQUEST, Event.STILL_UNCERTAIN)
        bench.publish()
    assert _button_values(bench.local.messages()[-1]) == {f"{REQUEST}:3"}


@pytest.mark.parametrize("status", [429, 503])
def test_while_a_card_can_t_be_updated_its_lines_have_the_buttons(
    status: int, bench: Bench
) -> None:
    bench.publish()
    bench.local.order("slack", "chat.update", "status", status=status, times=1)
    assert bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.fail()
    assert _button_values(bench.local.messages()[-1]) == {f"{REQUEST}:0"}
    bench.publish()
    assert _button_values(bench.local.messages()[0]) == {f"{REQUEST}:0"}


def test_a_line_has_the_buttons_though_its_request_changed_after_the_update_was_tried(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the job of that change may find the line posted, and the card not to be edited."""
    bench.publish()
    read = bench.ledger.unposted_lines

    def change_first(request_id: str) -> Any:
        bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
        return read(request_id)

    monkeypatch.setattr(bench.ledger, "unposted_lines", change_first)
    bench.publish()
    _refuse_edits(bench)
    bench.publish()
    assert _button_values(bench.local.messages()[-1]) == {f"{REQUEST}:0"}


@pytest.mark.parametrize("code", ["channel_not_found", "ekm_access_denied", "something_new"])
def test_without_a_link_to_its_card_the_outcome_is_still_told(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.refuse(code, method="chat.getPermalink")
    bench.publish()
    (outcome,) = bench.local.messages(OUTCOMES)
    assert "/archives/" not in json.dumps(outcome["blocks"])
    assert f"no link to its card ({code})" in caplog.text


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 503}, {"kind": "status", "status": 429}]
)
def test_a_card_that_can_t_be_updated_now_does_not_hold_up_its_thread_and_outcome(
    fault: dict[str, Any], bench: Bench
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.local.order("slack", "chat.update", times=2, **fault)
    for _ in range(2):
        bench.fail()
        assert bench.shown() == [SENDING, "Sent", "The customer replied"]
        assert len(bench.shown(OUTCOMES)) == 1
    bench.publish()
    assert bench.shown() == [REPLIED, "Sent", "The customer replied"]


def test_a_line_that_can_t_be_posted_now_holds_up_only_the_later_ones(bench: Bench) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.local.order("slack", f"chat.postMessage {SUPPORT}", "status", status=429, retry_after=4)
    assert bench.fail().after == 4.0
    assert bench.shown() == [REPLIED]
    assert len(bench.shown(OUTCOMES)) == 1
    bench.local.clear_faults()
    bench.publish()
    assert bench.shown() == [REPLIED, "Sent", "The customer replied"]


def test_why_an_attempt_failed_is_said_with_every_reason_and_the_longest_wait(
    bench: Bench,
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    bench.local.order("slack", "chat.update", "status", status=429, retry_after=9, times=1)
    bench.local.order("slack", "chat.postMessage", "status", status=503, times=1)
    again = bench.fail()
    assert str(again) == (
        "Slack's rate limit was reached; Slack gave no clear answer (service_unavailable)"
    )
    assert again.after == 9.0


@pytest.mark.parametrize("event", ["asked", "sending", "not taken"])
def test_what_only_the_bot_needs_to_know_is_never_shown(event: str, bench: Bench) -> None:
    bench.publish()
    bench.store.add_line(REQUEST, Event(event), "detail")
    bench.publish()
    assert bench.shown() == [SENDING]
    assert bench.told() == []


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


def test_an_outcomes_channel_that_refuses_is_asked_once_and_named_in_the_log(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.channel(OUTCOMES).posting_restricted = True
    bench.move(State.ACCEPTED, State.REPLIED)
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == []
    assert bench.shown() == [REPLIED, "Sent", "The customer replied"]
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
    assert bench.shown() == [DELIVERED, "Sent", "Delivered", "Tracking stopped"]
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
    assert bench.shown() == [DELIVERED, "Sent", "Delivered"]
    assert bench.stored().card_state == "delivered"


FROZEN = [CARD, "line", OUTCOME]


def _freeze(bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str, method: str) -> None:
    """Freeze the publisher once, right before it posts or announces something.

    Its successor, which has taken over its job, publishes everything meanwhile.
    """
    successor = bench.publisher_to(lambda _: OUTCOMES)
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
    assert bench.shown() == [REPLIED, "Sent", "The customer replied"]
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
