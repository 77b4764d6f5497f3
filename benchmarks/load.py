"""Slack's side of HTTP, as load: signed requests made beforehand, sent at a rate or flat out.

Promises: an answer other than a right 200 ends the measurement with an AssertionError; a latency
counts from the moment the request was due, also when the generator or the server was late
(open loop). Does not: redeliver, or use more than one thread; it sends some 40,000 a second.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.lines import PATIENCE, Address, IsRight, Lines
from benchmarks.process import LOAD_CORES, on_cores
from bot.request import Place
from bot.slack.form_input import CUSTOMER, MESSAGE, make_draft
from bot.slack.form_view import build_modal

_TEAM, _CHANNEL, _AGENT = "T0BENCH", "C0SUPPORT", "U0ADA"
_RESPONSE_URL = "http://127.0.0.1:9/commands/T0BENCH/0/none"  # nobody listens there
_RUN = secrets.token_hex(3).upper()  # ids of two runs differ, so that a database may be kept
_NUMBERS = itertools.count(1)


def command(trigger_id: str, text: str = "") -> dict[str, str]:
    """Return the fields of a slash command."""
    return {
        "token": "not-a-secret-verification-token",
        "team_id": _TEAM,
        "team_domain": "bench",
        "channel_id": _CHANNEL,
        "channel_name": "support",
        "user_id": _AGENT,
        "user_name": "ada",
        "command": "/proactive",
        "text": text,
        "api_app_id": "A0BENCH",
        "is_enterprise_install": "false",
        "response_url": _RESPONSE_URL,
        "trigger_id": trigger_id,
    }


def commands(secret: str, count: int, text: str = "") -> list[bytes]:
    """Sign slash commands as Slack sends them, each with a trigger_id of its own."""
    form = urlencode(command("", text))  # which ends with the empty trigger_id
    return sign(secret, [(form + _fresh("t")).encode() for _ in range(count)])


def submissions(
    secret: str, emails: Sequence[str], text: str = "Your order is ready"
) -> list[bytes]:
    """Sign a press of Send for each address: a view and a text of its own, with ``text`` in it."""
    bodies = [urlencode({"payload": json.dumps(_submission(email, text))}) for email in emails]
    return sign(secret, [body.encode() for body in bodies])


def _submission(email: str, text: str) -> dict[str, Any]:
    number = _fresh("V")
    view = build_modal(make_draft(Place(_TEAM, _CHANNEL, "", _RESPONSE_URL), email, text, None))
    values = {
        CUSTOMER: {CUSTOMER: {"type": "plain_text_input", "value": email}},
        MESSAGE: {MESSAGE: {"type": "plain_text_input", "value": f"{text} {number}"}},
    }
    view |= {"id": number, "root_view_id": number, "hash": f"1.{number}", "team_id": _TEAM}
    return {
        "type": "view_submission",
        "team": {"id": _TEAM, "domain": "bench"},
        "user": {"id": _AGENT, "username": "ada", "name": "ada", "team_id": _TEAM},
        "api_app_id": "A0BENCH",
        "enterprise": None,
        "is_enterprise_install": False,
        "trigger_id": _fresh("t"),
        "view": {**view, "state": {"values": values}, "app_id": "A0BENCH", "bot_id": "B0BENCH"},
        "response_urls": [],
    }


def sign(secret: str, bodies: Sequence[bytes]) -> list[bytes]:
    """Make whole HTTP requests of form bodies, signed now; Slack's signature lasts 5 minutes."""
    stamp, key = str(int(time.time())).encode(), secret.encode()
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nAccept: */*\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"X-Slack-Request-Timestamp: " + stamp + b"\r\n"
    )
    requests = []
    for body in bodies:
        mac = hmac.digest(key, b"v0:" + stamp + b":" + body, hashlib.sha256).hex().encode()
        length = str(len(body)).encode()
        requests.append(
            b"%bX-Slack-Signature: v0=%b\r\nContent-Length: %b\r\n\r\n%b"
            % (head, mac, length, body)
        )
    return requests


def _fresh(kind: str) -> str:
    return f"{kind}{_RUN}{next(_NUMBERS):08d}"


def is_empty(body: bytes) -> bool:
    """Tell whether an ack is one without words, as those of commands and submissions are."""
    return not body


@dataclass(frozen=True)
class FlatOut:
    """What a closed loop has measured."""

    per_second: float
    latencies: list[float]  # seconds


def run_at(
    address: Address, requests: Sequence[bytes], rate: float, is_right: IsRight = is_empty
) -> list[float]:
    """Send each request when it is due, ``rate`` a second; return the seconds each one took.

    Open loop: a server that is late gets the next request nevertheless, on another connection.
    """
    with Lines(address, is_right, 8) as lines, _undisturbed():
        start = time.monotonic() + 0.01
        taken: list[float] = []
        sent, count = 0, len(requests)
        while len(taken) < count:
            now = time.monotonic()
            while sent < count and start + sent / rate <= now:
                lines.send(requests[sent], start + sent / rate)
                sent += 1
            until = start + sent / rate - now if sent < count else PATIENCE
            for begun in lines.answers(until):
                taken.append(time.monotonic() - begun)
    return taken


def run_at_once(
    address: Address, waves: Sequence[Sequence[bytes]], pause: float
) -> tuple[list[float], list[float]]:
    """Send each wave's requests at one moment; return when each wave began, and each ack's seconds.

    Waves are ``pause`` seconds apart, counted from the last ack.
    """
    begun: list[float] = []
    taken: list[float] = []
    with Lines(address, is_empty, max(map(len, waves))) as lines, _undisturbed():
        for wave in waves:
            time.sleep(pause)
            begun.append(time.monotonic())
            for request in wave:
                lines.send(request, begun[-1])
            due = len(taken) + len(wave)
            while len(taken) < due:
                for began in lines.answers(PATIENCE):
                    taken.append(time.monotonic() - began)
    return begun, taken


def run_flat_out(
    address: Address,
    requests: Sequence[bytes],
    seconds: float,
    connections: int = 16,
    is_right: IsRight = is_empty,
) -> FlatOut:
    """Keep every connection busy until the time or the requests are over (closed loop)."""
    with Lines(address, is_right, connections) as lines, _undisturbed():
        waiting = iter(requests)
        taken: list[float] = []
        start = now = time.monotonic()
        open_ones = 0
        for request in itertools.islice(waiting, connections):
            lines.send(request, now)
            open_ones += 1
        while open_ones:
            for begun in lines.answers(PATIENCE):
                now = time.monotonic()
                taken.append(now - begun)
                request = next(waiting, b"") if now - start < seconds else b""
                if request:
                    lines.send(request, now)
                else:
                    open_ones -= 1
        return FlatOut(len(taken) / (now - start), taken)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Stay off the server's core, and keep the collector from counting as somebody's latency."""
    gc.collect()
    gc.disable()
    try:
        with on_cores(LOAD_CORES):
            yield
    finally:
        gc.enable()
