"""What an agent waits for goes where the machine's settings say, and nowhere else."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

import bot.slack.retry
import bot.slack.socket_mode
from bot.cards.card import show_notice
from bot.ops.health import Health
from bot.slack.respond import Responder
from bot.slack.session import build_client, build_webhook, open_session
from bot.slack.socket_mode import keep_socket
from tests.inspecting_proxy import InspectingProxy
from tests.recording_server import RecordingServer

from .test_socket_mode import FakeHealth

VIEW = {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": []}


@pytest.fixture(autouse=True)
def _one_attempt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.slack.retry, "GIVE_UP_SECONDS", 0.0)


@asynccontextmanager
async def _connected(api_url: str) -> AsyncIterator[AsyncWebClient]:
    async with open_session() as session:
        yield build_client("xoxb-1", api_url, session)


async def _open_form(api_url: str) -> None:
    async with _connected(api_url) as client:
        await client.views_open(trigger_id="1", view=VIEW)


async def _answer(api_url: str, response_url: str) -> None:
    async with _connected(api_url) as client:
        await Responder(client).respond(response_url, "", show_notice("Something happened."))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_the_token_nor_the_form_anywhere(
    status: int, recording: RecordingServer, elsewhere: RecordingServer
) -> None:
    recording.status, recording.headers = status, {"Location": f"{elsewhere.url}/stolen"}
    _refused(_open_form(f"{recording.url}/api/"))
    asyncio.run(_answer(f"{recording.url}/api/", f"{recording.url}/commands/1"))
    assert {sent.path for sent in recording.requests} == {"/api/views.open", "/commands/1"}
    assert elsewhere.requests == []


def _refused(work: Coroutine[Any, Any, None]) -> None:
    with pytest.raises(aiohttp.ClientError):
        asyncio.run(work)


def test_forms_and_answers_go_through_the_proxy_or_not_at_all(
    recording: RecordingServer, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This process read its authorities too early to trust the proxy, but it asks only there."""
    monkeypatch.setenv("HTTPS_PROXY", f"http://ana:s%40fe@127.0.0.1:{proxy.port}")
    api_url = proxy.route("slack.example.com", f"{recording.url}/api/")
    _refused(_open_form(api_url))
    asyncio.run(_answer(api_url, proxy.route("hooks.example.com", f"{recording.url}/commands/1")))
    assert set(proxy.logins) == {"Basic " + base64.b64encode(b"ana:s@fe").decode()}
    assert list(dict.fromkeys(proxy.asked)) == ["slack.example.com:443", "hooks.example.com:443"]
    assert recording.requests == []


def test_hosts_in_no_proxy_and_this_machine_are_called_directly(
    recording: RecordingServer, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_open_form(f"{recording.url}/api/"))
    asyncio.run(_answer(f"{recording.url}/api/", f"{recording.url}/commands/1"))
    assert len(recording.requests) == 2
    monkeypatch.setenv("NO_PROXY", "example.com")

    async def find_proxies() -> list[str | None]:
        async with open_session() as session:
            client = build_client("xoxb-1", "https://slack.example.com/api/", session)
            return [client.proxy, build_webhook("https://hooks.example.com/1", session).proxy]

    assert asyncio.run(find_proxies()) == [None, None]
    assert proxy.asked == []


def test_the_socket_goes_through_the_proxy_that_belongs_to_its_own_address(
    recording: RecordingServer, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Web API's address may be a gateway's that needs no proxy."""
    monkeypatch.setattr(bot.slack.socket_mode, "PING_SECONDS", 0.02)
    link = proxy.route("wss.example.com", recording.url).replace("https:", "wss:")
    recording.body = f'{{"ok": true, "url": "{link}/link"}}'.encode()

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0", bot_token="xoxb-x")

    async def serve() -> None:
        app = AsyncApp(request_verification_enabled=False, authorize=authorize)
        async with (
            _connected(f"{recording.url}/api/") as client,
            keep_socket(app, "xapp-1", client, cast(Health, FakeHealth())),
            asyncio.timeout(10),
        ):
            while not proxy.asked:
                await asyncio.sleep(0.01)

    asyncio.run(serve())
    assert set(proxy.asked) == {"wss.example.com:443"}
    assert {sent.path for sent in recording.requests} >= {"/api/apps.connections.open"}
