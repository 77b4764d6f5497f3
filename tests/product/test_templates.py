"""A template from Genesys Cloud, from the command to the customer's page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.fork_server import ForkServer

from .conftest import CANARY, NO_LIMITS, Agent, Product, all_text, wait_until

Json = dict[str, Any]
RULES = f'{NO_LIMITS}\n[templates]\nsource = "genesys"\n'
OWN_RULES = (
    f"{NO_LIMITS}\n"
    + """[[templates.list]]
name = "Delayed"
text = "Hello {{CUSTOMER_NAME}}, your order {{ORDER}} will arrive {{DAY}}. {{AGENT_NAME}}"
defaults = { DAY = "tomorrow" }
"""
)
MENU = {"block_id": "template", "action_id": "template"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("templates")
    rules = folder / "rules.toml"
    rules.write_text(RULES)
    product = Product(folder, fork_server, PROACTIVE_RULES=str(rules))
    product.start()
    wait_until(lambda: product.calls("genesys", "responsemanagement/responses"), "the templates")
    yield product
    product.close()


def searches(agent: Agent, query: str) -> list[Json]:
    view = agent.view()
    assert view is not None
    asked = {"user": agent.user, "view_id": view["id"], "value": query, **MENU}
    options: list[Json] = agent.product.post("/people/options", **asked)["options"]
    return options


def fills(view: Json, **typed: str) -> Json:
    """Return the state values for the inputs with these labels."""
    return {
        block["block_id"]: {
            block["element"]["action_id"]: {
                "type": "plain_text_input",
                "value": typed[block["label"]["text"]],
            }
        }
        for block in view["blocks"]
        if block["type"] == "input" and block["label"]["text"] in typed
    }


def test_an_agent_searches_fills_in_and_sends_a_template(product: Product) -> None:
    ada = product.agent()
    view = ada.opens("jane@example.com")
    [option] = wait_until(lambda: searches(ada, "delay"), "the template among the options")
    assert option["text"]["text"] == "Delayed"
    before = len(product.calls("genesys"))
    chosen = {"type": "external_select", "selected_option": option}
    ask = {"user": ada.user, "view_id": view["id"]}
    product.post("/people/actions", element=chosen, **ask, **MENU)
    view = ada.sees("The customer gets:")
    button = {"block_id": "preview_button", "action_id": "preview", "element": {"type": "button"}}
    values = fills(view, ORDER=f"{CANARY}-7", DAY="on Monday")
    product.post("/people/actions", values=values, **ask, **button)
    filled = f"Hello Jane Doe, your order {CANARY}-7 is late. It will arrive on Monday."
    filled += " Best wishes, Ada Nowak"
    ada.sees(filled)
    assert len(product.calls("genesys")) == before  # neither asked Genesys Cloud anything
    assert ada.presses_send()["result"] == "closed"
    [received] = wait_until(lambda: product.inbox("Jane Doe"), "the message")
    assert received.startswith(filled)
    with product.sqlite() as database:
        [(template,)] = database.execute("SELECT template FROM requests").fetchall()
        entries = "SELECT action, detail FROM audit UNION SELECT action, detail FROM audit_outbox"
        details = {action: json.loads(detail) for action, detail in database.execute(entries)}
    assert template.startswith("genesys:") and template.endswith(":3")
    assert details["stored"]["template"] == details["sent"]["template"] == template


def test_a_template_is_chosen_by_its_name(product: Product) -> None:
    ada = product.agent("U0BEN")
    view = ada.opens("jane@example.com #thank-you", "The customer gets:")
    assert "Thank you for your patience, Jane Doe." in all_text(ada.sees("patience, Jane Doe"))
    assert view["blocks"]


def test_a_template_of_the_rules_file_is_chosen_by_its_name_filled_in_and_sent(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(OWN_RULES)
    product = new_product(PROACTIVE_RULES=str(file))
    ada = product.agent()
    view = ada.opens("jane@example.com #delayed", "Fill in ORDER.")
    offered = [one["text"]["text"] for one in searches(ada, "arrive")]  # a word of its text
    assert offered == ["No template", "Delayed"]
    typed = {"user": ada.user, "values": fills(view, ORDER=f"{CANARY}-7")}
    assert product.post(f"/people/views/{view['id']}/submit", **typed)["result"] == "closed"
    filled = f"Hello Jane Doe, your order {CANARY}-7 will arrive tomorrow. Ada Nowak"
    wait_until(lambda: product.inbox("Jane Doe") == [filled], "the filled-in text")
    assert not product.calls("genesys", "responsemanagement")
    with product.sqlite() as database:
        [(template,)] = database.execute("SELECT template FROM requests").fetchall()
    assert template.startswith("file:")


def test_five_thousand_templates_are_searched_in_less_than_a_second(product: Product) -> None:
    product.post("/control/genesys/responses", count=5_000)
    product.stop()
    product.start()
    ada = product.agent("U0LEO")
    ada.opens("jane@example.com")
    wait_until(lambda: searches(ada, "bulk 04999"), "the last of the templates", patience=30)
    begun = time.monotonic()
    assert len(searches(ada, "number")) == 100
    assert time.monotonic() - begun < 1.0
