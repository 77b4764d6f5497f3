"""The bot's clock is set while messages wait: none is sent too late or lost, and none too early.

The clock of the bot's process alone is set (see other_clock/sitecustomize.py); Slack, Genesys and
these tests keep the true time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from .conftest import CANARY, Agent, Product, wait_for

TEXT = f"{CANARY}: your order is ready"
AWAY = "*/api/v2/*"
HOUR = 3600
PATIENCE = 40.0
OTHER_CLOCK = Path(__file__).with_name("other_clock")


class Clock:
    """The clock of a bot: how many seconds it is ahead of the true one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)

    def settings(self) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        return {
            "CLOCK_FILE": str(self._file),
            "PYTHONPATH": os.pathsep.join([str(OTHER_CLOCK), root]),
        }

    def set(self, ahead: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(ahead))
        fresh.replace(self._file)  # never half written for whoever reads the time just now


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def product(clock: Clock, new_product: Callable[..., Product]) -> Product:
    return new_product(GENESYS_CLOUD_PATIENCE="1", PROACTIVE_WATCH_HOURS="1", **clock.settings())


@pytest.fixture
def ada(product: Product) -> Agent:
    return product.agent()


def _hold(product: Product, ada: Agent, **values: str) -> None:
    """Let a request wait for a Genesys that is away."""
    product.fault("genesys", AWAY, "status", status=503, times=None)
    ada.types(f"jane@example.com {TEXT}")
    ada.sees("the request then waits")
    assert ada.presses_send(**values)["result"] == "closed"
    ada.reads("The request waits and goes on when it does")


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _wait_for_words(ada: Agent, sentence: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ada.reads(sentence)
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize("restart", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_message_whose_time_was_once_seen_to_be_over_is_never_sent(
    product: Product, ada: Agent, clock: Clock, restart: bool
) -> None:
    """Also when the clock that said so was wrong, and is set right again."""
    _hold(product, ada, send_before=str(int(time.time()) + 600))
    clock.set(HOUR)
    _wait_for_words(ada, "Its time is over")
    ada.reads("⌛ Expired")
    if restart:
        product.kill()
    clock.set(0)
    if restart:
        product.start()
    product.delete("/control/genesys/faults")
    ada.sends("amir@example.com")  # what still waited would have gone before this one
    wait_for(lambda: product.inbox("Amir Haddad"), "the other message", PATIENCE)
    assert product.inbox("Jane Doe") == []
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_bot_that_starts_with_a_clock_ahead_sends_nothing_that_is_over_by_it(
    product: Product, ada: Agent, clock: Clock
) -> None:
    _hold(product, ada, send_before=str(int(time.time()) + 600))
    product.kill()
    clock.set(HOUR)
    product.delete("/control/genesys/faults")
    product.start()
    _wait_for_words(ada, "Its time is over")
    assert product.sends() == []


@pytest.mark.slow
def test_a_planned_message_goes_out_early_by_no_more_than_the_clock_was_set_forward(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at, ahead = int(time.time()) + HOUR, HOUR - 8
    ada.presses_send(send_at=str(at))
    ada.reads("To be sent")
    clock.set(ahead)
    wait_for(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    (send,) = product.sends()
    assert _seconds(send["at"]) + ahead >= at


@pytest.mark.slow
def test_a_planned_message_goes_out_later_by_as_much_as_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at, back = int(time.time()) + 4, 6
    ada.presses_send(send_at=str(at))
    ada.reads("To be sent")
    clock.set(-back)
    wait_for(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    (send,) = product.sends()
    assert _seconds(send["at"]) - back >= at


@pytest.mark.slow
def test_a_request_that_waits_goes_on_after_the_clock_was_set_forward(
    product: Product, ada: Agent, clock: Clock
) -> None:
    _hold(product, ada)
    clock.set(2 * HOUR)
    product.delete("/control/genesys/faults")
    wait_for(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    _wait_for_words(ada, "Genesys Cloud has accepted the message")
    assert len(product.sends()) == 1


def test_the_watch_ends_by_the_clock_wherever_that_was_set(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.sends("amir@example.com")
    ada.reads("The customer is not on the page")
    clock.set(2 * HOUR)
    _wait_for_words(ada, "the bot no longer looks for any")
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_request_that_waits_goes_on_after_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    """Within the minute in which the bot looks for what stands still."""
    _hold(product, ada)
    clock.set(-2 * HOUR)
    product.delete("/control/genesys/faults")
    wait_for(lambda: product.inbox("Jane Doe"), "the message", 60 + PATIENCE)
    _wait_for_words(ada, "Genesys Cloud has accepted the message")
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_message_is_followed_further_after_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.sends("amir@example.com")
    ada.reads("The customer is not on the page")
    clock.set(-2 * HOUR)
    amir = product.customer("Amir Haddad")
    product.post(f"/customers/{amir['id']}/presence", present=True)
    _wait_for_words(ada, "Delivered to the customer's page")
