"""Each call to Slack is one attempt, and its error says for certain whether Slack did nothing."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web import WebClient

import bot.cards.client
from bot.cards.card import show_notice
from bot.cards.client import EVENT_TYPE, SlackClient, Spot
from bot.cards.errors import (
    SlackError,
    SlackRateLimited,
    SlackRefused,
    SlackTokenRefused,
    SlackUnavailable,
)
from bot.cards.post import Post
from sandbox.ports import find_free_port
from tests.bot.conftest import Local
from tests.recording_server import RecordingServer

from .conftest import HISTORY_SCOPES, answer_once

SUPPORT, HERE, DIRECT = "C0SUPPORT", Spot("C0SUPPORT"), Spot("U0ADA")
POST = show_notice("Something happened.")
NAME = "V0123456789 card"


def _now() -> datetime:
    return datetime.now(UTC)


def _post_and_lose_the_answer(local: Local, slack: SlackClient, spot: Spot = HERE) -> None:
    local.order("slack", "chat.postMessage", "cut_after", times=1)
    with pytest.raises(SlackUnavailable):
        slack.post(spot, POST, NAME)


def _asked(local: Local, method: str) -> int:
    return len(local.calls("slack", method))


def _standing(local: Local, channel: str = SUPPORT) -> list[str]:
    return [str(message["ts"]) for message in local.messages(channel)]


def test_a_post_is_one_call_and_carries_its_name(local: Local, slack: SlackClient) -> None:
    channel, ts = slack.post(HERE, POST, NAME)
    (message,) = local.messages()
    assert (channel, ts) == (SUPPORT, message["ts"])
    assert message["metadata"] == {"event_type": EVENT_TYPE, "event_payload": {"name": NAME}}
    assert message["blocks"][0]["text"]["text"] == "Something happened."
    assert (message["text"], message["thread_ts"]) == ("Something happened.", None)
    assert [call["method"] for call in local.calls("slack", "")] == ["chat.postMessage"]


def test_a_post_formats_and_unfurls_nothing(local: Local, slack: SlackClient) -> None:
    slack.post(HERE, POST, NAME)
    (call,) = local.calls("slack", "chat.postMessage")
    sent = call["arguments"]
    assert [sent[name] for name in ("mrkdwn", "unfurl_links", "unfurl_media")] == [False] * 3


def test_a_post_in_a_thread_is_a_reply(local: Local, slack: SlackClient) -> None:
    parent = slack.post(HERE, POST, "V0 card")[1]
    reply = slack.post(Spot(SUPPORT, parent), POST, NAME)[1]
    assert [(m["ts"], m["thread_ts"]) for m in local.messages()] == [
        (parent, None),
        (reply, parent),
    ]


@pytest.mark.parametrize("in_thread", [False, True])
def test_a_post_whose_answer_was_cut_is_found(
    in_thread: bool, local: Local, slack: SlackClient
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card")[1] if in_thread else ""
    before = _now()
    _post_and_lose_the_answer(local, slack, Spot(SUPPORT, thread_ts))
    standing = _standing(local)
    assert slack.find(Spot(SUPPORT, thread_ts), NAME, before) == standing[-1]
    assert _standing(local) == standing
    asked = "conversations.replies" if in_thread else "conversations.history"
    assert [call["method"] for call in local.calls("slack", "conversations.")] == [asked]


@pytest.mark.parametrize("ahead", [0, 3600])
def test_a_post_is_found_even_if_the_clock_was_set_back_since(
    ahead: int, local: Local, slack: SlackClient
) -> None:
    _post_and_lose_the_answer(local, slack)
    assert slack.find(HERE, NAME, _now() + timedelta(seconds=ahead))


def test_a_search_allows_for_a_minute_between_slack_s_clock_and_ours(
    local: Local, slack: SlackClient
) -> None:
    since = _now() - timedelta(hours=1)
    slack.find(HERE, NAME, since)
    (call,) = local.calls("slack", "conversations.history")
    assert float(call["arguments"]["oldest"]) == pytest.approx(since.timestamp() - 60, abs=0.01)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("in_thread", [False, True])
def test_of_repeated_posts_the_first_stays(
    in_thread: bool, count: int, local: Local, slack: SlackClient
) -> None:
    thread_ts = slack.post(HERE, POST, "V0 card")[1] if in_thread else ""
    spot = Spot(SUPPORT, thread_ts)
    repeated = [slack.post(spot, POST, NAME)[1] for _ in range(count)]
    other = slack.post(spot, POST, "V0123456789 line 1")[1]
    assert slack.find(spot, NAME, _now()) == repeated[0]
    assert _standing(local) == ([thread_ts] if in_thread else []) + [repeated[0], other]


@pytest.mark.parametrize(
    "code", ["cant_delete_message", "message_not_found", "no_permission", "something_new"]
)
def test_a_repeated_post_that_slack_keeps_does_no_harm(
    code: str, local: Local, slack: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = (slack.post(HERE, POST, NAME)[1] for _ in range(2))
    answer_once(local, "chat.delete", code)
    assert slack.find(HERE, NAME, _now()) == first
    assert _standing(local) == [first, second]
    assert f"can't remove a repeated post ({code})" in caplog.text


def test_a_post_that_can_t_be_removed_now_is_an_error(local: Local, slack: SlackClient) -> None:
    answer_once(local, "chat.delete", "internal_error")
    with pytest.raises(SlackUnavailable):
        slack.remove(SUPPORT, "1790000000.000100")


def test_a_removed_post_is_gone(local: Local, slack: SlackClient) -> None:
    first, second = (slack.post(HERE, POST, NAME)[1] for _ in range(2))
    slack.remove(SUPPORT, first)
    assert _standing(local) == [second]


def _failure(slack: SlackClient, spot: Spot = HERE) -> SlackError:
    with pytest.raises(SlackError) as caught:
        slack.post(spot, POST, NAME)
    return caught.value


@pytest.mark.parametrize(
    "code",
    [
        *("internal_error", "fatal_error", "service_unavailable", "request_timeout"),
        *("team_added_to_org", "org_login_required", "external_channel_migrating"),
    ],
)
def test_a_code_for_slack_s_own_breakdown_leaves_it_open_what_was_done(
    code: str, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "chat.postMessage", code)
    failure = _failure(slack)
    assert isinstance(failure, SlackUnavailable)
    assert str(failure) == f"Slack gave no clear answer ({code})"


@pytest.mark.parametrize("status", [403, 408, 500, 502, 503, 504])
@pytest.mark.parametrize("code", ["internal_error", "is_archived"])
def test_an_answer_that_isn_t_slack_s_usual_one_leaves_it_open_as_well(
    code: str, status: int, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "chat.postMessage", code, status)
    assert isinstance(_failure(slack), SlackUnavailable)


@pytest.mark.parametrize("body", [b"", b"<html>Log in</html>", b"[" * 100_000, b"[]", b"{}"])
def test_an_answer_that_isn_t_slack_s_json_leaves_it_open_and_is_not_repeated(
    body: bytes, recording: RecordingServer
) -> None:
    failure = _failure(SlackClient("xoxb-1", f"{recording.answer(200, body)}/api/"))
    assert isinstance(failure, SlackUnavailable)
    assert str(failure) == "Slack gave no clear answer (HTTP 200)"


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_connection_that_breaks_leaves_it_open_what_was_done(
    kind: str, local: Local, slack: SlackClient
) -> None:
    local.order("slack", "chat.postMessage", kind, times=1)
    failure = _failure(slack)
    assert isinstance(failure, SlackUnavailable)
    assert str(failure) == "Slack gave no clear answer (ProtocolError)"
    assert _asked(local, "chat.postMessage") == 1
    assert len(_standing(local)) == (kind == "cut_after")


def test_a_slack_that_can_t_be_reached_leaves_it_open_what_was_done() -> None:
    url = f"http://127.0.0.1:{find_free_port()}/api/"
    slack = SlackClient("xoxb-1", url)
    assert isinstance(_failure(slack), SlackUnavailable)


@pytest.mark.parametrize(
    ("code", "named"),
    [
        *((one, one) for one in ("not_in_channel", "something_new", "SomethingElse.2", "x" * 100)),
        ("", "no_code"),
        *((one, "unreadable_code") for one in ("not in channel", "x" * 101, "jane@example.com")),
    ],
)
def test_any_other_code_says_that_nothing_was_done(
    code: str, named: str, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "chat.postMessage", code)
    refusal = _failure(slack)
    assert isinstance(refusal, SlackRefused)
    assert not isinstance(refusal, SlackTokenRefused)
    assert (refusal.code, str(refusal)) == (named, f"Slack refused the call ({named})")


@pytest.mark.parametrize("code", ["invalid_auth", "token_revoked", "account_inactive"])
def test_a_code_about_the_token_is_told_from_one_about_the_place(
    code: str, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "chat.postMessage", code)
    assert isinstance(_failure(slack), SlackTokenRefused)


def test_a_refusal_keeps_what_slack_says_about_the_arguments_out_of_its_text(
    local: Local, slack: SlackClient
) -> None:
    said = "[ERROR] no more than 50 items allowed [json-pointer:/blocks]"
    metadata = {"messages": [said]}
    body = {"ok": False, "error": "invalid_arguments", "response_metadata": metadata}
    local.order("slack", "chat.postMessage", "status", status=400, body=body, times=1)
    refusal = _failure(slack)
    assert isinstance(refusal, SlackRefused)
    assert refusal.details == (said,)
    assert "50 items" not in str(refusal)


def test_a_refusal_has_slack_s_own_code(local: Local, slack: SlackClient) -> None:
    refusal = _failure(slack, Spot("C0ARCHIVE"))
    assert isinstance(refusal, SlackRefused)
    assert refusal.code == "is_archived"


@pytest.mark.parametrize(
    ("header", "expected"), [({"retry_after": 3}, 3.0), ({"retry_after": 600}, 30.0), ({}, None)]
)
def test_a_rate_limit_says_that_nothing_was_done_and_how_long_to_wait(
    header: dict[str, int],
    expected: float | None,
    local: Local,
    slack: SlackClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    local.order("slack", "chat.postMessage", "status", status=429, times=1, **header)
    limit = _failure(slack)
    assert isinstance(limit, SlackRateLimited)
    assert limit.retry_after == expected
    assert ("asks for a pause of 600 seconds" in caplog.text) == (expected == 30.0)
    assert str(limit) == "Slack's rate limit was reached"
    assert _asked(local, "chat.postMessage") == 1  # no second attempt, and no wait in here
    assert _standing(local) == []


@pytest.mark.parametrize("code", ["ratelimited", "rate_limited"])
def test_a_rate_limit_is_recognised_by_its_code_as_well(
    code: str, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "chat.postMessage", code)
    limit = _failure(slack)
    assert isinstance(limit, SlackRateLimited)
    assert limit.retry_after is None


@pytest.mark.parametrize("method", ["chat.update", "chat.getPermalink", "chat.delete"])
@pytest.mark.parametrize(("status", "expected"), [(429, SlackRateLimited), (503, SlackUnavailable)])
def test_every_method_has_the_same_errors(
    status: int, expected: type[SlackError], method: str, local: Local, slack: SlackClient
) -> None:
    calls: dict[str, Callable[[], Any]] = {
        "chat.update": lambda: slack.update(SUPPORT, "1.1", POST),
        "chat.getPermalink": lambda: slack.permalink(SUPPORT, "1.1"),
        "chat.delete": lambda: slack.remove(SUPPORT, "1.1"),
    }
    local.order("slack", method, "status", status=status, times=1)
    with pytest.raises(expected):
        calls[method]()
    assert _asked(local, method) == 1


def test_without_the_history_scopes_nothing_is_found(local: Local, slack: SlackClient) -> None:
    _post_and_lose_the_answer(local, slack)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY_SCOPES)
    assert slack.find(HERE, NAME, _now()) == ""


def test_where_the_bot_is_no_member_nothing_is_found(local: Local, slack: SlackClient) -> None:
    _post_and_lose_the_answer(local, slack, Spot("C0GENERAL"))
    assert slack.find(Spot("C0GENERAL"), NAME, _now()) == ""


@pytest.mark.parametrize("code", ["channel_not_found", "no_permission", "something_new"])
def test_where_the_bot_may_not_search_nothing_is_found(
    code: str, local: Local, slack: SlackClient
) -> None:
    answer_once(local, "conversations.history", code)
    assert slack.find(HERE, NAME, _now()) == ""


@pytest.mark.parametrize(
    ("code", "expected"), [("internal_error", SlackUnavailable), ("ratelimited", SlackRateLimited)]
)
def test_a_search_that_fails_for_now_does_not_say_that_nothing_is_there(
    code: str, expected: type[SlackError], local: Local, slack: SlackClient
) -> None:
    _post_and_lose_the_answer(local, slack)
    answer_once(local, "conversations.history", code)
    with pytest.raises(expected):
        slack.find(HERE, NAME, _now())


@pytest.mark.parametrize("user", ["U0ADA", "W0ADA"])
def test_no_search_is_made_in_a_direct_message_that_is_named_by_its_user(
    user: str, local: Local, slack: SlackClient
) -> None:
    assert slack.find(Spot(user), NAME, _now()) == ""
    assert not local.calls("slack", "conversations.")


def test_in_a_direct_message_a_post_is_found_once_its_channel_is_known(
    local: Local, slack: SlackClient
) -> None:
    _post_and_lose_the_answer(local, slack, DIRECT)
    channel, second = slack.post(DIRECT, POST, NAME)
    assert channel.startswith("D")
    found = slack.find(Spot(channel), NAME, _now())
    assert found and found != second
    assert _standing(local, channel) == [found]


def test_only_a_post_with_the_same_name_is_taken_for_it(
    local: Local, slack: SlackClient, web: WebClient
) -> None:
    for name in ("V0123456789 line 1", "V9999999999 card", "V0123456789 card2"):
        slack.post(HERE, POST, name)
    web.chat_postMessage(
        channel=SUPPORT,
        text=NAME,
        metadata={"event_type": "another_app", "event_payload": {"name": NAME}},
    )
    local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=NAME)
    assert slack.find(HERE, NAME, _now()) == ""


def test_a_busy_channel_is_read_page_by_page(
    local: Local, slack: SlackClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.cards.client, "_PAGE", 2)
    _, first = slack.post(HERE, POST, NAME)
    for number in range(5):
        local.ask("POST", "/people/messages", user="U0ADA", channel=SUPPORT, text=str(number))
    assert slack.find(HERE, NAME, _now()) == first
    assert _asked(local, "conversations.history") == 3


def test_a_search_without_an_end_is_given_up(
    recording: RecordingServer, caplog: pytest.LogCaptureFixture
) -> None:
    page = {"ok": True, "messages": [], "response_metadata": {"next_cursor": "again"}}
    slack = SlackClient("xoxb-1", f"{recording.answer(200, json.dumps(page).encode())}/api/")
    assert slack.find(HERE, NAME, _now()) == ""
    assert len(recording.requests) == 20
    assert "conversations.history has more than 20 pages" in caplog.text


def test_an_update_replaces_what_a_message_shows(local: Local, slack: SlackClient) -> None:
    _, ts = slack.post(HERE, POST, NAME)
    slack.update(SUPPORT, ts, Post("@here *now*", show_notice("Something else.").blocks))
    (message,) = local.messages()
    assert (message["ts"], message["pings"]) == (ts, [])
    assert message["blocks"][0]["text"]["text"] == "Something else."
    assert message["metadata"]["event_payload"] == {"name": NAME}  # it can still be recognised


def test_a_permalink_leads_to_the_message(local: Local, slack: SlackClient) -> None:
    _, ts = slack.post(HERE, POST, NAME)
    assert f"/archives/{SUPPORT}/p{ts.replace('.', '')}" in slack.permalink(SUPPORT, ts)


def test_a_token_whose_scopes_slack_does_not_list_has_none(recording: RecordingServer) -> None:
    url = recording.answer(200, b'{"ok": true, "team": "Acme"}')
    slack = SlackClient("xoxb-1", f"{url}/api/")
    assert slack.check_token().scopes == frozenset()


@pytest.mark.parametrize("header", ["x-oauth-scopes", "X-OAuth-Scopes"])
def test_a_token_tells_its_workspace_and_scopes(header: str, recording: RecordingServer) -> None:
    url = recording.answer(
        200, b'{"ok": true, "team": "Acme"}', {header: "chat:write, commands,im:history"}
    )
    slack = SlackClient("xoxb-1", f"{url}/api/")
    scopes = frozenset({"chat:write", "commands", "im:history"})
    workspace = slack.check_token()
    assert (workspace.name, workspace.scopes) == ("Acme", scopes)


def test_an_answer_tells_slack_s_time(slack: SlackClient) -> None:
    told = slack.check_token().answered_at
    assert told is not None
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=5)


def test_a_wrong_token_is_refused(local: Local) -> None:
    url = local.settings["SLACK_API_URL"]
    slack = SlackClient("xoxb-wrong", url)
    with pytest.raises(SlackRefused) as caught:
        slack.check_token()
    assert caught.value.code == "invalid_auth"


def test_a_response_is_shown_to_the_agent_alone(
    recording: RecordingServer, slack: SlackClient
) -> None:
    slack.respond(recording.answer(200), POST)
    (body,) = [asked.body for asked in recording.requests]
    assert json.loads(body) == {
        "text": "Something happened.",
        "blocks": POST.payload,
        "response_type": "ephemeral",
        "replace_original": False,
    }


@pytest.mark.parametrize(
    ("status", "expected"),
    [(404, SlackRefused), (499, SlackRefused), (500, SlackUnavailable), (503, SlackUnavailable)],
)
def test_a_response_url_says_what_went_wrong(
    status: int, expected: type[SlackError], recording: RecordingServer, slack: SlackClient
) -> None:
    with pytest.raises(expected, match=str(status)):
        slack.respond(recording.answer(status), POST)
    assert len(recording.requests) == 1


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        *(({"Retry-After": "7"}, 7.0), ({"retry-after": "-1"}, 0.0)),
        *(({"Retry-After": "soon"}, None), ({"Retry-After": "nan"}, None)),
    ],
)
def test_a_response_url_has_a_rate_limit_too(
    header: dict[str, str], expected: float | None, recording: RecordingServer, slack: SlackClient
) -> None:
    with pytest.raises(SlackRateLimited) as caught:
        slack.respond(recording.answer(429, b"", header), POST)
    assert caught.value.retry_after == expected


@pytest.mark.parametrize("url", ["", "https://evil.example/1", "http://hooks.slack.com/1"])
def test_only_slack_s_own_response_urls_are_used(url: str) -> None:
    slack = SlackClient("xoxb-1", "https://slack.com/api/")
    with pytest.raises(SlackRefused, match="foreign_response_url"):
        slack.respond(url, POST)


def test_a_response_url_that_is_away_is_no_refusal(slack: SlackClient) -> None:
    url = f"http://127.0.0.1:{find_free_port()}/"
    with pytest.raises(SlackUnavailable):
        slack.respond(url, POST)


def test_no_text_and_no_token_is_logged(
    local: Local, slack: SlackClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    local.ask("POST", "/control/slack/settings", missing_scopes=HISTORY_SCOPES)
    slack.post(HERE, show_notice("canary"), NAME)
    slack.find(HERE, NAME, _now())
    assert "can't look for an earlier post (missing_scope)" in caplog.text
    assert "canary" not in caplog.text
    assert local.settings["SLACK_BOT_TOKEN"] not in caplog.text
