"""What can happen to a call on the wire, seen from both ends of a real connection."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from genesys import (
    CutOff,
    FateUnknown,
    GenesysCloud,
    OutboundMessage,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
    send_once,
)

Connect = Callable[..., GenesysCloud]
MESSAGE = OutboundMessage("contact", "deployment", "Hello")
ACCEPTED = {"id": "m", "conversationId": "c", "timestamp": "2026-11-22T10:00:00.000Z"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.", HEAD + b'{"id":'])
def test_a_dropped_connection_sends_once(raw: Any, connect: Connect, sent: bytes) -> None:
    raw.api = lambda _: raw.cut(sent)
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(raw.url), MESSAGE)
    assert isinstance(caught.value.__cause__, CutOff)
    assert len(raw.requests("agentless")) == 1


@pytest.mark.parametrize("sent", [b"", HEAD, HEAD + b'{"id":'])
def test_a_silent_server_times_out_and_gets_the_send_once(
    raw: Any, connect: Connect, sent: bytes
) -> None:
    raw.api = lambda _: raw.stall(sent)
    started = time.monotonic()
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(raw.url, read_timeout=0.2), MESSAGE)
    assert isinstance(caught.value.__cause__, TimedOut)
    assert 0.2 <= time.monotonic() - started < 2
    assert len(raw.requests("agentless")) == 1


def test_a_read_that_times_out_is_not_repeated(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.stall()
    with pytest.raises(TimedOut):
        connect(raw.url, read_timeout=0.1).call("GET", "/api/v2/tokens/me")
    assert len(raw.requests("tokens")) == 1


def test_a_dropped_read_is_repeated(raw: Any, connect: Connect) -> None:
    behaviours = iter([raw.cut(), raw.reply({"id": "here"})])
    raw.api = lambda _: next(behaviours)
    assert connect(raw.url).call("GET", "/api/v2/tokens/me") == {"id": "here"}
    assert len(raw.requests("tokens")) == 2


def test_a_refused_port_is_unreachable_and_nothing_was_sent(raw: Any, connect: Connect) -> None:
    raw.stop()
    with pytest.raises(Unreachable) as caught:
        send_once(connect(raw.url), MESSAGE, patience=0.6)
    assert caught.value.definite
    assert raw.asked == []


def test_a_send_waits_for_a_server_that_comes_up(raw: Any, connect: Connect) -> None:
    """Without a sign-in nothing was sent, so the send may try again."""
    sign_ins = iter([raw.cut(), raw.cut(), raw.token(None)])
    raw.token = lambda _: next(sign_ins)
    raw.api = lambda _: raw.reply(ACCEPTED, 202)
    assert send_once(connect(raw.url), MESSAGE).message_id == "m"
    assert len(raw.requests("oauth")) == 3
    assert len(raw.requests("agentless")) == 1


def test_an_unknown_host_is_unreachable(connect: Connect) -> None:
    with pytest.raises(Unreachable):
        connect("http://genesys.invalid").call("GET", "/api/v2/tokens/me", patience=0.1)


def test_a_connection_that_went_stale_is_replaced_before_the_send(
    raw: Any, connect: Connect
) -> None:
    raw.api = lambda asked: raw.reply(ACCEPTED, hang_up="tokens" in asked.path)
    cloud = connect(raw.url)
    cloud.call("GET", "/api/v2/tokens/me")
    assert raw.hung_up.wait(2)
    assert send_once(cloud, MESSAGE).message_id == "m"
    assert len(raw.requests("agentless")) == 1
    assert raw.connections == 2


def test_forty_calls_run_at_the_same_time(raw: Any, connect: Connect) -> None:
    together = threading.Barrier(40, timeout=5)

    def answer(_: object) -> Any:
        together.wait()  # passes only once the server has all forty
        return raw.reply({"id": "x"})

    cloud = connect(raw.url)
    raw.api = lambda _: raw.reply()
    cloud.call("GET", "/api/v2/tokens/me")
    raw.api = answer
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: cloud.call("GET", "/api/v2/tokens/me"), range(40)))
    assert answers == [{"id": "x"}] * 40


def test_connections_are_reused(raw: Any, connect: Connect) -> None:
    cloud = connect(raw.url)
    for _ in range(5):
        cloud.call("GET", "/api/v2/tokens/me")
    assert raw.connections == 1


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"<html>Please sign in</html>", "text/html"),
        (b"{", "application/json"),
        (b"[]", "application/json"),
        (b"null", "application/json"),
        (b"", "application/json"),
        (b"\xff\xfe", "application/json"),
    ],
)
def test_a_success_that_is_not_a_json_object_is_unexpected(
    raw: Any, connect: Connect, body: bytes, content_type: str
) -> None:
    raw.api = lambda _: raw.reply(body, headers={"Content-Type": content_type})
    with pytest.raises(UnexpectedAnswer):
        connect(raw.url).call("GET", "/api/v2/tokens/me")
    with pytest.raises(FateUnknown):
        send_once(connect(raw.url), MESSAGE)
    assert len(raw.requests("agentless")) == 1


def test_a_redirect_is_not_followed(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(status=307, headers={"Location": raw.url + "/elsewhere"})
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(raw.url), MESSAGE)
    assert isinstance(caught.value.__cause__, UnexpectedAnswer)
    assert len(raw.asked) == 2  # the sign-in and the send


def test_a_server_without_tls_is_cut_off(raw: Any, connect: Connect) -> None:
    with pytest.raises(CutOff):
        connect(raw.url.replace("http:", "https:")).call("GET", "/api/v2/tokens/me", patience=0.1)


@pytest.mark.skipif(
    which("openssl") is None,
    reason="openssl is not installed; on Debian: apt-get install openssl",
)
def test_after_an_untrusted_certificate_nothing_was_sent_and_nothing_is_repeated(
    raw: Any, connect: Connect, tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    request = "openssl req -x509 -nodes -subj /CN=127.0.0.1 -newkey ec"
    curve = ["-pkeyopt", "ec_paramgen_curve:prime256v1"]
    files = ["-keyout", key, "-out", certificate]
    subprocess.run([*request.split(), *curve, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    raw.secure(context)
    with pytest.raises(Unreachable) as caught:
        send_once(connect(raw.url.replace("http:", "https:")), MESSAGE)
    assert "certificate" in caught.value.hint
    assert caught.value.definite
    assert not caught.value.transient
    assert raw.connections == 1


class Unanswering:
    """A server that signs one client in and then lets no connection through, as a firewall does."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=0)
        self._waiting: list[socket.socket] = []
        self.url = "http://{}:{}".format(*self._listening.getsockname())
        self._thread = threading.Thread(target=self._sign_in)
        self._thread.start()

    def _sign_in(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            connection.recv(65536)
            token = json.dumps({"access_token": "t", "expires_in": 86399}).encode()
            head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(token)}\r\n\r\n"
            self._fill_the_queue()
            connection.sendall(head.encode() + token)

    def _fill_the_queue(self) -> None:
        """Connect until the system answers nobody who wants to connect any more."""
        with contextlib.suppress(TimeoutError):
            while True:
                address = self._listening.getsockname()
                self._waiting.append(socket.create_connection(address, timeout=0.2))

    def stop(self) -> None:
        self._thread.join()
        for one in (*self._waiting, self._listening):
            one.close()


def test_a_send_that_never_gets_a_connection_certainly_did_not_happen(connect: Connect) -> None:
    """Otherwise it would end as uncertain, although it may simply be tried again."""
    server = Unanswering()
    try:
        with pytest.raises(Unreachable) as caught:
            send_once(connect(server.url, connect_timeout=0.3), MESSAGE, patience=0.5)
    finally:
        server.stop()
    assert caught.value.definite
    assert caught.value.transient
