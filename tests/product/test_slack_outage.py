"""Slack is unavailable while a message is sent and answered; later everything is posted once."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from .conftest import CANARY, OUTCOMES, Agent, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"
PATIENCE = 75.0  # seconds: while Slack is unavailable, a job is retried at least once a minute
ENOUGH_ATTEMPTS = 3
SETTLED_AFTER = 6.0  # seconds between two attempts to post if the first one's result is unknown
LINES = (
    "Customer found",
    "  Sent.",
    "  Delivered.",
    "The customer replied",
)


def _has_reached(product: Product, state: str) -> bool:
    """Return whether the bot's only request has reached a state."""
    with urllib.request.urlopen(f"{product.operator_url}/metrics", timeout=10) as answer:
        return f'proactive_transitions_total{{state="{state}"}} 1' in answer.read().decode()


def _bot_messages(agent: Agent, channel: str = "") -> list[dict[str, Any]]:
    return [message for message in agent.messages(channel) if message["is_bot"]]


def _start_outage(product: Product, how: str) -> None:
    """Make all of the bot's calls to Slack fail. What people do there still reaches the bot."""
    more = {"status": 503} if how == "status" else {}
    product.fault("slack", "*", how, times=None, **more)


def _send_and_get_a_reply(product: Product, ada: Agent) -> None:
    """Send a message and let the customer reply, while the bot can't post anything."""
    assert ada.presses_send()["result"] == "closed"
    wait_until(lambda: _has_reached(product, "delivered"), "the delivery", PATIENCE)
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Thank you")
    wait_until(lambda: _has_reached(product, "replied"), "the reply", PATIENCE)


@pytest.mark.parametrize("how", ["status", "cut_before"])
def test_everything_that_happened_during_a_slack_outage_is_posted_afterwards(
    new_product: Callable[..., Product], how: str
) -> None:
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    _start_outage(product, how)
    _send_and_get_a_reply(product, ada)
    assert _bot_messages(ada) == []
    product.delete("/control/slack/faults")
    _check_that_all_is_posted_once(ada)
    assert product.inbox("Jane Doe") == [TEXT]


def _check_that_all_is_posted_once(ada: Agent) -> None:
    wait_until(lambda: _bot_messages(ada, OUTCOMES), "the outcome", PATIENCE)
    card, *lines = _bot_messages(ada)
    assert "💬 Customer replied" in all_text(card["blocks"])
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    said = [next((one for one in LINES if one in all_text(line["blocks"])), "?") for line in lines]
    assert said == list(LINES)
    assert [message["pings"] for message in (card, *lines)] == [[], [], [], [], ["U0ADA"]]
    assert len(_bot_messages(ada, OUTCOMES)) == 1


@pytest.mark.slow
def test_everything_is_posted_even_if_the_bot_was_killed_meanwhile(
    new_product: Callable[..., Product],
) -> None:
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    _start_outage(product, "status")
    _send_and_get_a_reply(product, ada)
    product.kill()
    product.delete("/control/slack/calls")
    product.start()
    wait_until(lambda: product.calls("slack"), "the restarted bot to try")
    assert _bot_messages(ada) == []
    product.delete("/control/slack/faults")
    _check_that_all_is_posted_once(ada)


@pytest.mark.slow
def test_if_only_posting_fails_for_a_long_time_each_post_is_still_made_once(
    new_product: Callable[..., Product],
) -> None:
    """The result of every attempt is unknown, so the next waits until it can't arrive any more."""
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("slack", "chat.postMessage", "status", status=500, times=None)
    product.delete("/control/slack/calls")
    _send_and_get_a_reply(product, ada)

    def attempts() -> list[dict[str, Any]] | None:
        posts = product.calls("slack", "chat.postMessage")
        return posts if len(posts) >= ENOUGH_ATTEMPTS else None

    tried = [float(call["at"]) for call in wait_until(attempts, "some attempts", PATIENCE)]
    product.delete("/control/slack/faults")
    assert all(later - at > SETTLED_AFTER - 1 for at, later in pairwise(tried)), tried
    _check_that_all_is_posted_once(ada)
    assert product.inbox("Jane Doe") == [TEXT]
