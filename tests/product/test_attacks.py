"""What strangers can do who reach the port: nothing that agents or operators notice."""

from __future__ import annotations

import contextlib
import resource
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .conftest import CANARY, Agent, Product, wait_until

HEAD = b"POST /slack/events HTTP/1.1\r\nHost: bot.example.com\r\n"
SILENT, HALF_SENT, BODY = 1_100, 150, 950_000
ALLOWED_GROWTH = 80_000_000  # bytes; a fifth of what the half-sent bodies would take


class Stranger:
    """Somebody with many connections to one port."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []

    def connect(self) -> socket.socket:
        self._sockets.append(socket.create_connection(self._address, 10))
        return self._sockets[-1]

    def sends(self, *pieces: bytes) -> None:
        """Send what the bot takes on a new connection, which stays open."""
        with contextlib.suppress(ConnectionError):
            connection = self.connect()
            for piece in pieces:
                connection.sendall(piece)

    def leaves(self) -> None:
        for connection in self._sockets:
            connection.close()


@pytest.fixture
def stranger(product: Product) -> Iterator[Stranger]:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    stranger = Stranger((product.settings["HOST"], int(product.settings["PORT"])))
    yield stranger
    stranger.leaves()
    resource.setrlimit(resource.RLIMIT_NOFILE, files)


def memory(product: Product) -> int:
    """Return how many bytes of memory the bot has used at most."""
    assert product.bot is not None
    status = Path(f"/proc/{product.bot.pid}/status").read_text()
    return 1_024 * int(status.partition("VmHWM:")[2].split()[0])


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def works(product: Product, agent: Agent) -> None:
    """Check that an agent and an operator get what they ask for, without waiting."""
    began = time.monotonic()
    assert agent.types("help")["ack"]["status"] == 200
    assert status_of(f"{product.operator_url}/healthz") == 200
    assert status_of(f"{product.operator_url}/metrics") == 200
    assert time.monotonic() - began < 5
    agent.sends("jane@example.com")
    agent.reads("  Sent.")


@pytest.fixture
def few_files(product: Product) -> Iterator[None]:
    """Let the bot open as many files as a process usually may."""
    assert product.bot is not None
    before = resource.prlimit(product.bot.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(product.bot.pid, resource.RLIMIT_NOFILE, (1_024, before[1]))
    yield
    resource.prlimit(product.bot.pid, resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few_files")
def test_a_thousand_silent_connections_stop_nobody(
    product: Product, ada: Agent, stranger: Stranger
) -> None:
    for _ in range(SILENT):
        stranger.sends()
    works(product, ada)
    assert "Too many open files" not in (product.folder / "bot.log").read_text()


def test_half_sent_bodies_stop_nobody_and_take_little_memory(
    product: Product, ada: Agent, stranger: Stranger
) -> None:
    works(product, product.agent("U0LEO"))
    before = memory(product)
    for _ in range(HALF_SENT):
        stranger.sends(HEAD + b"Content-Length: %d\r\n\r\n" % (BODY + 1), b"x" * BODY)
    works(product, ada)
    assert memory(product) - before < ALLOWED_GROWTH


@pytest.mark.parametrize("beginning", [HEAD + b"X: ", b"GET /", HEAD])
def test_a_request_without_an_end_stops_nobody(
    product: Product, ada: Agent, stranger: Stranger, beginning: bytes
) -> None:
    piece = b"a" * 50_000 if beginning != HEAD else b"a: b\r\n" * 8_000
    stranger.sends(beginning, *[piece] * 400)
    works(product, ada)


def test_pages_for_operators_are_not_on_slacks_port_and_the_other_way_round(
    product: Product,
) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert status_of(product.bot_url + path) == 404
        assert status_of(product.operator_url + path) == 200
    assert status_of(f"{product.bot_url}/slack/events") == 405
    assert status_of(f"{product.operator_url}/slack/events") == 404


def test_in_socket_mode_no_port_is_open_for_slack(new_product: Callable[..., Product]) -> None:
    product = new_product(socket_mode=True)
    with pytest.raises(urllib.error.URLError, match="refused"):
        status_of(product.bot_url)
    assert status_of(f"{product.operator_url}/healthz") == 200


@pytest.mark.parametrize(
    ("off", "secret", "reason", "said"),
    [
        (0, "of another app", "forged", "copy SLACK_SIGNING_SECRET again"),
        (-600, "", "stale", "seconds behind this machine's clock"),
        (600, "", "stale", "seconds ahead of this machine's clock"),
    ],
)
def test_a_refused_request_shows_in_the_log_and_the_metrics(
    new_product: Callable[..., Product], off: int, secret: str, reason: str, said: str
) -> None:
    product = new_product(**({"SLACK_SIGNING_SECRET": secret} if secret else {}))
    for number in range(3):
        stamp = str(int(time.time()) + off)
        answer = product.post(
            "/control/slack/deliver",
            kind="command",
            body={"command": "/proactive", "text": f"help {CANARY} {number}"},
            headers={"X-Slack-Request-Timestamp": stamp},
        )
        assert answer["status"] == 401
    log = product.folder / "bot.log"
    wait_until(lambda: said in log.read_text(), "the warning")
    assert log.read_text().count("refused 1 request") == 1
    with urllib.request.urlopen(f"{product.operator_url}/metrics", timeout=10) as page:
        figure = f'proactive_refused_http_requests_total{{reason="{reason}"}} 3.0'
        assert figure in page.read().decode()
