"""An agent's own messages: the Home tab, list and status, and an edit before the send."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import CANARY, Agent, Json, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"


@pytest.fixture
def product(new_product: Callable[..., Product]) -> Product:
    """Start a bot of its own: a list shows a person's messages of earlier tests, too."""
    return new_product()


def home(product: Product, user: str) -> Json | None:
    view: Json | None = product.get(f"/people/home?user={user}")["view"]
    return view


def home_says(product: Product, user: str, sentence: str) -> Json:
    """Wait until somebody's Home tab says this, and return it."""

    def look() -> Json | None:
        view = home(product, user)
        return view if view and sentence in all_text(view) else None

    return wait_until(look, f"a Home tab that says {sentence!r}")


def press(product: Product, user: str, label: str) -> None:
    """Press a button of the Home tab."""
    view = home(product, user)
    assert view is not None
    block, button = next(
        (block, one)
        for block in view["blocks"]
        for one in block.get("elements", ())
        if one["type"] == "button" and one["text"]["text"].startswith(label)
    )
    act: dict[str, Any] = {"block_id": block["block_id"], "action_id": button["action_id"]}
    element = {"type": "button"}
    product.post("/people/actions", user=user, view_id=view["id"], element=element, **act)


def plan(ada: Agent, hours: int) -> None:
    """Send a message that goes out in some hours."""
    ada.opens(f"jane@example.com {TEXT}")
    at = str(int(time.time()) + hours * 3600)
    assert ada.presses_send(send_at=at)["result"] == "closed"
    ada.reads("Scheduled")


def test_a_planned_message_is_edited_and_cancelled_from_the_home_tab(product: Product) -> None:
    ada = product.agent()
    plan(ada, 2)
    product.post("/people/home", user="U0ADA")
    home_says(product, "U0ADA", "Planned (1)")
    press(product, "U0ADA", "Planned")
    shown = all_text(home_says(product, "U0ADA", "Jane Doe"))
    assert TEXT in shown and "jane@example.com" not in shown and "Thread" in shown
    press(product, "U0ADA", "Edit")
    ada.sees("Edit message")
    assert ada.presses_send(message=f"{TEXT} now")["result"] == "closed"
    home_says(product, "U0ADA", f"{TEXT} now")
    ada.reads("edited it.")
    ada.reads(f"{TEXT} now")
    press(product, "U0ADA", "Cancel")
    home_says(product, "U0ADA", "Nothing is planned.")
    ada.reads("Cancelled, not sent")
    assert not product.sends()


def test_a_lead_sees_the_team_s_messages_in_the_home_tab_and_may_cancel_one(
    product: Product,
) -> None:
    ada = product.agent()
    plan(ada, 2)
    product.post("/people/home", user="U0LEO")
    home_says(product, "U0LEO", "Nothing needs your attention.")
    press(product, "U0LEO", "Planned")
    home_says(product, "U0LEO", "Nothing is planned.")
    press(product, "U0LEO", "Show team")
    shown = all_text(home_says(product, "U0LEO", "Team messages"))
    assert TEXT in shown and "from Ada Nowak" in shown and "jane@example.com" not in shown
    press(product, "U0LEO", "Cancel")
    home_says(product, "U0LEO", "Nothing is planned.")
    ada.reads("Leo Rossi cancelled it.")
    ada.reads("Cancelled, not sent")
    assert not product.sends()


def test_an_edited_message_goes_out_with_its_new_text_and_once(product: Product) -> None:
    ada = product.agent()
    plan(ada, 2)
    ada.clicks("Edit")
    view = ada.sees("Edit message")
    cleared = {"send_at": {"send_at": {"type": "datetimepicker", "selected_date_time": None}}}
    new = f"{TEXT} at the counter"
    values = ada.fills(message=new) | cleared
    product.post(f"/people/views/{view['id']}/submit", user="U0ADA", values=values)
    wait_until(lambda: product.inbox("Jane Doe") == [new], "the new text at the customer's")
    assert len(product.sends()) == 1


def test_list_and_status_answer_privately_in_any_channel(product: Product) -> None:
    ada, ben = product.agent(), product.agent("U0BEN")
    plan(ada, 3)
    ada.types("list planned")
    assert ada.reads("Your messages: planned")["ephemeral"]
    ada.types("status jane@example.com")
    assert TEXT in all_text(ada.reads("Your messages to")["blocks"])
    ben.types("status jane@example.com")
    assert "There are none." in all_text(ben.reads("Your messages to")["blocks"])


def test_others_see_nothing_of_it_in_their_home_tab(product: Product) -> None:
    plan(product.agent(), 3)
    for user, sentence in (("U0BEN", "Nothing needs your attention."), ("U0GUS", "uest")):
        product.post("/people/home", user=user)
        shown = all_text(home_says(product, user, sentence))
        assert "Jane Doe" not in shown and "(1)" not in shown
