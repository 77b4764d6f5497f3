"""The bot's clock changes while messages wait: none is lost or sent too late or too early.

Only the bot's process gets another clock (see fake_clock/sitecustomize.py); Slack, Genesys and
these tests keep the real time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from .conftest import CANARY, Agent, Product, wait_until

TEXT = f"{CANARY}: your order is ready"
ALL_CALLS = "*/api/v2/*"
HOUR = 3600
PATIENCE = 40.0
FAKE_CLOCK = Path(__file__).with_name("fake_clock")


class Clock:
    """The bot's clock, as the seconds that it's ahead of the real one."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)

    def settings(self) -> dict[str, str]:
        root = str(Path(__file__).parents[2])
        return {
            "CLOCK_FILE": str(self._file),
            "PYTHONPATH": os.pathsep.join([str(FAKE_CLOCK), root]),
        }

    def set(self, ahead: int) -> None:
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(ahead))
        fresh.replace(self._file)  # so that the bot never reads half a file


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path)


@pytest.fixture
def product(clock: Clock, new_product: Callable[..., Product]) -> Product:
    return new_product(
        forked=False,  # the other clock comes with the start of Python
        GENESYS_CLOUD_PATIENCE="1",
        PROACTIVE_WATCH_HOURS="1",
        **clock.settings(),
    )


@pytest.fixture
def ada(product: Product) -> Agent:
    return product.agent()


def _make_request_wait(product: Product, ada: Agent, **values: str) -> None:
    """Submit a request while Genesys is unavailable, so that it waits."""
    product.fault("genesys", ALL_CALLS, "status", status=503, times=None)
    ada.types(f"jane@example.com {TEXT}")
    ada.sees("You can still send; it goes out once we can check.")
    assert ada.presses_send(**values)["result"] == "closed"
    ada.reads("Genesys Cloud isn't answering")


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _wait_for_text(ada: Agent, sentence: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            ada.reads(sentence)
            return
        except AssertionError:
            if time.monotonic() > deadline:
                raise


@pytest.mark.parametrize("restart", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_message_once_seen_to_be_past_its_deadline_is_never_sent(
    product: Product, ada: Agent, clock: Clock, restart: bool
) -> None:
    """Not even if the clock was wrong then and is corrected afterwards."""
    _make_request_wait(product, ada, send_before=str(int(time.time()) + 600))
    clock.set(HOUR)
    _wait_for_text(ada, "The deadline passed")
    ada.reads("⌛ Expired")
    if restart:
        product.kill()
    clock.set(0)
    if restart:
        product.start()
    product.delete("/control/genesys/faults")
    ada.sends("amir@example.com")  # a message that still waited would go out before this one
    wait_until(lambda: product.inbox("Amir Haddad"), "the other message", PATIENCE)
    assert product.inbox("Jane Doe") == []
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_bot_that_starts_with_a_fast_clock_sends_nothing_past_its_deadline(
    product: Product, ada: Agent, clock: Clock
) -> None:
    _make_request_wait(product, ada, send_before=str(int(time.time()) + 600))
    product.kill()
    clock.set(HOUR)
    product.delete("/control/genesys/faults")
    product.start()
    _wait_for_text(ada, "The deadline passed")
    assert product.sends() == []


@pytest.mark.slow
def test_a_planned_message_goes_out_early_by_no_more_than_the_clock_was_set_forward(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at, ahead = int(time.time()) + HOUR, HOUR - 8
    ada.presses_send(send_at=str(at))
    ada.reads("⏳ Scheduled")
    clock.set(ahead)
    wait_until(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    (send,) = product.sends()
    assert _seconds(send["at"]) + ahead >= at


@pytest.mark.slow
def test_a_planned_message_goes_out_later_by_as_much_as_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at, back = int(time.time()) + 4, 6
    ada.presses_send(send_at=str(at))
    ada.reads("⏳ Sending in a few seconds")
    clock.set(-back)
    wait_until(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    (send,) = product.sends()
    assert _seconds(send["at"]) - back >= at


@pytest.mark.slow
def test_a_waiting_request_goes_on_after_the_clock_was_set_forward(
    product: Product, ada: Agent, clock: Clock
) -> None:
    _make_request_wait(product, ada)
    clock.set(2 * HOUR)
    product.delete("/control/genesys/faults")
    wait_until(lambda: product.inbox("Jane Doe"), "the message", PATIENCE)
    _wait_for_text(ada, "  Sent.")
    assert len(product.sends()) == 1


def test_a_message_is_followed_for_the_set_time_by_the_bots_own_clock(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.sends("amir@example.com")
    ada.reads("  Customer is offline.")
    clock.set(2 * HOUR)
    _wait_for_text(ada, "No update for 1 hour. Tracking stopped.")
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_waiting_request_goes_on_after_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    """Once a minute, the bot looks for requests that are stuck."""
    _make_request_wait(product, ada)
    clock.set(-2 * HOUR)
    product.delete("/control/genesys/faults")
    wait_until(lambda: product.inbox("Jane Doe"), "the message", 60 + PATIENCE)
    _wait_for_text(ada, "  Sent.")
    assert len(product.sends()) == 1


@pytest.mark.slow
def test_a_message_is_still_followed_after_the_clock_was_set_back(
    product: Product, ada: Agent, clock: Clock
) -> None:
    ada.sends("amir@example.com")
    ada.reads("  Customer is offline.")
    clock.set(-2 * HOUR)
    amir = product.customer("Amir Haddad")
    product.post(f"/customers/{amir['id']}/presence", present=True)
    _wait_for_text(ada, "  Delivered.")
