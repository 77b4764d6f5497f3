"""Over a websocket the same app answers, and the first connection is tried until it works."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import bot.slack.socket_mode
from bot.cli.manifest import build_manifest
from bot.ops.health import Health
from bot.slack.socket_mode import keep_socket
from sandbox.server import Sandbox

from ..conftest import Local


class FakeHealth:
    """Notes which socket it is told to include, and whether it is followed."""

    def __init__(self) -> None:
        self.socket: Any = None
        self.is_following = False

    def include_socket(self, socket: Any) -> None:
        self.socket = socket

    async def follow_socket(self) -> None:
        self.is_following = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_following = False

    async def wait_for_socket(self) -> None:
        async with asyncio.timeout(10):
            while not await self.socket.is_connected():
                await asyncio.sleep(0.01)


@pytest.fixture
def socket_slack() -> Iterator[Local]:
    """Run a local Slack that delivers over Socket Mode."""
    with Sandbox(build_manifest(url=""), socket_mode=True) as sandbox:
        yield Local(sandbox)


def test_the_first_connection_is_tried_until_it_works_and_carries_requests(
    socket_slack: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.slack.socket_mode, "PING_SECONDS", 1.0)
    settings = socket_slack.sandbox.bot_environment(Path())
    refusal = {"status": 503, "times": 3}
    socket_slack.order("slack", "apps.connections.open", "status", **refusal)
    health = FakeHealth()

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0LOCAL", bot_token="xoxb-x")

    def sockets() -> int:
        return int(socket_slack.ask("GET", "/control/slack/settings")["sockets"])

    async def until(count: int) -> None:
        async with asyncio.timeout(10):
            while await asyncio.to_thread(sockets) != count:
                await asyncio.sleep(0.01)

    async def serve() -> dict[str, Any]:
        app = AsyncApp(
            process_before_response=True, request_verification_enabled=False, authorize=authorize
        )

        @app.command("/proactive")
        async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
            await ack(text=body["text"], response_type="ephemeral")

        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient(
                base_url=settings["SLACK_API_URL"], session=session, retry_handlers=[]
            )
            token = settings["SLACK_APP_TOKEN"]
            async with keep_socket(app, token, client, cast(Health, health)):
                await until(1)
                assert health.is_following
                await health.wait_for_socket()  # Slack counts it sooner
                typed = {"channel": "C0SUPPORT", "command": "/proactive", "text": "a payload"}
                done = await asyncio.to_thread(
                    socket_slack.ask, "POST", "/people/commands", **typed
                )
            await until(0)
        return dict(done["ack"])

    ack = asyncio.run(serve())
    assert (ack["status"], ack["body"]) == (
        200,
        {"text": "a payload", "response_type": "ephemeral"},
    )
    assert not health.is_following
    assert len(socket_slack.calls("slack", "apps.connections.open")) == 4


def test_a_pause_without_an_end_does_not_keep_the_socket_away(
    socket_slack: Local, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bot.slack.socket_mode, "LONGEST_PAUSE", 0.2)
    settings = socket_slack.sandbox.bot_environment(Path())
    refusal = {"status": 429, "retry_after": 60, "times": 2}
    socket_slack.order("slack", "apps.connections.open", "status", **refusal)
    health = FakeHealth()

    async def connect() -> None:
        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient(
                base_url=settings["SLACK_API_URL"], session=session, retry_handlers=[]
            )
            app, token = AsyncApp(token="xoxb-x"), settings["SLACK_APP_TOKEN"]
            async with keep_socket(app, token, client, cast(Health, health)):
                await health.wait_for_socket()

    asyncio.run(connect())
    assert caplog.text.count("Slack asks for a longer pause") == 2
    assert len(socket_slack.calls("slack", "apps.connections.open")) == 3
