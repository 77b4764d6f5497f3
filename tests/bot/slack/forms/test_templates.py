"""Templates in the form: searched, chosen, filled in, previewed and sent."""

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.rules.rules_file import Rules, read_rules
from bot.storage.audit_tables import audit_outbox
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from genesys import LibraryResponse
from tests.conftest import wait_until

from ...conftest import Local
from ..conftest import Agent, Bot, words
from .test_form import notes

Json = dict[str, Any]
Stored = Callable[[], Request]
TEXTS = """
[templates]
editable = true
[[templates.list]]
name = "Delayed"
text = "Hello {{CUSTOMER_NAME}}, order {{order}} comes {{ day }}. {{AGENT_NAME}}"
defaults = { day = "tomorrow" }
[[templates.list]]
name = "Ready for collection"
text = "Your order is ready."
[[templates.list]]
name = "Café <!channel> *bold*"
text = "A voucher for {{ORDER}}"
"""
FIXED = TEXTS.replace("editable = true", "editable = false")
FILLED = "Hello Jane Doe, order 123 comes tomorrow. Ada Nowak"


@pytest.fixture
def rules(bot: Bot) -> Rules:
    bot.rules = read_rules(TEXTS)
    return bot.rules


@pytest.fixture
def fixed(bot: Bot) -> Rules:
    bot.rules = read_rules(FIXED)
    return bot.rules


@pytest.fixture
def stored(database: Database, requests_store: RequestStore) -> Stored:
    def read() -> Request:
        with database.connect() as connection:
            [request_id] = connection.execute(sa.select(requests.c.request_id)).scalars()
        return requests_store.load(request_id)

    return read


def searches(ada: Agent, query: str) -> list[Json]:
    """Type into the menu; return its options."""
    view = ada.view()
    assert view is not None
    asked = {"view_id": view["id"], "block_id": "template", "action_id": "template"}
    answer = ada.local.ask("POST", "/people/options", user=ada.user, value=query, **asked)
    assert answer["ack"]["status"] == 200
    options: list[Json] = answer["options"]
    return options


def names(options: list[Json]) -> list[str]:
    return [option["text"]["text"] for option in options]


def chooses(ada: Agent, name: str, **typed: str) -> Json:
    """Choose a template in the menu, with these fields filled in; wait until the form shows it."""
    view = ada.view()
    assert view is not None
    [option] = [one for one in searches(ada, name) if one["text"]["text"] == name]
    act = {"view_id": view["id"], "block_id": "template", "action_id": "template"}
    element = {"type": "external_select", "selected_option": option}
    ada.local.ask(
        "POST", "/people/actions", user=ada.user, element=element, values=state(view, typed), **act
    )
    before = view["hash"]

    def changed() -> bool:
        now = ada.view()
        return now is not None and now["hash"] != before

    wait_until(changed)
    return ada.view() or {}


def state(view: Json, typed: dict[str, str]) -> Json:
    """Return the state for inputs by their labels or action ids."""
    values: Json = {}
    for block in view["blocks"]:
        if block["type"] == "input":
            label, name = block["label"]["text"], block["element"]["action_id"]
            if label in typed or name in typed:
                value = typed.get(label, typed.get(name))
                entered = {"type": "plain_text_input", "value": value}
                values[block["block_id"]] = {name: entered}
    return values


def submits(ada: Agent, **typed: str) -> Json:
    view = ada.view()
    assert view is not None
    path = f"/people/views/{view['id']}/submit"
    result: Json = ada.local.ask("POST", path, user=ada.user, values=state(view, typed))
    return result


def block(view: Json, name: str) -> Json:
    """Return the block of this name."""
    found: Json = next(b for b in view["blocks"] if b["block_id"].partition(":")[0] == name)
    return found


def labels(view: Json) -> list[str]:
    return [b["label"]["text"] for b in view["blocks"] if b["type"] == "input"]


def preview(view: Json) -> str:
    return str(block(view, "preview")["elements"][0]["elements"][1]["text"])


def previews(ada: Agent, text: str) -> None:
    wait_until(lambda: (view := ada.view()) is not None and preview(view) == text)


def updates(ada: Agent, **typed: str) -> None:
    """Press "Update preview" with these fields filled in."""
    view = ada.view()
    assert view is not None
    act = {"view_id": view["id"], "block_id": "preview_button", "action_id": "preview"}
    element = {"type": "button"}
    ada.local.ask(
        "POST", "/people/actions", user=ada.user, element=element, values=state(view, typed), **act
    )


# Off


def test_without_templates_the_form_has_no_menu(bot: Bot, ada: Agent) -> None:
    assert "Template" not in labels(ada.opens("jane@example.com Hello"))


# Searching


def test_the_menu_searches_names_and_texts_while_the_agent_types(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    assert names(searches(ada, "")) == ["Café <!channel> *bold*", "Delayed", "Ready for collection"]
    assert names(searches(ada, "CAFE")) == ["Café <!channel> *bold*"]
    assert names(searches(ada, "order")) == [
        *("Café <!channel> *bold*", "Delayed", "Ready for collection")
    ]
    assert searches(ada, "nothing like it") == []


def test_a_menu_with_metadata_that_is_not_the_bot_s_is_empty(
    bot: Bot, rules: Rules, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    asked = {"block_id": "template", "action_id": "template", "value": ""}
    view = {**(ada.view() or {}), "private_metadata": '["C0SUPPORT", "", "", "forged"]'}
    body = {
        "type": "block_suggestion",
        "user": {"id": "U0ADA", "team_id": "T0LOCAL"},
        "team": {"id": "T0LOCAL"},
        "view": view,
        **asked,
    }
    assert bot.answers(body) == {"options": []}


def test_the_menu_comes_from_genesys_cloud_if_the_rules_say_so(
    bot: Bot, ada: Agent, local: Local
) -> None:
    bot.rules = read_rules('[templates]\nsource = "genesys"\n')
    ada.opens("jane@example.com")
    wait_until(lambda: bot.genesys_templates.index().templates)
    assert len(searches(ada, "")) == 5
    assert names(searches(ada, "collection")) == ["Ready for collection"]
    calls = local.calls("genesys", "responsemanagement")
    assert len([one for one in calls if one["status"] == 200]) == 3  # or the token was too old


# Choosing


def test_a_chosen_template_fills_the_message_and_asks_for_what_only_the_agent_knows(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    before = len(notes(ada.local))
    view = chooses(ada, "Delayed")
    shown = notes(ada.local)[before:]
    assert shown and not [note for note in shown if "Looking them up" in note]
    assert labels(view)[:5] == ["Customer", "Template", "order", "day", "Message"]
    fields = [b["element"].get("initial_value") for b in view["blocks"] if b["type"] == "input"]
    assert fields[2:4] == [None, "tomorrow"]
    assert block(view, "message")["element"]["initial_value"].startswith("Hello {{CUSTOMER_NAME}},")
    assert preview(view) == "Hello Jane Doe, order {{order}} comes tomorrow. Ada Nowak"
    assert "Jane Doe" in words(view["blocks"])
    updates(ada, order="123")
    previews(ada, FILLED)


def test_what_is_sent_is_the_preview_and_the_template_is_recorded(
    bot: Bot, rules: Rules, ada: Agent, stored: Stored, database: Database
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    updates(ada, order="123")
    previews(ada, FILLED)
    assert submits(ada)["result"] == "closed"
    request = stored()
    assert request.text == FILLED
    assert request.template_name == "Delayed"
    source, template_id, version = request.template.split(":")
    assert (source, len(template_id), len(version)) == ("file", 16, 12)
    with database.connect() as connection:
        details = connection.execute(sa.select(audit_outbox.c.detail)).scalars().all()
    assert [json.loads(one)["template"] for one in details if "template" in one] == [
        request.template
    ]


def test_an_agent_may_change_the_text(bot: Bot, rules: Rules, ada: Agent, stored: Stored) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    assert submits(ada, Message="Sorry, {{customer_name}}: {{ORDER}}.", order="7")["result"] == (
        "closed"
    )
    assert stored().text == "Sorry, Jane Doe: 7."


def test_a_value_that_looks_like_a_placeholder_is_not_filled_in_and_not_sent(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    [order] = [b for b in ada.view()["blocks"] if b.get("label", {}).get("text") == "order"]
    sentence = "Type what the customer should read here, not a placeholder."
    assert submits(ada, order="{{day}}")["errors"] == {order["block_id"]: sentence}
    updates(ada, order="{{day}}")
    ada.sees("Fill in order.")


@pytest.mark.parametrize("left", ["Hi {{name}}", "Hi {{", "Hi ｛｛name｝｝", "{ { x } }"])
def test_a_typed_text_with_a_placeholder_is_not_sent(left: str, bot: Bot, ada: Agent) -> None:
    ada.opens("jane@example.com", "Jane")
    refused = submits(ada, message=left)
    assert list(refused["errors"]) == ["message"]
    assert "placeholder" in refused["errors"]["message"]


def test_a_placeholder_that_the_form_tells_about_is_not_told_again(bot: Bot, ada: Agent) -> None:
    ada.opens("jane@example.com Hi {{name}}", "Can't be sent: ")
    assert submits(ada)["errors"] == {"message": "Not sent. The ✗ says why."}
    assert words(ada.view()).count("placeholder such as") == 1


def test_a_missing_value_is_an_error_under_its_field(bot: Bot, rules: Rules, ada: Agent) -> None:
    ada.opens("jane@example.com")
    view = chooses(ada, "Delayed")
    refused = submits(ada, order="   ")
    [(field, sentence)] = refused["errors"].items()
    assert sentence == "Fill this in; the text needs it."
    [order] = [b for b in view["blocks"] if b.get("label", {}).get("text") == "order"]
    assert field == order["block_id"]


def test_a_complete_template_is_ready_although_only_the_look_up_knows_the_customer_s_name(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    bot.rules = read_rules(TEXTS.replace(", order {{order}} comes {{ day }}", ""))
    view = ada.opens("jane@example.com #delayed")
    assert preview(view) == "Hello Jane Doe. Ada Nowak"
    assert "placeholder such as" not in words(view)


@pytest.mark.parametrize("texts", [TEXTS, FIXED])
def test_an_empty_field_is_named_and_is_no_refusal(texts: str, bot: Bot, ada: Agent) -> None:
    bot.rules = read_rules(texts)
    view = ada.opens("jane@example.com #delayed", "Not ready yet: ")
    assert "Fill in order." in words(view)
    assert "placeholder such as" not in words(view)
    assert "✗" not in words(view)
    updates(ada, order="123")
    ada.sees("Ready to send: ")


def test_a_customer_who_is_not_found_is_the_only_thing_that_is_wrong(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    bot.rules = read_rules(TEXTS.replace(", order {{order}} comes {{ day }}", ""))
    view = ada.opens("nobody@example.com #delayed", "Can't be sent: ")
    assert words(view).count("✗") == 1
    assert "Fill in" not in words(view)


def test_a_filled_text_that_is_too_long_is_stopped_before_send(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    updates(ada, Message="{{order}}" * 7, order="x" * 300)
    ada.sees("Can't be sent: ")
    assert "100 characters over the 2,000 limit." in words(ada.view())


def test_the_length_is_checked_after_filling(bot: Bot, rules: Rules, ada: Agent) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    refused = submits(ada, Message="{{order}}" * 7, order="x" * 300)
    assert any("2,000" in sentence for sentence in refused["errors"].values())


def test_what_the_agent_typed_before_is_kept_and_comes_back(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com My own words")
    view = chooses(ada, "Ready for collection")
    assert block(view, "message")["element"]["initial_value"] == "Your order is ready."
    assert "My own words" in words(block(view, "typed_before"))
    view = chooses(ada, "Delayed")
    assert "My own words" in words(block(view, "typed_before"))
    view = chooses(ada, "No template")
    assert block(view, "message")["element"]["initial_value"] == "My own words"
    assert "typed_before" not in words(view["blocks"])


def test_a_value_moves_to_the_next_template_that_needs_it(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    view = chooses(ada, "Café <!channel> *bold*", order="123")
    assert preview(view) == "A voucher for 123"


def test_another_customer_gets_their_own_name(bot: Bot, rules: Rules, ada: Agent) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed", order="1")
    ada.changes("customer", "+14155550132")
    ada.sees("Hello Sam")
    view = ada.view()
    assert view is not None and "Jane Doe" not in preview(view)


def test_a_choice_that_the_form_never_showed_is_not_sent(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    view = ada.opens("jane@example.com Hello")
    [option] = searches(ada, "Delayed")
    selected = {"type": "external_select", "selected_option": option}
    path = f"/people/views/{view['id']}/submit"
    values = {"template": {"template": selected}}
    refused = ada.local.ask("POST", path, user=ada.user, values=values)
    assert list(refused["errors"]) == ["template"]
    ada.sees("The customer gets:")


def test_an_option_that_is_not_ours_is_refused(
    bot: Bot, rules: Rules, ada: Agent, local: Local
) -> None:
    view = ada.opens("jane@example.com Hello")
    forged = {"text": {"type": "plain_text", "text": "Mine"}, "value": "mine:1"}
    selected = {"type": "external_select", "selected_option": forged}
    path = f"/people/views/{view['id']}/submit"
    values = {"template": {"template": selected}}
    refused = ada.local.ask("POST", path, user=ada.user, values=values)
    assert list(refused["errors"]) == ["template"]
    ada.sees("This template has changed.")


# Texts that can't be changed


def test_a_fixed_text_has_no_message_field_and_is_sent_as_previewed(
    bot: Bot, fixed: Rules, ada: Agent, stored: Stored
) -> None:
    ada.opens("jane@example.com Mine")
    view = chooses(ada, "Delayed")
    assert "Message" not in labels(view)
    updates(ada, order="123")
    previews(ada, FILLED)
    assert submits(ada)["result"] == "closed"
    assert stored().text == FILLED


def test_a_fixed_template_that_has_changed_since_is_not_sent(
    bot: Bot, fixed: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Delayed")
    bot.rules = read_rules(FIXED.replace("Hello", "Dear"))
    refused = submits(ada, order="123")
    assert list(refused["errors"]) == ["template"]


def test_a_rule_that_forbids_changes_holds_for_open_forms(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    ada.opens("jane@example.com")
    chooses(ada, "Ready for collection")
    bot.rules = read_rules(FIXED)
    refused = submits(ada, Message="My own words")
    assert list(refused["errors"]) == ["template"]


# By name


@pytest.mark.parametrize("typed", ["#delayed", "#Delayed", "#ready for collection"])
def test_a_name_after_the_customer_chooses_a_template(
    typed: str, bot: Bot, rules: Rules, ada: Agent
) -> None:
    view = ada.opens(f"jane@example.com {typed}", "The customer gets:")
    chosen = block(view, "template")["element"]["initial_option"]["text"]["text"]
    assert chosen.casefold() == typed[1:].casefold()


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("#delay", 'No template is called "delay". Did you mean "Delayed"?'),
        ("#zzz", 'No template is called "zzz".'),
        ("#delayed and more", 'To use the template "Delayed", choose it from the menu.'),
    ],
)
def test_a_name_that_nobody_knows_stays_as_typed_with_the_closest_ones(
    typed: str, hint: str, bot: Bot, rules: Rules, ada: Agent
) -> None:
    view = ada.opens(f"jane@example.com {typed}", "Not ready yet: ")
    assert block(view, "message")["element"]["initial_value"] == typed
    assert block(view, "template")["hint"]["text"] == hint


def test_a_name_is_not_called_unknown_while_the_templates_are_still_being_read(
    bot: Bot, ada: Agent
) -> None:
    may_read = threading.Event()

    def read() -> tuple[LibraryResponse, ...]:
        assert may_read.wait(5)
        return (LibraryResponse("r", "1", "Delayed", "It is late."),)

    bot.rules = read_rules('[templates]\nsource = "genesys"\n')
    bot.genesys_templates._read = read
    sentence = "Templates are still being read. Try again in a moment."
    view = ada.opens("jane@example.com #delayed", "Not ready yet: ")
    assert block(view, "template")["hint"]["text"] == sentence
    assert searches(ada, "") == []
    assert submits(ada)["errors"]["message"].startswith(sentence)
    may_read.set()
    wait_until(lambda: names(searches(ada, "")) == ["Delayed"])
    assert chooses(ada, "Delayed")
    ada.sees("The customer gets:")


@pytest.mark.parametrize("typed", ["#delay", "#zzz", "#ready for colection", " #zzz "])
def test_a_template_s_name_that_nobody_knows_is_not_sent_to_the_customer(
    typed: str, bot: Bot, rules: Rules, ada: Agent, stored: Stored
) -> None:
    ada.opens("jane@example.com")
    [(field, sentence)] = submits(ada, Message=typed)["errors"].items()
    assert field == "message"
    assert sentence.startswith("No template is called ")
    assert sentence.endswith('Choose a template, or put a word before "#" to send this text.')
    assert submits(ada, Message=f"About {typed}")["result"] == "closed"
    assert stored().text == f"About {typed}"


def test_a_form_with_a_template_s_name_that_nobody_knows_is_not_ready(
    bot: Bot, rules: Rules, ada: Agent
) -> None:
    view = ada.opens("jane@example.com #zzz", "Not ready yet: ")
    assert words(block(view, "evidence")).count("Choose a template, or ") == 1


@pytest.mark.parametrize(
    "typed", ["#1234 has shipped", "#WeCare: see you soon!", "#" + "x" * 81, "#zzz\nHello"]
)
def test_a_message_that_only_begins_like_a_name_is_sent(
    typed: str, bot: Bot, rules: Rules, ada: Agent, stored: Stored
) -> None:
    ada.opens("jane@example.com")
    assert submits(ada, Message=typed)["result"] == "closed"
    assert stored().text == typed


def test_a_number_sign_before_a_number_is_only_text(bot: Bot, rules: Rules, ada: Agent) -> None:
    assert "hint" not in block(ada.opens("jane@example.com #1234"), "template")


def test_no_name_or_text_of_a_template_is_formatted(bot: Bot, rules: Rules, ada: Agent) -> None:
    ada.opens("jane@example.com")
    view = chooses(ada, "Café <!channel> *bold*")
    assert "mrkdwn" not in words(view["blocks"])
