"""Requests as Slack sends them: slash commands and presses of Send, signed.

A submission is built from the view that the bot itself has opened, so it fits every release.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, urlencode

from benchmarks.stand_in import Json

AGENT = "U0ADA"
_TEAM, _CHANNEL = "T0BENCH", "C0SUPPORT"
_RESPONSE_URL = "http://127.0.0.1:9/commands/T0BENCH/0/none"  # nobody listens there
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Press:
    """A press of Send, with a customer and a text that no other press has."""

    number: int
    address: str
    text: str
    agent: str = AGENT

    @property
    def request_id(self) -> str:
        """Return the id of the view that is submitted, which becomes the request's."""
        return f"V0BENCH{self.number:06}"


def new_presses(count: int, address: str = "", agents: int = 1) -> list[Press]:
    """Make presses of Send by so many agents in turn.

    Each is for a customer of its own if no address is given.
    """
    return [
        Press(
            number,
            address or f"customer-{number:06}@example.com",
            f"Your order {number:06} is ready.",
            AGENT if agents == 1 else f"{AGENT}{number % agents}",
        )
        for number in itertools.islice(_NUMBERS, count)
    ]


def commands(secret: str, count: int, text: str = "", agent: str = AGENT) -> list[bytes]:
    """Sign slash commands, each with its own trigger_id."""
    fields = {
        "token": "not-a-secret-verification-token",
        "team_id": _TEAM,
        "team_domain": "bench",
        "channel_id": _CHANNEL,
        "channel_name": "support",
        "user_id": agent,
        "user_name": "ada",
        "command": "/proactive",
        "text": text,
        "api_app_id": "A0BENCH",
        "is_enterprise_install": "false",
        "response_url": _RESPONSE_URL,
        "trigger_id": "t",
    }
    form = urlencode(fields)
    return _sign(secret, [f"{form}{number}" for number in itertools.islice(_NUMBERS, count)])


def home_openings(secret: str, count: int) -> list[bytes]:
    """Sign events that say that an agent has opened the app's Home tab."""
    bodies = []
    for number in itertools.islice(_NUMBERS, count):
        event = {"type": "app_home_opened", "user": AGENT, "channel": "D0ADA", "tab": "home"}
        body = {
            "type": "event_callback",
            "event_id": f"Ev{number}",
            "event_time": int(time.time()),
            "event": event,
            "team_id": _TEAM,
            "api_app_id": "A0BENCH",
            "is_ext_shared_channel": False,
        }
        bodies.append(json.dumps(body))
    return _sign(secret, bodies, "application/json")


def submissions(secret: str, view: Json, presses: Sequence[Press]) -> list[bytes]:
    """Sign presses of Send in a view that the bot has opened."""
    payloads = (json.dumps(_submission(view, press)) for press in presses)
    return _sign(secret, ["payload=" + quote_plus(payload) for payload in payloads])


def _submission(view: Json, press: Press) -> Json:
    added = {
        "id": press.request_id,
        "root_view_id": press.request_id,
        "hash": f"1.{press.number}",
        "team_id": _TEAM,
        "app_id": "A0BENCH",
        "bot_id": "B0BENCH",
        "state": {"values": _typed(view, press)},
    }
    return {
        "type": "view_submission",
        "team": {"id": _TEAM, "domain": "bench"},
        "user": {"id": press.agent, "username": "ada", "name": "ada", "team_id": _TEAM},
        "api_app_id": "A0BENCH",
        "enterprise": None,
        "is_enterprise_install": False,
        "token": "not-a-secret-verification-token",
        "trigger_id": f"t{press.number}",
        "view": view | added,
        "response_urls": [],
    }


def _typed(view: Json, press: Press) -> Json:
    """Return the form's state: the customer is in the short text field, the message in the long."""
    values: Json = {}
    for block in view["blocks"]:
        element = block.get("element", {})
        if element.get("type") == "plain_text_input":
            typed = press.text if element.get("multiline") else press.address
            state = {"type": "plain_text_input", "value": typed}
            values[block["block_id"]] = {element["action_id"]: state}
    return values


def _sign(
    secret: str, bodies: Sequence[str], content_type: str = "application/x-www-form-urlencoded"
) -> list[bytes]:
    """Make HTTP requests of bodies, signed now; Slack's signature lasts 5 minutes."""
    stamp, key = str(int(time.time())).encode(), secret.encode()
    head = (
        b"POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nAccept: */*\r\n"
        b"Content-Type: " + content_type.encode() + b"\r\n"
        b"X-Slack-Request-Timestamp: " + stamp + b"\r\n"
    )
    requests = []
    for body in map(str.encode, bodies):
        mac = hmac.digest(key, b"v0:" + stamp + b":" + body, hashlib.sha256).hex().encode()
        requests.append(
            b"%bX-Slack-Signature: v0=%b\r\nContent-Length: %d\r\n\r\n%b"
            % (head, mac, len(body), body)
        )
    return requests
