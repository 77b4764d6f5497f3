"""A bot is killed or stopped in the middle of its work, and the next one finishes it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import CANARY, Agent, Product, wait_until

TEXT = f"{CANARY}: your order is ready"
SEND = "*messages/agentless"


@pytest.mark.parametrize(
    ("where", "kind", "expected"),
    [
        ("*identifierlookup*", "latency", "  Sent."),
        (SEND, "slow_answer", "  Sent."),  # sent, but its answer is lost
        (SEND, "latency", "Uncertain"),  # the kill cuts it off before it's sent
    ],
)
def test_after_a_kill_the_request_goes_on_and_is_sent_at_most_once(
    product: Product, ada: Agent, where: str, kind: str, expected: str
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", where, kind, seconds=3.0, times=1)
    product.delete("/control/slack/calls")
    ada.presses_send()
    if where == SEND:
        wait_until(lambda: product.calls("slack", "chat.postMessage"), "the card")
        # A call with a fault is logged only when it ends, so look at what it has done so far.
        reached = {"slow_answer": lambda: product.inbox("Jane Doe")}
        wait_until(reached.get(kind, lambda: _is_sending(product)), "the send under way")
    product.kill()
    product.delete("/control/genesys/faults")
    product.start()
    ada.reads(expected)
    assert len(product.inbox("Jane Doe")) <= 1
    assert len(product.sends()) <= 1


def _is_sending(product: Product) -> bool:
    with product.sqlite() as database:
        sending = database.execute("SELECT 1 FROM requests WHERE state = 'sending'")
        return sending.fetchone() is not None


@pytest.mark.slow
def test_what_was_acknowledged_before_a_kill_is_delivered_after_it(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(PROACTIVE_UNDO_SECONDS="5")  # so that the kill comes before the send
    ada = product.agent()
    names = {"jane@example.com": "Jane Doe", "amir@example.com": "Amir Haddad"}
    for address in names:
        ada.sends(address)
    product.kill()
    product.start()
    for name in names.values():
        wait_until(lambda name=name: product.inbox(name), f"the message to {name}")
        assert product.inbox(name) == [TEXT]


@pytest.mark.slow
def test_a_bot_stops_within_ten_seconds_and_goes_on_after_the_next_start(
    new_product: Callable[..., Product],
) -> None:
    import time

    product = new_product()
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", "*identifierlookup*", "latency", seconds=9.0, times=1)
    ada.presses_send()
    wait_until(lambda: ada.reads("Checking the customer"), "the card")
    started = time.monotonic()
    product.stop()
    assert time.monotonic() - started < 10
    product.start()
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]
