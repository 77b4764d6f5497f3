"""Whatever a person does in Slack reaches its listener, and is acknowledged without waiting."""

import json
import logging
import re
from typing import Any

import pytest
from slack_sdk.web import WebClient

from bot.slack.commands.command import show_help
from bot.slack.metadata import MetadataSigner
from bot.storage.requests import RequestStore

from ..conftest import Local
from .conftest import SLOW, SLOW_MS, SUPPORT, Agent, Bot, words

MAILTO = "<mailto:amir@example.com|amir@example.com>"
CUSTOMER = {"type": "mrkdwn", "text": f"*Customer*: {MAILTO}"}
REFERENCE = re.compile(
    r"Something went wrong, and this step sent nothing\. Try again\. If it happens again, tell "
    r"your admin this reference: ([0-9a-f]{8})"
)


def deliver(local: Local, body: dict[str, Any]) -> dict[str, Any]:
    """Send the bot an interaction of the test's own making."""
    sent = {"kind": "interactive", "body": {"user": {"id": "U0ADA"}, **body}}
    answer: dict[str, Any] = local.ask("POST", "/control/slack/deliver", **sent)
    return answer


def sign_nothing(local: Local) -> str:
    """Return private metadata that the bot has signed and yet can't read: there's nothing in it."""
    return MetadataSigner(local.settings["SLACK_BOT_TOKEN"]).sign("[]", "U0ADA")


@pytest.mark.parametrize("typed", ["help", " HELP ", "?", "-h", "--help"])
def test_help_is_the_ack_itself_and_opens_nothing(
    typed: str, bot: Bot, ada: Agent, local: Local
) -> None:
    ack = ada.types(typed)
    shown = show_help("/proactive")
    assert ack["body"] == {
        "response_type": "ephemeral",
        "text": shown.text,
        "blocks": shown.payload,
    }
    bot.finish()
    assert not local.calls("slack", "views.open")


@pytest.mark.parametrize("typed", ["lists", "stop", "stats jane@example.com"])
def test_what_the_command_does_not_know_is_answered_with_what_it_can_do(
    typed: str, bot: Bot, ada: Agent, local: Local
) -> None:
    ack = ada.types(typed)
    assert ack["body"]["response_type"] == "ephemeral"
    assert ack["body"]["text"].startswith(f'I don\'t know "{typed}". ')
    assert show_help("/proactive").text in ack["body"]["text"]
    bot.finish()
    assert not local.calls("slack", "views.open")


def test_a_text_that_begins_like_help_is_a_message(bot: Bot, ada: Agent) -> None:
    view = ada.opens("help me with my order", "Enter an email")
    assert '"initial_value": "help me with my order"' in words(view)


@pytest.mark.parametrize(("side", "where"), [("slack", "users.info"), ("genesys", "*")])
def test_no_ack_waits_for_slack_or_genesys(
    side: str, where: str, bot: Bot, ada: Agent, local: Local
) -> None:
    local.order(side, where, "latency", seconds=SLOW, times=None)
    acks = [ada.types("jane@example.com Hello")]
    bot.seconds += 60.0  # what was known of people is outdated
    ada.sees("Looking them up")
    acks.append(ada.changes("customer", "amir@example.com"))
    acks.append(ada.submits()["ack"])
    assert all(ack["ms"] < SLOW_MS for ack in acks)
    local.clear_faults()


@pytest.mark.parametrize(
    ("text", "customer"),
    [
        ("Please tell <mailto:amir@example.com|Amir>, thanks", "amir@example.com"),
        ("Please tell amir@example.com, thanks", "amir@example.com"),
        ("Nobody in here", ""),
    ],
)
def test_the_message_shortcut_opens_the_form_for_the_customer_in_the_message(
    text: str, customer: str, bot: Bot, ada: Agent
) -> None:
    ts = ada.writes(text)
    assert ada.chooses_shortcut(ts)["body"] == ""
    view = ada.sees("Ready to send" if customer else "Enter an email")
    assert view["blocks"][0]["element"].get("initial_value", "") == customer
    place = json.loads(view["private_metadata"])
    assert place[:2] == ["C0SUPPORT", ts]


@pytest.mark.parametrize(
    "said",
    [
        {"blocks": [{"type": "section", "fields": [CUSTOMER]}]},
        {"attachments": [{"color": "36a64f", "fields": [{"title": "By", "value": MAILTO}]}]},
        {"attachments": [{"blocks": [{"type": "context", "elements": [CUSTOMER]}]}]},
    ],
)
def test_the_shortcut_on_a_message_without_text_finds_the_customer(
    said: dict[str, Any], bot: Bot, ada: Agent, local: Local
) -> None:
    alert = WebClient(
        local.settings["SLACK_BOT_TOKEN"], local.settings["SLACK_API_URL"], retry_handlers=[]
    )
    posted = alert.api_call("chat.postMessage", json={"channel": SUPPORT, "text": "", **said})
    ada.chooses_shortcut(str(posted["ts"]))
    view = ada.sees("Ready to send")
    assert view["blocks"][0]["element"]["initial_value"] == "amir@example.com"


def test_an_org_wide_install_works_without_a_team_in_what_slack_sends(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    local.ask("POST", "/control/slack/settings", org_wide=True)
    ada.chooses_shortcut(ada.writes("Please tell jane@example.com"))
    view = ada.sees("Ready to send")
    assert ada.changes("customer", "amir@example.com")["body"] == ""
    ada.sees("Amir Haddad")
    assert ada.submits(message="Hello")["result"] == "closed"
    assert requests_store.load(view["id"]).place.team_id == "T0LOCAL"
    ada.opens("jane@example.com Hello")


def test_the_shortcut_on_a_reply_keeps_the_thread(bot: Bot, ada: Agent) -> None:
    parent = ada.writes("A thread")
    ada.chooses_shortcut(ada.writes("jane@example.com", thread_ts=parent))
    view = ada.sees("Ready to send")
    assert json.loads(view["private_metadata"])[:2] == ["C0SUPPORT", parent]


@pytest.mark.parametrize(
    "body",
    [
        {"type": "block_actions", "actions": [{"action_id": "customer_2", "block_id": "b"}]},
        {"type": "block_actions", "actions": [{"action_id": "uncancel", "block_id": "b"}]},
        {"type": "view_submission", "view": {"type": "modal", "callback_id": "sorry"}},
        {"type": "message_action", "callback_id": "other"},
    ],
)
def test_what_nobody_listens_to_is_not_found(body: dict[str, Any], bot: Bot, local: Local) -> None:
    assert deliver(local, body)["status"] == 404


def test_an_error_in_a_submitted_form_stands_under_its_first_field(
    bot: Bot, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    blocks = [{"type": "rich_text", "block_id": "r"}, {"type": "input", "block_id": "customer"}]
    view = {"type": "modal", "callback_id": "compose", "blocks": blocks}
    view["private_metadata"] = sign_nothing(local)
    answer = deliver(local, {"type": "view_submission", "view": view})
    ack = json.loads(answer["body"])
    assert (answer["status"], ack["response_action"]) == (200, "errors")
    assert list(ack["errors"]) == ["customer"]
    found = REFERENCE.fullmatch(ack["errors"]["customer"])
    assert found is not None
    [record] = [r for r in caplog.records if r.name == "bot.slack.errors"]
    assert record.levelno == logging.ERROR
    assert record.getMessage() == f"unforeseen error, reference {found[1]}"
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError


@pytest.mark.parametrize("metadata", [{}, {"private_metadata": None}, {"private_metadata": 5}])
def test_a_form_without_metadata_is_not_the_bot_s(
    metadata: dict[str, Any], bot: Bot, local: Local
) -> None:
    blocks = [{"type": "input", "block_id": "customer"}, {"type": "input", "block_id": "message"}]
    view = {"type": "modal", "callback_id": "compose", "blocks": blocks, **metadata}
    ack = json.loads(deliver(local, {"type": "view_submission", "view": view})["body"])
    assert list(ack["errors"]) == ["message"]
    assert ack["errors"]["message"].startswith("I can't verify this form")


def test_an_error_without_a_place_for_it_is_told_in_a_direct_message(
    bot: Bot, local: Local
) -> None:
    view = {"type": "modal", "callback_id": "compose", "blocks": []}
    view["private_metadata"] = sign_nothing(local)
    body = {"type": "block_actions", "actions": [{"action_id": "customer", "block_id": "b"}]}
    assert deliver(local, {**body, "view": view})["status"] == 200
    bot.finish()
    told = local.messages("D0ADA")
    assert len(told) == 1
    assert REFERENCE.fullmatch(told[0]["text"])
