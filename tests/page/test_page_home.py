"""The Home tab of the app, and selects whose options the app looks up."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.conftest import wait_until

from .conftest import EchoBot, become, modal, mrkdwn, plain, say

Json = dict[str, Any]
TEMPLATES = [
    {
        "text": plain(f"Template {word}"),
        "value": word.lower(),
        "description": plain(f"About {word}"),
    }
    for word in ("One", "Two", "Three")
]
BUTTON = {"type": "button", "action_id": "cancel", "text": plain("Cancel it")}
SELECT = {
    "type": "static_select",
    "action_id": "filter",
    "placeholder": plain("Show"),
    "options": [{"text": plain(word), "value": word} for word in ("Mine", "Team")],
}

# All letters in one task of the page, because a pause of this machine would be one in the typing.
TYPE_QUICKLY = """(box, letters) => {
  for (const letter of letters) {
    box.value += letter;
    box.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }
}"""


def publish(client: Any, user: str, words: str) -> None:
    nodes = [{"type": "text", "text": "rich", "style": {"bold": True}}]
    rich = {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": nodes}],
    }
    blocks: list[Json] = [
        {"type": "header", "text": plain("Needs my attention")},
        {"type": "section", "text": plain(words), "accessory": BUTTON},
        {"type": "context", "elements": [mrkdwn("All is well")]},
        {"type": "divider"},
        rich,
        {"type": "actions", "block_id": "filters", "elements": [SELECT]},
    ]
    client.views_publish(user_id=user, view={"type": "home", "blocks": blocks})


def open_app(page: Page) -> Locator:
    page.locator(".rooms").get_by_role("button", name="Echo").click()
    return page.get_by_role("tabpanel", name="Home")


def test_the_home_tab_shows_what_the_app_publishes_for_each_person(
    page: Page, bot: EchoBot
) -> None:
    opened: list[str] = []

    def welcome(event: Json, client: Any) -> None:
        opened.append(event["user"])
        publish(client, event["user"], f"for {event['user']}")

    bot.app.event("app_home_opened")(welcome)
    home = open_app(page)
    expect(home).to_contain_text("for U0ADA")
    expect(home.get_by_role("heading")).to_have_text("Needs my attention")
    expect(home.locator(".block-context")).to_have_text("All is well")
    expect(home.locator("strong")).to_have_text("rich")
    expect(page.locator(".channel .composer-text")).to_be_hidden()
    page.get_by_role("tab", name="Messages").click()
    expect(page.locator(".channel .composer-text")).to_be_visible()
    page.get_by_role("tab", name="Home").click()
    wait_until(lambda: len(opened) == 2, "the second opening")
    become(page, "Leo Rossi (lead)")
    expect(home).to_contain_text("for U0LEO")
    assert opened[0] == "U0ADA"
    assert opened[-1] == "U0LEO"


def test_a_click_in_the_home_tab_reaches_the_app_which_changes_it(page: Page, bot: EchoBot) -> None:
    heard: list[Json] = []

    def cancel(ack: Any, body: Json, action: Json, client: Any) -> None:
        heard.append(body)
        ack()
        if action["action_id"] == "cancel":
            publish(client, body["user"]["id"], "Cancelled, not sent")

    bot.app.event("app_home_opened")(lambda event, client: publish(client, event["user"], "One"))
    bot.app.action("cancel")(cancel)
    bot.app.action("filter")(cancel)
    home = open_app(page)
    home.get_by_label("Show").select_option(label="Team")
    wait_until(lambda: heard, "the first action")
    home.get_by_role("button", name="Cancel it").click()
    expect(home).to_contain_text("Cancelled, not sent")
    expect(home.get_by_label("Show")).to_have_value("1")  # what was chosen survives a change
    assert [body["container"]["type"] for body in heard] == ["view", "view"]
    assert heard[0]["actions"][0]["selected_option"]["value"] == "Team"


def test_a_message_from_the_app_opens_its_messages_first(page: Page, bot: EchoBot) -> None:
    bot.app.event("app_home_opened")(lambda: None)
    page.wait_for_function("document.querySelector('.rooms .room')")
    bot.post("for you", channel="D0ADA")
    expect(page.locator(".rooms").get_by_role("button", name="Echo")).to_contain_text("1 unread")
    home = open_app(page)
    expect(page.get_by_role("article")).to_contain_text("for you")
    expect(home).to_be_hidden()


def open_search(page: Page, bot: EchoBot) -> Locator:
    """Open a modal with an external select; return its search box."""
    element = {
        "type": "external_select",
        "action_id": "template",
        "placeholder": plain("Search templates"),
        "min_query_length": 0,
    }
    block = {"type": "input", "block_id": "t", "label": plain("Template"), "element": element}

    def open_it(ack: Any, command: Json, client: Any) -> None:
        ack()
        client.views_open(trigger_id=command["trigger_id"], view=modal(block))

    bot.app.command("/proactive")(open_it)
    say(page, "/proactive x")
    return page.get_by_role("combobox", name="Template")


def test_typing_searches_and_the_keyboard_chooses(page: Page, bot: EchoBot) -> None:
    asked: list[str] = []
    heard: list[Json] = []

    def suggest(ack: Any, payload: Json) -> None:
        asked.append(payload["value"])
        wanted = payload["value"].lower()
        ack(options=[one for one in TEMPLATES if wanted in one["text"]["text"].lower()])

    bot.app.options("template")(suggest)
    bot.app.view("form")(lambda ack, view: (heard.append(view["state"]["values"]), ack()))
    box = open_search(page, bot)
    box.click()
    offers = page.get_by_role("listbox").get_by_role("option")
    expect(offers.locator(".option-text")).to_have_text([one["text"]["text"] for one in TEMPLATES])
    expect(offers.locator(".option-hint").first).to_have_text("About One")
    box.evaluate(TYPE_QUICKLY, "template t")
    expect(offers.locator(".option-text")).to_have_text(["Template Two", "Template Three"])
    expect(offers.first).to_have_attribute("aria-selected", "true")
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("Template Three")
    expect(page.get_by_role("listbox")).to_be_hidden()
    assert asked == ["", "template t"]  # once for each pause, not for each letter
    page.get_by_role("dialog").get_by_role("button", name="Send").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert heard[0]["t"]["template"]["selected_option"]["value"] == "three"


def test_a_search_says_when_nothing_matches_and_when_the_app_fails(
    page: Page, bot: EchoBot
) -> None:
    def suggest(ack: Any, payload: Json) -> None:
        if payload["value"] == "fail":
            raise RuntimeError("on purpose")
        ack(options=[])

    bot.app.options("template")(suggest)
    box = open_search(page, bot)
    box.click()
    options = page.get_by_role("listbox")
    expect(options).to_have_text("No results")
    box.fill("fail")
    expect(options).to_have_text("The app didn’t answer. Type again to retry.")
    box.press("Escape")
    expect(options).to_be_hidden()
    expect(page.get_by_role("dialog")).to_be_visible()
