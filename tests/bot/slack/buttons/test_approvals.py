"""A second person approves or declines a message: who may is checked at each click."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards.card import show_approval, show_card
from bot.cards.card_state import Notes
from bot.cards.client import SlackClient, Spot
from bot.job import Job, JobKind
from bot.request import Decision, Event, Request
from bot.rules.rules_file import read_rules
from bot.state import State
from bot.storage.database import Database
from bot.storage.requests import RequestStore

from ...conftest import Local
from ..conftest import LEAD, SUPPORT, Agent, Bot, answers, words

ID, ADA, BEN, GUS, PIA = "V0123456789", "U0ADA", "U0BEN", "U0GUS", "U0PIA"
OWN = " your own message."
NO_APPROVER = "You can't approve this message."
REASON = "We don't promise dates."
Post = Callable[..., str]


@pytest.fixture
def post_card(
    requests_store: RequestStore, slack: SlackClient, a_request: Callable[..., Request]
) -> Post:
    """Store a request of Ada's that waits for approval, and post its card; return the ts."""

    def post(*, is_public: bool = True, **values: Any) -> str:
        request = a_request(state=State.UNAPPROVED, approval_for="every message needs it", **values)
        requests_store.add(request, [])
        shown = (
            show_card(request)
            if is_public
            else show_approval(request, Notes(), "", is_public=False)
        )
        return slack.post(Spot(SUPPORT), shown, "card")[1]

    return post


def decided(database: Database) -> list[tuple[str, ...]]:
    """List the events and user ids of the decisions in the history."""
    query = sa.text("SELECT event, user_id FROM history WHERE user_id <> '' ORDER BY line_id")
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def decline(leo: Agent, card: str, reason: str = REASON) -> dict[str, Any]:
    """Press Decline and submit a reason."""
    leo.clicks(card, "decline")
    leo.sees("won't be sent")
    return leo.submits(reason=reason)


def test_an_approved_message_goes_on_and_what_was_approved_is_kept(
    bot: Bot,
    local: Local,
    jobs: list[Job],
    database: Database,
    requests_store: RequestStore,
    post_card: Post,
) -> None:
    ack = Agent(local, LEAD).clicks(post_card(), "approve")
    assert (ack["status"], ack["body"]) == (200, "")
    bot.finish()
    request = requests_store.load(ID)
    assert (request.state, request.approver_id) == (State.SCHEDULED, LEAD)
    assert request.approved_digest == request.approval_digest
    assert decided(database) == [(Event.APPROVED, LEAD)]
    assert {job.kind for job in jobs} == {JobKind.PUBLISH, JobKind.DELIVER}
    assert not answers(local, LEAD)


def test_a_declined_message_is_refused_with_the_reason_that_somebody_gave(
    bot: Bot, local: Local, database: Database, requests_store: RequestStore, post_card: Post
) -> None:
    assert decline(Agent(local, LEAD), post_card())["result"] == "closed"
    bot.finish()
    request = requests_store.load(ID)
    assert (request.state, request.reason) == (State.REFUSED, REASON)
    assert decided(database) == [(Event.DECLINED, LEAD)]


def test_nobody_declines_without_a_reason(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    assert decline(Agent(local, LEAD), post_card(), "  ")["errors"] == {"reason": "Say why."}
    bot.finish()
    assert requests_store.load(ID).state is State.UNAPPROVED


@pytest.mark.parametrize("button", ["approve", "decline"])
@pytest.mark.parametrize(
    ("user", "is_listed", "sentence"),
    [
        (ADA, False, OWN),
        (ADA, True, OWN),
        (BEN, False, NO_APPROVER),
        (LEAD, True, NO_APPROVER),  # the rules name others
        (GUS, True, "Guests can't use this."),
        (PIA, True, "Only members of this workspace"),
    ],
)
def test_who_may_not_approve_is_told_so_privately_and_nothing_changes(
    user: str,
    is_listed: bool,
    sentence: str,
    button: str,
    bot: Bot,
    local: Local,
    jobs: list[Job],
    requests_store: RequestStore,
    post_card: Post,
) -> None:
    if is_listed:
        bot.rules = read_rules(f'[approval]\nusers = ["{BEN}", "{ADA}", "{GUS}", "{PIA}"]\n')
    card = post_card()
    if user == PIA:
        local.ask("POST", "/control/slack/settings", support_is_shared=True)
    Agent(local, user).clicks(card, button)
    bot.finish()
    [(noted_user, noted)] = bot.noted
    assert noted_user == user and sentence in noted
    assert requests_store.load(ID).state is State.UNAPPROVED
    assert not jobs
    assert Agent(local, user).view() is None
    [answer] = answers(local, user)
    assert sentence in answer and "Reference" not in answer
    if sentence == NO_APPROVER:  # whose names are told, and not noted
        who = "Ben Okafor, Gus Lind or Pia Roth" if is_listed else "Leo Rossi"
        assert answer.endswith(f"{who} can approve it.") and who not in noted
    if button == "approve" and sentence == OWN:
        assert answer.endswith("Ask a lead to approve it, or cancel it.")


def test_the_people_whom_the_rules_name_may_approve(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    bot.rules = read_rules(f'[approval]\nusers = ["{BEN}"]\n')
    Agent(local, BEN).clicks(post_card(), "approve")
    bot.finish()
    assert requests_store.load(ID).approver_id == BEN


def test_a_right_that_was_taken_away_ends_within_a_minute(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    bot.rules = read_rules('[approval]\ngroups = ["S0LEADS"]\n')
    card = post_card()
    leo = Agent(local, LEAD)
    leo.clicks(card, "decline")
    leo.sees("won't be sent")
    local.change_slack(groups={"S0LEADS": {"users": [BEN]}})
    bot.seconds += 61
    assert leo.submits(reason=REASON)["result"] == "closed"
    bot.finish()
    assert requests_store.load(ID).state is State.UNAPPROVED
    [answer] = answers(local, LEAD)
    assert answer.startswith(NO_APPROVER)


@pytest.mark.parametrize(
    ("state", "event", "said"),
    [
        (State.SCHEDULED, Event.APPROVED, "Mia has approved this already."),
        (State.REFUSED, Event.DECLINED, "Mia has declined this already."),
        (State.CANCELLED, Event.CANCELLED, "Mia has cancelled this already."),
    ],
)
@pytest.mark.parametrize("button", ["approve", "decline"])
def test_a_late_click_is_answered_with_who_has_decided(
    state: State,
    event: Event,
    said: str,
    button: str,
    bot: Bot,
    local: Local,
    database: Database,
    requests_store: RequestStore,
    post_card: Post,
) -> None:
    card = post_card()
    requests_store.move(ID, state, event, decision=Decision(ID, 0, "U0MIA", "Mia"))
    Agent(local, LEAD).clicks(card, button)
    bot.finish()
    assert answers(local, LEAD) == [said]
    assert decided(database) == [(event, "U0MIA")]


def test_a_request_that_nobody_decided_about_in_time_says_so(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    card = post_card()
    requests_store.move(ID, State.EXPIRED, Event.EXPIRED)
    Agent(local, LEAD).clicks(card, "approve")
    bot.finish()
    assert answers(local, LEAD)[0].startswith("This message isn't waiting for a decision")


def test_a_reason_that_comes_too_late_changes_nothing(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    leo = Agent(local, LEAD)
    leo.clicks(post_card(), "decline")
    leo.sees("won't be sent")
    decision = Decision(ID, 0, "U0MIA", "Mia")
    requests_store.move(ID, State.SCHEDULED, Event.APPROVED, decision=decision)
    leo.submits(reason=REASON)
    bot.finish()
    assert answers(local, LEAD) == ["Mia has approved this already."]
    assert requests_store.load(ID).state is State.SCHEDULED


def test_a_double_click_approves_once(
    bot: Bot, local: Local, database: Database, post_card: Post
) -> None:
    Agent(local, LEAD).clicks(post_card(), "approve")
    local.ask("POST", "/control/slack/redeliver", count=2, at_once=True)
    bot.finish()
    assert decided(database) == [(Event.APPROVED, LEAD)]


def test_a_button_from_before_an_earlier_approval_does_not_count(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    """That approval was for what the message was then; the answer has the buttons that count."""
    card = post_card()
    decision = Decision(ID, 0, "U0MIA", "Mia")
    requests_store.move(ID, State.SCHEDULED, Event.APPROVED, decision=decision)
    requests_store.move(ID, State.UNAPPROVED, Event.APPROVAL_LOST)
    leo = Agent(local, LEAD)
    leo.clicks(card, "approve")
    bot.finish()
    assert requests_store.load(ID).state is State.UNAPPROVED
    answer = leo.reads("has changed since")
    buttons = [b for block in answer["blocks"] for b in block.get("elements", ())]
    values = {b["value"] for b in buttons if b.get("action_id") == "approve"}
    assert values == {f"{ID}:1"}
    assert "Your order is ready" in words(answer)  # nobody approves what they haven't read


def test_the_agent_can_still_cancel_a_message_that_waits_for_approval(
    bot: Bot, ada: Agent, requests_store: RequestStore, post_card: Post
) -> None:
    ada.clicks(post_card(), "cancel")
    bot.finish()
    assert requests_store.load(ID).state is State.CANCELLED


def test_where_no_channel_shows_messages_an_approver_reads_it_before_approving(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    leo = Agent(local, LEAD)
    leo.clicks(post_card(is_public=False, customer_name="Jane Doe"), "review")
    view = leo.sees("Your order is ready")
    assert "Jane Doe" in words(view)
    assert leo.submits()["result"] == "closed"
    bot.finish()
    assert requests_store.load(ID).approver_id == LEAD


def test_approvers_decide_in_a_channel_of_their_own_which_agents_may_not_use(
    bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    bot.rules = read_rules('[access]\nchannels = ["C0GENERAL"]\n')
    assert decline(Agent(local, LEAD), post_card())["result"] == "closed"
    bot.finish()
    assert requests_store.load(ID).state is State.REFUSED


@pytest.mark.parametrize("button", ["review", "decline"])
def test_a_modal_counts_only_for_whom_it_was_opened(
    button: str, bot: Bot, local: Local, requests_store: RequestStore, post_card: Post
) -> None:
    leo = Agent(local, LEAD)
    leo.clicks(post_card(is_public=False), button)
    view = leo.sees("message")
    state = {"values": {"reason": {"reason": {"type": "plain_text_input", "value": "x"}}}}
    body = {
        "type": "view_submission",
        "user": {"id": BEN, "team_id": "T0LOCAL"},
        "team": {"id": "T0LOCAL"},
        "view": {**view, "state": state},
    }
    bot.rules = read_rules(f'[approval]\nusers = ["{BEN}"]\n')
    answer = local.ask("POST", "/control/slack/deliver", kind="interactive", body=body)
    bot.finish()
    assert ("I can't verify this form" in answer["body"]) is (button == "decline")
    assert requests_store.load(ID).state is State.UNAPPROVED


def test_when_no_modal_opens_the_approver_is_told(bot: Bot, local: Local, post_card: Post) -> None:
    card = post_card()
    local.ask("POST", "/control/slack/settings", trigger_seconds=0)
    leo = Agent(local, LEAD)
    leo.clicks(card, "decline")
    assert leo.reads("The form didn't open, and nothing changed.")["ephemeral"]
