"""Requests that aren't from Slack, aren't fresh, or were seen before are refused."""

from __future__ import annotations

import hashlib
import hmac
import time
from urllib.parse import urlencode

import pytest

from .conftest import CANARY, Product


def command(product: Product, text: str = f"jane@example.com {CANARY}") -> dict[str, str]:
    return {
        "command": "/proactive",
        "text": text,
        "team_id": "T0TEAM",
        "channel_id": "C0SUPPORT",
        "user_id": "U0ADA",
        "trigger_id": "1.2.3",
        "response_url": f"{product.settings['SLACK_API_URL']}gone",
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Signature": "v0=0000"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "v0=é".encode("latin-1").decode("latin-1")},
        {"X-Slack-Request-Timestamp": str(int(time.time()) - 3600)},
        {"X-Slack-Request-Timestamp": str(int(time.time()) + 3600)},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": ""},
    ],
)
def test_a_forged_or_old_request_is_refused_and_changes_nothing(
    product: Product, headers: dict[str, str]
) -> None:
    answer = product.post(
        "/control/slack/deliver", kind="command", body=command(product), headers=headers
    )
    assert answer["status"] == 401
    assert not product.calls("slack")
    assert not product.calls("genesys", "identifierlookup")


def test_a_replayed_request_is_refused(product: Product) -> None:
    body = urlencode(command(product, "help"))
    stamp = str(int(time.time()))
    secret = product.settings["SLACK_SIGNING_SECRET"].encode()
    signature = "v0=" + hmac.new(secret, f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Signature": signature, "X-Slack-Request-Timestamp": stamp}
    deliver = {"kind": "raw", "body": body, "headers": headers}
    assert product.post("/control/slack/deliver", **deliver)["status"] == 200
    assert product.post("/control/slack/deliver", **deliver)["status"] == 401


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "payload=%7B", "payload=[]", "command=/other", "x" * 99),
        pytest.param("payload=" + "[" * 100_000, id="deeply nested"),
        'payload={"type":"view_submission","view":null}',
        'payload={"type":"block_actions","actions":null,"view":null}',
        'payload={"type":"event_callback","event":null}',
    ],
)
def test_a_signed_body_that_makes_no_sense_breaks_nothing(product: Product, body: str) -> None:
    answer = product.post("/control/slack/deliver", kind="raw", body=body)
    assert answer["status"] in (400, 404, 200)
    assert product.agent().types("help")["ack"]["status"] == 200
