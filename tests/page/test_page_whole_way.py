"""The whole product as a newcomer uses it: the real bot, the page, and a real browser.

If SCREENSHOT names a file, the test takes a screenshot of the page (``make screenshot``).
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.product.conftest import Product

from .conftest import watch


def test_a_newcomer_sends_a_message_and_reads_the_customers_answer(
    browser: Browser, tmp_path: Path
) -> None:
    product = Product(tmp_path)
    try:
        product.start()
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        complaints = watch(page)
        page.goto(product.sandbox.page_url)
        composer = page.get_by_role("textbox", name="Message #support")
        composer.fill("/proactive jane@example.com Your order is ready")
        composer.press("Enter")
        expect(page.get_by_text("Ready to send")).to_be_visible(timeout=15_000)
        page.get_by_role("button", name="Send", exact=True).last.click()
        expect(page.get_by_text("✅").first).to_be_visible(timeout=20_000)  # on the card
        answer = page.get_by_role("textbox", name="Answer as the customer")
        answer.fill("Thank you, I am on my way!")
        answer.press("Enter")
        expect(page.get_by_text("Customer replied").first).to_be_visible(timeout=40_000)
        page.get_by_text("replies").first.click()
        expect(page.get_by_text("Open in Genesys Cloud")).to_be_visible(timeout=10_000)
        if os.environ.get("SCREENSHOT"):
            page.screenshot(path=os.environ["SCREENSHOT"])
        page.close()
        assert complaints == []
    finally:
        product.close()


def test_what_the_switch_away_promises_is_what_the_form_and_the_card_say(
    browser: Browser, tmp_path: Path
) -> None:
    product = Product(tmp_path)
    try:
        product.start()
        page = browser.new_page(viewport={"width": 1400, "height": 860})
        page.set_default_timeout(20_000)
        complaints = watch(page)
        page.goto(product.sandbox.page_url)
        page.get_by_role("button", name="Make things go wrong").click()
        away = page.get_by_role("switch", name="Genesys Cloud: Away (503)")
        away.click()
        stages = page.locator(".fault", has=away).locator(".stages p").all_text_contents()
        before, waiting, after = (re.findall("“(.+?)”", stage) for stage in stages)
        assert (len(before), len(waiting), len(after)) == (1, 3, 0)
        composer = page.get_by_role("textbox", name="Message #support")
        composer.fill("/proactive jane@example.com Your order is ready")
        composer.press("Enter")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(before[0], timeout=30_000)
        dialog.get_by_role("button", name="Send", exact=True).click()
        card = page.locator(".channel .message:has(.block)").last
        for words in waiting:
            expect(card).to_contain_text(words, timeout=30_000)
        arrived = page.locator(".bubble", has_text="Your order is ready")
        expect(arrived).to_have_count(0)
        away.click()
        expect(arrived).to_have_count(1, timeout=60_000)
        assert len(product.sends()) == 1
        page.close()
        assert complaints == []
    finally:
        product.close()
