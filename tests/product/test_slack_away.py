"""Slack is away while a message is sent and answered; afterwards everything is told, once."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from .conftest import CANARY, OUTCOMES, Agent, Product, wait_for, words_of

TEXT = f"{CANARY}: your order is ready"
PATIENCE = 75.0  # seconds: while Slack is away, a job is retried at least once a minute
TRIED_OFTEN = 3
SETTLED_AFTER = 6.0  # seconds between two attempts to post if the first one's result is unknown
TOLD = (
    "Customer found",
    "Genesys Cloud has accepted the message",
    "Delivered to the customer's page",
    "The customer replied",
)


def _has_become(product: Product, state: str) -> bool:
    """Return whether the bot's only request has come into a state."""
    with urllib.request.urlopen(f"{product.bot_url}/metrics", timeout=10) as answer:
        return f'proactive_transitions_total{{state="{state}"}} 1' in answer.read().decode()


def _bots(agent: Agent, channel: str = "") -> list[dict[str, Any]]:
    return [message for message in agent.messages(channel) if message["is_bot"]]


def _take_slack_away(product: Product, how: str) -> None:
    """Let Slack do nothing that the bot asks for. What people do there still reaches the bot."""
    more = {"status": 503} if how == "status" else {}
    product.fault("slack", "*", how, times=None, **more)


def _send_and_be_answered(product: Product, ada: Agent) -> None:
    """Send a message and have it answered while the bot can say nothing."""
    assert ada.presses_send()["result"] == "closed"
    wait_for(lambda: _has_become(product, "delivered"), "the delivery", PATIENCE)
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Thank you")
    wait_for(lambda: _has_become(product, "replied"), "the reply", PATIENCE)


@pytest.mark.parametrize("how", ["status", "cut_before"])
def test_everything_that_happened_while_slack_was_away_is_told_when_it_is_back(
    new_product: Callable[..., Product], how: str
) -> None:
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    _take_slack_away(product, how)
    _send_and_be_answered(product, ada)
    assert _bots(ada) == []
    product.delete("/control/slack/faults")
    _is_told_once(ada)
    assert product.inbox("Jane Doe") == [TEXT]


def _is_told_once(ada: Agent) -> None:
    wait_for(lambda: _bots(ada, OUTCOMES), "the outcome", PATIENCE)
    card, *lines = _bots(ada)
    assert "💬 The customer replied" in words_of(card["blocks"])
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    said = [next((one for one in TOLD if one in words_of(line["blocks"])), "?") for line in lines]
    assert said == list(TOLD)
    assert [message["pings"] for message in (card, *lines)] == [[], [], [], [], ["U0ADA"]]
    assert len(_bots(ada, OUTCOMES)) == 1


@pytest.mark.slow
def test_it_is_told_even_by_a_bot_that_was_killed_meanwhile(
    new_product: Callable[..., Product],
) -> None:
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    _take_slack_away(product, "status")
    _send_and_be_answered(product, ada)
    product.kill()
    product.delete("/control/slack/calls")
    product.start()
    wait_for(lambda: product.calls("slack"), "the new bot to try")
    assert _bots(ada) == []
    product.delete("/control/slack/faults")
    _is_told_once(ada)


@pytest.mark.slow
def test_if_only_posting_fails_for_long_each_post_is_made_once_in_the_end(
    new_product: Callable[..., Product],
) -> None:
    """The result of every attempt is unknown, so the next one waits until it can't arrive."""
    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("slack", "chat.postMessage", "status", status=500, times=None)
    product.delete("/control/slack/calls")
    _send_and_be_answered(product, ada)

    def attempts() -> list[dict[str, Any]] | None:
        posts = product.calls("slack", "chat.postMessage")
        return posts if len(posts) >= TRIED_OFTEN else None

    tried = [float(call["at"]) for call in wait_for(attempts, "some attempts", PATIENCE)]
    product.delete("/control/slack/faults")
    assert all(later - at > SETTLED_AFTER - 1 for at, later in pairwise(tried)), tried
    _is_told_once(ada)
    assert product.inbox("Jane Doe") == [TEXT]
