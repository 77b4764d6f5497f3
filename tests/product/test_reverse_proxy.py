"""The example of a reverse proxy, run by the real nginx between Slack and the bot."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot.slack.http import MAX_BODY
from sandbox.ports import find_free_port

from .conftest import Product, wait_until

EXAMPLE = Path(__file__).parents[2] / "docs" / "nginx.conf"
HOST, SLACK = "bot.example.com", "/slack/events"
# What Debian's nginx.conf does around such a file, in a folder of the test's own.
AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
{user}
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""
needs_nginx = pytest.mark.skipif(
    shutil.which("nginx") is None or shutil.which("openssl") is None,
    reason="nginx or openssl is not installed; on Debian: apt-get install nginx openssl",
)


@dataclass
class Nginx:
    """A running nginx, and how to connect to it."""

    port: int
    tls: ssl.SSLContext

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> int:
        """Make a request and return the answer's status."""
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            body,
            {"Host": HOST, **(headers or {})},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=10, context=self.tls) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    def connect(self) -> socket.socket:
        plain = socket.create_connection(("127.0.0.1", self.port), 10)
        return self.tls.wrap_socket(plain)

    def is_listening(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


def write_configuration(folder: Path, port: int, product: Product) -> Path:
    """Write the example with this machine's ports and a certificate, and return the main file."""
    (folder / "conf.d").mkdir()
    certificate, key = folder / "bot.crt", folder / "bot.key"
    request = f"openssl req -x509 -nodes -days 1 -subj /CN={HOST} -newkey ec"
    options = ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(key)]
    options += ["-out", str(certificate)]
    subprocess.run([*request.split(), *options], check=True, capture_output=True)
    text = EXAMPLE.read_text()
    for example, here in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("127.0.0.1:3000", f"127.0.0.1:{product.settings['PORT']}"),
        ("/etc/ssl/bot.example.com.crt", str(certificate)),
        ("/etc/ssl/bot.example.com.key", str(key)),
    ):
        assert text.count(example) == 1
        text = text.replace(example, here)
    (folder / "conf.d" / "proactive.conf").write_text(text)
    main = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    main.write_text(AROUND.format(folder=folder, user=user))
    return main


@pytest.fixture
def nginx(product: Product, tmp_path: Path) -> Iterator[Nginx]:
    port = find_free_port()
    main = write_configuration(tmp_path, port, product)
    log = tmp_path / "error.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            ["nginx", "-p", tmp_path, "-c", main], stdout=errors, stderr=errors
        )
    tls = ssl.create_default_context(cafile=str(tmp_path / "bot.crt"))
    tls.check_hostname = False  # the test calls it by its address
    running = Nginx(port, tls)
    try:
        wait_until(running.is_listening, "nginx to listen")
        yield running
    finally:
        process.terminate()
        process.wait(10)
    assert "[emerg]" not in log.read_text()
    assert "[warn]" not in log.read_text()


def command(product: Product, text: str) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a command, signed as Slack signs it."""
    body = urlencode({"command": "/proactive", "text": text, "team_id": "T0", "user_id": "U0ADA"})
    stamp = str(int(time.time()))
    secret = product.settings["SLACK_SIGNING_SECRET"].encode()
    signature = hmac.new(secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return body.encode(), {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={signature}",
    }


def count_connections(product: Product) -> int:
    """Count the connections that the bot's port for Slack has accepted."""
    local = f":{int(product.settings['PORT']):04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(row[1].endswith(local) and row[3] == "01" for row in rows)


@needs_nginx
def test_slacks_requests_reach_the_bot_also_after_it_was_killed(
    product: Product, nginx: Nginx
) -> None:
    for text in ("help", "?", "-h"):
        assert nginx.ask(SLACK, "POST", *command(product, text)) == 200
    product.kill()
    assert nginx.ask(SLACK, "POST", *command(product, "help")) == 502
    product.start()
    assert nginx.ask(SLACK, "POST", *command(product, "--help")) == 200


@needs_nginx
def test_nothing_else_is_forwarded(product: Product, nginx: Nginx) -> None:
    body, headers = command(product, "help")
    before = count_connections(product)
    for path in ("/", "/healthz", "/readyz", "/metrics", "/slack", f"{SLACK}/", f"{SLACK}/more"):
        assert nginx.ask(path) == 404
        assert nginx.ask(path, "POST", body, headers) == 404
    for method in ("GET", "PUT", "DELETE", "OPTIONS"):
        assert nginx.ask(SLACK, method) == 403
    assert count_connections(product) <= before


@needs_nginx
def test_the_largest_body_that_the_bot_takes_is_forwarded_and_a_larger_one_is_not(
    product: Product, nginx: Nginx
) -> None:
    assert nginx.ask(SLACK, "POST", b"x" * MAX_BODY) == 401  # says the bot: it isn't signed
    before = count_connections(product)
    with contextlib.suppress(urllib.error.URLError):  # nginx may hang up while we still send
        assert nginx.ask(SLACK, "POST", b"x" * 5_000_000) == 413
    assert count_connections(product) <= before


HEAD = f"POST {SLACK} HTTP/1.1\r\nHost: {HOST}\r\n".encode()


@needs_nginx
def test_what_is_not_complete_does_not_reach_the_bot_and_is_closed(
    product: Product, nginx: Nginx
) -> None:
    before = count_connections(product)
    strangers = [nginx.connect() for _ in range(30)]
    body = b"Content-Length: 900000\r\n\r\n" + b"x" * 500_000
    for number, stranger in enumerate(strangers):
        stranger.sendall((b"", HEAD + b"X: ", HEAD + body)[number % 3])
    assert count_connections(product) <= before
    assert nginx.ask(SLACK, "POST", *command(product, "help")) == 200
    for stranger in strangers:  # after five seconds
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while stranger.recv(65_536):
                pass
        stranger.close()
