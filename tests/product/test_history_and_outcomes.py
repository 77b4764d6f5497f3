"""What leads choose for outcomes, the digest, and what the customer's side does to a message."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import CANARY, Agent, Product, all_text, wait_for

TEXT = f"{CANARY}: your order is ready"
OUTCOMES = "C0OUTCOMES"
ANSWER = "Thank you, *Ada*! <https://example.com>"


def test_a_lead_has_outcomes_posted_in_a_channel_and_ends_that(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(PROACTIVE_OUTCOMES_CHANNEL="")
    ada, leo = product.agent(), product.agent("U0LEO")
    ada.types("outcomes here")
    ada.reads("Only a lead can choose where outcomes are posted.")
    leo.channel = OUTCOMES
    leo.types("outcomes here all")
    leo.reads("Leo Rossi chose this channel")
    ada.sends("jane@example.com")
    leave(product)
    leo.reads("Not delivered", OUTCOMES)
    leo.reads("MessageExpired", OUTCOMES)
    leo.types("outcomes off all")
    leo.reads("Outcomes are no longer posted")


def leave(product: Product) -> None:
    """Let the message to Jane fail."""

    def find() -> str:
        messages = [
            message
            for conversation in product.customer("Jane Doe")["conversations"]
            for message in conversation["messages"]
        ]
        return next((str(one["id"]) for one in messages if CANARY in one["text"]), "")

    message_id = wait_for(find, "the message")
    product.post(
        f"/control/genesys/messages/{message_id}/fail", code="MessageExpired", message="Too old"
    )


def test_two_starts_post_one_digest(new_product: Callable[..., Product], tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[digest]\nevery = "day"\nat = "00:00"\n')
    product = new_product(PROACTIVE_RULES=str(file), PROACTIVE_OUTCOMES_CHANNEL=OUTCOMES)
    leo = product.agent("U0LEO")
    post = leo.reads("still open", OUTCOMES)
    assert "Sent " in all_text(post["blocks"])
    product.stop()
    product.start()
    leo.sends("jane@example.com")
    leo.reads("✅ Delivered")
    digests = [one for one in leo.messages(OUTCOMES) if "still open" in one["text"]]
    assert len(digests) == 1


def test_the_thread_shows_what_the_customer_replied(product: Product, ada: Agent) -> None:
    ada.sends("jane@example.com")
    ada.reads("✅ Delivered")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text=ANSWER)
    line = ada.reads(ANSWER)
    assert "Open in Genesys Cloud" in all_text(line["blocks"])
    assert line["pings"] == ["U0ADA"]
    assert not [one for one in ada.messages(OUTCOMES) if ANSWER in all_text(one["blocks"] or [])]
    assert all(ANSWER not in file.read_text() for file in product.folder.rglob("*.log"))


def let_wait(product: Product, ada: Agent) -> str:
    """Ask for a message to Jane that waits for the end of her conversation; return her id."""
    jane = str(product.customer("Jane Doe")["id"])
    product.post(f"/customers/{jane}/answer", text="Hello?")
    ada.opens(f"jane@example.com {TEXT}", "They're in a live conversation")
    ada.changes("open_conversation", "ended")
    ada.sees("Your message goes out when it has ended.")
    assert ada.presses_send()["result"] == "closed"
    ada.reads("Waiting for the conversation to end")
    assert not product.sends()
    return jane


def test_a_message_that_waits_for_the_end_of_a_conversation_can_be_cancelled(
    product: Product, ada: Agent
) -> None:
    let_wait(product, ada)
    ada.clicks("Cancel")
    ada.reads("Cancelled, not sent")
    assert not product.sends()


@pytest.mark.slow
def test_a_message_goes_out_when_the_conversation_has_ended(product: Product, ada: Agent) -> None:
    jane = let_wait(product, ada)
    product.post(f"/customers/{jane}/end")
    wait_for(lambda: len(product.sends()) == 1 or None, "the send", 100)
    ada.reads("✅ Delivered")
