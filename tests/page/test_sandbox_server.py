"""The sandbox's servers answer only requests from this machine and from their own page."""

from __future__ import annotations

import json
import logging
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest

from sandbox.bot_control import BotState, BotStatus, WrongMoment
from sandbox.page_files import PAGE_FOLDER
from sandbox.ports import LOOPBACK, find_free_port
from sandbox.server import Sandbox

from .conftest import MANIFEST

STRANGERS = ("evil.example.com", "127.0.0.1.evil.example.com", "192.168.0.7:4321", "localhost:x")


@pytest.fixture(scope="module")
def alone() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as running:
        yield running


class IdleBot:
    """A bot that is dead and can't be started."""

    status = BotStatus(BotState.DEAD, datetime.now(UTC))

    def start(self) -> None:
        raise WrongMoment("The bot cannot be started here.")

    def stop(self) -> None:
        raise WrongMoment("The bot is not running.")

    kill = stop


def fetch(url: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, data=body)
    for name, value in headers.items():
        request.add_header(name, value)
    try:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, dict(refusal.headers), refusal.read()


def files_of(sandbox: Sandbox) -> str:
    """Read the URL of this version's files from the document."""
    found = re.search(r"/(files/\w+/)app\.js", fetch(sandbox.page_url)[2].decode())
    assert found
    return sandbox.page_url + found[1]


def test_a_request_for_another_host_is_refused_everywhere(alone: Sandbox) -> None:
    for url in (alone.page_url, alone.slack_api_url + "auth.test", alone.genesys_url + "/x"):
        for host in STRANGERS:
            assert fetch(url, Host=host)[0] == 403, (url, host)


def test_localhost_is_also_accepted(alone: Sandbox) -> None:
    port = urlsplit(alone.page_url).port
    assert fetch(alone.page_url, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1:1"])
def test_another_web_page_can_change_nothing(alone: Sandbox, origin: str) -> None:
    for path in ("people/messages", "customers/jane/answer", "control/slack/reset"):
        assert fetch(alone.page_url + path, b"{}", Origin=origin)[0] == 403
    assert fetch(f"{alone.slack_api_url}chat.postMessage", b"{}", Origin=origin)[0] == 403


def test_another_web_page_can_neither_kill_the_bot_nor_break_anything(alone: Sandbox) -> None:
    for path in ("control/bot", "control/genesys/faults", "control/slack/faults"):
        assert fetch(alone.page_url + path, b"{}", Origin="https://evil.example.com")[0] == 403


@pytest.mark.parametrize("body", [b"", b"[]", b'{"do": "dance"}', b'{"do": 1}', b"\xff"])
def test_an_unknown_action_is_refused(alone: Sandbox, body: bytes) -> None:
    alone.bot = IdleBot()
    try:
        status, _, answer = fetch(f"{alone.page_url}control/bot", body)
    finally:
        alone.bot = None
    assert (status, json.loads(answer)["error"]) == (400, "do: must be one of start, stop, kill.")


def test_an_action_at_the_wrong_moment_is_refused_with_the_reason(alone: Sandbox) -> None:
    where = f"{alone.page_url}control/bot"
    status, _, answer = fetch(where, b'{"do": "kill"}')
    assert status == 409
    assert "did not start the bot" in json.loads(answer)["error"]
    alone.bot = IdleBot()
    try:
        status, _, answer = fetch(where, b'{"do": "kill"}')
    finally:
        alone.bot = None
    assert (status, json.loads(answer)["error"]) == (409, "The bot is not running.")


def test_no_address_in_a_query_is_written_to_a_log(
    alone: Sandbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for url in (
        alone.page_url,
        f"{alone.slack_api_url}users.info",
        f"{alone.genesys_url}/api/v2/x",
    ):
        fetch(f"{url}?q=jane@example.com")
    written = caplog.text + "".join(capfd.readouterr())
    assert "jane" not in written
    assert "aiohttp.access" not in written


def test_another_web_page_cannot_listen(alone: Sandbox) -> None:
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example.com"}
    assert fetch(f"{alone.page_url}people/events", None, **wanted)[0] == 403


def test_the_page_and_other_programs_are_let_through(alone: Sandbox) -> None:
    assert fetch(f"{alone.page_url}control/slack/reset", b"{}")[0] == 200
    own = alone.page_url.rstrip("/")
    assert fetch(f"{alone.page_url}control/slack/reset", b"{}", Origin=own)[0] == 200


def test_the_page_may_not_load_from_elsewhere_or_be_framed(alone: Sandbox) -> None:
    _, headers, _ = fetch(alone.page_url)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_every_file_of_the_page_is_served_with_its_type(alone: Sandbox) -> None:
    for file in PAGE_FOLDER.glob("*.js"):
        status, headers, body = fetch(files_of(alone) + file.name)
        assert (status, body) == (200, file.read_bytes())
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"


def test_a_browser_caches_the_files_but_not_the_document(alone: Sandbox) -> None:
    assert "immutable" in fetch(f"{files_of(alone)}app.js")[1]["Cache-Control"]
    assert fetch(alone.page_url)[1]["Cache-Control"] == "no-store"
    assert fetch(f"{alone.page_url}control/bot")[1]["Cache-Control"] == "no-store"
    assert fetch(f"{alone.page_url}files/another-version/app.js")[0] == 404


@pytest.mark.parametrize("path", ["__init__.py", "../server.py", "%2e%2e%2fserver.py", "nothing"])
def test_nothing_but_the_page_is_served(alone: Sandbox, path: str) -> None:
    for folder in (alone.page_url, files_of(alone)):
        assert fetch(folder + path)[0] == 404


def test_the_page_brings_everything_with_it() -> None:
    for file in PAGE_FOLDER.iterdir():
        if file.suffix in {".html", ".css", ".js"}:
            text = file.read_text(encoding="utf-8")
            assert "innerHTML" not in text, file.name
            assert "@import" not in text, file.name
            assert "url(" not in text, file.name


def test_every_server_listens_on_one_loopback_address_only(alone: Sandbox) -> None:
    for url in (alone.page_url, alone.slack_api_url, alone.genesys_url):
        parts = urlsplit(url)
        assert parts.hostname == "127.0.0.1"
        # A server that listens on all addresses would answer on this one, too.
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", parts.port or 0), 2):
            pass


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with Sandbox(MANIFEST, page_ports=(port, 0)) as sandbox:
            assert sandbox.page_url != f"http://127.0.0.1:{port}/"
        with pytest.raises(OSError, match="address already in use"):
            Sandbox(MANIFEST, page_ports=(port,)).start()


def test_a_port_that_was_found_free_is_refused_to_strangers() -> None:
    port = find_free_port()
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind((LOOPBACK, port))
    with socket.create_server((LOOPBACK, port)) as server:
        assert server.getsockname() == (LOOPBACK, port)


def test_stopping_closes_every_port_and_may_be_repeated() -> None:
    sandbox = Sandbox(MANIFEST)
    sandbox.start()
    ports = [urlsplit(url).port for url in (sandbox.page_url, sandbox.slack_api_url)]
    sandbox.stop()
    sandbox.stop()
    for port in ports:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            pass
