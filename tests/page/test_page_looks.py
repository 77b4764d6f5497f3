"""How the page looks: on a narrow screen, and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import EchoBot, mrkdwn, plain, say, text_input
from .conftest import modal as form
from .test_page_customer import Send, send
from .test_page_home import TEMPLATES, open_app

__all__ = ["send"]  # a fixture

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
    expect(page.get_by_role("button", name="1 reply")).to_be_visible()  # else it's new later on
    offer_a_form(bot)
    return page


@pytest.fixture(params=["light", "dark"])
def scheme(page: Page, request: pytest.FixtureRequest) -> Iterator[str]:
    """The colours that the person's system asks for."""
    page.emulate_media(color_scheme=request.param)
    yield request.param
    page.emulate_media(color_scheme="light")


def offer_a_form(bot: EchoBot) -> None:
    """Let the command open a form with evidence, templates to search, a choice, and a time."""
    options = [{**TEMPLATES[0], "value": str(number)} for number in range(2)]
    search = {"type": "external_select", "action_id": "template", "min_query_length": 0}
    blocks = [
        {"type": "section", "text": mrkdwn("*Ready to send* to Jane")},
        field("template", "Template", search),
        field("choice", "Which one?", {"type": "radio_buttons", "options": options}),
        text_input("message", "Message", multiline=True, max_length=20)
        | {"hint": plain("The customer sees exactly this text.")},
        field("when", "Send later", {"type": "datetimepicker"}),
    ]

    def open_form(ack: Any, command: dict[str, Any], client: Any) -> None:
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=form(*blocks))

    def publish_home(event: dict[str, Any], client: Any) -> None:
        labels = ("Needs attention (100+)", "Planned (12)", "Open (3)", "Recent", "Show team")
        blocks = [{"type": "header", "text": plain("My messages")}, buttons(*labels), *card()]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    bot.app.command("/proactive")(open_form)
    bot.app.options("template")(lambda ack: ack(options=TEMPLATES))
    bot.app.view("form")(lambda ack: ack(response_action="errors", errors={"message": "Too late."}))
    bot.app.event("app_home_opened")(publish_home)


def field(name: str, label: str, element: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "optional": True,
        "element": {"action_id": name, **element},
    }


def open_options(page: Page) -> Locator:
    """Open the form, and in it the list of templates; return the form."""
    say(page, "/proactive x")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox", name="Template").click()
    expect(dialog.get_by_role("option")).to_have_count(len(TEMPLATES))
    return dialog


def post_a_card(bot: EchoBot) -> None:
    ts = bot.post("a card", blocks=card())
    bot.post("an event " + LONG, thread_ts=ts)


def card() -> list[dict[str, Any]]:
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": LONG}]}
    text = "*Message* to <@U0ADA> `code` <https://example.com/a|link> <!here>\n" + LONG
    return [
        {"type": "section", "text": mrkdwn(text)},
        {"type": "rich_text", "elements": [quote]},
        {"type": "context", "elements": [mrkdwn("j•••@example.com")]},
        buttons("Check again", "Send anyway", primary="Check again", danger="Send anyway"),
    ]


def buttons(*labels: str, **styled: str) -> dict[str, Any]:
    """Return a row of buttons; ``styled``: the label of the one that has this style."""
    styles = {label: {"style": style} for style, label in styled.items()}
    elements = [
        {"type": "button", "action_id": label, "text": plain(label), **styles.get(label, {})}
        for label in labels
    ]
    return {"type": "actions", "elements": elements}


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


def test_on_a_phone_a_list_of_options_and_the_home_tab_fit(phone: Page) -> None:
    dialog = open_options(phone)
    expect(dialog.get_by_role("option").last).to_be_in_viewport(ratio=1)
    assert phone.evaluate(STICKS_OUT) == []
    dialog.get_by_role("option").last.click()
    dialog.get_by_label("Message").fill("Hello")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Too late.")
    assert phone.evaluate(STICKS_OUT) == []
    dialog.get_by_role("button", name="Cancel").click()
    phone.get_by_role("button", name="Channels").click()
    home = open_app(phone)
    expect(home).to_contain_text(LONG)
    assert phone.evaluate(STICKS_OUT) == []
    home.get_by_role("button", name="Send anyway").click(trial=True)


def test_on_a_phone_slack_can_be_used_while_the_switches_are_open(phone: Page) -> None:
    phone.locator("#trouble").click()
    drawer = phone.get_by_role("complementary", name="Make things go wrong")
    expect(drawer).to_be_in_viewport(ratio=1)
    box = phone.locator(".channel .composer-text")
    expect(box).to_be_in_viewport(ratio=1)
    box.click(trial=True)
    drawer.get_by_role("switch", name="Slack: Slow").click(trial=True)
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


def test_on_a_phone_each_side_says_what_is_new_on_the_other(
    phone: Page, bot: EchoBot, send: Send
) -> None:
    side(phone, "Customer").click()
    bot.post("hello")
    expect(side(phone, "Slack")).to_contain_text("1 new in #support")
    side(phone, "Slack").click()
    expect(side(phone, "Slack")).not_to_contain_text("new")
    badge = side(phone, "Customer").locator(".badge")
    for address, said in [
        ("amir@example.com", "1 new for Amir"),
        ("amir@example.com", "2 new for Amir"),
        ("old@example.com", "3 new for Amir and Otto"),
        ("jane@example.com", "4 new for Jane and 2 more"),
    ]:
        send(address, "hello")
        expect(badge).to_have_text(said)
        assert badge.evaluate("(node) => node.scrollWidth <= node.clientWidth")  # not cut off
    assert phone.evaluate(STICKS_OUT) == []


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
    page.locator("#trouble").click()
    offer_a_form(bot)
    dialog = open_options(page)
    assert page.evaluate(TOO_FAINT) == []
    dialog.get_by_role("option").last.click()
    dialog.get_by_label("Message").fill("More than twenty characters")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Please use at most 20 characters.")
    assert page.evaluate(TOO_FAINT) == []
    dialog.get_by_role("button", name="Cancel").click()
    expect(open_app(page)).to_contain_text(LONG)
    assert page.evaluate(TOO_FAINT) == []
    dark = page.evaluate("getComputedStyle(document.querySelector('.channel')).backgroundColor")
    assert (dark != "rgb(255, 255, 255)") == (scheme == "dark")
