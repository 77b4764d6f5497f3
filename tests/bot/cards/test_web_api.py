"""The blocking calls to Slack go where the machine's settings say, and nowhere else."""

from __future__ import annotations

import json

import pytest

from bot.cards.card import show_notice
from bot.cards.client import SlackClient, Spot
from bot.cards.errors import SlackError, SlackUnavailable
from tests.inspecting_proxy import InspectingProxy
from tests.recording_server import RecordingServer

POST, HERE = show_notice("Something happened."), Spot("C0SUPPORT")


@pytest.fixture
def slack(recording: RecordingServer) -> SlackClient:
    return SlackClient("xoxb-1", f"{recording.url}/api/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_the_token_nor_the_post_anywhere(
    status: int, recording: RecordingServer, elsewhere: RecordingServer, slack: SlackClient
) -> None:
    recording.status, recording.headers = status, {"Location": f"{elsewhere.url}/stolen"}
    for call in (
        slack.check_token,
        lambda: slack.post(HERE, POST, "name"),
        lambda: slack.respond(f"{recording.url}/commands/1", POST),
    ):
        with pytest.raises(SlackError):
            call()
    assert len(recording.requests) == 3
    assert elsewhere.requests == []


def test_the_token_is_in_a_header_and_never_in_a_body(
    recording: RecordingServer, slack: SlackClient
) -> None:
    slack.check_token()
    (sent,) = recording.requests
    assert sent.headers["Authorization"] == "Bearer xoxb-1"
    assert b"xoxb-1" not in sent.body


def test_a_response_needs_no_token(recording: RecordingServer, slack: SlackClient) -> None:
    slack.respond(f"{recording.url}/commands/1", POST)
    (sent,) = recording.requests
    assert "Authorization" not in sent.headers


def test_no_post_goes_over_a_kept_connection(
    recording: RecordingServer, slack: SlackClient
) -> None:
    slack.check_token()
    (sent,) = recording.requests
    assert sent.headers["Connection"] == "close"


@pytest.mark.parametrize("body", [b"", b"<html>Sign in</html>", b"[]", b"null", b'"ok"', b"\xff"])
def test_an_answer_that_is_not_slack_s_says_nothing_about_the_post(
    body: bytes, recording: RecordingServer, slack: SlackClient
) -> None:
    recording.body = body
    with pytest.raises(SlackUnavailable):
        slack.post(HERE, POST, "name")


def test_calls_and_responses_go_through_the_proxy(
    recording: RecordingServer, proxy: InspectingProxy
) -> None:
    recording.body = b'{"ok": true, "channel": "C0", "ts": "1.2"}'
    slack = SlackClient("xoxb-1", proxy.route("slack.example.com", f"{recording.url}/api/"))
    assert slack.post(HERE, POST, "name") == ("C0", "1.2")
    slack.respond(proxy.route("hooks.example.com", f"{recording.url}/commands/1"), POST)
    assert proxy.asked == ["slack.example.com:443", "hooks.example.com:443"]
    assert json.loads(recording.requests[1].body)["text"] == "Something happened."


def test_a_host_in_no_proxy_is_called_directly(
    recording: RecordingServer, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com")
    slack = SlackClient("xoxb-1", proxy.route("slack.example.com", f"{recording.url}/api/"))
    with pytest.raises(SlackUnavailable):
        slack.check_token()
    assert proxy.asked == []


def test_a_proxy_that_reads_along_must_be_trusted(
    recording: RecordingServer, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    slack = SlackClient("xoxb-1", proxy.route("slack.example.com", f"{recording.url}/api/"))
    with pytest.raises(SlackUnavailable):
        slack.check_token()
    assert recording.requests == []
