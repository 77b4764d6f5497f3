"""Fixtures: a local Slack on loopback, the real slack_sdk client, and a small Bolt app as bot."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.local_slack import LocalSlack, SlackConfig
from tests.conftest import wait_until

BOT_TOKEN, APP_TOKEN, SECRET = "xoxb-test", "xapp-test", "signing-secret-of-the-test"
MANIFEST = {
    "display_information": {"name": "Proactive"},
    "features": {
        "bot_user": {"display_name": "proactive"},
        "slash_commands": [{"command": "/proactive", "description": "Message a customer"}],
        "shortcuts": [
            {"name": "Notify customer", "type": "message", "callback_id": "notify_message"},
            {"name": "Notify", "type": "global", "callback_id": "notify_anywhere"},
        ],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "chat:write.public"]}},
    "settings": {
        "interactivity": {
            "is_enabled": True,
            "message_menu_options_url": "https://bot.example.com/slack/events",
        }
    },
}
Json = dict[str, Any]


class Loop:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def serve(self, app: web.Application) -> tuple[web.AppRunner, str]:
        return self.run(self._serve(app))

    async def _serve(self, app: web.Application) -> tuple[web.AppRunner, str]:
        runner = web.AppRunner(app, shutdown_timeout=1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return runner, f"http://{host}:{port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


class Clock:
    """The real time, which a test can move forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Slack:
    """The local Slack for tests: people and control routes over HTTP, the Web API over the SDK."""

    url: str
    clock: Clock

    @property
    def client(self) -> WebClient:
        return self.client_with(BOT_TOKEN)

    def client_with(self, token: str | None) -> WebClient:
        return WebClient(token=token, base_url=f"{self.url}/api/", timeout=5, retry_handlers=[])

    def get(self, path: str) -> Json:
        return self._ask("GET", path)

    def post(self, path: str, **body: Any) -> Json:
        return self._ask("POST", path, body)

    def delete(self, path: str) -> Json:
        return self._ask("DELETE", path)

    def follow(self, link: str) -> str | int:
        """Open a link as a browser would; return where it leads, or the status of a refusal."""
        try:
            urllib.request.build_opener(_NoRedirect).open(link, timeout=15).close()
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.headers.get("Location") or answer.code
        return link

    def settings(self, **changes: Any) -> Json:
        return self.post("/control/slack/settings", **changes)

    def messages(self, channel: str = "C0SUPPORT", user: str = "U0ADA") -> list[Json]:
        return self.get(f"/people/channels/{channel}/messages?user={user}")["messages"]

    def views(self, user: str = "U0ADA") -> list[Json]:
        return self.get(f"/people/views?user={user}")["views"]

    def command(self, text: str = "", channel: str = "C0SUPPORT", **more: Any) -> Json:
        return self.post(
            "/people/commands", channel=channel, command="/proactive", text=text, **more
        )

    def _ask(self, verb: str, path: str, body: Json | None = None) -> Json:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=verb)
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return {"status": refusal.code, **json.loads(refusal.read())}


def refusal(call: Callable[..., Any], **arguments: Any) -> Json:
    """Make a call that Slack refuses, and return the answer."""
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    response = raised.value.response
    return {"status": response.status_code, **response.data}


def error(call: Callable[..., Any], **arguments: Any) -> str:
    """Make a call that Slack refuses, and return the error's name."""
    return str(refusal(call, **arguments)["error"])


Listener = Callable[..., Awaitable[None]]


async def _just_ack(ack: Any) -> None:
    await ack()


@dataclass
class Bot:
    """A real Bolt app; a test replaces its listeners and reads what Slack sent."""

    app: AsyncApp
    bodies: list[Json] = field(default_factory=list)
    on_command: Listener = _just_ack
    on_shortcut: Listener = _just_ack
    on_action: Listener = _just_ack
    on_options: Listener = _just_ack
    on_submission: Listener = _just_ack
    on_close: Listener = _just_ack

    def listen(self) -> None:

        @self.app.middleware
        async def remember(body: Json, next: Callable[[], Awaitable[None]]) -> None:
            self.bodies.append(body)
            await next()

        @self.app.command("/proactive")
        async def command(ack: Any, body: Any, client: Any, respond: Any) -> None:
            await _call(self.on_command, ack=ack, body=body, client=client, respond=respond)

        @self.app.shortcut("notify_message")
        @self.app.shortcut("notify_anywhere")
        async def shortcut(ack: Any, body: Any, client: Any, respond: Any) -> None:
            await _call(self.on_shortcut, ack=ack, body=body, client=client, respond=respond)

        @self.app.action("act")
        async def action(ack: Any, body: Any, client: Any, respond: Any) -> None:
            await _call(self.on_action, ack=ack, body=body, client=client, respond=respond)

        @self.app.options("pick")
        async def options(ack: Any, body: Any) -> None:
            await _call(self.on_options, ack=ack, body=body)

        @self.app.view("modal")
        async def submission(ack: Any, body: Any, client: Any) -> None:
            await _call(self.on_submission, ack=ack, body=body, client=client)

        @self.app.view_closed("modal")
        async def closed(ack: Any, body: Any) -> None:
            await _call(self.on_close, ack=ack, body=body)


async def _call(listener: Listener, **offered: Any) -> None:
    wanted = listener.__code__.co_varnames[: listener.__code__.co_argcount]
    await listener(**{name: offered[name] for name in wanted})


@pytest.fixture(scope="session")
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


@pytest.fixture
def manifest() -> Json:
    """The app's manifest, which a test module may override."""
    return copy.deepcopy(MANIFEST)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def local(manifest: Json, clock: Clock) -> LocalSlack:
    config = SlackConfig(BOT_TOKEN, APP_TOKEN, SECRET, "http://127.0.0.1:9/none", manifest)
    return LocalSlack(config, clock)


@pytest.fixture
def slack(loop: Loop, local: LocalSlack, clock: Clock) -> Iterator[Slack]:
    app = local.machine_app()
    app.add_routes(local.people_routes())
    runner, url = loop.serve(app)
    local.machine_url = url
    yield Slack(url, clock)
    loop.run(runner.cleanup())


def _make_bot(slack: Slack) -> Bot:
    client = AsyncWebClient(token=BOT_TOKEN, base_url=f"{slack.url}/api/")
    bot = Bot(AsyncApp(client=client, signing_secret=SECRET))
    bot.listen()
    return bot


@pytest.fixture
def bot(slack: Slack, loop: Loop) -> Iterator[Bot]:
    """The bot over signed HTTP."""
    bot = _make_bot(slack)
    runner, url = loop.serve(bot.app.server(port=0).web_app)
    slack.settings(events_url=f"{url}/slack/events")
    yield bot
    loop.run(runner.cleanup())


@pytest.fixture
def socket_bot(slack: Slack, loop: Loop) -> Iterator[Bot]:
    """The bot over Socket Mode."""
    bot = _make_bot(slack)

    async def connect() -> AsyncSocketModeHandler:
        handler = AsyncSocketModeHandler(bot.app, APP_TOKEN, ping_interval=0.2)
        await handler.connect_async()
        return handler

    handler = loop.run(connect())
    wait_until(lambda: slack.get("/control/slack/settings")["sockets"] == 1, "the bot's socket")
    yield bot
    loop.run(handler.close_async())


@pytest.fixture
def hang(slack: Slack) -> Iterator[Listener]:
    """A listener that acknowledges only after the test; request this fixture after the bot."""
    over = threading.Event()

    async def wait(ack: Any) -> None:
        await asyncio.to_thread(over.wait, 10)
        await ack()

    yield wait
    over.set()
