"""Every reason not to send a message, as the agent sees it, and what they can do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.fork_server import ForkServer

from .conftest import CANARY, Agent, Json, Product, all_text

TEXT = f"{CANARY}: your order is ready"


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        ("nobody@example.com", "No contact has this"),
        ("nils@example.com", "No web chat in the last 90 days"),
        ("lena@example.com", "only chatted on a different site"),
        ("olga@example.com", "They're in a live conversation"),
    ],
)
def test_a_refusal_shows_in_the_form_and_under_its_field(
    product: Product, ada: Agent, customer: str, reason: str
) -> None:
    ada.opens(f"{customer} {TEXT}", reason)
    answer = ada.presses_send()
    assert answer["result"] == "errors"
    assert list(answer["errors"].values()) == ["Not sent. The ✗ says why."]
    assert all_text(ada.view()).count(reason) == 1
    assert not product.sends()


@pytest.mark.parametrize("customer", ["jane@example.com", "amir@example.com", "mia@example.com"])
def test_customers_with_a_history_can_be_messaged(
    product: Product, ada: Agent, customer: str
) -> None:
    ada.sends(customer, TEXT)
    ada.reads("  Sent.")
    assert len(product.sends()) == 1


def test_old_history_is_found_after_newer_periods_are_searched(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"old@example.com {TEXT}")
    assert len(product.calls("genesys", "details/query")) == 3


def test_a_customer_whose_guest_session_has_expired_can_be_messaged_after_a_warning(
    product: Product, ada: Agent
) -> None:
    shown = all_text(ada.opens(f"old@example.com {TEXT}", "chat session probably expired"))
    assert "⚠" in shown and "Ready to send" in shown
    ada.presses_send()
    ada.reads("  Sent.")


def test_a_customer_found_only_by_contact_details_is_found(product: Product, ada: Agent) -> None:
    assert "Wendy" in all_text(ada.opens(f"wendy@example.com {TEXT}"))


def test_a_message_goes_into_an_open_conversation_only_if_the_agent_chooses_it(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"olga@example.com {TEXT}", "They're in a live conversation")
    ada.changes("open_conversation", "write")
    ada.sees("Ready to send")
    assert ada.presses_send(open_conversation="write")["result"] == "closed"
    ada.reads("  Sent.")
    (send,) = product.sends()
    assert send["body"]["useExistingActiveConversation"] is True


def test_a_choice_made_for_one_customer_does_not_count_for_another(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"olga@example.com {TEXT}", "They're in a live conversation")
    values = ada.fills(open_conversation="write", customer="jane@example.com")
    view = ada.view()
    assert view is not None
    answer = product.post(f"/people/views/{view['id']}/submit", user=ada.user, values=values)
    assert answer["result"] == "closed"
    ada.reads("  Sent.")
    (send,) = product.sends()
    assert send["body"]["useExistingActiveConversation"] is False


def _contact(view: Json, name: str) -> str:
    """Return the id of the contact with this name among those to choose from."""
    inputs = (one["element"] for one in view["blocks"] if one["type"] == "input")
    options = next(one["options"] for one in inputs if one["action_id"] == "candidate")
    return str(next(one["value"] for one in options if name in one["text"]["text"]))


def test_the_agent_can_pick_and_message_one_of_several_contacts(
    product: Product, ada: Agent
) -> None:
    view = ada.opens(f"pat@example.com {TEXT}", "contacts share this email address")
    bakery = _contact(view, "Novak")
    ada.changes("candidate", bakery)
    ada.sees("Ready to send")
    assert ada.presses_send(candidate=bakery)["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Pat Novak") == [TEXT]


def test_nothing_is_sent_before_one_of_several_contacts_is_picked(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"pat@example.com {TEXT}", "contacts share this email address")
    assert ada.presses_send()["result"] == "errors"
    assert not product.sends()


def test_each_of_several_contacts_says_when_they_last_chatted(ada: Agent) -> None:
    view = ada.opens(f"pat@example.com {TEXT}", "contacts share this email address")
    inputs = (one["element"] for one in view["blocks"] if one["type"] == "input")
    options = next(one["options"] for one in inputs if one["action_id"] == "candidate")
    said = {one["text"]["text"]: one["description"]["text"] for one in options}
    assert re.fullmatch(r"Novak Bakery · last chat \d days ago", said["Pat Novak"])
    assert said["Pat Moreau"] == "Moreau Garage · no chat in 31 days"


def test_each_of_several_contacts_has_its_own_verdict(product: Product, ada: Agent) -> None:
    view = ada.opens(f"pat@example.com {TEXT}", "contacts share this email address")
    garage = _contact(view, "Moreau")
    ada.changes("candidate", garage)
    ada.sees("No web chat in the last 90 days")
    assert not product.sends()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("jane@example", "isn't a complete email address"),
        ("jane@@example.com", "isn't a complete email address"),
        ("020 7946 0018", "the country code"),
        ("+44 20 7946 00", "Check the digits"),
        ("hello", "isn't an email or phone number"),
    ],
)
def test_a_bad_address_is_refused_under_its_field_without_a_call_to_genesys(
    product: Product, ada: Agent, typed: str, sentence: str
) -> None:
    ada.types("")
    ada.sees("Enter an email")
    answer = ada.presses_send(customer=typed, message=TEXT)
    assert sentence in answer["errors"]["customer"]
    ada.changes("customer", typed)
    ada.sees(sentence)
    assert not product.calls("genesys", "identifierlookup")


@pytest.mark.parametrize(
    "pasted",
    [
        "+44\u201120\u20117946\u20110018",
        "tel:+44-20-7946-0018",
        "0044 20 7946 0018",
        "Jane Doe <jane@example.com>",
        "<mailto:jane@example.com>",
        "📞 Jane Doe: +44 20 7946 0018",
    ],
)
def test_a_pasted_address_is_the_customer_and_never_reaches_another_one(
    product: Product, ada: Agent, pasted: str
) -> None:
    ada.opens(f"{pasted} {TEXT}")
    assert ada.presses_send(customer="amir@example.com")["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Amir Haddad") == [TEXT]


def test_the_form_warns_of_an_address_in_the_message_whoever_the_customer_is(ada: Agent) -> None:
    warning = "⚠ The text includes jane@example.com. Remove it"
    assert warning in str(ada.opens(f"Jane Doe jane@example.com {TEXT}", "Enter an email"))
    ada.changes("customer", "amir@example.com")
    assert warning in str(ada.sees("Ready to send"))


@pytest.mark.parametrize(
    "typed", ["+1 764 234 5678", "+52 1 55 1234 5678", "+44 7911 123456 (mobile)"]
)
def test_whether_a_possible_number_exists_is_for_genesys_cloud_to_say(
    product: Product, ada: Agent, typed: str
) -> None:
    ada.opens(f"{typed} {TEXT}", "No contact has this")
    e164 = "+" + "".join(filter(str.isdigit, typed))
    asked = [call["body"]["value"] for call in product.calls("genesys", "identifierlookup")]
    assert set(asked) == {e164}


@pytest.mark.parametrize(
    ("length", "passes"), [(1, True), (2_000, True), (2_001, False), (3_000, False)]
)
def test_a_message_has_one_to_two_thousand_characters(
    product: Product, ada: Agent, length: int, passes: bool
) -> None:
    ada.opens("jane@example.com")
    answer = ada.presses_send(message=(CANARY + "x" * length)[:length])
    assert answer["result"] == ("closed" if passes else "errors")
    if not passes:
        over = {2_001: "1 character", 3_000: "1,000 characters"}[length]
        assert answer["errors"] == {"message": f"{over} over the 2,000 limit."}


def test_a_blank_message_is_refused(product: Product, ada: Agent) -> None:
    ada.opens("jane@example.com")
    answer = ada.presses_send(message=" \n ")
    assert answer["errors"] == {"message": "Type a message."}


@pytest.fixture
def start_with(tmp_path: Path, fork_server: ForkServer) -> Iterator[Callable[..., Product]]:
    """Return a function that starts a bot after these settings in Genesys.

    A bot reads the deployment when it starts.
    """
    product = Product(tmp_path, fork_server)

    def start(**genesys: object) -> Product:
        product.set_genesys(**genesys)
        product.start()
        return product

    yield start
    product.close()


@pytest.mark.parametrize(
    ("status", "words"),
    [("Inactive", "Web chat is off."), ("Error", "Web chat has an error.")],
)
def test_a_deployment_that_is_not_active_stops_the_message(
    start_with: Callable[..., Product], status: str, words: str
) -> None:
    product = start_with(deployment_status=status)
    product.agent().opens(f"jane@example.com {TEXT}", words)
    assert not product.sends()


def test_a_missing_permission_to_read_the_deployment_is_only_a_note(
    start_with: Callable[..., Product],
) -> None:
    product = start_with(missing_permissions=["webDeployments:deployment:view"])
    ada = product.agent()
    shown = all_text(ada.opens(f"jane@example.com {TEXT}"))
    assert "I can't check whether web chat is on. You can still send." in shown
    ada.presses_send()
    ada.reads("  Sent.")
    assert "lacks webDeployments:deployment:view." in (product.folder / "bot.log").read_text()


def test_a_missing_permission_is_named_in_the_log_with_where_to_grant_it(
    product: Product, ada: Agent
) -> None:
    product.set_genesys(missing_permissions=["externalContacts:contact:view"])
    stranger = "hostile@example.com"  # no other test here looks this one up
    shown = all_text(ada.opens(f"{stranger} {TEXT}", "Can't be sent"))
    assert "Ask your admin to check my permissions there." in shown
    log = (product.folder / "bot.log").read_text()
    assert "lacks externalContacts:contact:view. Add the permission to a role under Admin" in log
    assert not product.sends()


def test_a_conversation_that_opened_after_the_form_stops_the_message(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Hello?")  # opens a conversation
    assert ada.presses_send()["result"] == "closed"
    ada.reads("They're in a live conversation")
    assert product.inbox("Jane Doe") == []


def test_a_refused_request_can_be_opened_again_with_its_text(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Hello?")
    ada.presses_send()
    ada.reads("Not sent")
    ada.clicks("Edit and resend")
    view = ada.sees("They're in a live conversation")
    assert TEXT in str(view["blocks"])
