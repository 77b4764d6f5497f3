"""``list`` and ``status`` answer privately, and with no more than the person may see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.request import Request
from bot.slack.commands.list_commands import Question, read_question
from bot.state import State
from bot.storage.my_requests import PAGE_SIZE, Filter
from bot.storage.requests import RequestStore

from ...conftest import Local
from ..conftest import LEAD, Agent, Bot, words

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("list", Question(Filter.RECENT)),
        (" LIST  planned ", Question(Filter.PLANNED)),
        ("list open", Question(Filter.OPEN)),
        ("list attention", Question(Filter.ATTENTION)),
        ("list recent", Question(Filter.RECENT)),
        ("list foo", Question(unknown="foo")),
        ("List my messages", Question(unknown="my messages")),
        ("list of your new prices", None),
        ("list 2", None),
        ("listing", None),
        ("status", Question()),
        ("status jane@example.com", Question(customer="jane@example.com")),
        ("Status +44 20 7946 0018", Question(customer="+44 20 7946 0018")),
        ("status foo", Question(customer="foo")),
        ("status Jane Doe", Question(customer="Jane Doe")),
        ("status of your order has changed", None),
        ("jane@example.com list", None),
    ],
)
def test_only_these_words_are_questions(typed: str, question: Question | None) -> None:
    assert read_question(typed) == question


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "list foo",
            'There\'s no list "foo". Type: /proactive list (your newest messages), /proactive list '
            "planned, /proactive list open or /proactive list attention.",
        ),
        ("list <!channel>", 'There\'s no list "&lt;!channel&gt;". Type: /proactive list'),
        ("status foo", "That isn't an email or phone number."),
        ("status", "Whose? Type: /proactive status jane@example.com"),
    ],
)
def test_a_wrong_word_is_answered_privately_and_opens_no_form(
    bot: Bot, ada: Agent, local: Local, typed: str, sentence: str
) -> None:
    assert ada.types(typed)["body"] == ""
    bot.finish()
    [message] = [one for one in local.messages(ada.channel, ada.user) if one["ephemeral"]]
    assert message["text"].startswith(sentence) and not message["pings"]
    assert f"/proactive {typed}" in words(message)
    assert not local.calls("slack", "views.open")


@pytest.fixture
def add(requests_store: RequestStore, a_request: Callable[..., Request]) -> Callable[..., None]:
    def add(request_id: str, agent_id: str = "U0ADA", **values: object) -> None:
        values = {"state": State.READ, "created_at": NOW, **values}
        requests_store.add(a_request(request_id=request_id, agent_id=agent_id, **values), [])

    return add


def test_a_list_is_shown_to_the_agent_alone(
    bot: Bot, ada: Agent, local: Local, add: Callable[..., None]
) -> None:
    add("V1", customer_name="Jane Doe")
    add("V2", "U0BEN", customer_name="Amir Khan")
    ada.types("list")
    message = ada.reads("Your messages: recent")
    assert message["ephemeral"]
    [title] = message["blocks"][0]["elements"][0]["elements"]
    assert title["style"] == {"bold": True}
    assert "Jane Doe" in words(message) and "Amir Khan" not in words(message)
    assert not local.calls("slack", "views.open")


def add_planned(add: Callable[..., None]) -> None:
    at = NOW + timedelta(hours=1)
    add("V1", state=State.SCHEDULED, send_at=at, planned_at=at)


def open_planned(ada: Agent, local: Local) -> Callable[[str], object]:
    """Ask for the planned messages; return what presses a button of the first one."""
    ada.types("list planned")
    message = ada.reads("Your messages: planned")
    where = {"channel": ada.channel, "ts": message["ts"], "block_id": "do:V1"}

    def press(action: str) -> object:
        click = {**where, "element": {"type": "button"}, "action_id": action}
        return local.ask("POST", "/people/actions", user=ada.user, **click)

    return press


def test_a_planned_message_can_be_cancelled_from_the_list(
    bot: Bot, ada: Agent, local: Local, add: Callable[..., None], requests_store: RequestStore
) -> None:
    add_planned(add)
    press = open_planned(ada, local)
    press("cancel")
    bot.finish()
    assert requests_store.load("V1").state is State.CANCELLED
    assert "Cancelled, not sent" in ada.reads("Cancelled, not sent.")["text"]
    press("cancel")
    bot.finish()
    assert ada.reads("That button is out of date")["ephemeral"]


def test_a_message_that_is_edited_from_the_list_says_so_there(
    bot: Bot, ada: Agent, local: Local, add: Callable[..., None], requests_store: RequestStore
) -> None:
    add_planned(add)
    open_planned(ada, local)("edit")
    ada.sees("Edit message")
    assert not ada.submits(message="Another text")["errors"]
    bot.finish()
    assert requests_store.load("V1").text == "Another text"
    assert ada.reads("Message to j•••@example.com: ⏳ Scheduled")["ephemeral"]


def test_what_an_approver_reads_and_approves_from_the_list_says_so_there(
    bot: Bot, local: Local, add: Callable[..., None], requests_store: RequestStore
) -> None:
    add("V1", state=State.UNAPPROVED)
    leo = Agent(local, LEAD)
    leo.types("list attention")
    message = leo.reads("Your messages: attention")
    [actions] = [block for block in message["blocks"] if block["type"] == "actions"]
    offered = [one["action_id"] for one in actions["elements"]]
    assert offered == ["review", "decline", "edit", "cancel"]
    where = {"channel": leo.channel, "ts": message["ts"], "block_id": "do:V1"}
    click = {**where, "element": {"type": "button"}, "action_id": "review"}
    local.ask("POST", "/people/actions", user=LEAD, **click)
    leo.sees("Your order is ready")
    assert leo.submits()["result"] == "closed"
    bot.finish()
    assert requests_store.load("V1").approver_id == LEAD
    assert leo.reads("Message to j•••@example.com: ⏳ S")["ephemeral"]


def test_the_notification_says_in_a_sentence_how_many_there_are(
    bot: Bot, ada: Agent, add: Callable[..., None]
) -> None:
    add_planned(add)
    ada.types("list planned")
    assert ada.reads("Your messages: planned")["text"] == "You have 1 planned message."
    for number in range(PAGE_SIZE + 1):
        add(f"W{number}", state=State.READ)
    ada.types("list")
    assert ada.reads("Your messages: recent")["text"] == "You have 8+ recent messages."
    ada.types("status jane@example.com")
    said = "You have 8+ messages to j•••@example.com."
    assert ada.reads("Your messages to")["text"] == said
    ada.types("status amir@example.com")
    assert ada.reads("You have 0 messages to a•••@example.com.")


def test_a_row_says_why_a_message_was_not_sent(
    bot: Bot, ada: Agent, local: Local, add: Callable[..., None]
) -> None:
    add("V1", state=State.REFUSED, reason="Wrong price")
    ada.types("list")
    assert "Not sent" in words(ada.reads("Wrong price"))


def test_status_shows_an_agent_their_own_messages_and_a_lead_everybody_s(
    bot: Bot, ada: Agent, local: Local, add: Callable[..., None]
) -> None:
    add("V1", text="From Ada")
    add("V2", "U0BEN", text="From Ben")
    ada.types("status <mailto:jane@example.com|jane@example.com>")
    message = ada.reads("Your messages to")
    assert "From Ada" in words(message) and "From Ben" not in words(message)
    assert "jane@example.com" not in words(message)
    leo = Agent(local, LEAD)
    leo.types("status jane@example.com")
    assert {"From Ada", "From Ben"} <= set(_quotes(leo.reads("Messages to")))


def _quotes(message: dict) -> list[str]:  # type: ignore[type-arg]
    return [
        part["elements"][0]["text"]
        for block in message["blocks"]
        for part in block["elements"]
        if part["type"] == "rich_text_quote"
    ]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("status", "Whose? Type: /proactive status jane@example.com"),
        ("status amir@example.com", "There are none."),
        ("list attention", "There are none."),
    ],
)
def test_what_finds_nothing_says_so(bot: Bot, ada: Agent, typed: str, sentence: str) -> None:
    ada.types(typed)
    assert ada.reads(sentence)["ephemeral"]


def test_a_longer_list_says_where_the_rest_is(
    bot: Bot, ada: Agent, add: Callable[..., None]
) -> None:
    for number in range(PAGE_SIZE + 1):
        add(f"V{number}")
    ada.types("list")
    assert "My Home tab has all of them." in words(ada.reads("Your messages: recent"))


def test_whoever_may_not_use_the_bot_gets_no_list(
    bot: Bot, local: Local, add: Callable[..., None]
) -> None:
    add("V1", "U0GUS")
    gus = Agent(local, "U0GUS")
    gus.types("list")
    assert "guest" in words(gus.reads("uest")).lower()
    assert bot.noted
