"""How many calls of Genesys Cloud a notification takes, and what that economy must not cost."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from .conftest import CANARY, Agent, Json, Product, wait_for, words_of

TEXT = f"{CANARY}: your order is ready"
LOOKUP, HISTORY, SEND = "identifierlookup", "details/query", "agentless"


@pytest.fixture
def stranger(product: Product, request: pytest.FixtureRequest) -> str:
    """The address of a customer whom the bot, which outlives a test, has not met."""
    prefix = f"economy{sum(map(ord, request.node.name))}"
    answer = product.post("/control/genesys/customers", count=1, prefix=prefix)
    return str(answer["emails"][0])


def asked_until_sent(product: Product, stranger: str, text: str = TEXT) -> list[str]:
    """Wait for the send of this text; name the calls about its customer until then, in order."""

    def look() -> Json | None:
        return next((send for send in product.sends() if send["body"]["textBody"] == text), None)

    send = wait_for(look, "the send")
    names = (stranger, send["body"]["externalContactId"])
    calls = product.calls("genesys", "/api/")
    return [
        name
        for call in calls[: calls.index(send) + 1]
        for name in (LOOKUP, HISTORY, SEND)
        if name in call["path"]
        and any(one in str(call["body"]) for one in names)
        and call["status"] != 401  # the stand-in, begun anew for this test, knows no older token
        and not is_of_the_watch(call)
    ]


def is_of_the_watch(call: Json) -> bool:
    """Tell whether it follows an earlier message: that one is of today, a history is longer."""
    if HISTORY not in call["path"]:
        return False
    start, end = map(datetime.fromisoformat, call["body"]["interval"].split("/"))
    return end - start < timedelta(days=2)


def test_of_somebody_unknown_three_things_are_asked(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.types("")  # the modal knows no customer, so nothing is looked up before Send
    ada.sees("press Enter")
    assert ada.presses_send(customer=stranger, message=TEXT)["result"] == "closed"
    assert asked_until_sent(product, stranger) == [LOOKUP, HISTORY, SEND]


def test_what_the_modal_has_just_asked_is_not_asked_again(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.opens(f"{stranger} {TEXT}")
    product.delete("/control/genesys/calls")
    assert ada.presses_send()["result"] == "closed"
    assert asked_until_sent(product, stranger) == [SEND]
    with product.sqlite() as database:
        newest = "SELECT checked_at, created_at FROM requests ORDER BY created_at DESC LIMIT 1"
        checked_at, created_at = database.execute(newest).fetchone()
    assert checked_at < created_at  # it counts from when the modal asked, not from its use


def test_who_a_repeat_customer_is_is_not_asked_again(
    product: Product, ada: Agent, stranger: str
) -> None:
    ada.sends(stranger)
    asked_until_sent(product, stranger)
    product.delete("/control/genesys/calls")
    again = f"{TEXT} again"
    ada.types("")
    ada.sees("press Enter")
    assert ada.presses_send(customer=stranger, message=again)["result"] == "closed"
    assert asked_until_sent(product, stranger, again) == [HISTORY, SEND]


def test_a_second_message_is_not_judged_by_what_was_true_before_the_first(
    product: Product, ada: Agent, stranger: str
) -> None:
    leo = product.agent(user="U0LEO")
    leo.opens(f"{stranger} {TEXT} (Leo)")  # both see a customer who may be written to
    ada.opens(f"{stranger} {TEXT} (Ada)")
    assert ada.presses_send()["result"] == "closed"
    asked_until_sent(product, stranger, f"{TEXT} (Ada)")
    customer = customer_of(product, stranger)
    product.post(f"/customers/{customer['id']}/answer", text="Thanks!")
    product.delete("/control/genesys/calls")
    assert leo.presses_send()["result"] == "closed"
    leo.reads("A conversation with this customer is open now")
    assert not product.sends()  # it was refused by a look of its own, not by Genesys's refusal


def test_a_conversation_that_opened_after_the_modals_look_is_told_as_the_reason(
    product: Product, ada: Agent, stranger: str
) -> None:
    """No message of ours outdates the look; Genesys refuses, and then it is looked again."""
    ada.opens(f"{stranger} {TEXT}")
    customer = customer_of(product, stranger)
    product.post(f"/customers/{customer['id']}/answer", text="Hello?")
    assert ada.presses_send()["result"] == "closed"
    card = ada.reads("Not sent")
    assert "A conversation with this customer is open now" in words_of(card["blocks"])
    assert [call["status"] for call in product.sends()] == [409]


def customer_of(product: Product, email: str) -> Json:
    customers = product.get("/customers")["customers"]
    return next(one for one in customers if one["email"] == email)
