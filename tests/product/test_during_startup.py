"""A command typed while the bot starts waits for it; if that takes too long, Slack says so."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from .conftest import CANARY, Agent, Product, all_text, wait_until


@contextmanager
def starting(product: Product) -> Iterator[None]:
    """Start the bot, which waits for a locked database until the block ends."""
    product.stop()
    with product.sqlite() as database:
        database.execute("BEGIN EXCLUSIVE")
        product.launch()
        wait_until(lambda: is_listening(product), "the bot to listen")
        yield
        database.execute("ROLLBACK")


def is_listening(product: Product) -> bool:
    address = (product.settings["HOST"], int(product.settings["PORT"]))
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def count_deliveries(product: Product) -> int:
    return len(product.get("/control/slack/deliveries")["deliveries"])


def type_during_startup(product: Product, types: Callable[[], Any]) -> Any:
    """Type something while the bot starts; return the ack, which comes after the start."""
    with ThreadPoolExecutor(1) as person:
        with starting(product):
            before = count_deliveries(product)
            typed = person.submit(types)
            wait_until(lambda: count_deliveries(product) > before, "Slack to send the command")
        return typed.result()["ack"]


def test_a_command_typed_while_the_bot_starts_opens_its_form(product: Product, ada: Agent) -> None:
    # Long enough for a slow machine.
    product.post("/control/slack/settings", ack_seconds=60, trigger_seconds=60)
    ack = type_during_startup(product, lambda: ada.types(f"jane@example.com {CANARY}"))
    assert ack["status"] == 200
    ada.sees("Ready to send")


def test_a_start_that_is_too_slow_for_the_form_gives_the_text_back(
    product: Product, ada: Agent
) -> None:
    product.post("/control/slack/settings", ack_seconds=60, trigger_seconds=0)
    type_during_startup(product, lambda: ada.types(f"jane@example.com {CANARY}"))
    assert CANARY in all_text(ada.reads("took too long to open")["blocks"])


def test_help_asked_for_while_the_bot_starts_is_shown(product: Product, ada: Agent) -> None:
    product.post("/control/slack/settings", ack_seconds=60)
    ack = type_during_startup(product, lambda: ada.types("help"))
    assert "message a customer" in ack["body"]["text"]


def test_when_the_bot_does_not_start_in_time_slack_tells_the_agent(
    product: Product, ada: Agent
) -> None:
    product.post("/control/slack/settings", ack_seconds=0.3)
    with starting(product):
        assert ada.types("help")["ack"]["failure"] == "operation_timeout"


def test_when_no_bot_is_running_slack_tells_the_agent(product: Product, ada: Agent) -> None:
    product.stop()
    assert ada.types("help")["ack"]["failure"] == "dispatch_failed"
