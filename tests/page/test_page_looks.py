"""How the page looks: on a narrow screen, and in the dark."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import EchoBot, mrkdwn, plain, say, text_input
from .conftest import modal as form

PHONE = {"width": 390, "height": 844}
LONG = "word " * 30 + "w" * 200
STICKS_OUT = """() => [...document.querySelectorAll('body *')].filter((node) => {
  const box = node.getBoundingClientRect();
  const seen = node.checkVisibility() && box.width > 2 && !node.closest('svg');
  return seen && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map((node) => node.outerHTML.slice(0, 120))"""
# Each text's contrast with the ground behind it; gradients and disabled controls don't count.
TOO_FAINT = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((one) => {
      const part = one / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const color = getComputedStyle(one).backgroundColor;
      if ((numbers(color)[3] ?? 1) === 1) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    const seen = node.checkVisibility({ opacityProperty: true });
    if (!texts.currentNode.data.trim() || !seen) continue;
    if (node.closest(':disabled, .layer ~ *, [inert], option, noscript')) continue;
    const pair = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${node.outerHTML.slice(0, 120)}`);
  }
  return faint;
}"""


@pytest.fixture
def phone(page: Page, bot: EchoBot) -> Page:
    """The page on a telephone, with a card in #support and a form behind the command."""
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    post_a_card(bot)

    def open_form(ack: Any, command: dict[str, Any], client: Any) -> None:
        ack()
        when = {"type": "datetimepicker", "action_id": "when"}
        later = {"type": "input", "block_id": "when", "label": plain("Send later"), "element": when}
        blocks = [text_input("message", "Message", multiline=True), later | {"optional": True}]
        client.views_open(trigger_id=command["trigger_id"], view=form(*blocks))

    bot.app.command("/proactive")(open_form)
    return page


@pytest.fixture(params=["light", "dark"])
def scheme(page: Page, request: pytest.FixtureRequest) -> Iterator[str]:
    """The colours that the person's system asks for."""
    page.emulate_media(color_scheme=request.param)
    yield request.param
    page.emulate_media(color_scheme="light")


def post_a_card(bot: EchoBot) -> None:
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": LONG}]}
    buttons = [
        {"type": "button", "action_id": name, "text": plain(name), "style": style}
        for name, style in [("Check again", "primary"), ("Send anyway", "danger")]
    ]
    text = "*Message* to <@U0ADA> `code` <https://example.com/a|link> <!here>\n" + LONG
    blocks = [
        {"type": "section", "text": mrkdwn(text)},
        {"type": "rich_text", "elements": [quote]},
        {"type": "context", "elements": [mrkdwn("j•••@example.com")]},
        {"type": "actions", "elements": buttons},
    ]
    ts = bot.post("a card", blocks=json.loads(json.dumps(blocks)))
    bot.post("an event " + LONG, thread_ts=ts)


def side(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Sides").get_by_role("button", name=name)


def test_on_a_phone_nothing_sticks_out_and_both_sides_can_be_used(phone: Page) -> None:
    expect(phone.locator("#customer")).to_be_hidden()
    phone.get_by_role("button", name="1 reply").click()
    expect(phone.get_by_label("Reply…")).to_be_in_viewport(ratio=1)
    assert phone.evaluate(STICKS_OUT) == []
    phone.get_by_role("button", name="Close thread").click()
    say(phone, "/proactive x")
    dialog = phone.get_by_role("dialog")
    for field in (dialog.get_by_label("Message"), dialog.get_by_label("Time", exact=True)):
        field.scroll_into_view_if_needed()
        field.click(trial=True)
    assert phone.evaluate(STICKS_OUT) == []
    dialog.get_by_role("button", name="Cancel").click()
    side(phone, "Customer").click()
    expect(phone.locator("#slack")).to_be_hidden()
    answer = phone.get_by_label("Answer as the customer")
    answer.fill("Thank you")
    answer.press("Enter")
    expect(phone.locator(".bubble").last).to_contain_text("Thank you")
    phone.locator("#trouble").click()
    expect(answer).to_be_in_viewport(ratio=1)
    answer.click(trial=True)
    assert phone.evaluate(STICKS_OUT) == []


def test_on_a_phone_the_channels_open_from_a_button(phone: Page, bot: EchoBot) -> None:
    room = phone.get_by_role("button", name="general-help")
    expect(room).to_be_hidden()
    for leave in ("Escape", "beside", "pick"):
        phone.get_by_role("button", name="Channels").click()
        expect(room).to_be_in_viewport(ratio=1)
        if leave == "Escape":
            phone.keyboard.press("Escape")
        elif leave == "beside":
            phone.mouse.click(PHONE["width"] - 10, 400)
        else:
            room.click()
        expect(room).to_be_hidden()
    expect(phone.locator(".channel h2")).to_have_text("#general-help")


def test_on_a_phone_each_side_says_what_is_new_on_the_other(phone: Page, bot: EchoBot) -> None:
    side(phone, "Customer").click()
    bot.post("hello")
    expect(side(phone, "Slack")).to_contain_text("1 new in #support")
    side(phone, "Slack").click()
    expect(side(phone, "Slack")).not_to_contain_text("new")


def test_every_text_has_enough_contrast_in_light_and_dark(
    page: Page, bot: EchoBot, scheme: str
) -> None:
    post_a_card(bot)
    bot.client.chat_postEphemeral(channel="C0SUPPORT", user="U0ADA", text="just you")
    page.get_by_role("button", name="1 reply").click()
    page.get_by_text("Try the rules").click()
    page.locator(".picker-button").click()
    assert page.evaluate(TOO_FAINT) == []
    page.locator("#trouble").click()
    page.get_by_role("switch", name="Genesys Cloud: Away (503)").click()
    expect(page.get_by_text("Send works").nth(1)).to_be_visible()
    assert page.evaluate(TOO_FAINT) == []
    page.get_by_role("button", name="Everything back to normal").click()
    dark = page.evaluate("getComputedStyle(document.querySelector('.channel')).backgroundColor")
    assert (dark != "rgb(255, 255, 255)") == (scheme == "dark")
