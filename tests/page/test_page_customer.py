"""The customer's side: what arrives, being away, answering."""

from __future__ import annotations

import base64
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from sandbox.server import Sandbox

from .conftest import ask, become, choose_customer, open_without_proxy

Send = Callable[[str, str], None]


@pytest.fixture
def send(sandbox: Sandbox) -> Send:
    """Send a message as the bot does: token, lookup, agentless send."""

    def send_it(address: str, text: str) -> None:
        genesys = sandbox.local_genesys
        keys = base64.b64encode(f"{genesys.client_id}:{genesys.client_secret}".encode()).decode()
        form = urllib.parse.urlencode({"grant_type": "client_credentials"}).encode()
        token = open_without_proxy(
            f"{sandbox.genesys_url}/oauth/token",
            form,
            {"Authorization": f"Basic {keys}", "Content-Type": "application/x-www-form-urlencoded"},
        )["access_token"]
        api, bearer = f"{sandbox.genesys_url}/api/v2", {"Authorization": f"Bearer {token}"}
        lookup = {"type": "Email", "value": address}
        found = ask(f"{api}/externalcontacts/identifierlookup/contacts", lookup, **bearer)
        body = {
            "fromAddress": genesys.deployment_id,
            "toAddressMessengerType": "webmessaging",
            "externalContactId": found["id"],
            "textBody": text,
        }
        ask(f"{api}/conversations/messages/agentless", body, **bearer)

    return send_it


def bubble(page: Page, text: str) -> Locator:
    return page.locator(".bubble").filter(has_text=text)


def test_each_customer_has_a_story_and_says_what_to_expect(page: Page) -> None:
    page.locator(".picker-button").click()
    customers = page.get_by_role("listbox", name="Customers").get_by_role("option")
    assert customers.count() >= 8
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".picker-button")).to_contain_text("amir@example.com")
    expect(page.locator(".story")).to_contain_text("What to expect:")


def test_a_message_reaches_a_customer_who_is_on_the_page(page: Page, send: Send) -> None:
    send("jane@example.com", "Your order is ready")
    expect(bubble(page, "Your order is ready")).to_contain_text("Read")


def test_new_messages_for_other_customers_say_for_whom_they_are(page: Page, send: Send) -> None:
    for text in ("It is back in stock", "Now also in blue"):
        send("amir@example.com", text)
    news = page.get_by_role("group", name="New messages for other customers")
    news.get_by_role("button", name="2 new for Amir").click()
    expect(page.locator(".picker-button")).to_contain_text("amir@example.com")
    expect(bubble(page, "Now also in blue")).to_be_visible()
    expect(news).to_have_count(0)


def test_a_message_waits_for_a_customer_who_is_away(page: Page, send: Send) -> None:
    choose_customer(page, "amir@example.com")
    expect(page.get_by_role("switch")).to_have_accessible_name("Away")
    expect(page.get_by_label("Answer as the customer")).to_be_disabled()
    send("amir@example.com", "It is back in stock")
    expect(bubble(page, "It is back in stock")).to_contain_text("Waiting, the customer is away")
    expect(page.locator(".widget-state")).to_have_text("Away. 1 message waits")
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_accessible_name("On the page")
    expect(bubble(page, "It is back in stock")).to_contain_text("Read")
    expect(page.get_by_role("switch")).to_be_focused()


def test_the_customer_can_answer_and_end_the_chat(page: Page) -> None:
    box = page.get_by_label("Answer as the customer")
    box.fill("Thank you! <b>*yes*</b>")
    box.press("Enter")
    expect(bubble(page, "Thank you! <b>*yes*</b>")).to_have_class("bubble bubble-customer")
    expect(box).to_have_value("")
    page.get_by_role("button", name="End chat").click()
    expect(page.locator(".stream-line").last).to_have_text("Chat ended")


def test_a_hostile_name_is_shown_letter_by_letter(page: Page) -> None:
    choose_customer(page, "hostile@example.com")
    expect(page.locator(".picker-button strong")).to_contain_text("<!channel>")
    expect(page.locator(".picker-button strong")).to_contain_text("<script>")
    expect(bubble(page, "<script>")).to_be_visible()


def test_an_address_goes_into_the_command_with_one_click(page: Page) -> None:
    choose_customer(page, "nils@example.com")
    page.get_by_role("button", name="Use this address in Slack").click()
    box = page.locator(".channel .composer-text")
    expect(box).to_have_value("/proactive nils@example.com ")
    expect(box).to_be_focused()


def test_the_customer_stays_the_same_when_the_agent_changes(page: Page) -> None:
    choose_customer(page, "nils@example.com")
    become(page, "Leo Rossi (lead)")
    expect(page.locator(".picker-button")).to_contain_text("nils@example.com")
