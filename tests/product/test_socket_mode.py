"""The same bot over Socket Mode, also when its socket dies."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import CANARY, Product, wait_until
from .test_my_messages import home_says, press
from .test_templates import OWN_RULES, searches

TEXT = f"{CANARY}: your order is ready"


def read_health(product: Product) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{product.operator_url}/healthz", timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.loads(refusal.read())


def count_sockets(product: Product) -> int:
    return int(product.get("/control/slack/settings")["sockets"])


def test_messages_are_sent_over_socket_mode_even_after_a_dropped_socket(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(socket_mode=True)
    wait_until(lambda: count_sockets(product), "the bot's socket")
    ada = product.agent()
    ada.sends("jane@example.com", f"{TEXT} with a payload")
    ada.reads("  Sent.")
    assert read_health(product) == (200, {"bot": "ok", "socket": "ok"})
    product.post("/control/slack/settings", drop_socket=True)
    wait_until(lambda: count_sockets(product), "a new socket", patience=40)
    ada.sends("amir@example.com")
    wait_until(lambda: len(product.inbox("Amir Haddad")) == 1 or None, "the second message")


def test_the_home_tab_and_the_search_for_templates_work_over_socket_mode(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(OWN_RULES)
    product = new_product(socket_mode=True, PROACTIVE_RULES=str(file))
    wait_until(lambda: count_sockets(product), "the bot's socket")
    ada = product.agent()
    product.post("/people/home", user=ada.user)
    home_says(product, ada.user, "Nothing needs your attention.")
    press(product, ada.user, "Planned")
    home_says(product, ada.user, "Nothing is planned.")
    ada.opens("jane@example.com")
    [option] = searches(ada, "delay")
    assert option["text"]["text"] == "Delayed"


@pytest.mark.slow
def test_a_dead_socket_shows_in_healthz(new_product: Callable[..., Product]) -> None:
    product = new_product(socket_mode=True)
    wait_until(lambda: count_sockets(product), "the bot's socket")
    product.fault("slack", "apps.connections.open", "status", status=503, times=None)
    product.post("/control/slack/settings", drop_socket=True)
    dead = wait_until(
        lambda: read_health(product)[1] if read_health(product)[0] == 503 else None,
        "a 503",
        patience=60,
    )
    assert "no connection to Slack" in dead["socket"]
