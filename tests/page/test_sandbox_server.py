"""The sandbox's servers answer only this machine and only their own page."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from sandbox.server import PAGE_FOLDER, Sandbox, find_free_port

from .conftest import MANIFEST

STRANGERS = ("evil.example.com", "127.0.0.1.evil.example.com", "192.168.0.7:4321", "localhost:x")


@pytest.fixture(scope="module")
def alone() -> Iterator[Sandbox]:
    with Sandbox(MANIFEST) as running:
        yield running


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


def test_a_request_for_another_host_is_refused_everywhere(alone: Sandbox) -> None:
    for url in (alone.page_url, alone.slack_api_url + "auth.test", alone.genesys_url + "/x"):
        for host in STRANGERS:
            assert fetch(url, Host=host)[0] == 403, (url, host)


def test_localhost_is_this_machine_too(alone: Sandbox) -> None:
    port = urlsplit(alone.page_url).port
    assert fetch(alone.page_url, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://127.0.0.1:1"])
def test_another_web_page_can_change_nothing(alone: Sandbox, origin: str) -> None:
    for path in ("people/messages", "customers/jane/answer", "control/slack/reset"):
        assert fetch(alone.page_url + path, b"{}", Origin=origin)[0] == 403
    assert fetch(f"{alone.slack_api_url}chat.postMessage", b"{}", Origin=origin)[0] == 403


def test_another_web_page_cannot_listen(alone: Sandbox) -> None:
    wanted = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example.com"}
    assert fetch(f"{alone.page_url}people/events", None, **wanted)[0] == 403


def test_the_own_page_and_programs_without_a_page_may(alone: Sandbox) -> None:
    assert fetch(f"{alone.page_url}control/slack/reset", b"{}")[0] == 200
    own = alone.page_url.rstrip("/")
    assert fetch(f"{alone.page_url}control/slack/reset", b"{}", Origin=own)[0] == 200


def test_the_page_may_load_from_nowhere_else_and_not_be_framed(alone: Sandbox) -> None:
    _, headers, _ = fetch(alone.page_url)
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_every_file_of_the_page_is_served_with_its_type(alone: Sandbox) -> None:
    for file in PAGE_FOLDER.glob("*.js"):
        status, headers, body = fetch(alone.page_url + file.name)
        assert (status, body) == (200, file.read_bytes())
        assert headers["Content-Type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["__init__.py", "../server.py", "%2e%2e%2fserver.py", "nothing"])
def test_nothing_but_the_page_is_served(alone: Sandbox, path: str) -> None:
    assert fetch(alone.page_url + path)[0] == 404


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
        # A server on all addresses would answer here, on another address of this machine.
        with pytest.raises(OSError), socket.create_connection(("127.0.0.2", parts.port or 0), 2):
            pass


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert find_free_port(port) != port
        with pytest.raises(OSError, match="address already in use"):
            Sandbox(MANIFEST, page_port=port).start()


def test_stopping_closes_every_port_and_may_be_repeated() -> None:
    sandbox = Sandbox(MANIFEST)
    sandbox.start()
    ports = [urlsplit(url).port for url in (sandbox.page_url, sandbox.slack_api_url)]
    sandbox.stop()
    sandbox.stop()
    for port in ports:
        with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            pass
