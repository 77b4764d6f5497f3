"""Whatever answers in Slack's place, such as a proxy, the bot's own errors say what's certain."""

import asyncio

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards.answers import translated
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable
from tests.recording_server import RecordingServer

JSON, TEXT, HTML = "application/json", "text/plain", "text/html"


def failure(url: str) -> SlackError:
    """Update a form by the asynchronous SDK; return the error."""

    async def update() -> None:
        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient("xoxb-1", f"{url}/api/", session=session, retry_handlers=[])
            with translated():
                await client.views_update(view_id="V1", view={})

    with pytest.raises(SlackError) as caught:
        asyncio.run(update())
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, TEXT, b"Welcome to the hotel's network"),
        (200, HTML, b"<html>Please log in</html>"),
        (200, JSON, b"{"),
        (200, JSON, b"[]"),
        (200, JSON, b'"ok"'),
        (200, JSON, b"null"),
        (200, JSON, b""),
        (403, HTML, b"<html>Forbidden</html>"),
        (403, JSON, b'{"ok": false, "error": "is_archived"}'),
        (502, TEXT, b"Bad gateway"),
        (503, HTML, b"<html>Busy</html>"),
        (503, JSON, b'{"ok": false, "error": "service_unavailable"}'),
    ],
)
def test_an_answer_that_is_not_slack_s_leaves_it_open_what_was_done(
    status: int, kind: str, body: bytes, recording: RecordingServer
) -> None:
    assert isinstance(
        failure(recording.answer(status, body, {"Content-Type": kind})), SlackUnavailable
    )


def test_slack_s_own_answers_are_read_as_with_the_blocking_sdk(recording: RecordingServer) -> None:
    json = {"Content-Type": JSON}
    refusal = failure(recording.answer(200, b'{"ok": false, "error": "not_found"}', json))
    assert isinstance(refusal, SlackRefused)
    assert refusal.code == "not_found"
    unreadable = failure(recording.answer(200, b'{"ok": false, "error": "not found"}', json))
    assert isinstance(unreadable, SlackRefused)
    assert unreadable.code == "unreadable_code"
    limit = failure(
        recording.answer(
            429, b'{"ok": false, "error": "ratelimited"}', {**json, "Retry-After": "7"}
        )
    )
    assert isinstance(limit, SlackRateLimited)
    assert limit.retry_after == 7.0


def test_a_rate_limit_of_a_proxy_is_read_like_slack_s(recording: RecordingServer) -> None:
    limit = failure(recording.answer(429, b"Slow down", {"Content-Type": TEXT, "Retry-After": "7"}))
    assert isinstance(limit, SlackRateLimited)
    assert limit.retry_after == 7.0
