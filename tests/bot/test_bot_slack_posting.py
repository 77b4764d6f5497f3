"""A post is tried once, recognised by its name, and taken for refused only when it certainly is."""

import logging
import time
from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.errors import SlackApiError

import bot.cards.client
from bot.cards.card import Post, show_notice
from bot.cards.client import EVENT_TYPE, SlackClient, Spot, is_refusal

from .conftest import Local

SUPPORT, HERE, DIRECT = "C0SUPPORT", Spot("C0SUPPORT"), Spot("U0ADA")
POST = show_notice("Something happened.")
HISTORY = ["channels:history", "groups:history", "im:history", "mpim:history"]
NAME = "V0123456789 card"


def _just_now() -> datetime:
    return datetime.now(UTC)


def _post_and_lose_the_answer(local: Local, slack: SlackClient, spot: Spot = HERE) -> None:
    local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(OSError):
        slack.post(spot, POST, NAME)


def _asked(local: Local, method: str) -> int:
    return len(local.calls("slack", method))


def test_a_post_is_one_call_and_carries_its_name(local: Local, slack: SlackClient) -> None:
    channel, ts = slack.post(HERE, POST, NAME)
    (message,) = local.messages()
    assert (channel, ts) == (SUPPORT, message["ts"])
    assert message["metadata"] == {"event_type": EVENT_TYPE, "event_payload": {"name": NAME}}
    assert not local.calls("slack", "conversations.")


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_post_whose_answer_was_cut_is_found(
    in_thread: bool, local: Local, slack: SlackClient
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card")[1] if in_thread else ""
    before = _just_now()
    _post_and_lose_the_answer(local, slack, Spot(SUPPORT, thread_ts))
    standing = [message["ts"] for message in local.messages()]
    assert slack.find(Spot(SUPPORT, thread_ts), NAME, before) == standing[-1]
    assert [message["ts"] for message in local.messages()] == standing


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_post_is_found_also_when_the_clock_was_set_back_since(
    ahead: int, local: Local, slack: SlackClient
) -> None:
    _post_and_lose_the_answer(local, slack)
    assert slack.find(HERE, NAME, _just_now() + timedelta(seconds=ahead))


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("in_thread", [False, True])
def test_of_repeated_posts_the_first_stays(
    in_thread: bool, count: int, local: Local, slack: SlackClient
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card")[1] if in_thread else ""
    spot = Spot(SUPPORT, thread_ts)
    repeated = [slack.post(spot, POST, NAME)[1] for _ in range(count)]
    other = slack.post(spot, POST, "V0123456789 line 1")[1]
    assert slack.find(spot, NAME, _just_now()) == repeated[0]
    standing = [message["ts"] for message in local.messages()]
    assert standing == ([thread_ts] if in_thread else []) + [repeated[0], other]


@pytest.mark.parametrize(
    "word", ["cant_delete_message", "message_not_found", "compliance_exports_prevent_deletion"]
)
def test_a_repeated_post_that_may_not_be_removed_stays(
    word: str, local: Local, slack: SlackClient
) -> None:
    first, second = (slack.post(HERE, POST, NAME)[1] for _ in range(2))
    _break(local, "chat.delete", word)
    assert slack.find(HERE, NAME, _just_now()) == first
    assert [message["ts"] for message in local.messages()] == [first, second]


def test_a_removal_that_slack_does_not_answer_now_is_told(
    local: Local, slack: SlackClient
) -> None:
    for _ in range(2):
        slack.post(HERE, POST, NAME)
    _break(local, "chat.delete", "internal_error")
    with pytest.raises(SlackApiError):
        slack.find(HERE, NAME, _just_now())


def _break(local: Local, method: str, word: str, status: int = 400) -> None:
    """Let Slack answer once with this word; 400 stands for Slack's 200 with ``ok`` false."""
    body = {"ok": False, "error": word}
    local.order("slack", method, "status", status=status, body=body, times=1)


def _refusal(slack: SlackClient, spot: Spot = HERE) -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        slack.post(spot, POST, NAME)
    return caught.value


@pytest.mark.parametrize(
    "word", ["internal_error", "fatal_error", "service_unavailable", "request_timeout"]
)
def test_slack_s_words_for_its_own_breakdown_do_not_say_that_nothing_was_posted(
    word: str, local: Local, slack: SlackClient
) -> None:
    _break(local, "chat.postMessage", word)
    assert not is_refusal(_refusal(slack))


@pytest.mark.parametrize("status", [403, 408, 500, 502, 503, 504])
@pytest.mark.parametrize("word", ["internal_error", "is_archived"])
def test_an_answer_that_is_not_slack_s_usual_one_does_not_either(
    word: str, status: int, local: Local, slack: SlackClient
) -> None:
    _break(local, "chat.postMessage", word, status)
    assert not is_refusal(_refusal(slack))


def test_an_answer_that_is_no_json_does_not_either(local: Local, slack: SlackClient) -> None:
    _break(local, "chat.postMessage", "Received a response in a non-JSON format: <html>")
    assert not is_refusal(_refusal(slack))


@pytest.mark.parametrize("word", ["not_in_channel", "restricted_action", "invalid_blocks"])
def test_a_word_for_what_is_wrong_says_that_nothing_was_posted(
    word: str, local: Local, slack: SlackClient
) -> None:
    _break(local, "chat.postMessage", word)
    assert is_refusal(_refusal(slack))


def test_a_refusal_is_told_with_slack_s_word_for_it(local: Local, slack: SlackClient) -> None:
    refusal = _refusal(slack, Spot("C0ARCHIVE"))
    assert refusal.response["error"] == "is_archived"
    assert is_refusal(refusal)


def test_a_rate_limit_is_waited_for_and_says_that_nothing_was_posted(
    local: Local, slack: SlackClient
) -> None:
    """It is not tried again in here: when a post is tried is written down before each try."""
    local.order("slack", "chat.postMessage", "status", status=429, retry_after=1, times=1)
    begun = time.monotonic()
    assert is_refusal(_refusal(slack))
    assert time.monotonic() - begun >= 1
    assert _asked(local, "chat.postMessage") == 1
    assert local.messages() == []


def test_a_rate_limit_without_an_end_is_waited_for_a_moment(
    local: Local, slack: SlackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(bot.cards.client.time, "sleep", waits.append)
    for more in ({}, {"retry_after": 600}):
        local.order("slack", "chat.postMessage", "status", status=429, times=1, **more)
        _refusal(slack)
    assert waits == [1.0, 30.0]


def test_without_the_history_scopes_nothing_is_found(local: Local, slack: SlackClient) -> None:
    _post_and_lose_the_answer(local, slack)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY)
    assert slack.find(HERE, NAME, _just_now()) == ""


def test_where_the_bot_is_no_member_nothing_is_found(local: Local, slack: SlackClient) -> None:
    _post_and_lose_the_answer(local, slack, Spot("C0GENERAL"))
    assert slack.find(Spot("C0GENERAL"), NAME, _just_now()) == ""


def test_a_look_that_slack_does_not_answer_now_is_no_leave_to_post_again(
    local: Local, slack: SlackClient
) -> None:
    _post_and_lose_the_answer(local, slack)
    local.order("slack", "conversations.history", "status", status=503, times=1)
    with pytest.raises(SlackApiError):
        slack.find(HERE, NAME, _just_now())


def test_in_a_direct_message_a_post_is_found_once_its_channel_is_known(
    local: Local, slack: SlackClient
) -> None:
    """The channel's id is told by the answer; asking for it would need one more scope."""
    _post_and_lose_the_answer(local, slack, DIRECT)
    assert slack.find(DIRECT, NAME, _just_now()) == ""
    assert not local.calls("slack", "conversations.")
    channel, second = slack.post(DIRECT, POST, NAME)
    assert channel.startswith("D")
    found = slack.find(Spot(channel), NAME, _just_now())
    assert found and found != second
    assert [message["ts"] for message in local.messages(channel)] == [found]


def test_only_a_post_of_the_same_name_is_taken_for_it(local: Local, slack: SlackClient) -> None:
    for name in ("V0123456789 line 1", "V9999999999 card", "V0123456789 card2"):
        slack.post(HERE, POST, name)
    slack.client.chat_postMessage(
        channel=SUPPORT,
        text=NAME,
        metadata={"event_type": "another_app", "event_payload": {"name": NAME}},
    )
    local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=NAME)
    assert slack.find(HERE, NAME, _just_now()) == ""


def test_a_busy_channel_is_read_page_by_page(
    local: Local, slack: SlackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.slack_posting, "_PAGE", 2)
    _, first = slack.post(HERE, POST, NAME)
    for number in range(5):
        local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=str(number))
    assert slack.find(HERE, NAME, _just_now()) == first
    assert _asked(local, "conversations.history") == 3


def test_an_update_shows_something_else_in_the_same_place(
    local: Local, slack: SlackClient
) -> None:
    _, ts = slack.post(HERE, POST, NAME)
    slack.update(SUPPORT, ts, Post("@here *now*", show_notice("Something else.").blocks))
    (message,) = local.messages()
    assert (message["ts"], message["pings"]) == (ts, [])
    assert message["blocks"][0]["text"]["text"] == "Something else."
    assert message["metadata"]["event_payload"] == {"name": NAME}  # still to be recognised


def test_what_slack_says_reaches_no_log(
    local: Local, slack: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY)
    slack.post(HERE, show_notice("canary"), NAME)
    slack.find(HERE, NAME, _just_now())
    assert "missing_scope" in caplog.text
    assert "canary" not in caplog.text
    assert local.settings["SLACK_BOT_TOKEN"] not in caplog.text
