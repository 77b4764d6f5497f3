"""Every click is checked again: who may decide, and whether the request still can."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

from bot.cards.card import show_card
from bot.job import Job, JobKind
from bot.request import Decision, Event, Request
from bot.rules.rules_file import read_rules
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from bot.templates.sources import FileTemplates
from genesys import Identity, IdentityKind

from ...conftest import Local
from ..conftest import LEAD, SUPPORT, Agent, Bot, answers, words

ID = "V0123456789"
FOREIGN = "Only Ada Agent or a lead can do this."
LATE = "That button is out of date; see the card."
BEN = "U0BEN"
READY = """
[templates]
editable = true
[[templates.list]]
name = "Ready"
text = "Hello {{CUSTOMER_NAME}}, order {{order}} is ready."
"""
Post = Callable[..., str]
Lines = Callable[[], list[tuple[str, ...]]]


@pytest.fixture
def post_card(
    local: Local, requests_store: RequestStore, a_request: Callable[..., Request]
) -> Post:
    """Store a request and post a card for it; ``shown`` is the state that the card shows."""

    def post(
        state: State, shown: State | None = None, *, is_stored: bool = True, **values: Any
    ) -> str:
        request = a_request(request_id=ID, state=state, **values)
        if is_stored:
            requests_store.add(request, [])
        client = WebClient(
            local.settings["SLACK_BOT_TOKEN"], local.settings["SLACK_API_URL"], retry_handlers=[]
        )
        card = show_card(replace(request, state=shown or state))
        answer = client.chat_postMessage(channel=SUPPORT, text=card.text, blocks=card.payload)
        return str(answer["ts"])

    return post


@pytest.fixture
def lines(database: Database) -> Lines:
    """List the events, user ids and details of the history, without the first line."""

    def read() -> list[tuple[str, ...]]:
        query = sa.text("SELECT event, user_id, detail FROM history ORDER BY line_id")
        with database.connect() as connection:
            return [tuple(row) for row in connection.execute(query)][1:]

    return read


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
        (
            State.UNCERTAIN,
            "mark_sent",
            State.ACCEPTED,
            Event.SENT_CONFIRMED,
            {JobKind.PUBLISH},
        ),
    ],
)
@pytest.mark.parametrize(("user", "name"), [("U0ADA", "Ada Nowak"), (LEAD, "Leo Rossi")])
def test_the_agent_and_a_lead_can_decide_and_their_user_id_is_kept(
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
    assert lines() == [(event, user, name)]
    assert {(job.kind, job.request_id) for job in jobs} == {(kind, ID) for kind in kinds}
    assert not answers(local, user)


@pytest.mark.parametrize(("user", "is_new"), [("U0ADA", True), (LEAD, False)])
def test_private_news_goes_to_the_agent_s_newest_response_url_and_never_to_a_lead_s(
    user: str,
    is_new: bool,
    bot: Bot,
    local: Local,
    requests_store: RequestStore,
    post_card: Post,
) -> None:
    card = post_card(State.UNCERTAIN)
    before = requests_store.load(ID).place
    Agent(local, user).clicks(card, "check_again")
    bot.finish()
    after = requests_store.load(ID).place
    assert (after.response_url != before.response_url) is is_new
    assert replace(after, response_url=before.response_url) == before


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
    ben = Agent(local, BEN)
    ben.clicks(post_card(state), button)
    ben.reads(FOREIGN)
    bot.finish()
    (answer,) = answers(local, BEN)
    assert answer == FOREIGN
    assert bot.noted == [(BEN, "Only the agent or a lead can do this.")]
    assert not answers(local)
    assert requests_store.load(ID).state is state
    assert not lines()
    assert not jobs
    assert ben.view() is None


@pytest.mark.parametrize(
    ("user", "told"),
    [("U0GUS", "Guests can't use this. Ask a full member of your team."), (BEN, FOREIGN)],
)
def test_a_refused_click_in_the_home_tab_is_in_the_audit_log_under_its_request(
    user: str, told: str, bot: Bot, local: Local, database: Database, post_card: Post
) -> None:
    post_card(State.UNCERTAIN)
    body = {
        "type": "block_actions",
        "user": {"id": user, "team_id": "T0LOCAL"},
        "team": {"id": "T0LOCAL"},
        "view": {"id": "V0HOME", "type": "home", "callback_id": "home"},
        "actions": [{"action_id": "send_anyway", "block_id": f"do:{ID}", "value": f"{ID}:0"}],
    }
    local.ask("POST", "/control/slack/deliver", kind="interactive", body=body)
    bot.finish()
    refused = [
        (one.user_id, one.request_id)
        for one in AuditLog(database).entries()
        if one.action == Action.REFUSED_CLICK
    ]
    assert refused == [(user, ID)]
    channel = f"D0{user.removeprefix('U0')}"
    assert told in words(local.messages(channel, user))


@pytest.mark.parametrize(
    ("shown", "button", "state"),
    [
        (State.SCHEDULED, "cancel", State.SENDING),
        (State.SCHEDULED, "cancel", State.CANCELLED),
        (State.UNCERTAIN, "check_again", State.ACCEPTED),
        (State.UNCERTAIN, "send_anyway", State.SCHEDULED),
        (State.UNCERTAIN, "mark_sent", State.ACCEPTED),
        (State.UNCERTAIN, "mark_sent", State.SCHEDULED),
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


def test_the_answer_to_a_late_click_has_the_buttons_that_count_now(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    """A card that can't be edited, or one that only the agent sees, may have no newer ones."""
    card = post_card(State.UNCERTAIN)
    since = State.UNCERTAIN
    decision = Decision(ID, 0, LEAD, "leo")
    assert requests_store.move(ID, since, Event.CHECK_ASKED, since=since, decision=decision)
    ada.clicks(card, "check_again")
    ada.reads(LATE)
    bot.finish()
    (answer,) = [m for m in local.messages(SUPPORT, "U0ADA") if m["ephemeral"]]
    (actions,) = [block for block in answer["blocks"] if block["type"] == "actions"]
    assert {button["value"] for button in actions["elements"]} == {f"{ID}:1"}


def test_a_decision_that_is_replayed_to_another_process_counts_once(
    bot: Bot,
    other_bot: Bot,
    ada: Agent,
    local: Local,
    requests_store: RequestStore,
    post_card: Post,
    lines: Lines,
) -> None:
    """The second send's answer is lost as well, and nobody has decided on a third."""
    ada.clicks(post_card(State.UNCERTAIN), "send_anyway")
    bot.finish()
    requests_store.move(ID, State.SENDING, Event.SENDING)
    requests_store.move(ID, State.UNCERTAIN, Event.UNCERTAIN)
    local.ask("POST", "/control/slack/settings", events_url=other_bot.url)
    local.ask("POST", "/control/slack/redeliver", count=2)
    ada.reads(LATE)
    other_bot.finish()
    assert requests_store.load(ID).state is State.UNCERTAIN
    assert [event for event, *_ in lines()].count(Event.SEND_DECIDED) == 1


def test_a_double_click_counts_once(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore, post_card: Post, lines: Lines
) -> None:
    ada.clicks(post_card(State.UNCERTAIN), "check_again")
    local.ask("POST", "/control/slack/redeliver", count=2, at_once=True)
    bot.finish()
    assert [event for event, *_ in lines()] == [Event.CHECK_ASKED]
    assert requests_store.load(ID).decisions == 1


@pytest.mark.parametrize(
    ("value", "counts"),
    [(ID, True), (f"{ID}:0", True), (f"{ID}:1", False), (f"{ID}:x", False), (f"{ID}:0:0", False)],
)
def test_a_button_counts_only_for_the_decision_that_comes_next(
    value: str,
    counts: bool,
    bot: Bot,
    ada: Agent,
    local: Local,
    requests_store: RequestStore,
    post_card: Post,
) -> None:
    """The buttons of release 0.1 hold only the request."""
    button = {"type": "button", "action_id": "cancel", "text": {"type": "plain_text", "text": "x"}}
    block = {"type": "actions", "block_id": "decide", "elements": [{**button, "value": value}]}
    local.ask(
        "POST",
        "/people/actions",
        user=ada.user,
        channel=SUPPORT,
        ts=post_card(State.SCHEDULED),
        block_id="decide",
        action_id="cancel",
        element={"type": "button"},
        stale_block=block,
    )
    bot.finish()
    assert requests_store.load(ID).state is (State.CANCELLED if counts else State.SCHEDULED)
    assert bool(answers(local)) is not counts


def test_open_it_again_opens_the_form_with_the_same_customer_and_message(
    bot: Bot, ada: Agent, jobs: list[Job], post_card: Post
) -> None:
    ada.clicks(post_card(State.REFUSED), "compose_again")
    view = ada.sees("Ready to send")
    fields = {block["block_id"]: block.get("element", {}) for block in view["blocks"]}
    assert fields["customer"]["initial_value"] == "jane@example.com"
    assert fields["message"]["initial_value"] == "Your order is ready"
    assert not jobs


def test_open_it_again_keeps_the_times_that_the_agent_picked(
    bot: Bot, ada: Agent, post_card: Post, soon: int
) -> None:
    """Otherwise somebody who corrects a planned message would send it immediately."""
    planned = datetime.fromtimestamp(soon, UTC)
    times = {"planned_at": planned, "send_before": planned + timedelta(hours=1)}
    ada.clicks(post_card(State.CANCELLED, send_at=planned, **times), "compose_again")
    fields = _elements(ada.sees("Ready to send"))
    assert fields["send_at"]["initial_date_time"] == soon
    assert fields["send_before"]["initial_date_time"] == soon + 3600
    assert ada.submits()["result"] == "closed"


def test_open_it_again_shows_a_time_that_has_passed_with_its_error(
    bot: Bot, ada: Agent, post_card: Post
) -> None:
    gone = datetime.fromtimestamp(1_790_000_000, UTC)
    times = {"planned_at": gone, "send_before": gone + timedelta(hours=1)}
    ada.clicks(post_card(State.EXPIRED, send_at=gone, **times), "compose_again")
    view = ada.sees("Ready to send")
    fields = _elements(view)
    assert fields["send_at"]["initial_date_time"] == 1_790_000_000
    assert fields["send_before"]["initial_date_time"] == 1_790_003_600
    hints = {block["block_id"]: block.get("hint", {}).get("text") for block in view["blocks"]}
    assert hints["send_at"] == "That time has passed. Pick a later one or clear it."
    assert hints["send_before"] == hints["send_at"]
    assert ada.submits()["errors"] == {name: hints[name] for name in ("send_at", "send_before")}


def test_a_time_that_no_agent_picked_is_not_in_the_form_that_opens_again(
    bot: Bot, ada: Agent, post_card: Post
) -> None:
    """A request that waited for undo or for Genesys has a time, too."""
    ada.clicks(post_card(State.CANCELLED, send_at=datetime.now(UTC)), "compose_again")
    fields = _elements(ada.sees("Ready to send"))
    assert "initial_date_time" not in fields["send_at"]
    assert "initial_date_time" not in fields["send_before"]


@pytest.mark.parametrize(
    ("before", "way"),
    [
        ({"into_open_conversation": True}, "write"),
        ({"after_conversation": datetime.fromtimestamp(1_790_000_000, UTC)}, "ended"),
    ],
)
def test_open_it_again_keeps_what_is_done_about_an_open_conversation(
    before: dict[str, Any], way: str, bot: Bot, ada: Agent, post_card: Post
) -> None:
    olga = Identity(IdentityKind.EMAIL, "olga@example.com")
    card = post_card(State.CANCELLED, identity=olga, **before)
    ada.clicks(card, "compose_again")
    fields = _elements(ada.sees("They're in a live conversation"))
    assert fields["open_conversation"]["initial_option"]["value"] == way


@pytest.mark.parametrize(
    ("now", "is_kept"),
    [
        (READY, True),
        (READY.replace("Hello", "Good day"), False),
        (READY.replace("true", "false"), False),  # then its fields would have to be filled in again
        ("", False),
    ],
)
def test_open_it_again_keeps_the_template_as_long_as_it_is_the_same(
    now: str, is_kept: bool, bot: Bot, ada: Agent, post_card: Post, requests_store: RequestStore
) -> None:
    """So the digest and the audit log count what's sent again, too."""
    [ready] = FileTemplates().index(read_rules(READY)).templates
    bot.rules = read_rules(now)
    text, template = "Hello Jane Doe, order 123 is ready.", ready.reference if is_kept else ""
    card = post_card(State.CANCELLED, text=text, template=ready.reference, template_name="Ready")
    ada.clicks(card, "compose_again")
    view = ada.sees("Ready to send")
    fields = _elements(view)
    assert fields["message"]["initial_value"] == text
    assert ("initial_option" in fields.get("template", {})) is is_kept
    assert ada.submits()["result"] == "closed"
    stored = requests_store.load(view["id"])
    assert (stored.text, stored.template) == (text, template)


def test_open_it_again_keeps_the_contact_that_was_chosen_among_several(
    bot: Bot,
    other_bot: Bot,
    ada: Agent,
    local: Local,
    post_card: Post,
    requests_store: RequestStore,
) -> None:
    """Also in a process that hasn't looked the customer up yet."""
    view = ada.opens("pat@example.com", "contacts share this email address")
    local.ask("POST", f"/people/views/{view['id']}/close", user=ada.user)
    options = _elements(view)["candidate"]["options"]
    chosen = next(option for option in options if "Novak" in option["text"]["text"])
    pat = Identity(IdentityKind.EMAIL, "pat@example.com")
    card = post_card(State.CANCELLED, identity=pat, chosen_contact_id=chosen["value"])
    local.ask("POST", "/control/slack/settings", events_url=other_bot.url)
    ada.clicks(card, "compose_again")
    view = ada.sees("Ready to send")
    assert _elements(view)["candidate"]["initial_option"] == chosen
    assert ada.submits()["result"] == "closed"
    assert requests_store.load(view["id"]).chosen_contact_id == chosen["value"]


def _elements(view: dict[str, Any]) -> dict[str, Any]:
    """Return the form's elements by their block ids, without a customer's own part."""
    return {
        block["block_id"].partition(":")[0]: block.get("element", {}) for block in view["blocks"]
    }


def test_when_the_form_cannot_open_again_the_message_is_given_back(
    bot: Bot, ada: Agent, local: Local, post_card: Post
) -> None:
    card = post_card(State.REFUSED)
    local.ask("POST", "/control/slack/settings", trigger_seconds=0)
    ada.clicks(card, "compose_again")
    told = ada.reads("The form took too long to open.")
    assert told["ephemeral"]
    assert "Your order is ready" in words(told["blocks"])


def test_a_card_whose_request_is_gone_is_answered_with_a_reference(
    bot: Bot, ada: Agent, post_card: Post
) -> None:
    ada.clicks(post_card(State.CHECKING, is_stored=False), "cancel")
    assert ada.reads("tell your admin this reference: ")["ephemeral"]
