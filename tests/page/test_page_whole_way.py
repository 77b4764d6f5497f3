"""The whole product as a newcomer uses it: the real bot, the page, and a real browser.

If SCREENSHOT names a file, the test takes a screenshot of the page (``make screenshot``).
"""

from __future__ import annotations

import os
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
