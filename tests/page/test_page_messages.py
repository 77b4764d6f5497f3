"""Messages, threads, ephemerals and the message shortcut, as an agent sees them."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.sync_api import Page, expect

from sandbox.server import Sandbox
from tests.conftest import wait_until

from .conftest import EchoBot, become, modal, mrkdwn, plain, say, text_input

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> <!channel> @here *b* _i_ `c` &amp;"


def test_hostile_text_is_shown_letter_by_letter(page: Page, bot: EchoBot) -> None:
    quoted = {"type": "rich_text_quote", "elements": [{"type": "text", "text": HOSTILE}]}
    bot.post(
        "fallback",
        blocks=[
            {"type": "section", "text": {**plain(HOSTILE), "emoji": False}},
            {"type": "rich_text", "elements": [quoted]},
            {"type": "section", "text": mrkdwn("<javascript:alert(3)|press> <data:x,y|me>")},
        ],
    )
    message = page.get_by_role("article").last
    expect(message.locator(".block-section").first).to_have_text(HOSTILE)
    expect(message.locator("blockquote")).to_have_text(HOSTILE)
    expect(message.locator("a, img, script, strong.bold, .mention")).to_have_count(0)


def test_what_people_type_is_shown_as_they_typed_it(page: Page) -> None:
    say(page, "2 < 3 & <script>alert(1)</script> \U0001f600")
    words = page.get_by_role("article").locator(".rich-section")
    expect(words).to_have_text("2 < 3 & <script>alert(1)</script> \U0001f600")


def test_mrkdwn_is_formatted_as_in_slack(page: Page, bot: EchoBot) -> None:
    now = int(time.time())
    bot.post(
        f"*bold* _italic_ ~gone~ `*code*` a*b*c <https://example.com/a|a link> <@U0LEO> <!here> "
        f"<!date^{now}^{{date_short_pretty}} at {{time}}|some time>\n&gt; a &amp; quote"
    )
    text = page.get_by_role("article").locator(".text")
    expect(text.locator("strong")).to_have_text("bold")
    expect(text.locator("em")).to_have_text("italic")
    expect(text.locator("s")).to_have_text("gone")
    expect(text.locator("code")).to_have_text("*code*")
    expect(text.locator("a")).to_have_attribute("href", "https://example.com/a")
    expect(text.locator("a")).to_have_attribute("rel", "noopener noreferrer")
    expect(text.locator(".mention")).to_have_text(["@Leo Rossi", "@here"])
    expect(text.locator("time")).to_have_text(re.compile(r"^Today at \d+:\d\d"))
    expect(text.locator("blockquote")).to_have_text("a & quote")
    expect(text).to_contain_text("a*b*c")


def test_a_chart_is_drawn_with_its_figures(page: Page, bot: EchoBot) -> None:
    points = [{"label": "Delivered", "value": 1200}, {"label": HOSTILE[:20], "value": 0}]
    axes = {"categories": [point["label"] for point in points]}
    series = [{"name": "Messages", "data": points}]
    chart = {"type": "bar", "series": series, "axis_config": axes}
    block = {"type": "data_visualization", "title": "Messages on Wed", "chart": chart}
    bot.post("fallback", blocks=[block])
    drawn = page.get_by_role("article").locator("figure")
    expect(drawn.locator("figcaption")).to_have_text("Messages on Wed")
    expect(drawn.locator(".chart-point")).to_have_text(["Delivered1,200", f"{HOSTILE[:20]}0"])
    expect(drawn.locator("meter").first).to_have_js_property("value", 1200)


def test_verbatim_text_creates_no_links(page: Page, bot: EchoBot) -> None:
    text = {**mrkdwn("@here https://example.com/x"), "verbatim": True}
    bot.post("fallback", blocks=[{"type": "section", "text": text}])
    section = page.get_by_role("article").locator(".block-section")
    expect(section).to_have_text("@here https://example.com/x")
    expect(section.locator("a, .mention")).to_have_count(0)


def test_an_app_is_marked_and_its_edits_are_not(page: Page, bot: EchoBot) -> None:
    ts = bot.post("first words")
    bot.client.chat_update(channel="C0SUPPORT", ts=ts, text="better words", parse="none")
    message = page.get_by_role("article")
    expect(message).to_contain_text("better words")
    expect(message).to_contain_text("APP")
    expect(message).not_to_contain_text("(edited)")


def test_replies_open_beside_the_channel_and_stay_there(page: Page, bot: EchoBot) -> None:
    ts = bot.post("the card")
    bot.post("first event", thread_ts=ts)
    page.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("region", name="Thread")
    expect(thread.get_by_role("article")).to_have_count(2)
    thread.get_by_label("Reply…").fill("noted")
    thread.get_by_label("Reply…").press("Enter")
    expect(thread.get_by_role("article").last).to_contain_text("noted")
    bot.post("second event", thread_ts=ts)
    expect(thread.get_by_role("article")).to_have_count(4)
    expect(page.locator(".channel").get_by_role("article")).to_have_count(1)
    expect(page.get_by_role("button", name="3 replies")).to_be_visible()
    thread.get_by_label("Reply…").press("Escape")
    expect(thread).to_be_hidden()


def test_a_command_in_a_thread_is_refused_with_an_alternative(page: Page, bot: EchoBot) -> None:
    ts = bot.post("the card")
    bot.post("an event", thread_ts=ts)
    page.get_by_role("button", name="1 reply").click()
    box = page.get_by_label("Reply…")
    box.fill("/proactive jane@example.com")
    box.press("Enter")
    expect(page.locator(".notice")).to_contain_text("no app commands inside threads")
    expect(page.locator(".notice")).to_contain_text("Notify customer")
    expect(box).to_have_value("/proactive jane@example.com")


def test_an_ephemeral_message_is_seen_by_one_person(page: Page, bot: EchoBot) -> None:
    bot.client.chat_postEphemeral(channel="C0SUPPORT", user="U0ADA", text="just you")
    message = page.get_by_role("article").filter(has_text="just you")
    expect(message).to_contain_text("Only visible to you")
    expect(message.get_by_role("button", name="More actions")).to_have_count(0)
    become(page, "Leo Rossi (lead)")
    expect(page.get_by_role("article")).to_have_count(0)
    become(page, "Ada Nowak")
    message.get_by_role("button", name="Dismiss message").click()
    expect(message).to_have_count(0)


def test_a_guest_sees_only_the_channels_they_are_in(page: Page) -> None:
    become(page, "Gus Lind (guest)")
    expect(page.get_by_role("button", name="vip")).to_have_count(0)
    expect(page.get_by_role("button", name="support", exact=True)).to_be_visible()


def test_the_shortcut_of_a_message_reaches_the_bot_with_that_message(
    page: Page, bot: EchoBot
) -> None:
    def open_form(ack: Any, shortcut: dict[str, Any], client: Any) -> None:
        ack()
        found = text_input("found", "Found", initial_value=shortcut["message"]["text"])
        client.views_open(trigger_id=shortcut["trigger_id"], view=modal(found))

    bot.app.shortcut("notify")(open_form)
    say(page, "please call jane")
    message = page.get_by_role("article")
    message.hover()
    message.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Notify customer").click()
    expect(page.get_by_role("dialog").get_by_label("Found")).to_have_value("please call jane")


def test_a_dangerous_button_asks_first(page: Page, bot: EchoBot) -> None:
    def send_again(ack: Any, body: dict[str, Any], client: Any) -> None:
        ack()
        done = [{"type": "section", "text": plain("sent again")}]
        client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="x", blocks=done
        )

    bot.app.action("again")(send_again)
    sure = {
        "title": plain("Send again?"),
        "text": plain("They may get it twice."),
        "confirm": plain("Yes, send"),
        "deny": plain("Keep waiting"),
    }
    button = {"type": "button", "action_id": "again", "text": plain("Send anyway"), "confirm": sure}
    bot.post("x", blocks=[{"type": "actions", "elements": [button]}])
    page.get_by_role("button", name="Send anyway").click()
    question = page.get_by_role("alertdialog", name="Send again?")
    expect(question).to_contain_text("They may get it twice.")
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    page.get_by_role("button", name="Send anyway").click()
    question.get_by_role("button", name="Yes, send").click()
    expect(page.get_by_role("article")).to_contain_text("sent again")


def test_the_sidebar_counts_new_messages_in_other_channels(page: Page, bot: EchoBot) -> None:
    bot.post("hello", channel="C0GENERAL")
    room = page.get_by_role("button", name="general-help")
    expect(room).to_contain_text("1 unread")
    room.click()
    expect(page.get_by_role("article")).to_contain_text("hello")
    expect(room).not_to_contain_text("unread")


def test_a_link_to_a_message_opens_it_in_the_page(page: Page, bot: EchoBot) -> None:
    ts = bot.post("the target", channel="C0GENERAL")
    link = bot.client.chat_getPermalink(channel="C0GENERAL", message_ts=ts)["permalink"]
    bot.post(f"see <{link}|there>")
    page.get_by_role("link", name="there").click()
    expect(page.get_by_role("heading", name="#general-help")).to_be_visible()
    expect(page.locator(".found")).to_contain_text("the target")


def test_a_deleted_message_with_replies_keeps_its_place_and_its_thread(
    page: Page, bot: EchoBot
) -> None:
    ts = bot.post("the card", blocks=[{"type": "section", "text": plain("the card")}])
    bot.post("an event", thread_ts=ts)
    bot.client.chat_delete(channel="C0SUPPORT", ts=ts)
    gone = page.get_by_role("article", name="Deleted message")
    expect(gone.locator(".text")).to_have_text("This message was deleted.")
    expect(gone.get_by_role("button", name="More actions")).to_have_count(0)
    gone.get_by_role("button", name="1 reply").click()
    expect(page.locator(".thread")).to_contain_text("an event")


def test_a_reply_that_is_also_sent_to_the_channel_appears_there(page: Page, bot: EchoBot) -> None:
    ts = bot.post("the card")
    bot.post("news for everyone", thread_ts=ts, reply_broadcast=True)
    expect(page.locator(".channel").get_by_role("article").last).to_contain_text(
        "Also sent to the channel from a thread"
    )


def test_rich_text_nodes_are_drawn_as_slack_draws_them(page: Page, bot: EchoBot) -> None:
    now = int(time.time())
    nodes = [
        {"type": "text", "text": "done ", "style": {"bold": True}},
        {"type": "link", "url": "https://example.com/c/1", "text": "Open it"},
        {"type": "user", "user_id": "U0ADA"},
        {"type": "date", "timestamp": now, "format": "{time_secs}", "fallback": "then"},
    ]
    section = {"type": "rich_text_section", "elements": nodes}
    bot.post("fallback", blocks=[{"type": "rich_text", "elements": [section]}])
    words = page.get_by_role("article").locator(".rich-section")
    expect(words.locator("strong")).to_have_text("done ")
    expect(words.get_by_role("link", name="Open it")).to_have_attribute(
        "href", "https://example.com/c/1"
    )
    expect(words.locator(".mention-me")).to_have_text("@Ada Nowak")
    expect(words.locator("time")).to_have_text(re.compile(r"^\d+:\d\d:\d\d"))


def test_a_button_with_an_address_opens_it_and_tells_the_bot(page: Page, bot: EchoBot) -> None:
    pressed: list[str] = []
    bot.app.action("see")(lambda ack, action: (pressed.append(action["action_id"]), ack()))
    ts = bot.post("the target", channel="C0GENERAL")
    link = bot.client.chat_getPermalink(channel="C0GENERAL", message_ts=ts)["permalink"]
    button = {"type": "button", "action_id": "see", "text": plain("See it"), "url": link}
    bot.post("x", blocks=[{"type": "actions", "elements": [button]}])
    page.get_by_role("button", name="See it").click()
    expect(page.locator(".found")).to_contain_text("the target")
    wait_until(lambda: pressed, "the press")  # the page goes to the other channel sooner
    assert pressed == ["see"]


def test_a_permalink_leads_a_browser_to_the_message(
    page: Page, bot: EchoBot, sandbox: Sandbox
) -> None:
    parent = bot.post("the card", channel="C0GENERAL")
    ts = bot.post("an event", channel="C0GENERAL", thread_ts=parent)
    link = bot.client.chat_getPermalink(channel="C0GENERAL", message_ts=ts)["permalink"]
    page.goto(link)
    expect(page.get_by_role("heading", name="#general-help")).to_be_visible()
    expect(page.get_by_role("region", name="Thread").locator(".found")).to_contain_text("an event")
    assert page.url == sandbox.page_url
