"""A message that hasn't gone out can be edited, and nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

from bot.cards.card import show_card
from bot.job import Job, JobKind
from bot.request import Event, Request
from bot.rules.rules_file import ApprovalRules, ContentRules, LeadRules, Rules
from bot.state import State
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.requests import RequestStore

from ...conftest import Local
from ..conftest import LEAD, SUPPORT, Agent, Bot, words

ID = "V0123456789"
SOON = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
LATER = SOON + timedelta(hours=2)


@pytest.fixture
def card(
    local: Local, requests_store: RequestStore, a_request: Callable[..., Request]
) -> Callable[..., str]:
    """Store a planned message with its card; return the card's ts."""

    def post(state: State = State.SCHEDULED, **values: Any) -> str:
        planned = {"send_at": SOON, "planned_at": SOON}
        request = a_request(request_id=ID, state=state, **{**planned, **values})
        requests_store.add(request, [])
        client = WebClient(
            local.settings["SLACK_BOT_TOKEN"], local.settings["SLACK_API_URL"], retry_handlers=[]
        )
        drawn = show_card(request)
        answer = client.chat_postMessage(channel=SUPPORT, text=drawn.text, blocks=drawn.payload)
        return str(answer["ts"])

    return post


def events(database: Database) -> list[tuple[str, str]]:
    with database.connect() as connection:
        rows = connection.execute(sa.text("SELECT event, detail FROM history ORDER BY line_id"))
        return [tuple(row) for row in rows][1:]


def test_text_and_times_are_replaced_and_everybody_can_see_who_did(
    bot: Bot,
    ada: Agent,
    card: Callable[..., str],
    requests_store: RequestStore,
    database: Database,
    jobs: list[Job],
) -> None:
    ada.clicks(card(checked_at=SOON), "edit")
    view = ada.sees("Edit message")
    assert "Your order is ready" in words(view) and "jane@example.com" not in words(view)
    typed = {"message": "Your parcel is ready", "send_at": int(LATER.timestamp())}
    assert ada.submits(**typed)["result"] == "closed"
    edited = requests_store.load(ID)
    assert (edited.text, edited.planned_at, edited.send_at) == (typed["message"], LATER, LATER)
    assert (edited.state, edited.decisions, edited.checked_at) == (State.SCHEDULED, 1, None)
    assert [event for event, _ in events(database)] == [Event.EDITED]
    assert {job.kind for job in jobs} == {JobKind.PUBLISH, JobKind.DELIVER}
    AuditLog(database).chain()
    with database.connect() as connection:
        entry = connection.execute(
            sa.text("SELECT user_id, detail FROM audit WHERE action = 'edited'")
        ).one()
    assert entry.user_id == "U0ADA" and "text" in entry.detail and "parcel" not in entry.detail


def test_a_time_that_is_cleared_means_now_but_leaves_time_for_undo(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ada.clicks(card(), "edit")
    view = ada.sees("Edit message")
    cleared = {"send_at": {"send_at": {"type": "datetimepicker", "selected_date_time": None}}}
    path = f"/people/views/{view['id']}/submit"
    ada.local.ask("POST", path, user=ada.user, values=cleared)
    edited = requests_store.load(ID)
    assert edited.planned_at is None and edited.send_at is not None
    assert timedelta(seconds=2) < edited.send_at - datetime.now(UTC) < timedelta(seconds=6)


def test_saving_without_a_change_changes_nothing(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ada.clicks(card(), "edit")
    ada.sees("Edit message")
    assert ada.submits()["result"] == "closed"
    assert requests_store.load(ID).decisions == 0


@pytest.mark.parametrize(
    ("state", "event", "sentence"),
    [
        (State.SENDING, Event.SENDING, "Too late, nothing changed."),
        (State.CANCELLED, Event.CANCELLED, "Too late, nothing changed."),
    ],
)
def test_too_late_is_said_in_the_form_which_keeps_what_was_typed(
    state: State,
    event: Event,
    sentence: str,
    bot: Bot,
    ada: Agent,
    card: Callable[..., str],
    requests_store: RequestStore,
) -> None:
    ada.clicks(card(), "edit")
    ada.sees("Edit message")
    requests_store.move(ID, state, event)
    result = ada.submits(message="Your parcel is ready")
    assert result["result"] == "errors" and sentence in result["errors"]["message"]
    assert "Your parcel is ready" in words(ada.view())
    assert requests_store.load(ID).text == "Your order is ready"


def test_an_edit_of_what_somebody_else_has_just_edited_is_refused(
    bot: Bot, ada: Agent, local: Local, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ts, leo = card(), Agent(local, LEAD)
    for person in (ada, leo):
        person.clicks(ts, "edit")
        person.sees("Edit message")
    assert leo.submits(message="From Leo")["result"] == "closed"
    result = ada.submits(message="From Ada")
    assert "Somebody has decided about this message" in result["errors"]["message"]
    assert requests_store.load(ID).text == "From Leo"


def test_the_new_text_is_judged_like_a_new_message(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    bot.rules = Rules(content=ContentRules(cards="block"))
    ada.clicks(card(), "edit")
    ada.sees("Edit message")
    for text, sentence in (
        ("Your card 4111 1111 1111 1111 is blocked", "looks like a payment card number"),
        ("x" * 2001, "1 character over the 2,000 limit."),
    ):
        assert sentence in ada.submits(message=text)["errors"]["message"]
    wrong = {"send_before": int((SOON - timedelta(minutes=1)).timestamp())}
    assert "send_before" in ada.submits(message="Fine", **wrong)["errors"]
    assert requests_store.load(ID).decisions == 0


def test_an_approval_does_not_outlive_an_edit(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    bot.rules = Rules(approval=ApprovalRules(everything=True))
    ada.clicks(card(approver_id=LEAD, approver_name="Leo", approved_digest="x"), "edit")
    ada.sees("Edit message")
    assert ada.submits(message="Your parcel is ready")["result"] == "closed"
    edited = requests_store.load(ID)
    assert (edited.state, edited.approver_id, edited.approved_digest) == (State.UNAPPROVED, "", "")
    assert edited.approval_for and edited.approval_until


def test_what_needs_no_approval_any_more_goes_on(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    bot.rules = Rules(content=ContentRules(links="approve"))
    text = "See https://elsewhere.example/x"
    ada.clicks(card(State.UNAPPROVED, text=text, approval_for="it has a link"), "edit")
    ada.sees("Edit message")
    assert ada.submits(message="No link")["result"] == "closed"
    assert requests_store.load(ID).state is State.SCHEDULED


def test_only_the_agent_and_leads_can_edit(
    bot: Bot, ada: Agent, local: Local, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ts = card()
    ben = Agent(local, "U0BEN")
    ben.clicks(ts, "edit")
    bot.finish()
    assert ben.view() is None and bot.noted[0][0] == "U0BEN"
    leo = Agent(local, LEAD)
    leo.clicks(ts, "edit")
    leo.sees("Edit message")
    assert leo.submits(message="From Leo")["result"] == "closed"
    assert requests_store.load(ID).text == "From Leo"


def test_a_lead_who_is_none_any_more_cannot_save(
    bot: Bot, local: Local, card: Callable[..., str], requests_store: RequestStore
) -> None:
    leo = Agent(local, LEAD)
    leo.clicks(card(), "edit")
    leo.sees("Edit message")
    local.change_slack(users={LEAD: {"is_restricted": True}})
    bot.seconds += 61.0
    assert "message" in leo.submits(message="From Leo")["errors"]
    assert requests_store.load(ID).text == "Your order is ready"


def test_whoever_the_rules_no_longer_call_a_lead_cannot_save(
    bot: Bot, local: Local, card: Callable[..., str], requests_store: RequestStore
) -> None:
    bot.rules = Rules(leads=LeadRules(users=("U0BEN",)))
    ben = Agent(local, "U0BEN")
    ben.clicks(card(), "edit")
    ben.sees("Edit message")
    bot.rules = Rules()
    refused = ben.submits(message="From Ben")["errors"]
    assert refused == {"message": "Only the agent or a lead can do this."}
    assert requests_store.load(ID).text == "Your order is ready"


def test_a_button_that_is_out_of_date_opens_nothing(
    bot: Bot, ada: Agent, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ts = card()
    requests_store.move(ID, State.CANCELLED, Event.CANCELLED)
    ada.clicks(ts, "edit")
    ada.reads("That button is out of date")
    assert ada.view() is None


def test_a_form_of_another_message_or_person_saves_nothing(
    bot: Bot, ada: Agent, local: Local, card: Callable[..., str], requests_store: RequestStore
) -> None:
    ada.clicks(card(), "edit")
    view = ada.sees("Edit message")
    values = {"message": {"message": {"type": "plain_text_input", "value": "Forged"}}}
    forged = {**view, "state": {"values": values}}
    for user in ("U0BEN", "U0ADA"):
        if user == "U0ADA":
            forged["private_metadata"] = view["private_metadata"].replace(ID, "V9")
        body = {
            "type": "view_submission",
            "user": {"id": user, "team_id": "T0LOCAL"},
            "team": {"id": "T0LOCAL"},
            "view": forged,
        }
        answer = local.ask("POST", "/control/slack/deliver", kind="interactive", body=body)
        assert "I can't verify this form" in answer["body"]
    assert requests_store.load(ID).text == "Your order is ready"
