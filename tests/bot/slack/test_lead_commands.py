"""What follows the command and isn't a message: the pause, and the do-not-contact list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cards.card import show_card
from bot.cards.client import SlackClient, Spot
from bot.job import JobKind
from bot.request import Place, Request, State, Stuck
from bot.slack.lead_commands import read_subcommand, say_paused_before
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.opt_out import build_opt_out_form, read_opt_out_form
from bot.storage.audit import Action, AuditLog
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOuts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind
from sandbox.local_genesys.sample_customers import fixed_id

from ..conftest import JANE, Local
from .conftest import LEAD, SUPPORT, Agent, Bot, words

ADA, GUS = "U0ADA", "U0GUS"
GUEST = "Guests can't use this. Ask a full member of your team."
JANE_S_CONTACT = fixed_id("contact/jane")
MASKED = "j•••@example.com"
PAUSED = 'All sending is paused. Messages wait until a lead types "/proactive resume".'


@pytest.fixture
def leo(local: Local) -> Agent:
    return Agent(local, LEAD)


@pytest.fixture
def pause(database: Database) -> Pause:
    """Read the pause as another process does."""
    return Pause(database, lambda _connection, _job: None)


@pytest.fixture
def opt_outs(database: Database) -> OptOuts:
    """Read the do-not-contact list as another process does."""
    return OptOuts(database, lambda _connection, _job: None, Keys(database))


def answers(local: Local, user: str) -> list[str]:
    """List what the bot has told one person privately."""
    return [m["text"] for m in local.messages(SUPPORT, user) if m["ephemeral"]]


def actions(database: Database) -> list[tuple[Action, str]]:
    """List who did what, by the audit log, except for requests that were stored."""
    entries = AuditLog(database).entries()
    return [(Action(one.action), one.user_id) for one in entries if not one.request_id]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        *[("pause", ("pause", "")), ("PAUSE  an incident ", ("pause", "an incident"))],
        *[("pause\nan incident", ("pause", "an incident")), ("resume", ("resume", ""))],
        ("opt-out jane@example.com she asked", ("opt-out", "jane@example.com she asked")),
        ("Opt\u2011out +44 20 7946 0018 x", ("opt-out", "+44 20 7946 0018 x")),
        ("opt-in\u00a0jane@example.com", ("opt-in", "jane@example.com")),
        *[("opt-out", ("opt-out", "")), ("opt-in", ("opt-in", ""))],
        *[("", ("", "")), ("Resume your order", ("", "")), ("paused", ("", ""))],
        *[("jane@example.com pause", ("", "")), ("opt-outs are fine", ("", ""))],
    ],
)
def test_only_these_words_at_the_start_are_commands(typed: str, read: tuple[str, str]) -> None:
    assert read_subcommand(typed) == read


# The pause.


def test_a_lead_pauses_all_sending_and_every_waiting_card_is_marked(
    bot: Bot,
    local: Local,
    leo: Agent,
    pause: Pause,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    requests_store.add(a_request(state=State.SCHEDULED), [])
    ack = leo.types("pause The price list is wrong")
    assert (ack["status"], ack["body"]) == (200, "")
    bot.finish()
    assert answers(local, LEAD) == [PAUSED]
    by = pause.read()
    assert by is not None
    assert (by.user_id, by.reason) == (LEAD, "The price list is wrong")
    assert requests_store.load("V0123456789").stuck is Stuck.PAUSED
    assert actions(database) == [(Action.PAUSED, LEAD)]
    leo.types("resume")
    bot.finish()
    assert answers(local, LEAD)[1].startswith("Sending goes on")
    assert pause.read() is None
    assert requests_store.load("V0123456789").stuck is Stuck.NO
    assert actions(database) == [(Action.PAUSED, LEAD), (Action.RESUMED, LEAD)]


def test_a_second_pause_says_who_has_paused_when_and_why(
    bot: Bot, local: Local, leo: Agent, pause: Pause
) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1, minutes=1)
    pause.begin(ByWhom("U0MIA", "Mia", an_hour_ago, "An incident."), "T0LOCAL")
    leo.types("pause again")
    bot.finish()
    said = "Mia (U0MIA) has paused all sending already, 1 hour ago: An incident."
    assert answers(local, LEAD) == [said]
    by = pause.read()
    assert by is not None and by.user_id == "U0MIA"


def test_a_pause_without_a_reason_is_described_without_one() -> None:
    now = datetime.now(UTC)
    said = say_paused_before(ByWhom("U0MIA", "Mia", now, ""), now)
    assert said == "Mia (U0MIA) has paused all sending already, just now."


def test_resuming_what_is_not_paused_says_so(bot: Bot, local: Local, leo: Agent) -> None:
    leo.types("resume")
    bot.finish()
    assert answers(local, LEAD) == ["Sending isn't paused."]


@pytest.mark.parametrize("user", [ADA, GUS])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("pause", "Only a lead can pause all sending."),
        ("resume", "Only a lead can resume sending."),
        ("opt-in jane@example.com x", "Only a lead can take a customer off"),
    ],
)
def test_only_leads_pause_resume_and_take_customers_off_the_list(
    user: str,
    typed: str,
    sentence: str,
    bot: Bot,
    local: Local,
    pause: Pause,
    opt_outs: OptOuts,
    leo: Agent,
) -> None:
    leo.types("opt-out jane@example.com she asked")
    leo.types("pause")
    bot.finish()
    Agent(local, user).types(typed)
    bot.finish()
    expected = GUEST if user == GUS else sentence
    [answer] = answers(local, user)
    assert answer.startswith(expected) and "(Reference: " in answer
    [(noted, why)] = bot.noted
    assert noted == user and why.startswith(expected)
    assert pause.read() is not None
    assert opt_outs.find(JANE) is not None


# The do-not-contact list.


def test_an_agent_opts_a_customer_out_and_what_waits_is_refused(
    bot: Bot,
    local: Local,
    ada: Agent,
    opt_outs: OptOuts,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    for number, state in enumerate((State.SCHEDULED, State.UNAPPROVED, State.DELIVERED)):
        requests_store.add(a_request(request_id=f"V{number}", state=state), [])
    ada.types("opt-out <mailto:JANE@example.com|JANE@example.com> She asked us to stop")
    bot.finish()
    [answer] = answers(local, ADA)
    assert answer.lower() == (
        f"{MASKED} won't be contacted any more. 2 waiting messages were refused."
    )
    by = opt_outs.find(JANE)
    assert by is not None
    assert (by.user_id, by.reason) == (ADA, "She asked us to stop")
    assert {(job.kind, job.request_id) for job in bot.jobs} == {
        (JobKind.DELIVER, "V0"),
        (JobKind.DELIVER, "V1"),
    }
    assert actions(database) == [(Action.OPTED_OUT, ADA)]


def test_the_list_holds_for_all_contacts_of_the_customer(
    bot: Bot, ada: Agent, opt_outs: OptOuts
) -> None:
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    other = Identity(IdentityKind.PHONE, "+4930123456")
    assert opt_outs.find(other, (JANE_S_CONTACT,)) is not None
    assert opt_outs.find(other) is None


def test_a_message_to_another_address_of_the_customer_is_refused_as_well(
    bot: Bot,
    local: Local,
    ada: Agent,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    phone = Identity(IdentityKind.PHONE, "+4930123456")
    waiting = a_request(state=State.SCHEDULED, identity=phone, contact_ids=(JANE_S_CONTACT,))
    requests_store.add(waiting, [])
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    assert answers(local, ADA)[0].endswith("1 waiting message was refused.")


def test_while_genesys_is_away_the_address_is_blocked_and_the_answer_says_only_that(
    bot: Bot, local: Local, ada: Agent, opt_outs: OptOuts
) -> None:
    local.order("genesys", "*", "status", status=503, times=None)
    ada.types("opt-out nora@example.com She asked")
    bot.finish()
    local.clear_faults()
    [answer] = answers(local, ADA)
    assert "so for now only this address counts" in answer
    assert opt_outs.find(Identity(IdentityKind.EMAIL, "nora@example.com")) is not None


def test_a_customer_on_the_list_stays_there_with_who_put_them_there(
    bot: Bot, local: Local, ada: Agent, leo: Agent, opt_outs: OptOuts
) -> None:
    leo.types("opt-out jane@example.com She asked")
    bot.finish()
    ada.types("opt-out jane@example.com Again")
    bot.finish()
    [answer] = answers(local, ADA)
    assert f"{MASKED} is on the do-not-contact list already, put there by leo on " in answer
    by = opt_outs.find(JANE)
    assert by is not None and by.reason == "She asked"


def test_a_lead_takes_a_customer_off_the_list(
    bot: Bot, local: Local, ada: Agent, leo: Agent, opt_outs: OptOuts, database: Database
) -> None:
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    leo.types("opt-in jane@example.com She wants news again")
    bot.finish()
    assert answers(local, LEAD) == [f"{MASKED} may be contacted again."]
    assert opt_outs.find(JANE) is None
    assert actions(database) == [(Action.OPTED_OUT, ADA), (Action.OPTED_IN, LEAD)]
    leo.types("opt-in jane@example.com Once more")
    bot.finish()
    assert answers(local, LEAD)[1] == f"{MASKED} isn't on the do-not-contact list."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("opt-out jane@example.com", "Say why, too. "),
        ("opt-in jane@example.com \u200b", "Say why, too. "),
        ("opt-out", "Type the customer's email address or phone number. "),
        ("opt-out Jane asked us to", "Type the customer's email address or phone number. "),
        ("opt-out jane@example She asked", ""),
    ],
)
def test_what_lacks_an_address_or_a_reason_changes_nothing_and_is_given_back(
    typed: str, sentence: str, bot: Bot, local: Local, leo: Agent, database: Database
) -> None:
    leo.types(typed)
    bot.finish()
    [message] = [m for m in local.messages(SUPPORT, LEAD) if m["ephemeral"]]
    assert message["text"].startswith(sentence)
    assert f"/proactive {typed[:6].strip()}" in message["text"] or "opt-out" in message["text"]
    assert "opt-" in words(message["blocks"][1])
    assert not actions(database)


def test_no_answer_shows_a_whole_address(bot: Bot, local: Local, ada: Agent) -> None:
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    assert "jane@example.com" not in words(local.messages(SUPPORT, ADA))


# From a card.


@pytest.fixture
def card(
    requests_store: RequestStore, slack: SlackClient, a_request: Callable[..., Request]
) -> str:
    """Store a request of Ada's that the customer replied to, and post its card."""
    request = a_request(state=State.REPLIED, contact_ids=("c1", "c2"))
    requests_store.add(request, [])
    return slack.post(Spot(SUPPORT), show_card(request), "card")[1]


@pytest.mark.parametrize("user", [ADA, LEAD])
def test_the_agent_and_a_lead_opt_a_customer_out_from_a_card(
    user: str, card: str, bot: Bot, local: Local, opt_outs: OptOuts
) -> None:
    agent = Agent(local, user)
    agent.clicks(card, "opt_out")
    view = agent.sees("Nobody will be able to message")
    assert MASKED in words(view["blocks"]) and "jane@" not in words(view["blocks"])
    assert agent.submits(reason=" ")["errors"] == {"reason": "Say why."}
    assert agent.submits(reason="She asked us to stop")["result"] == "closed"
    bot.finish()
    assert answers(local, user) == [
        f"{MASKED} won't be contacted any more. No message was waiting."
    ]
    by = opt_outs.find(Identity(IdentityKind.PHONE, "+4930123456"), ("c2",))
    assert by is not None and (by.user_id, by.reason) == (user, "She asked us to stop")


def test_nobody_else_opts_a_customer_out_from_a_card(card: str, bot: Bot, local: Local) -> None:
    ben = Agent(local, "U0BEN")
    ben.clicks(card, "opt_out")
    bot.finish()
    assert ben.view() is None
    assert len(bot.noted) == 1


def test_nothing_can_be_done_with_the_card_of_an_erased_customer(
    card: str, bot: Bot, ada: Agent, local: Local, database: Database
) -> None:
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE requests SET erased_at = 1"))
    ada.clicks(card, "opt_out")
    bot.finish()
    assert ada.view() is None
    assert answers(local, ADA)[0].startswith("This customer's data was erased")


def test_the_modal_for_an_opt_out_knows_the_customer_however_many_contacts_they_have() -> None:
    """Slack takes 3,000 characters. What doesn't fit is noted with the next message to them."""
    identity = Identity(IdentityKind.EMAIL, f"{'j' * 64}@{'long.' * 40}example.com")
    place = Place("T0TEAM", SUPPORT, "", f"https://hooks.slack.com/commands/{'x' * 120}")
    ids = tuple(f"{number:036}" for number in range(200))
    signer = MetadataSigner("xoxb-1")
    metadata = build_opt_out_form(identity, ids, place)["private_metadata"]
    signed = signer.sign(metadata, ADA)
    assert len(signed) <= 3_000
    read, contact_ids, where = read_opt_out_form(signer.check(signed, ADA, "V1"), "T0TEAM")
    assert (read, where.response_url) == (identity, place.response_url)
    assert contact_ids == ids[: len(contact_ids)] and len(contact_ids) > 40


@pytest.mark.parametrize(
    "metadata", ["[]", '["decline", "Email", "a@b.c", "x"]', "{}", "[1, 2, 3]"]
)
def test_what_another_modal_says_is_no_opt_out(metadata: str) -> None:
    with pytest.raises(ForeignForm):
        read_opt_out_form(metadata, "T0TEAM")
