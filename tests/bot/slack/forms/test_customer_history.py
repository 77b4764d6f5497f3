"""What the form shows of earlier messages, and what it offers while a conversation is open."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.cards.blocks import to_json
from bot.cards.client import SlackClient, Spot
from bot.cards.post import Post
from bot.request import LONGEST_HOLD, Request
from bot.slack.forms.earlier_view import draw_earlier
from bot.state import State
from bot.storage.customer_history import CustomerHistory
from bot.storage.database import Database
from bot.storage.erasure import Erasure
from bot.storage.facts import Earlier
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind

from ...conftest import Local
from ..conftest import SUPPORT, Agent, Bot, words

Build = Callable[..., Request]
OLD = datetime.now(UTC) - timedelta(days=3)


@pytest.fixture
def history(database: Database) -> CustomerHistory:
    return CustomerHistory(database, Keys(database))


def send(store: RequestStore, a_request: Build, number: int, **values: object) -> None:
    at = OLD + timedelta(hours=number)
    standard = {"created_at": at, "sending_at": at, "state": State.DELIVERED}
    store.add(a_request(request_id=f"V{number}", **{**standard, **values}), [])


def test_the_newest_messages_from_anybody_come_first_and_at_most_three(
    history: CustomerHistory, requests_store: RequestStore, a_request: Build
) -> None:
    for number in range(5):
        send(requests_store, a_request, number, agent_id=f"U{number}")
    found = history.newest(a_request(request_id="new"))
    assert [(one.request_id, one.agent_id) for one in found] == [
        *[("V4", "U4"), ("V3", "U3"), ("V2", "U2")]
    ]


def test_they_are_found_by_another_address_of_the_customer(
    history: CustomerHistory, requests_store: RequestStore, a_request: Build
) -> None:
    send(requests_store, a_request, 1, contact_ids=("jane",))
    other = Identity(IdentityKind.PHONE, "+442079460018")
    assert history.newest(a_request(request_id="new", identity=other)) == ()
    [found] = history.newest(a_request(request_id="new", identity=other, contact_ids=("jane",)))
    assert found.request_id == "V1"


@pytest.mark.parametrize("state", [State.REFUSED, State.CANCELLED, State.EXPIRED])
def test_what_was_never_on_its_way_is_left_out(
    state: State, history: CustomerHistory, requests_store: RequestStore, a_request: Build
) -> None:
    send(requests_store, a_request, 1, state=state, sending_at=None)
    assert history.newest(a_request(request_id="new")) == ()


def test_an_erased_message_is_not_found(
    history: CustomerHistory, requests_store: RequestStore, a_request: Build, database: Database
) -> None:
    send(requests_store, a_request, 1)
    Erasure(database, lambda _connection, _job: None, Keys(database)).erase("V1")
    assert history.newest(a_request(request_id="new")) == ()


def test_a_line_says_who_when_what_became_of_it_and_where_the_card_is() -> None:
    one = Earlier("V1", "U0ADA", "Ada *Agent*", State.REPLIED, OLD, SUPPORT, "1.1")
    title, line = map(to_json, draw_earlier([one], {"V1": "https://slack.example.com/1"}))
    [heading] = title["elements"]
    assert heading["text"] == "Messages to them so far" and heading["style"] == {"bold": True}
    date, who, outcome, _, link = line["elements"]
    assert (date["timestamp"], who["text"]) == (int(OLD.timestamp()), " · Ada *Agent*")
    assert "replied" in outcome["text"]
    assert link["url"] == "https://slack.example.com/1"
    assert list(draw_earlier([], {})) == []


@pytest.mark.parametrize(("wait", "said"), [(5, "Sending in a few seconds"), (3_600, "Scheduled")])
def test_a_message_in_its_countdown_is_not_called_scheduled(
    wait: int,
    said: str,
    history: CustomerHistory,
    requests_store: RequestStore,
    a_request: Build,
) -> None:
    at = datetime.now(UTC)
    times = {"created_at": at, "send_at": at + timedelta(seconds=wait), "sending_at": None}
    send(requests_store, a_request, 1, state=State.SCHEDULED, **times)
    _, line = map(to_json, draw_earlier(history.newest(a_request(request_id="new")), {}))
    assert said in words(line)


def test_the_form_shows_them_below_the_customer_s_own_conversation(
    bot: Bot, ada: Agent, slack: SlackClient, requests_store: RequestStore, a_request: Build
) -> None:
    channel, ts = slack.post(Spot(SUPPORT), Post("A card", []), "V1 card")
    send(requests_store, a_request, 1, agent_name="Ben", card_channel=channel, card_ts=ts)
    send(requests_store, a_request, 2, agent_name="Mia")
    view = ada.opens("jane@example.com Your order", "Messages to them so far")
    shown = words(view)
    assert shown.index("Mia") < shown.index("Ben")
    assert "Your order is ready" not in shown
    assert f"archives/{SUPPORT}" in shown


def test_several_candidates_show_when_each_last_chatted(bot: Bot, ada: Agent) -> None:
    view = ada.opens("pat@example.com", "Which one?")
    block = next(b for b in view["blocks"] if b.get("element", {}).get("type") == "radio_buttons")
    described = [option["description"]["text"] for option in block["element"]["options"]]
    assert len(described) > 1
    assert all(" · last chat " in one or " · no chat in 31 days" in one for one in described)
    assert any(" · last chat " in one for one in described)


def test_a_message_may_wait_until_the_open_conversation_has_ended(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    local.ask("POST", "/customers/amir/answer", text="Hello?")
    ada.opens("amir@example.com Your order is ready", "They're in a live conversation")
    ada.changes("open_conversation", "ended")
    ada.sees("Your message goes out when it has ended.")
    view = ada.view()
    assert view is not None
    assert ada.submits()["result"] == "closed"
    request = requests_store.load(view["id"])
    assert request.after_conversation is not None
    wait = request.after_conversation - request.created_at
    assert abs(wait - LONGEST_HOLD) < timedelta(minutes=1)
    assert not request.into_open_conversation


def test_the_choice_to_write_into_the_conversation_counts_while_they_are_looked_up(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    local.ask("POST", "/customers/amir/answer", text="Hello?")
    form = ada.opens("amir@example.com Your order is ready", "They're in a live conversation")
    local.order("genesys", "*", "latency", seconds=2.0, times=None)
    ada.changes("open_conversation", "write")
    ada.sees("Looking them up")
    assert ada.submits()["result"] == "closed"
    assert requests_store.load(form["id"]).into_open_conversation
