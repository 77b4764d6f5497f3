from __future__ import annotations

import json
import urllib.request

import pytest
from slack_sdk.errors import SlackApiError

from .conftest import refusal


def test_auth_test_says_who_the_bot_is(slack) -> None:
    answer = slack.client.auth_test()
    assert answer["bot_id"] == "B0PROACTIVE" and answer["user_id"] == "U0BOT"
    assert answer["team_id"] == "T0LOCAL"


@pytest.mark.parametrize(
    ("token", "error"),
    [(None, "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp-test", "not_allowed_token_type")],
)
def test_a_wrong_token_is_refused(slack, token, error) -> None:
    assert refusal(slack.client_with(token).auth_test)["error"] == error


def test_a_missing_scope_is_named(slack) -> None:
    answer = refusal(slack.client.users_info, user="U0ADA")
    assert answer["error"] == "missing_scope" and answer["needed"] == "users:read"
    assert answer["provided"] == "chat:write,chat:write.public,commands"
    assert refusal(slack.client.team_info)["needed"] == "team:read"
    assert (
        "channels:read" in refusal(slack.client.conversations_info, channel="C0SUPPORT")["needed"]
    )
    assert "im:write" in refusal(slack.client.conversations_open, users="U0ADA")["needed"]


def test_unknown_methods_and_arguments_are_refused(slack) -> None:
    assert refusal(slack.client.api_call, api_method="chat.shout")["error"] == "unknown_method"
    answer = refusal(slack.client.chat_postMessage, channel="C0SUPPORT", text="x", txet="y")
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] unknown argument: txet"]


def test_required_arguments_and_kinds_are_checked(slack) -> None:
    call = slack.client.api_call
    missing = refusal(call, api_method="chat.postMessage", json={"text": "x"})
    assert missing["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]
    wrong = refusal(
        call,
        api_method="chat.postMessage",
        json={"channel": "C0SUPPORT", "text": "x", "thread_ts": 1.5},
    )
    assert wrong["response_metadata"]["messages"] == ["[ERROR] thread_ts must be a string"]
    parse = {"channel": "C0SUPPORT", "text": "x", "parse": "all"}
    assert refusal(call, api_method="chat.postMessage", json=parse)["error"] == "invalid_arguments"


def test_forms_and_json_are_both_read(slack) -> None:
    blocks = json.dumps([{"type": "divider"}])
    form = {"channel": "C0SUPPORT", "text": "x", "blocks": blocks, "unfurl_links": "0"}
    assert slack.client.api_call("chat.postMessage", data=form)["ok"]
    broken = {**form, "blocks": "[{"}
    answer = refusal(slack.client.api_call, api_method="chat.postMessage", data=broken)
    assert answer["error"] == "invalid_blocks_format"


def test_methods_without_json_support_refuse_json(slack) -> None:
    arguments = {"channel": "C0SUPPORT", "message_ts": "1.000001"}
    answer = refusal(slack.client.api_call, api_method="chat.getPermalink", json=arguments)
    assert answer["error"] == "invalid_arguments"


def test_a_body_of_another_kind_is_refused(slack) -> None:
    request = urllib.request.Request(
        f"{slack.url}/api/auth.test", b"<a/>", {"Content-Type": "application/xml"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        assert json.loads(answer.read())["error"] == "invalid_post_type"


def test_calls_are_logged_without_the_token(slack) -> None:
    slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    refusal(slack.client.chat_postMessage, channel="C0NONE", text="hello")
    calls = slack.get("/control/slack/calls")["calls"]
    assert [(call["method"], call["ok"], call["error"]) for call in calls] == [
        ("chat.postMessage", True, None),
        ("chat.postMessage", False, "channel_not_found"),
    ]
    assert calls[0]["arguments"] == {"channel": "C0SUPPORT", "text": "hello"}
    assert slack.delete("/control/slack/calls")["calls"] == []


def test_messages_to_one_channel_are_limited_when_strict(slack) -> None:
    slack.settings(strict_rates=True)
    for _ in range(3):
        slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    answer = refusal(slack.client.chat_postMessage, channel="C0SUPPORT", text="hello")
    assert (answer["status"], answer["error"]) == (429, "ratelimited")
    assert slack.client.chat_postMessage(channel="C0GENERAL", text="hello")["ok"]
    slack.clock.ahead += 1.1
    assert slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")["ok"]


def test_a_rate_limit_says_how_long_to_wait(slack) -> None:
    slack.settings(strict_rates=True)
    for _ in range(50):
        refusal(slack.client.chat_delete, channel="C0SUPPORT", ts="1.000001")
    with pytest.raises(SlackApiError) as raised:
        slack.client.chat_delete(channel="C0SUPPORT", ts="1.000001")
    assert raised.value.response.status_code == 429
    assert 1 <= int(raised.value.response.headers["Retry-After"]) <= 60


def test_nobody_reaches_a_rate_limit_by_hand(slack) -> None:
    for _ in range(40):
        slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")


def test_a_fault_refuses_as_often_as_ordered(slack) -> None:
    fault = {"where": "chat.postMessage", "kind": "status", "status": 429, "times": 1}
    slack.post("/control/slack/faults", **fault, retry_after=7)
    with pytest.raises(SlackApiError) as raised:
        slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    assert raised.value.response.headers["Retry-After"] == "7"
    assert slack.get("/control/slack/faults")["faults"] == []
    assert slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")["ok"]


def test_a_fault_can_be_one_of_slacks_own_errors(slack) -> None:
    body = {"ok": False, "error": "restricted_action"}
    fault = {"where": "chat.postMessage", "kind": "status", "status": 400, "body": body}
    slack.post("/control/slack/faults", **fault)
    answer = refusal(slack.client.chat_postMessage, channel="C0SUPPORT", text="hello")
    assert (answer["status"], answer["error"]) == (200, "restricted_action")
    slack.delete("/control/slack/faults")
    slack.post("/control/slack/faults", where="auth.test", kind="expired_token")
    assert refusal(slack.client.auth_test)["error"] == "token_expired"


def test_a_fault_can_strike_in_one_channel(slack) -> None:
    fault = {"where": "chat.postMessage C0SUPPORT", "kind": "status", "status": 503}
    slack.post("/control/slack/faults", **fault)
    with pytest.raises(SlackApiError):
        slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    assert slack.client.chat_postMessage(channel="C0GENERAL", text="hello")["ok"]


@pytest.mark.parametrize(("kind", "posted"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_connection_hides_whether_the_work_was_done(slack, kind, posted) -> None:
    slack.post("/control/slack/faults", where="chat.postMessage", kind=kind, times=1)
    with pytest.raises(OSError):
        slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    assert len(slack.messages()) == posted
    assert len(slack.get("/control/slack/calls")["calls"]) == 1


def test_faults_and_settings_of_the_wrong_form_are_refused(slack) -> None:
    assert slack.post("/control/slack/faults", kind="status")["status"] == 400
    assert slack.settings(strict_rates="yes")["status"] == 400
    assert slack.settings(colour="red")["status"] == 400


def test_a_reset_forgets_everything(slack) -> None:
    slack.client.chat_postMessage(channel="C0SUPPORT", text="hello")
    slack.settings(strict_rates=True)
    slack.post("/control/slack/reset")
    assert slack.messages() == [] and slack.get("/control/slack/calls")["calls"] == []
    assert slack.get("/control/slack/settings")["strict_rates"] is False
