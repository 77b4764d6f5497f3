"""The page itself: first steps, the composer, layout, accessibility, a lost connection."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Browser, Page, expect

from sandbox.server import Sandbox

from .conftest import (
    MANIFEST,
    PATIENCE_MS,
    EchoBot,
    become,
    modal,
    open_page,
    say,
    text_input,
)

UNNAMED = """() => [...document.querySelectorAll('button, input, textarea, select, a[href]')]
  .filter((node) => node.offsetParent !== null)
  .filter((node) => !(node.getAttribute('aria-label') || node.getAttribute('aria-labelledby')
     || node.textContent.trim() || node.labels?.length))
  .map((node) => node.outerHTML)"""


def test_the_page_says_that_both_sides_are_stand_ins(page: Page) -> None:
    expect(page.get_by_role("note").first).to_contain_text("Both sides are stand-ins")
    expect(page.get_by_role("note").first).to_contain_text("Nothing leaves this machine")


def test_the_guide_shows_four_steps_and_each_stays_until_it_is_done(
    page: Page, bot: EchoBot
) -> None:
    def open_form(ack: Any, command: dict[str, Any], client: Any) -> None:
        ack()
        form = modal(text_input("message", "Message", initial_value="hello"))
        client.views_open(trigger_id=command["trigger_id"], view=form)

    bot.app.command("/proactive")(open_form)
    bot.app.view("form")(lambda ack: ack())
    guide = page.get_by_role("complementary", name="Guide")
    steps = ["Run the command", "Check and send", "See it arrive", "Try another case"]
    done = guide.locator(".guide-done .guide-title")
    expect(guide.locator(".guide-title")).to_have_text(steps)
    expect(guide).to_contain_text("/proactive jane@example.com Your order is ready")
    page.locator("#customer").get_by_role("switch").click()  # the last step's turn hasn't come
    expect(done).to_have_count(0)
    guide.get_by_role("button", name="Type it for me").click()
    page.keyboard.press("Enter")
    expect(done).to_have_text(steps[:1])
    expect(guide).to_contain_text("then press Send")  # also while the form is open
    page.reload()
    expect(done).to_have_text(steps[:1])
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(done).to_have_text(steps[:2])
    ts = bot.post("the card")
    bot.post("an event", thread_ts=ts)
    page.get_by_role("button", name="1 reply").click()
    expect(done).to_have_text(steps[:3])
    expect(guide.locator("[aria-current=step]")).to_contain_text(steps[3])
    page.locator("#customer").get_by_role("switch").click()
    expect(guide).to_be_hidden()


def test_the_keyboard_reaches_the_composer_immediately(page: Page, bot: EchoBot) -> None:
    bot.app.command("/proactive")(lambda ack: ack("Hello"))
    expect(page.locator(".channel .composer-text")).to_be_focused()
    page.keyboard.type("/proactive x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("Hello")


def test_one_click_makes_you_the_lead_and_another_brings_you_back(page: Page) -> None:
    become(page, "Ben Okafor")
    page.get_by_role("button", name="vip").click()
    page.get_by_role("button", name="Become Leo (lead)").click()
    expect(page.get_by_label("You are")).to_have_value("U0LEO")
    expect(page.locator(".channel h2")).to_have_text("#vip")
    page.get_by_role("button", name="Back to Ben").click()
    expect(page.get_by_label("You are")).to_have_value("U0BEN")


def test_each_rule_to_try_is_set_up_with_one_click(page: Page) -> None:
    page.get_by_text("Try the rules").click()
    box = page.locator(".channel .composer-text")
    tries = [
        ("As a guest", "U0GUS", "#support", "/proactive jane@example.com Your order", "Jane"),
        ("As an outsider", "U0PIA", "#acme-shared", "/proactive jane@example.com", "Jane"),
        ("In a shared channel", "U0ADA", "#acme-shared", "/proactive jane@example.com", "Jane"),
        ("The same text again", "U0ADA", "#support", "/proactive jane@example.com", "Jane"),
        ("A secret in the text", "U0ADA", "#support", "Your key is AKIA", "Jane"),
        ("A link to approve", "U0ADA", "#support", "https://pay.example.net/", "Jane"),
        ("Quiet hours", "U0ADA", "#support", "/proactive +81300000123", "Yuki"),
        ("Override a rule", "U0LEO", "#support", "/proactive +81300000123", "Yuki"),
        ("Too many messages", "U0ADA", "#support", "/proactive tara@example.com", "Tara"),
        ("Do not contact", "U0ADA", "#support", "opt-out nora@example.com asked us", "Nora"),
        ("Pause everything", "U0LEO", "#support", "/proactive pause checking the", "Nora"),
        ("Resume", "U0LEO", "#support", "/proactive resume", "Nora"),
    ]
    offered = page.locator(".tries button")
    expect(offered).to_have_text([title for title, *_ in tries])
    for title, user, channel, text, customer in tries:
        offered.filter(has_text=title).click()
        expect(page.get_by_label("You are")).to_have_value(user)
        expect(page.locator(".channel h2")).to_have_text(channel)
        expect(box).to_have_value(re.compile(re.escape(text)))
        expect(page.get_by_role("complementary", name=title)).to_be_visible()
        expect(page.locator(".picker-button")).to_contain_text(customer)
    page.get_by_role("button", name="Got it").click()
    expect(page.get_by_role("complementary", name="Resume")).to_be_hidden()


def test_a_rule_that_needs_two_people_offers_the_second_step_on_a_button(page: Page) -> None:
    page.get_by_text("Try the rules").click()
    box = page.locator(".channel .composer-text")
    for title, text in [("A link to approve", "pay"), ("Do not contact", "opt-in nora@")]:
        page.locator(".tries button").filter(has_text=title).click()
        hint = page.get_by_role("complementary", name=title)
        hint.get_by_role("button", name="Become Leo").click()
        expect(page.get_by_label("You are")).to_have_value("U0LEO")
        expect(hint).to_contain_text("You are Leo.")
        expect(hint.get_by_role("button")).to_have_text(["Got it"])
        expect(box).to_have_value(re.compile(re.escape(text)))


def test_an_outsider_sees_only_the_shared_channel_and_has_no_commands(page: Page) -> None:
    become(page, "Pia Roth (of Acme)")
    expect(page.locator(".channel h2")).to_have_text("#acme-shared")
    expect(page.locator(".rooms .room")).to_have_count(1)
    expect(page.locator(".channel .about")).to_contain_text("another organisation")
    say(page, "/proactive jane@example.com Hello")
    expect(page.locator(".notice")).to_contain_text("/proactive is not a command here.")


def test_a_slash_offers_the_commands(page: Page, bot: EchoBot) -> None:
    heard: list[dict[str, Any]] = []
    bot.app.command("/profile")(lambda ack, command: (heard.append(command), ack("seen")))
    box = page.locator(".channel .composer-text")
    box.press_sequentially("/pro")
    offers = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(offers).to_contain_text(["/proactive [who] [what]", "/profile [who]"])
    expect(offers.first).to_contain_text("Say it first")
    box.press("ArrowDown")
    box.press("Tab")
    expect(box).to_have_value("/profile ")
    expect(offers).to_have_count(0)
    box.press_sequentially("ada  lovelace")
    box.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("seen")
    assert heard[0]["text"].split() == ["ada", "lovelace"]


def test_an_unknown_command_is_kept_and_explained(page: Page) -> None:
    say(page, "/nonsense")
    expect(page.locator(".notice")).to_contain_text("/nonsense is not a command here.")
    expect(page.locator(".channel .composer-text")).to_have_value("/nonsense")


def test_a_bot_that_does_not_answer_is_explained_to_the_agent(page: Page, bot: EchoBot) -> None:
    say(page, "/proactive x")
    expect(page.get_by_role("article").last).to_contain_text("Only visible to you")


def test_shift_enter_writes_a_second_line(page: Page) -> None:
    box = page.locator(".channel .composer-text")
    box.press_sequentially("one")
    box.press("Shift+Enter")
    box.press_sequentially("two")
    box.press("Enter")
    expect(page.get_by_role("article").locator(".rich-section")).to_have_text("one\ntwo")


def test_nobody_can_write_into_an_archived_channel(page: Page) -> None:
    page.get_by_role("button", name="archive").click()
    expect(page.get_by_label("This channel is archived")).to_be_disabled()


def test_a_draft_waits_in_its_channel(page: Page) -> None:
    page.locator(".channel .composer-text").fill("half a")
    page.get_by_role("button", name="vip").click()
    expect(page.locator(".channel .composer-text")).to_have_value("")
    page.get_by_role("button", name="support", exact=True).click()
    expect(page.locator(".channel .composer-text")).to_have_value("half a")


def test_everything_that_can_be_pressed_has_a_name(page: Page, bot: EchoBot) -> None:
    ts = bot.post("a card")
    bot.post("an event", thread_ts=ts)
    page.get_by_role("button", name="1 reply").click()
    page.get_by_role("article").first.hover()
    assert page.evaluate(UNNAMED) == []


def test_nothing_sticks_out_of_the_window(page: Page, bot: EchoBot) -> None:
    ts = bot.post("a card " + "word " * 60 + "w" * 300)
    bot.post("an event " + "w" * 300, thread_ts=ts)
    page.get_by_role("button", name="1 reply").click()
    page.locator(".thread").get_by_role("article").last.wait_for()
    boxes = page.locator(".channel .composer-text"), page.get_by_label("Answer as the customer")
    places = ["html", ".channel .messages", ".thread .messages", ".customer"]
    for width, height in [(1280, 720), (1280, 800), (1600, 900), (1800, 950)]:
        page.set_viewport_size({"width": width, "height": height})
        for box in boxes:
            expect(box).to_be_in_viewport(ratio=1)
        for name in places:
            assert wider_than_its_place(page, name) <= 0, (name, width)
    page.get_by_role("button", name="Make things go wrong").click()
    for width, height in [(1800, 950), (1280, 720)]:
        page.set_viewport_size({"width": width, "height": height})
        for name in [*places, ".drawer-body"]:
            assert wider_than_its_place(page, name) <= 0, (name, width)


def wider_than_its_place(page: Page, name: str) -> int:
    wide: int = page.locator(name).evaluate("(node) => node.scrollWidth - node.clientWidth")
    return wide


def test_two_people_in_two_windows_see_each_others_messages_immediately(
    page: Page, browser: Browser, sandbox: Sandbox
) -> None:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    other = context.new_page()
    open_page(other, sandbox)
    become(other, "Leo Rossi (lead)")
    say(page, "anyone here?")
    expect(other.get_by_role("article")).to_contain_text("anyone here?")
    say(other, "yes")
    expect(page.get_by_role("article").last).to_contain_text("Leo Rossi")
    context.close()


def test_the_page_notices_that_the_sandbox_is_gone(browser: Browser) -> None:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    with Sandbox(MANIFEST) as short_lived:
        page = context.new_page()
        open_page(page, short_lived)
        expect(page.locator("#line")).to_be_hidden()
    expect(page.locator("#line")).to_contain_text("start the sandbox again")
    context.close()
