"""While the bot works, `python -m bot erase` leaves only a masked address of a customer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from .conftest import CANARY, Agent, Product, wait_until

ROOT = Path(__file__).resolve().parents[2]
NAME = "Jane Doe"


def erase(product: Product, address: str) -> tuple[int, str]:
    environment = {**os.environ, **product.settings, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "erase", address],
        env=environment,
        cwd=product.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    product.scan(done.stderr)
    return done.returncode, done.stdout + done.stderr


def private(product: Product, ada: Agent) -> list[str]:
    """Return what's still private in Slack and in the files of the database."""
    shown = json.dumps(ada.messages(), ensure_ascii=False)
    files = b"".join(one.read_bytes() for one in product.folder.glob("proactive.sqlite*"))
    words = (NAME, CANARY, "jane@example.com")
    return [word for word in words if word in shown or word.encode() in files]


def test_a_customer_is_erased_while_the_bot_goes_on(new_product: Callable[..., Product]) -> None:
    product = new_product()  # of its own: a database keeps what earlier tests sent to others
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("  Sent.")
    assert len(private(product, ada)) == 3
    status, said = erase(product, "jane@example.com")
    assert (status, "Requests erased: " in said) == (0, True), said
    wait_until(lambda: not private(product, ada), "nothing private to be left")
    ada.reads("(erased)")
    assert "Nothing is stored" in erase(product, "jane@example.com")[1]
    ada.sends("mia@example.com")
    wait_until(lambda: product.inbox("Mia Keller"), "the next message to arrive")
