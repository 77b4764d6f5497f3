"""Modals: opening, values, errors, failures, closing, and what the bot receives."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import EchoBot, modal, plain, say, text_input

CUSTOMER = text_input("customer", "Customer", dispatch=True, initial_value="jane")
MESSAGE = text_input("message", "Message", multiline=True, max_length=20)
OpenModal = Callable[..., Locator]


@pytest.fixture
def open_modal(page: Page, bot: EchoBot) -> OpenModal:
    """Run the command and return the dialog with these blocks."""

    def open_it(*blocks: dict[str, Any], **more: Any) -> Locator:
        def answer(ack: Any, command: dict[str, Any], client: Any) -> None:
            ack()
            client.views_open(trigger_id=command["trigger_id"], view=modal(*blocks, **more))

        bot.app.command("/proactive")(answer)
        say(page, "/proactive x")
        dialog = page.get_by_role("dialog", name="A form")
        expect(dialog).to_be_visible()
        return dialog

    return open_it


def test_a_modal_takes_the_focus_and_gives_it_back(page: Page, open_modal: OpenModal) -> None:
    dialog = open_modal(CUSTOMER, MESSAGE)
    expect(dialog.get_by_label("Customer")).to_be_focused()
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null")
    expect(page.locator(".slack-panes")).to_have_attribute("inert", "")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".channel .composer-text")).to_be_focused()


def test_typed_values_survive_an_update_and_new_fields_start_afresh(
    page: Page, bot: EchoBot, open_modal: OpenModal
) -> None:
    def look_up(ack: Any, body: dict[str, Any], action: dict[str, Any], client: Any) -> None:
        ack()
        view, value = body["view"], action["value"]
        evidence = {"type": "section", "text": plain(f"evidence for {value}")}
        other = text_input("other", "Other", initial_value="started")
        again = text_input("customer", "Customer", dispatch=True, initial_value="not this")
        client.views_update(
            view_id=view["id"], hash=view["hash"], view=modal(again, evidence, MESSAGE, other)
        )

    bot.app.action("typed")(look_up)
    dialog = open_modal(CUSTOMER, MESSAGE)
    dialog.get_by_label("Message").fill("half a sent")
    dialog.get_by_label("Customer").fill("amir")
    dialog.get_by_label("Customer").press("Enter")
    expect(dialog).to_contain_text("evidence for amir")
    expect(dialog.get_by_label("Customer")).to_have_value("amir")
    expect(dialog.get_by_label("Customer")).to_be_focused()
    expect(dialog.get_by_label("Message")).to_have_value("half a sent")
    expect(dialog.get_by_label("Other")).to_have_value("started")


def test_an_error_is_shown_under_its_field(page: Page, bot: EchoBot, open_modal: OpenModal) -> None:
    def refuse(ack: Any) -> None:
        ack(response_action="errors", errors={"customer": "No such contact. Check the spelling."})

    bot.app.view("form")(refuse)
    dialog = open_modal(CUSTOMER, MESSAGE)
    dialog.get_by_label("Message").fill("hello")
    dialog.get_by_role("button", name="Send").click()
    field = dialog.get_by_label("Customer")
    expect(dialog.locator(".block-input").first).to_contain_text("No such contact.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description("No such contact. Check the spelling.")
    expect(field).to_be_focused()
    expect(dialog.get_by_label("Message")).to_have_value("hello")


def test_slack_itself_asks_for_what_is_missing_or_too_long(
    bot: EchoBot, open_modal: OpenModal
) -> None:
    dialog = open_modal(CUSTOMER, MESSAGE)
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Please complete this required field.")
    dialog.get_by_label("Message").fill("\U0001f600" * 21)
    expect(dialog).not_to_contain_text("Please complete")
    expect(dialog).to_contain_text("1 too many")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("Please use at most 20 characters.")


def test_the_modal_stays_for_another_try_if_the_bot_fails(
    page: Page, bot: EchoBot, open_modal: OpenModal
) -> None:
    tries: list[str] = []

    def fail_once(ack: Any, view: dict[str, Any]) -> None:
        tries.append(view["id"])
        if len(tries) == 1:
            raise RuntimeError("on purpose")
        ack()

    bot.app.view("form")(fail_once)
    dialog = open_modal(CUSTOMER, MESSAGE)
    dialog.get_by_label("Message").fill("hello")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_contain_text("We had some trouble connecting. Try again?")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    assert len(tries) == 2
    assert tries[0] == tries[1]


def test_a_loading_view_becomes_the_form(page: Page, bot: EchoBot) -> None:
    def open_then_fill(ack: Any, command: dict[str, Any], client: Any) -> None:
        ack()
        loading = {"type": "section", "text": plain("Looking them up")}
        first = modal(loading)
        del first["submit"]
        opened = client.views_open(trigger_id=command["trigger_id"], view=first)
        client.views_update(view_id=opened["view"]["id"], view=modal(CUSTOMER, MESSAGE))

    bot.app.command("/proactive")(open_then_fill)
    say(page, "/proactive")
    expect(page.get_by_role("dialog").get_by_label("Customer")).to_be_focused()


def test_every_kind_of_field_reaches_the_bot_as_slack_sends_it(
    page: Page, bot: EchoBot, open_modal: OpenModal
) -> None:
    values: dict[str, Any] = {}
    options = [{"text": plain(word), "value": word.lower()} for word in ("One", "Two")]

    def keep(ack: Any, view: dict[str, Any]) -> None:
        values.update(view["state"]["values"])
        ack()

    bot.app.view("form")(keep)
    bot.app.options("search")(lambda ack: ack(options=options))

    def field(kind: str, label: str, **more: Any) -> dict[str, Any]:
        element = {"type": kind, "action_id": "search" if kind == "external_select" else "a"}
        return {
            "type": "input",
            "block_id": kind,
            "label": plain(label),
            "optional": True,
            "element": {**element, **more},
        }

    dialog = open_modal(
        field("radio_buttons", "Radio", options=options, initial_option=options[0]),
        field("checkboxes", "Boxes", options=options),
        field("static_select", "Select", options=options),
        field("external_select", "Search", min_query_length=1),
        field("datetimepicker", "When"),
        field("email_text_input", "Mail"),
        text_input("untouched", "Untouched") | {"optional": True},
    )
    dialog.get_by_label("Two").first.check()
    dialog.get_by_role("checkbox", name="One").check()
    dialog.get_by_label("Select").select_option(label="Two")
    dialog.get_by_label("Search").press_sequentially("on")
    dialog.get_by_role("listbox").get_by_role("option", name="One").click()
    expect(dialog.get_by_role("listbox")).to_be_hidden()
    dialog.get_by_label("Date", exact=True).fill("2031-05-06")
    dialog.get_by_label("Time", exact=True).fill("07:08")
    dialog.get_by_label("Mail").fill("jane@example.com")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    assert values["radio_buttons"]["a"]["selected_option"]["value"] == "two"
    assert [one["value"] for one in values["checkboxes"]["a"]["selected_options"]] == ["one"]
    assert values["static_select"]["a"]["selected_option"]["value"] == "two"
    assert values["external_select"]["search"]["selected_option"]["value"] == "one"
    assert values["datetimepicker"]["a"]["selected_date_time"] == page.evaluate(
        "new Date(2031, 4, 6, 7, 8).getTime() / 1000"
    )
    assert values["email_text_input"]["a"]["value"] == "jane@example.com"
    assert values["untouched"]["typed"]["value"] is None


def test_a_modal_belongs_to_the_person_who_opened_it(page: Page, open_modal: OpenModal) -> None:
    dialog = open_modal(CUSTOMER)
    dialog.get_by_label("Customer").fill("typed by Ada")
    page.reload()
    expect(dialog.get_by_label("Customer")).to_have_value("jane")
    page.evaluate("sessionStorage.setItem('sandbox.user', 'U0LEO')")
    page.reload()
    expect(page.get_by_label("You are")).to_have_value("U0LEO")
    expect(dialog).to_have_count(0)


def send_at(**element: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": "when",
        "label": plain("Send at"),
        "optional": True,
        "element": {"type": "datetimepicker", "action_id": "picked", **element},
    }


@pytest.mark.parametrize("clears", [False, True])
def test_a_proposed_date_can_be_kept_or_cleared(
    bot: EchoBot, open_modal: OpenModal, clears: bool
) -> None:
    heard: list[Any] = []
    bot.app.view("form")(lambda ack, view: (heard.append(view["state"]["values"]), ack()))
    dialog = open_modal(send_at(initial_date_time=1_900_000_000))
    date, time = (dialog.get_by_label(part, exact=True) for part in ("Date", "Time"))
    expect(date).to_have_accessible_name("Send at (optional) Date")
    expect(date).to_have_value(re.compile("^2030-03-1"))
    expect(time).to_have_value(re.compile(r"^\d\d:46"))
    if clears:
        date.fill("")
        time.fill("")
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
    chosen = heard[0]["when"]["picked"]["selected_date_time"]
    assert chosen == (None if clears else 1_900_000_000)


def test_a_date_without_a_time_is_not_sent_as_empty(bot: EchoBot, open_modal: OpenModal) -> None:
    dialog = open_modal(send_at())
    date = dialog.get_by_label("Date", exact=True)
    for half in ("2031-05-06", None):
        if half:
            date.fill(half)
        else:
            date.fill("")
            date.press_sequentially("0506")
        dialog.get_by_role("button", name="Send").click()
        expect(dialog).to_contain_text("Please complete the date and time, or clear both.")
        expect(date).to_have_attribute("aria-invalid", "true")
    date.fill("")
    bot.app.view("form")(lambda ack: ack())
    dialog.get_by_role("button", name="Send").click()
    expect(dialog).to_have_count(0)
