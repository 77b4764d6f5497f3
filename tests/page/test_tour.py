"""The day of an agent and a lead, in the real product, as docs/tour.md tells it.

It takes the tour's screenshots. So it runs only if TOUR names the folder for them (``make tour``).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.product.conftest import Product

from .conftest import ask, watch

TOUR = os.environ.get("TOUR", "")
SOON = 20_000
SEND = "POST /api/v2/conversations/messages/agentless"
RULES = Path(__file__).parents[2] / "sandbox" / "rules.toml"

pytestmark = pytest.mark.skipif(not TOUR, reason="takes the tour's screenshots: make tour")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    running = Product(tmp_path, PROACTIVE_RULES=str(RULES))
    running.start()
    yield running
    running.close()


@pytest.fixture
def page(browser: Browser, product: Product) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 760}, locale="en-GB")
    opened.set_default_timeout(SOON)
    complaints = watch(opened)
    opened.goto(product.sandbox.page_url)
    opened.get_by_role("button", name="Hide the guide").click()
    yield opened
    opened.close()
    assert complaints == []


def shoot(page: Page, name: str, place: str = "#slack") -> None:
    page.mouse.move(0, 0)
    expect(page.locator(".busy")).to_have_count(0, timeout=SOON)
    page.locator(place).screenshot(path=str(Path(TOUR) / f"{name}.png"), animations="disabled")


def command(page: Page, text: str, verdict: str = "Ready to send") -> Locator:
    """Run the command with a text; return the form, once it says what it thinks of it."""
    page.get_by_role("button", name="support", exact=True).click()
    box = page.get_by_role("textbox", name="Message #support")
    box.fill(f"/proactive {text}")
    box.press("Enter")
    form = page.get_by_role("dialog")
    expect(form).to_contain_text(verdict, timeout=SOON)
    return form


def send(form: Locator) -> Locator:
    """Send the form; return the card."""
    page = form.page
    before = page.locator(".channel .message:has(.block)").count()
    form.get_by_role("button", name="Send", exact=True).click()
    expect(form).to_have_count(0, timeout=SOON)
    cards = page.locator(".channel .message:has(.block)")
    expect(cards).not_to_have_count(before, timeout=SOON)
    return cards.last


def test_the_day_of_an_agent_and_a_lead_goes_as_the_tour_tells_it(
    page: Page, product: Product
) -> None:
    send_and_read_the_reply(page)
    plan_with_a_template(page)
    meet_the_unknown(page, product)
    see_what_needs_attention(page)
    approve_as_the_lead(page)


def send_and_read_the_reply(page: Page) -> None:
    form = command(page, "jane@example.com Your order is ready")
    shoot(page, "message")
    card = send(form)
    expect(card).to_contain_text("Read", timeout=SOON)
    answer = page.get_by_label("Answer as the customer")
    answer.fill("Thank you, I am on my way!")
    answer.press("Enter")
    expect(card).to_contain_text("replied", timeout=2 * SOON)
    card.get_by_role("button", name="replies").click()
    expect(page.locator(".thread")).to_contain_text("on my way", timeout=SOON)
    shoot(page, "reply", "main")
    page.get_by_role("button", name="Close thread").click()


def plan_with_a_template(page: Page) -> None:
    form = command(page, "amir@example.com")
    template = form.get_by_role("combobox", name="Template")
    template.press_sequentially("del")
    options = form.get_by_role("listbox").get_by_role("option")
    expect(options).to_have_text(["Delayed"], timeout=SOON)
    options.click()
    order = form.get_by_label("ORDER")
    order.fill("1207")
    order.press("Enter")
    expect(form.get_by_text("your order 1207 is late").last).to_be_visible(timeout=SOON)
    form.locator(".block-input:has(.combo)").evaluate("(block) => block.scrollIntoView()")
    shoot(page, "template")
    later = form.locator(".block-input", has_text="Send later")
    later.get_by_label("Date", exact=True).fill((date.today() + timedelta(days=1)).isoformat())
    later.get_by_label("Time", exact=True).fill("09:30")
    expect(send(form)).to_contain_text("Scheduled", timeout=SOON)
    shoot(page, "planned")


def meet_the_unknown(page: Page, product: Product) -> None:
    fault = {"where": SEND, "kind": "cut_before", "times": 1}
    ask(f"{product.sandbox.page_url}control/genesys/faults", fault)
    card = send(command(page, "tara@example.com Your parcel is back"))
    expect(card).to_contain_text("Uncertain", timeout=2 * SOON)
    shoot(page, "uncertain")


def see_what_needs_attention(page: Page) -> None:
    text = "amir@example.com Please pay here: https://pay.example.net/7"
    form = command(page, text, "Needs approval")
    expect(send(form)).to_contain_text("Waiting for approval", timeout=SOON)
    page.locator(".rooms").get_by_role("button", name="proactive").click()
    page.get_by_role("tab", name="Home").click()
    home = page.get_by_role("tabpanel", name="Home")
    expect(home).to_contain_text("Tara", timeout=SOON)
    shoot(page, "home")


def approve_as_the_lead(page: Page) -> None:
    home = page.get_by_role("tabpanel", name="Home")
    page.get_by_role("button", name="Become Leo (lead)").click()
    home.get_by_role("button", name="Show team").click()
    expect(home).to_contain_text("Team messages", timeout=SOON)
    shoot(page, "team")
    page.get_by_role("button", name="support", exact=True).click()
    shoot(page, "approve")
    card = page.locator(".channel .message:has(.block)").last
    card.get_by_role("button", name="Approve").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Approve").click()
    expect(card).to_contain_text("Customer is offline", timeout=2 * SOON)
