"""Every click is checked again: who may decide, and whether the request still can."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

from bot.cards.card import show_card
from bot.job import Job, JobKind
from bot.request import Event, Request, State
from bot.storage.database import Database
from bot.storage.requests import RequestStore

from ..conftest import Local
from .conftest import LEAD, SUPPORT, Agent, Bot, words

ID = "V0123456789"
FOREIGN = "Only the agent who asked for this message, or a lead, can do that."
LATE = "This request has moved on since that button was shown. The card says where it stands."
GUS = "U0GUS"
Post = Callable[..., str]


@pytest.fixture
def post_card(
    local: Local, requests_store: RequestStore, a_request: Callable[..., Request]
) -> Post:
    """Store a request and post a card for it; ``shown`` is the state that the card shows."""

    def post(state: State, shown: State | None = None, *, is_stored: bool = True) -> str:
        request = a_request(request_id=ID, state=state)
        if is_stored:
            requests_store.add(request, [])
        client = WebClient(
            local.settings["SLACK_BOT_TOKEN"], local.settings["SLACK_API_URL"], retry_handlers=[]
        )
        card = show_card(replace(request, state=shown or state))
        answer = client.chat_postMessage(channel=SUPPORT, text=card.text, blocks=card.blocks)
        return str(answer["ts"])

    return post


@pytest.fixture
def lines(database: Database) -> Callable[[], list[tuple[str, str]]]:
    """List the events and details of the history, without the first line."""

    def read() -> list[tuple[str, str]]:
        query = sa.text("SELECT event, detail FROM history ORDER BY line_id")
        with database.connect() as connection:
            return [(event, detail) for event, detail in connection.execute(query)][1:]

    return read


def answers(local: Local, user: str = "U0ADA") -> list[str]:
    """List what the bot has told one person privately."""
    return [m["text"] for m in local.messages(SUPPORT, user) if m["ephemeral"]]


Lines = Callable[[], list[tuple[str, str]]]


@pytest.mark.parametrize(
    ("state", "button", "new", "event", "kinds"),
    [
        (State.CHECKING, "cancel", State.CANCELLED, Event.CANCELLED, {JobKind.PUBLISH}),
        (State.SCHEDULED, "cancel", State.CANCELLED, Event.CANCELLED, {JobKind.PUBLISH}),
        (
            State.UNCERTAIN,
            "check_again",
            State.UNCERTAIN,
            Event.CHECK_ASKED,
            {JobKind.PUBLISH, JobKind.RECONCILE},
        ),
        (
            State.UNCERTAIN,
            "send_anyway",
            State.SCHEDULED,
            Event.SEND_DECIDED,
            {JobKind.PUBLISH, JobKind.DELIVER},
        ),
    ],
)
@pytest.mark.parametrize(("user", "name"), [("U0ADA", "ada"), (LEAD, "leo")])
def test_the_agent_and_a_lead_can_decide_and_their_name_is_kept(
    state: State,
    button: str,
    new: State,
    event: Event,
    kinds: set[JobKind],
    user: str,
    name: str,
    bot: Bot,
    local: Local,
    jobs: list[Job],
    requests_store: RequestStore,
    post_card: Post,
    lines: Lines,
) -> None:
    ack = Agent(local, user).clicks(post_card(state), button)
    assert (ack["status"], ack["body"]) == (200, "")
    bot.finish()
    assert requests_store.load(ID).state is new
    assert lines() == [(event, name)]
    assert {(job.kind, job.request_id) for job in jobs} == {(kind, ID) for kind in kinds}
    assert not answers(local, user)


@pytest.mark.parametrize(
    ("state", "button"),
    [
        (State.CHECKING, "cancel"),
        (State.UNCERTAIN, "check_again"),
        (State.UNCERTAIN, "send_anyway"),
        (State.REFUSED, "compose_again"),
    ],
)
def test_a_click_by_anybody_else_is_answered_and_changes_nothing(
    state: State,
    button: str,
    bot: Bot,
    local: Local,
    jobs: list[Job],
    requests_store: RequestStore,
    post_card: Post,
    lines: Lines,
) -> None:
    gus = Agent(local, GUS)
    gus.clicks(post_card(state), button)
    gus.reads(FOREIGN)
    bot.finish()
    assert answers(local, GUS) == [FOREIGN]
    assert not answers(local)
    assert requests_store.load(ID).state is state
    assert not lines()
    assert not jobs
    assert gus.view() is None


@pytest.mark.parametrize(
    ("shown", "button", "state"),
    [
        (State.SCHEDULED, "cancel", State.SENDING),
        (State.SCHEDULED, "cancel", State.CANCELLED),
        (State.UNCERTAIN, "check_again", State.ACCEPTED),
        (State.UNCERTAIN, "send_anyway", State.SCHEDULED),
    ],
)
def test_a_late_click_is_answered_and_changes_nothing(
    shown: State,
    button: str,
    state: State,
    bot: Bot,
    ada: Agent,
    local: Local,
    jobs: list[Job],
    requests_store: RequestStore,
    post_card: Post,
    lines: Lines,
) -> None:
    ada.clicks(post_card(state, shown), button)
    ada.reads(LATE)
    bot.finish()
    assert answers(local) == [LATE]
    assert requests_store.load(ID).state is state
    assert not lines()
    assert not jobs


def test_open_it_again_opens_the_form_with_the_same_customer_and_message(
    bot: Bot, ada: Agent, jobs: list[Job], post_card: Post
) -> None:
    ada.clicks(post_card(State.REFUSED), "compose_again")
    view = ada.sees("Ready to send")
    fields = {block["block_id"]: block.get("element", {}) for block in view["blocks"]}
    assert fields["customer"]["initial_value"] == "jane@example.com"
    assert fields["message"]["initial_value"] == "Your order is ready"
    assert not jobs


def test_when_the_form_cannot_open_again_the_message_is_given_back(
    bot: Bot, ada: Agent, local: Local, post_card: Post
) -> None:
    card = post_card(State.REFUSED)
    local.ask("POST", "/control/slack/settings", trigger_seconds=0)
    ada.clicks(card, "compose_again")
    told = ada.reads("Slack gave the form too little time to open.")
    assert told["ephemeral"]
    assert "Your order is ready" in words(told["blocks"])


def test_a_card_whose_request_is_gone_is_answered_with_a_reference(
    bot: Bot, ada: Agent, post_card: Post
) -> None:
    ada.clicks(post_card(State.CHECKING, is_stored=False), "cancel")
    assert ada.reads("tell an administrator this reference: ")["ephemeral"]
