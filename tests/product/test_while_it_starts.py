"""A bot that is still starting: commands are acknowledged, and done or refused when it can tell."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from sandbox.bot_process import BotFailed, BotProcess

from .conftest import CANARY, Agent, Product, wait_for, words_of


@contextmanager
def starting(product: Product) -> Iterator[BotProcess]:
    """Start the bot, whose parts wait for the database until the block ends (or they give up)."""
    product.stop()
    with product.sqlite() as database:
        database.execute("BEGIN EXCLUSIVE")
        bot = product.bot = BotProcess(product.settings, product.folder)
        wait_for(lambda: health(product) == 503, "the bot listens, and says that it is starting")
        yield bot
        database.execute("ROLLBACK")


def health(product: Product) -> int:
    url = f"http://{product.settings['HOST']}:{product.settings['PORT']}/healthz"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code
    except OSError:
        return 0


def test_a_command_typed_while_the_bot_starts_opens_its_form(product: Product, ada: Agent) -> None:
    product.post("/control/slack/settings", trigger_seconds=60)  # however slow this machine is
    with starting(product):
        assert ada.types(f"jane@example.com {CANARY}")["ack"]["status"] == 200
    ada.sees("Ready to send")
    assert health(product) == 200


def test_a_start_that_is_too_slow_for_the_form_is_said_and_gives_the_text_back(
    product: Product, ada: Agent
) -> None:
    product.post("/control/slack/settings", trigger_seconds=0)
    with starting(product):
        ada.types(f"jane@example.com {CANARY}")
    assert CANARY in words_of(ada.reads("too little time to open")["blocks"])


def test_help_asked_for_while_the_bot_starts_comes_a_little_later(
    product: Product, ada: Agent
) -> None:
    with starting(product):
        ada.types("help")
    ada.reads("opens a form in which you message a customer first")


def test_who_was_acknowledged_by_a_bot_that_cannot_start_hears_of_it(
    product: Product, ada: Agent
) -> None:
    with starting(product) as bot:
        ada.types(f"jane@example.com {CANARY}")
        ada.reads("nothing was sent by this step")
        with pytest.raises(BotFailed, match=r"exit status 2[^$]*PROACTIVE_DATABASE_URL"):
            bot.wait_until_ended()
    product.stop()
