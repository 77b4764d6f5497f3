"""How many Genesys Cloud calls a notification takes, and that saving calls causes no wrong send."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from .conftest import CANARY, Agent, Json, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"
LOOKUP, HISTORY, SEND = "identifierlookup", "details/query", "agentless"


@pytest.fixture
def stranger(product: Product, request: pytest.FixtureRequest) -> str:
    """Return the address of a customer that the bot hasn't looked up in an earlier test."""
    prefix = f"stranger{sum(map(ord, request.node.name))}"
    answer = product.post("/control/genesys/customers", count=1, prefix=prefix)
    return str(answer["emails"][0])


def calls_until_sent(product: Product, stranger: str, text: str = TEXT) -> list[str]:
    """Wait until this text is sent; name the calls about its customer up to then, in order."""

    def look() -> Json | None:
        return next((send for send in product.sends() if send["body"]["textBody"] == text), None)

    send = wait_until(look, "the send")
    names = (stranger, send["body"]["externalContactId"])
    calls = product.calls("genesys", "/api/")
    return [
        name
        for call in calls[: calls.index(send) + 1]
        for name in (LOOKUP, HISTORY, SEND)
        if name in call["path"]
        and any(one in str(call["body"]) for one in names)
        and call["status"] != 401  # the stand-in was reset, so it doesn't know the bot's old token
        and not follows_outcomes(call)
    ]


def follows_outcomes(call: Json) -> bool:
    """Return whether a query follows an earlier message; it covers less time than a lookup."""
    if HISTORY not in call["path"]:
        return False
    start, end = map(datetime.fromisoformat, call["body"]["interval"].split("/"))
    return end - start < timedelta(days=2)


def test_a_message_to_an_unknown_customer_takes_three_calls(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.types("")  # an empty form, so nothing is looked up before Send
    ada.sees("Enter an email or phone number")
    assert ada.presses_send(customer=stranger, message=TEXT)["result"] == "closed"
    assert calls_until_sent(product, stranger) == [LOOKUP, HISTORY, SEND]


def test_what_the_form_has_just_looked_up_is_not_looked_up_again(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.opens(f"{stranger} {TEXT}")
    product.delete("/control/genesys/calls")
    assert ada.presses_send()["result"] == "closed"
    assert calls_until_sent(product, stranger) == [SEND]
    with product.sqlite() as database:
        newest = "SELECT checked_at, created_at FROM requests ORDER BY created_at DESC LIMIT 1"
        checked_at, created_at = database.execute(newest).fetchone()
    assert checked_at < created_at  # its age counts from the form's lookup, not from Send


def test_a_known_customer_is_not_identified_again(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.sends(stranger)
    calls_until_sent(product, stranger)
    product.delete("/control/genesys/calls")
    again = f"{TEXT} again"
    ada.types("")
    ada.sees("Enter an email or phone number")
    assert ada.presses_send(customer=stranger, message=again)["result"] == "closed"
    assert calls_until_sent(product, stranger, again) == [HISTORY, SEND]


def test_a_second_message_is_not_allowed_by_a_lookup_from_before_the_first(
    product: Product, ada: Agent, stranger: str
) -> None:
    leo = product.agent(user="U0LEO")
    leo.opens(f"{stranger} {TEXT} (Leo)")  # both forms say that the customer can be messaged
    ada.opens(f"{stranger} {TEXT} (Ada)")
    assert ada.presses_send()["result"] == "closed"
    calls_until_sent(product, stranger, f"{TEXT} (Ada)")
    customer = customer_of(product, stranger)
    product.post(f"/customers/{customer['id']}/answer", text="Thanks!")
    product.delete("/control/genesys/calls")
    assert leo.presses_send()["result"] == "closed"
    leo.reads("They're in a live conversation. Wait, send when it ends, or send into it.")
    assert not product.sends()  # the bot's new lookup refused it, not Genesys


def test_a_conversation_that_opened_after_the_lookup_is_given_as_the_reason(
    product: Product, ada: Agent, stranger: str
) -> None:
    """The bot still trusts the form's lookup, so Genesys refuses, and then the bot looks again."""
    ada.opens(f"{stranger} {TEXT}")
    customer = customer_of(product, stranger)
    product.post(f"/customers/{customer['id']}/answer", text="Hello?")
    assert ada.presses_send()["result"] == "closed"
    card = ada.reads("Not sent")
    assert "Wait, send when it ends, or send into it." in all_text(card["blocks"])
    assert [call["status"] for call in product.sends()] == [409]


def customer_of(product: Product, email: str) -> Json:
    customers = product.get("/customers")["customers"]
    return next(one for one in customers if one["email"] == email)
