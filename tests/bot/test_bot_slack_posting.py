"""A post whose answer was lost is recognised, so that it stands in Slack once and is not lost."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

import bot.slack_posting
from bot.card import Post, show_notice
from bot.slack_posting import EVENT_TYPE, SETTLED_AFTER, NotSettled, SlackPosting, Spot

from .conftest import Local

SUPPORT, HERE = "C0SUPPORT", Spot("C0SUPPORT")
POST = show_notice("Something happened.")
HISTORY = ["channels:history", "groups:history", "im:history", "mpim:history"]
NAME = "V0123456789 card"


def _just_now() -> datetime:
    return datetime.now(UTC)


def _settled() -> datetime:
    """A first try from before the time in which it may still be on its way."""
    return datetime.now(UTC) - timedelta(seconds=SETTLED_AFTER + 1)


def _post_and_lose_the_answer(local: Local, slack: SlackPosting, spot: Spot = HERE) -> None:
    local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(OSError):
        slack.post(spot, POST, NAME, None)


def _asked(local: Local, method: str) -> int:
    return len(local.calls("slack", method))


def test_a_first_try_is_posted_at_once_without_looking(local: Local, slack: SlackPosting) -> None:
    channel, ts = slack.post(HERE, POST, NAME, None)
    (message,) = local.messages()
    assert (channel, ts) == (SUPPORT, message["ts"])
    assert message["metadata"] == {"event_type": EVENT_TYPE, "event_payload": {"name": NAME}}
    assert not local.calls("slack", "conversations.")


@pytest.mark.parametrize("since", [_just_now, _settled])
@pytest.mark.parametrize("in_thread", [False, True])
def test_a_post_whose_answer_was_cut_is_found_and_not_posted_again(
    in_thread: bool, since: Any, local: Local, slack: SlackPosting
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card", None)[1] if in_thread else ""
    _post_and_lose_the_answer(local, slack, Spot(SUPPORT, thread_ts))
    standing = [message["ts"] for message in local.messages()]
    found = slack.post(Spot(SUPPORT, thread_ts), POST, NAME, since())
    assert found == (SUPPORT, standing[-1])
    assert [message["ts"] for message in local.messages()] == standing


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("in_thread", [False, True])
def test_of_repeated_posts_the_first_stays(
    in_thread: bool, count: int, local: Local, slack: SlackPosting
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card", None)[1] if in_thread else ""
    spot = Spot(SUPPORT, thread_ts)
    repeated = [slack.post(spot, POST, NAME, None)[1] for _ in range(count)]
    other = slack.post(spot, POST, "V0123456789 line 1", None)[1]
    assert slack.post(spot, POST, NAME, _just_now()) == (SUPPORT, repeated[0])
    standing = [message["ts"] for message in local.messages()]
    assert standing == ([thread_ts] if in_thread else []) + [repeated[0], other]


def test_what_never_arrived_is_posted_when_it_can_no_longer_arrive(
    local: Local, slack: SlackPosting
) -> None:
    local.order("slack", "chat.postMessage", "cut_before", times=1)
    with pytest.raises(OSError):
        slack.post(HERE, POST, NAME, None)
    with pytest.raises(NotSettled):
        slack.post(HERE, POST, NAME, _just_now())
    assert local.messages() == []
    _, ts = slack.post(HERE, POST, NAME, _settled())
    assert [message["ts"] for message in local.messages()] == [ts]


def test_a_post_that_arrives_after_all_is_removed_again(
    local: Local, slack: SlackPosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try arrives between our look and our second try."""
    first = slack.post(HERE, POST, NAME, None)[1]
    true_find, looks = slack._find, []

    def blind_at_first(*asked: Any) -> str:
        looks.append(asked)
        return true_find(*asked) if len(looks) > 1 else ""

    monkeypatch.setattr(slack, "_find", blind_at_first)
    assert slack.post(HERE, POST, NAME, _settled()) == (SUPPORT, first)
    assert [message["ts"] for message in local.messages()] == [first]


def test_nothing_is_posted_while_an_earlier_try_may_be_on_its_way(
    local: Local, slack: SlackPosting
) -> None:
    for passed in (0.0, 2.0, SETTLED_AFTER - 0.5):
        with pytest.raises(NotSettled):
            slack.post(HERE, POST, NAME, datetime.now(UTC) - timedelta(seconds=passed))
    assert _asked(local, "chat.postMessage") == 0


def test_without_the_history_scopes_a_doubtful_post_is_posted_again(
    local: Local, slack: SlackPosting
) -> None:
    _post_and_lose_the_answer(local, slack)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY)
    with pytest.raises(NotSettled):
        slack.post(HERE, POST, NAME, _just_now())
    _, ts = slack.post(HERE, POST, NAME, _settled())
    standing = [message["ts"] for message in local.messages()]
    assert len(standing) == 2 and standing[-1] == ts


def test_a_bot_that_may_post_but_is_no_member_posts_a_doubtful_post_again(
    local: Local, slack: SlackPosting
) -> None:
    _post_and_lose_the_answer(local, slack, Spot("C0GENERAL"))
    slack.post(Spot("C0GENERAL"), POST, NAME, _settled())
    assert len(local.messages("C0GENERAL")) == 2


def test_a_look_that_slack_does_not_answer_now_is_no_leave_to_post_again(
    local: Local, slack: SlackPosting
) -> None:
    _post_and_lose_the_answer(local, slack)
    local.order("slack", "conversations.history", "status", status=503, times=2)
    with pytest.raises((SlackApiError, NotSettled)):
        slack.post(HERE, POST, NAME, _settled())
    assert len(local.messages()) == 1


def test_a_direct_message_whose_answer_was_cut_is_sent_again(
    local: Local, slack: SlackPosting
) -> None:
    """Its channel's id is only known from the answer; asking for it would need one more scope."""
    direct, _ = slack.post(Spot("U0ADA"), POST, "V0 card", None)
    _post_and_lose_the_answer(local, slack, Spot("U0ADA"))
    channel, _ = slack.post(Spot("U0ADA"), POST, NAME, _settled())
    assert channel == direct
    assert len(local.messages(direct)) == 3


def test_only_a_post_of_the_same_name_is_taken_for_it(local: Local, slack: SlackPosting) -> None:
    for name in ("V0123456789 line 1", "V9999999999 card", "V0123456789 card2"):
        slack.post(HERE, POST, name, None)
    slack.client.chat_postMessage(
        channel=SUPPORT,
        text=NAME,
        metadata={"event_type": "another_app", "event_payload": {"name": NAME}},
    )
    local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=NAME)
    before = len(local.messages())
    slack.post(HERE, POST, NAME, _settled())
    assert len(local.messages()) == before + 1


def test_a_busy_channel_is_read_page_by_page(
    local: Local, slack: SlackPosting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.slack_posting, "_PAGE", 2)
    _, first = slack.post(HERE, POST, NAME, None)
    for number in range(5):
        local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=str(number))
    assert slack.post(HERE, POST, NAME, _just_now()) == (SUPPORT, first)
    assert _asked(local, "conversations.history") == 3


def test_an_update_shows_something_else_in_the_same_place(
    local: Local, slack: SlackPosting
) -> None:
    _, ts = slack.post(HERE, POST, NAME, None)
    slack.update(SUPPORT, ts, Post("@here *now*", show_notice("Something else.").blocks))
    (message,) = local.messages()
    assert (message["ts"], message["pings"]) == (ts, [])
    assert message["blocks"][0]["text"]["text"] == "Something else."
    assert message["metadata"]["event_payload"] == {"name": NAME}  # still to be recognised


def test_a_refusal_is_told_with_slack_s_word_for_it(local: Local, slack: SlackPosting) -> None:
    with pytest.raises(SlackApiError) as refusal:
        slack.post(Spot("C0ARCHIVE"), POST, NAME, None)
    assert refusal.value.response["error"] == "is_archived"


def test_a_rate_limit_is_waited_for_and_the_post_stands_once(
    local: Local, slack: SlackPosting
) -> None:
    local.order("slack", "chat.postMessage", "status", status=429, retry_after=0, times=1)
    slack.post(HERE, POST, NAME, None)
    assert len(local.messages()) == 1


def test_what_slack_says_reaches_no_log(
    local: Local, slack: SlackPosting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY)
    slack.post(HERE, show_notice("canary"), NAME, _settled())
    assert "missing_scope" in caplog.text
    assert "canary" not in caplog.text
    assert local.settings["SLACK_BOT_TOKEN"] not in caplog.text
