"""Fixtures: the sandbox's page in a real Chromium, with a small Bolt app as the bot."""

from __future__ import annotations

import json
import shutil
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000
# Read once, at the end: an event for every request would take longer than the tests themselves.
ASKED_FOR = "performance.getEntriesByType('resource').map((one) => one.name)"
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Echo"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
        "bot_user": {"display_name": "Echo"},
        "shortcuts": [
            {"name": "Notify customer", "type": "message", "callback_id": "notify"},
        ],
        "slash_commands": [
            {"command": "/proactive", "description": "Say it first", "usage_hint": "[who] [what]"},
            {"command": "/profile", "description": "Show a profile", "usage_hint": "[who]"},
        ],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "chat:write.public"]}},
    "settings": {
        "event_subscriptions": {
            "request_url": "http://127.0.0.1/slack/events",
            "bot_events": ["app_home_opened"],
        },
        "interactivity": {
            "is_enabled": True,
            "request_url": "http://127.0.0.1/slack/events",
            "message_menu_options_url": "http://127.0.0.1/slack/events",
        },
    },
}


class EchoBot:
    """A Bolt app behind a loopback server; `fresh_app` removes the listeners that tests set."""

    def __init__(self, sandbox: Sandbox, environment: dict[str, str]) -> None:
        self._environment = environment
        self.client = WebClient(
            token=environment["SLACK_BOT_TOKEN"], base_url=environment["SLACK_API_URL"]
        )
        self.fresh_app()
        bot = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): [value] for name, value in self.headers.items()}
                answer = bot.app.dispatch(BoltRequest(body=body, headers=headers))
                text = answer.body.encode()
                self.send_response(answer.status)
                for name, value in answer.first_headers_without_set_cookie().items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", sandbox.bot_port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def fresh_app(self) -> App:
        """Forget every listener."""
        self.app = App(
            client=self.client,
            signing_secret=self._environment["SLACK_SIGNING_SECRET"],
            token_verification_enabled=False,
        )
        return self.app

    def post(self, text: str, channel: str = "C0SUPPORT", **more: Any) -> str:
        """Post as the bot; return the message's ts."""
        return str(self.client.chat_postMessage(channel=channel, text=text, **more)["ts"])

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")  # Playwright keeps an event loop that other modules must not see
def browser() -> Iterator[Browser]:
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if executable is None:
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(BROWSERS)})")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")  # Playwright keeps an event loop that other modules must not see
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST, genesys=LocalGenesys(step_seconds=0.02)) as running:
        yield running


@pytest.fixture(scope="module")  # Playwright keeps an event loop that other modules must not see
def echo_bot(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EchoBot]:
    bot = EchoBot(sandbox, sandbox.bot_environment(tmp_path_factory.mktemp("data")))
    yield bot
    bot.stop()


@pytest.fixture
def bot(sandbox: Sandbox, echo_bot: EchoBot) -> EchoBot:
    """The bot in a workspace that was just reset."""
    for side in ("slack", "genesys"):
        ask(f"{sandbox.page_url}control/{side}/reset", {})
    echo_bot.fresh_app()
    return echo_bot


@dataclass
class Window:
    """One browser window for all tests, with the errors that happened in it."""

    page: Page
    complaints: list[str]


@pytest.fixture(scope="module")  # Playwright keeps an event loop that other modules must not see
def window(browser: Browser, sandbox: Sandbox) -> Iterator[Window]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    open_page(page, sandbox)
    yield Window(page, watch(page))
    context.close()


@pytest.fixture
def page(window: Window, bot: EchoBot) -> Iterator[Page]:
    """A freshly loaded page; after the test, check it for errors and foreign requests."""
    window.complaints.clear()
    window.page.set_viewport_size({"width": 1280, "height": 800})
    window.page.mouse.move(0, 0)
    window.page.evaluate("sessionStorage.clear()")
    window.page.reload()
    wait_for_both_sides(window.page)
    yield window.page
    assert window.complaints == []
    home = window.page.url.split("?")[0]
    asked_for = window.page.evaluate(ASKED_FOR)
    assert [url for url in asked_for if not url.startswith(home)] == []


def watch(page: Page) -> list[str]:
    """Collect a page's errors; a request that isn't allowed is an error in its console."""
    complaints: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        # The browser logs every 4xx answer, and the tests provoke some.
        if message.type in ("error", "warning") and "status of 4" not in message.text:
            complaints.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(f"a dialog opened: {dialog.message}"))
    return complaints


def open_page(page: Page, sandbox: Sandbox) -> None:
    page.goto(sandbox.page_url)
    wait_for_both_sides(page)


def wait_for_both_sides(page: Page) -> None:
    page.get_by_role("button", name="support", exact=True).wait_for()
    page.get_by_role("heading", name="The customer’s side").wait_for()


def ask(url: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    """GET, or POST a JSON body, and return the decoded answer."""
    data = None if body is None else json.dumps(body).encode()
    return open_without_proxy(url, data, {"Content-Type": "application/json", **headers})


def open_without_proxy(url: str, data: bytes | None, headers: dict[str, str]) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, data=data, headers=headers)) as answer:
        return json.load(answer)


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def text_input(block_id: str, label: str, **element: Any) -> dict[str, Any]:
    dispatch = {"dispatch_action": True} if element.pop("dispatch", False) else {}
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain(label),
        "element": {"type": "plain_text_input", "action_id": "typed", **element},
        **dispatch,
    }


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain("A form"),
        "submit": plain("Send"),
        "close": plain("Cancel"),
        "blocks": list(blocks),
        **more,
    }


def say(page: Page, text: str) -> None:
    """Type into the channel's box and press Enter."""
    box = page.locator(".channel .composer-text")
    box.fill(text)
    box.press("Enter")


def become(page: Page, name: str) -> None:
    page.get_by_label("You are").select_option(label=name)


def choose_customer(page: Page, address: str) -> None:
    page.locator(".picker-button").click()
    page.get_by_role("option").filter(has_text=address).click()
