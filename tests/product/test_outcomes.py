"""What happens to an accepted message, as the thread and the outcomes channel show it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import CANARY, OUTCOMES, Agent, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"
PATIENCE = 30.0


def wait_for_outcome(ada: Agent, *sentences: str) -> str:
    """Wait for a line in the outcomes channel that says all of this, and return it.

    Other lines may be about messages of earlier tests, which the bot still follows.
    """

    def look() -> str | None:
        lines = (all_text(message["blocks"] or []) for message in ada.messages(OUTCOMES))
        return next((line for line in lines if all(one in line for one in sentences)), None)

    return wait_until(look, f"an outcome that says {sentences}")


def test_a_customer_on_the_page_gets_the_message_and_replies(product: Product, ada: Agent) -> None:
    ada.sends("jane@example.com")
    ada.reads("  Delivered.")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Thank you, I am on my way")
    line = ada.reads("The customer replied.")
    assert "<@U0ADA>" in line["pings"] or "U0ADA" in str(line["pings"])
    assert "Open in Genesys Cloud" in all_text(line["blocks"])
    ada.reads("💬 Customer replied")
    assert CANARY not in wait_for_outcome(ada, "Customer replied", "Jane Doe", "Thread")
    lines = [all_text(message["blocks"] or []) for message in ada.messages(OUTCOMES)]
    assert sum("Thread" in line for line in lines) == 1


def test_an_absent_customers_message_waits_and_is_delivered_on_return(
    product: Product, ada: Agent
) -> None:
    ada.sends("amir@example.com")
    ada.reads("  Customer is offline.")
    ada.reads("⏳ Customer is offline")
    amir = product.customer("Amir Haddad")
    product.post(f"/customers/{amir['id']}/presence", present=True)
    wait_until(lambda: _says(ada, "Delivered"), "the delivery", PATIENCE)
    assert len(product.sends()) == 1


def _says(agent: Agent, sentence: str) -> bool:
    return any(sentence in all_text(message["blocks"] or []) for message in agent.messages())


def test_only_the_reply_and_the_failure_mention_the_agent(product: Product, ada: Agent) -> None:
    ada.sends("jane@example.com")
    ada.reads("  Delivered.")
    assert all(message["pings"] == [] for message in ada.messages())


def test_a_reply_in_a_newer_conversation_counts(product: Product, ada: Agent) -> None:
    product.set_genesys(answers_open_new_conversation=True)
    ada.sends("jane@example.com")
    ada.reads("  Delivered.")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Hello?")
    ada.reads("The customer replied.")


def test_a_failure_shows_genesys_reason_and_mentions_the_agent(
    product: Product, ada: Agent
) -> None:
    ada.sends("amir@example.com")
    ada.reads("  Customer is offline.")
    message_id = wait_until(lambda: _message_id(product, "Amir Haddad"), "the message")
    product.post(
        f"/control/genesys/messages/{message_id}/fail", code="MessageExpired", message="Too old"
    )
    line = wait_until(lambda: _line(ada, "Not delivered."), "the failure", PATIENCE)
    assert "U0ADA" in str(line["pings"])
    assert "MessageExpired" in all_text(line["blocks"])  # and the code is nowhere else
    card = all_text(ada.reads("❌ Not delivered")["blocks"])
    assert "Too old" in card and "MessageExpired" not in card
    wait_for_outcome(ada, "Not delivered")


def _line(agent: Agent, sentence: str) -> dict[str, object] | None:
    return next((m for m in agent.messages() if sentence in all_text(m["blocks"] or [])), None)


def _message_id(product: Product, name: str) -> str:
    return str(
        next(
            (
                message["id"]
                for conversation in product.customer(name)["conversations"]
                for message in conversation["messages"]
                if CANARY in message["text"]
            ),
            "",
        )
    )


def test_a_refusal_is_posted_in_the_outcomes_channel(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Hello?")
    ada.presses_send()
    ada.reads("⛔ Not sent")
    wait_for_outcome(ada, "Not sent")


@pytest.mark.slow
def test_many_followed_messages_share_their_queries(product: Product, ada: Agent) -> None:
    product.post("/control/genesys/customers", count=20, prefix="bulk")
    product.delete("/control/genesys/calls")
    for number in range(1, 21):
        ada.opens(f"bulk-{number:04}@example.com {TEXT}")
        assert ada.presses_send()["result"] == "closed"
    wait_until(lambda: len(product.sends()) == 20 or None, "the sends", PATIENCE)
    wait_until(lambda: _count_followed(ada) >= 20 or None, "twenty messages to be followed", 60)
    queries = product.calls("genesys", "details/query")
    shared = [call for call in queries if len(_contacts(call)) > 1]
    assert shared, "no query was shared"


def _count_followed(agent: Agent) -> int:
    cards = [m for m in agent.messages() if m["thread_ts"] is None and m["is_bot"]]
    return sum(
        "Customer is offline" in all_text(m["blocks"]) or "Deliv" in all_text(m["blocks"])
        for m in cards
    )


def _contacts(call: dict[str, object]) -> set[str]:
    found: set[str] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if value.get("dimension") == "externalContactId":
                found.add(str(value.get("value")))
            for part in value.values():
                walk(part)
        elif isinstance(value, list):
            for part in value:
                walk(part)

    walk(call["body"])
    return found


@pytest.mark.slow
def test_a_message_is_still_followed_after_a_kill(new_product: Callable[..., Product]) -> None:
    product = new_product()
    ada = product.agent()
    ada.sends("amir@example.com")
    ada.reads("  Customer is offline.")
    product.kill()
    amir = product.customer("Amir Haddad")
    product.post(f"/customers/{amir['id']}/answer", text="I am back")
    product.start()
    wait_until(lambda: _says(ada, "The customer replied."), "the reply", 60)
