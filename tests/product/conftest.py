"""The whole product on loopback: the real bot as its own process between the two stand-ins.

`Product` starts and stops them; `Agent` does what an agent does in Slack. When the bot stops, its
log is scanned for private values.
"""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from bot.cli.manifest import build_manifest
from sandbox.bot_process import BotProcess
from sandbox.local_genesys import LocalGenesys
from sandbox.ports import find_free_port
from sandbox.server import Sandbox
from tests.conftest import wait_until
from tests.crash.fork_server import ForkServer

Json = dict[str, Any]
SUPPORT, GENERAL, VIP, NEWS, ARCHIVE = "C0SUPPORT", "C0GENERAL", "C0VIP", "C0NEWS", "C0ARCHIVE"
OUTCOMES = "C0OUTCOMES"
CANARY = "canary"  # in every message text of these tests, and never in a log
_PRIVATE = re.compile(rf"{CANARY}|@example\.com|\+44\d|\+1\d{{6}}|xoxb-|xapp-", re.IGNORECASE)


class RunningBot(Protocol):
    """The process of a bot."""

    @property
    def pid(self) -> int: ...
    def wait_until_ready(self) -> None: ...
    def kill(self) -> None: ...
    def stop(self) -> object: ...


# Most tests send the same few customers one message after the other.
NO_LIMITS = """
[limits]
same_text_hours = 0
recent_minutes = 0
per_customer = 0
per_agent = 0
lookups = 0
"""


def find_ports() -> dict[str, str]:
    """Return the settings for a bot that listens beside the product's own."""
    return {"PORT": str(find_free_port()), "OPERATOR_PORT": str(find_free_port())}


def _write_rules(folder: Path) -> Path:
    rules = folder / "no_limits.toml"
    rules.write_text(NO_LIMITS)
    return rules


class Product:
    """A sandbox with the real bot in it. ``quota``: how many calls a minute Genesys allows.

    Its bots are forked from a process that has loaded their modules, or without a ``fork_server``
    started as `python -m bot run`.
    """

    def __init__(
        self,
        folder: Path,
        fork_server: ForkServer | None = None,
        *,
        socket_mode: bool = False,
        quota: int = 300,
        **settings: str,
    ) -> None:
        self.folder = folder
        self._fork_server = fork_server
        self.sandbox = Sandbox(
            build_manifest(url="" if socket_mode else "https://bot.example.com"),
            socket_mode=socket_mode,
            genesys=LocalGenesys(step_seconds=0.02),
        )
        self.sandbox.start()
        self.bot_url = self.sandbox.bot_url
        self.operator_url = f"http://127.0.0.1:{self.sandbox.operator_port}"
        self._page = self.sandbox.page_url.rstrip("/")
        self.set_genesys(calls_per_minute=quota)
        self.settings = {
            **self.sandbox.bot_environment(folder),
            "LOG_LEVEL": "DEBUG",
            "PROACTIVE_READ_BACK_SECONDS": "0,1",
            "PROACTIVE_UNDO_SECONDS": "0",
            "PROACTIVE_LEADS": "U0LEO",
            "PROACTIVE_RULES": str(_write_rules(folder)),
            "PROACTIVE_CALLS_PER_MINUTE": str(quota),
            **settings,
        }
        self._secrets = [
            self.settings[name]
            for name in (
                "SLACK_BOT_TOKEN",
                "SLACK_SIGNING_SECRET",
                "SLACK_APP_TOKEN",
                "GENESYS_CLOUD_CLIENT_SECRET",
            )
            if self.settings[name]
        ]
        self.bot: RunningBot | None = None

    def launch(self) -> RunningBot:
        """Start the bot's process, and don't wait until it's ready."""
        start_bot = self._fork_server.start_bot if self._fork_server else BotProcess
        self.bot = start_bot(self.settings, self.folder)
        return self.bot

    def start(self) -> None:
        self.launch().wait_until_ready()

    def kill(self) -> None:
        assert self.bot is not None
        self.bot.kill()
        self._scan()
        self.bot = None

    def stop(self) -> None:
        if self.bot is not None:
            self.bot.stop()
            self._scan()
            self.bot = None

    def close(self) -> None:
        if self.bot is not None:
            self.kill()  # faster than a stop, which has its own test
        self.sandbox.stop()

    def _scan(self) -> None:
        self.scan((self.folder / "bot.log").read_text())

    def scan(self, log: str) -> None:
        """Look for private values in a log."""
        leaked = [line for line in log.splitlines() if _PRIVATE.search(line)]
        leaked += ["a secret" for secret in self._secrets if secret in log]
        assert not leaked, f"private values in the log: {leaked[:3]}"

    def reset(self) -> None:
        """Reset everything for the next test, so that nothing from an earlier one goes on."""
        if self.bot is None:
            self.start()
        sides = ("slack", "genesys")
        for side in sides:
            self.delete(f"/control/{side}/faults")
        wait_until(self._drop_planned_work, "the bot to finish its work")
        for side in sides:
            self.post(f"/control/{side}/reset")

    def _drop_planned_work(self) -> bool:
        """Delete what the bot would do later; do nothing and return False if it's busy now."""
        with self.sqlite() as database:
            database.execute("BEGIN IMMEDIATE")
            busy = "SELECT 1 FROM workflow_status WHERE status IN ('ENQUEUED', 'PENDING')"
            if database.execute(busy).fetchone():
                return False
            database.execute("DELETE FROM workflow_status WHERE status = 'DELAYED'")
            database.execute("UPDATE requests SET next_look_at = NULL")
            database.execute("COMMIT")
            return True

    def sqlite(self) -> closing[sqlite3.Connection]:
        """Open the bot's database file; only an explicit BEGIN starts a transaction."""
        file = self.folder / "proactive.sqlite"
        return closing(sqlite3.connect(file, timeout=5, isolation_level=None))

    def get(self, path: str) -> Json:
        return _call("GET", self._page + path)

    def post(self, path: str, **body: Any) -> Json:
        return _call("POST", self._page + path, body)

    def delete(self, path: str) -> Json:
        return _call("DELETE", self._page + path)

    def fault(self, side: str, where: str, kind: str, **more: Any) -> None:
        self.post(f"/control/{side}/faults", where=where, kind=kind, **more)

    def set_genesys(self, **settings: Any) -> None:
        self.post("/control/genesys/settings", **settings)

    def calls(self, side: str, where: str = "") -> list[Json]:
        calls = self.get(f"/control/{side}/calls")["calls"]
        named = ((call.get("path") or call.get("method"), call) for call in calls)
        return [call for name, call in named if where in name]

    def sends(self) -> list[Json]:
        """Return the agentless sends that reached Genesys, whatever it answered."""
        return self.calls("genesys", "messages/agentless")

    def inbox(self, name: str) -> list[str]:
        """Return the texts that a customer has received since the last reset."""
        return [
            message["text"]
            for customer in self.get("/customers")["customers"]
            if customer["name"] == name
            for conversation in customer["conversations"]
            for message in conversation["messages"]
            if message["direction"] == "outbound" and CANARY in message["text"]
        ]

    def customer(self, name: str) -> Json:
        customers = self.get("/customers")["customers"]
        return next(one for one in customers if one["name"] == name)

    def agent(self, user: str = "U0ADA", channel: str = SUPPORT) -> Agent:
        return Agent(self, user, channel)


@dataclass
class Agent:
    """A person in Slack, who types, fills in forms, clicks and reads."""

    product: Product
    user: str
    channel: str
    values: Json = field(default_factory=dict)

    def types(self, text: str = "", command: str = "/proactive") -> Json:
        return self.product.post(
            "/people/commands", user=self.user, channel=self.channel, command=command, text=text
        )

    def presses_shortcut(self, ts: str) -> Json:
        return self.product.post(
            "/people/shortcuts",
            user=self.user,
            callback_id="notify_customer",
            channel=self.channel,
            ts=ts,
        )

    def says(self, text: str, thread_ts: str = "") -> str:
        more = {"thread_ts": thread_ts} if thread_ts else {}
        answer = self.product.post(
            "/people/messages", user=self.user, channel=self.channel, text=text, **more
        )
        return str(answer["ts"])

    def view(self) -> Json | None:
        views = self.product.get(f"/people/views?user={self.user}")["views"]
        return views[-1] if views else None

    def sees(self, sentence: str) -> Json:
        """Wait until the open form says this somewhere, and return the form."""

        def look() -> Json | None:
            view = self.view()
            return view if view and sentence in all_text(view) else None

        try:
            return wait_until(look, f"a form that says {sentence!r}")
        except AssertionError:
            raise AssertionError(f"{sentence!r} is not in {all_text(self.view() or {})}") from None

    def was_shown(self, sentence: str) -> None:
        """Wait until some form has said this, perhaps only for a moment."""
        wait_until(
            lambda: any(sentence in str(call) for call in self.product.calls("slack", "views.")),
            f"a form that says {sentence!r}",
        )

    def opens(self, text: str, sentence: str = "Ready to send") -> Json:
        self.types(text)
        return self.sees(sentence)

    def fills(self, **values: str) -> Json:
        """Return Slack's state values for the open form with these inputs filled in."""
        view = self.view()
        assert view is not None
        state: Json = {}
        for block in view["blocks"]:
            if block["type"] == "input":
                name = block["element"]["action_id"]
                if name in values:
                    state[block["block_id"]] = {name: _value(block["element"], values[name])}
        return state

    def presses_send(self, **values: str) -> Json:
        view = self.view()
        assert view is not None
        return self.product.post(
            f"/people/views/{view['id']}/submit", user=self.user, values=self.fills(**values)
        )

    def changes(self, name: str, value: str) -> None:
        """Press Enter in an input of the form, or choose one of its options."""
        view = self.view()
        assert view is not None
        block = next(
            block
            for block in view["blocks"]
            if block["type"] == "input" and block["element"]["action_id"] == name
        )
        self.product.post(
            "/people/actions",
            user=self.user,
            view_id=view["id"],
            block_id=block["block_id"],
            action_id=name,
            element=_value(block["element"], value),
        )

    def clicks(self, label: str) -> Json:
        """Click the button with this label on the newest card that has one."""

        def look() -> tuple[Json, Json] | None:
            for message in reversed(self.messages()):
                for block in message["blocks"] or []:
                    for element in block.get("elements", []):
                        if element["type"] == "button" and element["text"]["text"] == label:
                            return message, {**element, "block_id": block["block_id"]}
            return None

        message, button = wait_until(look, f"a button {label!r}")
        return self.product.post(
            "/people/actions",
            user=self.user,
            channel=self.channel,
            ts=message["ts"],
            block_id=button["block_id"],
            action_id=button["action_id"],
            element={"type": "button"},
        )

    def messages(self, channel: str = "") -> list[Json]:
        path = f"/people/channels/{channel or self.channel}/messages?user={self.user}"
        return list(self.product.get(path)["messages"])

    def reads(self, sentence: str, channel: str = "") -> Json:
        """Wait for a message that says this, and return it."""

        def look() -> Json | None:
            said = (m for m in self.messages(channel) if sentence in all_text(m["blocks"] or []))
            return next(said, None) or next(
                (m for m in self.messages(channel) if sentence in m["text"]), None
            )

        try:
            return wait_until(look, f"a message that says {sentence!r}")
        except AssertionError:
            seen = [all_text(message["blocks"] or []) for message in self.messages(channel)]
            raise AssertionError(f"{sentence!r} is not in {seen}") from None

    def sends(self, customer: str, text: str = f"{CANARY}: your order is ready") -> None:
        """Send a message the usual way: type the command, then press Send in the form."""
        self.opens(f"{customer} {text}")
        assert self.presses_send()["result"] == "closed"


def all_text(shown: Any) -> str:
    """Return all the text in blocks or in a view, in order."""
    if isinstance(shown, dict):
        own = shown.get("text")
        parts = [own] if isinstance(own, str) else []
        errors = shown.get("errors")
        parts += list(errors.values()) if isinstance(errors, dict) else []
        return "".join(parts + [all_text(v) for k, v in shown.items() if k not in ("errors",)])
    if isinstance(shown, list):
        return "\n".join(all_text(part) for part in shown)
    return ""


def _value(element: Json, value: str) -> Json:
    if element["type"] == "plain_text_input":
        return {"type": element["type"], "value": value}
    if element["type"] == "datetimepicker":
        return {"type": element["type"], "selected_date_time": int(value)}
    option = next(o for o in element["options"] if value in (o["value"], o["text"]["text"]))
    return {"type": element["type"], "selected_option": option}


def _call(verb: str, url: str, body: Json | None = None) -> Json:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=verb)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.loads(answer.read()))
    except urllib.error.HTTPError as refusal:
        with refusal:
            raise AssertionError(f"{url}: {refusal.read().decode()}") from None


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def running_product(
    tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer
) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("product"), fork_server)
    product.start()
    yield product
    product.close()


@pytest.fixture
def product(running_product: Product) -> Product:
    """Return the shared product, reset; its bot keeps running."""
    running_product.reset()
    return running_product


@pytest.fixture
def new_product(tmp_path: Path, fork_server: ForkServer) -> Iterator[Callable[..., Product]]:
    """Return a function that starts a separate product, with other settings or to be killed."""
    started: list[Product] = []

    def start(*, forked: bool = True, **settings: Any) -> Product:
        folder = tmp_path / f"product{len(started)}"
        folder.mkdir()
        product = Product(folder, fork_server if forked else None, **settings)
        started.append(product)
        product.start()
        return product

    yield start
    for product in started:
        product.close()


@pytest.fixture
def ada(product: Product) -> Agent:
    return product.agent()
