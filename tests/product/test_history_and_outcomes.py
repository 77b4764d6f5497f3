"""What leads choose for outcomes, the digest, and what the customer's side does to a message."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import CANARY, GENERAL, OUTCOMES, Agent, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"
ANSWER = "Thank you, *Ada*! <https://example.com>"
WEEK = 7 * 24 * 3600.0


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
    leo.reads("Too old", OUTCOMES)
    leo.types("outcomes off all")
    leo.reads("Outcomes are no longer posted")


def test_outcomes_of_one_channel_are_posted_there_and_all_others_where_they_were(
    new_product: Callable[..., Product],
) -> None:
    product = new_product()
    there, elsewhere = product.agent(channel=GENERAL), product.agent()
    leo = product.agent("U0LEO", GENERAL)
    leo.types("outcomes here")
    leo.reads("Leo Rossi chose this channel")
    for agent, address, name in (
        (there, "jane@example.com", "Jane Doe"),
        (elsewhere, "wendy@example.com", "Wendy Okafor"),
    ):
        agent.sends(address)
        agent.reads("✅ Delivered")
        product.post(f"/customers/{product.customer(name)['id']}/answer", text="Thank you")
    wait_until(lambda: outcomes_in(leo, GENERAL), "the outcome in the chosen channel")
    wait_until(lambda: outcomes_in(leo, OUTCOMES), "the outcome of the other message")
    [chosen], [default] = outcomes_in(leo, GENERAL), outcomes_in(leo, OUTCOMES)
    assert "Jane Doe" in chosen and "Customer replied" in chosen
    assert "Wendy Okafor" in default and "Customer replied" in default


def outcomes_in(agent: Agent, channel: str) -> list[str]:
    """List the outcomes in a channel, each of which links a thread."""
    said = (all_text(one["blocks"] or []) for one in agent.messages(channel))
    return [text for text in said if text.endswith("Thread")]


def leave(product: Product) -> None:
    """Let the message to Jane fail."""

    def find() -> str:
        messages = [
            message
            for conversation in product.customer("Jane Doe")["conversations"]
            for message in conversation["messages"]
        ]
        return next((str(one["id"]) for one in messages if CANARY in one["text"]), "")

    message_id = wait_until(find, "the message")
    product.post(
        f"/control/genesys/messages/{message_id}/fail", code="MessageExpired", message="Too old"
    )


def test_two_starts_post_one_digest(new_product: Callable[..., Product], tmp_path: Path) -> None:
    """The first one died after Slack had taken it, and before that was stored."""
    file = tmp_path / "rules.toml"
    file.write_text('[digest]\nevery = "day"\nat = "00:00"\n')
    product = new_product(PROACTIVE_RULES=str(file), PROACTIVE_OUTCOMES_CHANNEL=OUTCOMES)
    leo = product.agent("U0LEO")
    post = leo.reads("still open", OUTCOMES)
    assert "Sent " in all_text(post["blocks"])
    wait_until(lambda: noted_digests(product) == [post["ts"]], "the digest is stored as posted")
    product.stop()
    with product.sqlite() as database:
        database.execute("UPDATE digests SET ts = ''")
    product.start()
    wait_until(lambda: noted_digests(product) == [post["ts"]], "the other start finds the digest")
    digests = [one for one in leo.messages(OUTCOMES) if "still open" in one["text"]]
    assert len(digests) == 1


def noted_digests(product: Product) -> list[str]:
    """List which messages the bot knows to be digests."""
    with product.sqlite() as database:
        return [ts for (ts,) in database.execute("SELECT ts FROM digests")]


def test_a_weekly_digest_has_the_figures_of_the_seven_days_before_its_day(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[digest]\nevery = "week"\nat = "00:00"\n')  # on Mondays
    product = new_product(PROACTIVE_RULES=str(file), PROACTIVE_OUTCOMES_CHANNEL="")
    leo = product.agent("U0LEO")
    leo.sends("jane@example.com")
    leo.reads("✅ Delivered")
    with product.sqlite() as database:  # it went out on the same day of last week
        database.execute("UPDATE requests SET sending_at = sending_at - ?", (WEEK,))
    leo.channel = OUTCOMES
    leo.types("outcomes here all")
    post = leo.reads("still open")
    assert re.match(r"Messages from Mon, .+ to Sun, .+: 1 sent, 1 delivered, ", post["text"])
    assert "Audit log: " in all_text(post["blocks"])


def test_the_form_shows_who_sent_this_customer_what_and_what_became_of_it(
    product: Product, ada: Agent
) -> None:
    ben = product.agent("U0BEN")
    answer = product.post("/control/genesys/customers", count=1, prefix="earlier")
    [address] = answer["emails"]  # nobody messages them in another test
    ben.sends(address)
    card = ben.reads("✅ Delivered")
    ada.types(address)
    view = ada.sees("Messages to them so far")
    evidence = next(block for block in view["blocks"] if block["block_id"] == "evidence")
    _date, who, state, _space, link = evidence["elements"][-1]["elements"]
    assert (who["text"], link["text"]) == (" · Ben Okafor", "The card")
    assert state["text"] == " · ✅ Delivered"
    assert link["url"].endswith(f"p{card['ts'].replace('.', '')}")
    assert CANARY not in str(view["blocks"])


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


def test_a_reply_stays_in_genesys_cloud_if_the_rules_say_so(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[privacy]\nshow_replies = false\n")
    product = new_product(PROACTIVE_RULES=str(file))
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("✅ Delivered")
    product.post(f"/customers/{product.customer('Jane Doe')['id']}/answer", text=ANSWER)
    line = ada.reads("The customer replied.")
    assert "Open in Genesys Cloud" in all_text(line["blocks"])
    ada.reads("💬 Customer replied")
    assert ANSWER not in str(ada.messages()) + str(ada.messages(OUTCOMES))
    with product.sqlite() as database:
        [(said,)] = database.execute("SELECT said FROM history WHERE event = 'replied'").fetchall()
    assert said == ""


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
    wait_until(lambda: len(product.sends()) == 1 or None, "the send", 100)
    ada.reads("✅ Delivered")
