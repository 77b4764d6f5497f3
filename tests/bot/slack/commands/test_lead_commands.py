"""What follows the command and isn't a message: the pause, and the do-not-contact list."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.cards.card import show_card
from bot.cards.client import SlackClient, Spot
from bot.cards.ledger import Ledger
from bot.job import JobKind
from bot.request import Place, Request, Stuck
from bot.slack.commands.lead_commands import read_subcommand
from bot.slack.forms.opt_out import build_opt_out_form, read_opt_out_form
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOuts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from genesys import Identity, IdentityKind
from sandbox.local_genesys.sample_customers import fixed_id

from ...conftest import JANE, Local
from ..conftest import LEAD, OUTCOMES, SUPPORT, Agent, Bot, answers, words

ADA, GUS = "U0ADA", "U0GUS"
GUEST = "Guests can't use this. Ask a full member of your team."
JANE_S_CONTACT = fixed_id("contact/jane")
MASKED = "j•••@example.com"
PAUSED = (
    "All sending is paused. 1 message waits now. New ones wait too, until a lead runs "
    '"/proactive resume".'
)


@pytest.fixture
def leo(local: Local) -> Agent:
    return Agent(local, LEAD)


@pytest.fixture
def opt_outs(database: Database) -> OptOuts:
    """Read the do-not-contact list as another process does."""
    return OptOuts(database, lambda _connection, _job: None, Keys(database))


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
        ("optout jane@example.com she asked", ("opt-out", "jane@example.com she asked")),
        ("Opt out <mailto:j@a.de|j@a.de> x", ("opt-out", "<mailto:j@a.de|j@a.de> x")),
        ("opt  in +44 20 7946 0018 x", ("opt-in", "+44 20 7946 0018 x")),
        *[("optin jane@example.com", ("opt-in", "jane@example.com")), ("opt out", ("opt-out", ""))],
        *[("unpause", ("resume", "")), ("Unpause", ("resume", ""))],
        *[("resume now", ("resume", "now")), ("unpause it", ("resume", "it"))],
        *[("opt out jane", ("opt-out", "jane")), ("optin Jane Doe", ("opt-in", "Jane Doe"))],
        *[("Opt in to our news", ("", "")), ("options", ("", "")), ("optouts", ("", ""))],
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
    assert answers(local, LEAD)[1] == "Sending resumed; 1 message goes out now."
    assert pause.read() is None
    assert requests_store.load("V0123456789").stuck is Stuck.NO
    assert actions(database) == [(Action.PAUSED, LEAD), (Action.RESUMED, LEAD)]


def test_a_second_pause_says_who_has_paused_when_and_why(
    bot: Bot, local: Local, leo: Agent, pause: Pause
) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1, minutes=1)
    pause.begin(ByWhom("U0MIA", "Mia", an_hour_ago, "An incident."), "T0LOCAL")
    leo.types("pause An incident.")
    bot.finish()
    said = "Mia already paused all sending, 1 hour ago: An incident."
    assert answers(local, LEAD) == [said]
    by = pause.read()
    assert by is not None and by.user_id == "U0MIA"


def test_a_second_pause_with_another_reason_replaces_the_reason_and_says_so(
    bot: Bot,
    local: Local,
    leo: Agent,
    pause: Pause,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1, minutes=1)
    pause.begin(ByWhom("U0MIA", "Mia", an_hour_ago, "An incident."), "T0LOCAL")
    shown = {"card_channel": SUPPORT, "card_ts": "1.1", "card_state": "scheduled 0 paused"}
    requests_store.add(a_request(state=State.SCHEDULED, stuck=Stuck.PAUSED), [])
    with database.transaction() as connection:
        connection.execute(sa.update(requests).values(shown))
    leo.types("pause Wrong prices")
    bot.finish()
    who = "Mia already paused all sending, 1 hour ago."
    assert answers(local, LEAD) == [f"{who} The reason is now: Wrong prices"]
    by = pause.read()
    assert by is not None
    assert (by.user_id, by.reason) == (LEAD, "Wrong prices")
    assert abs(by.at - an_hour_ago) < timedelta(seconds=1)
    assert [job.kind for job in bot.jobs] == [JobKind.PUBLISH]  # so that the card says so
    assert requests_store.load("V0123456789").card_state == ""
    leo.types("pause Wrong prices")
    bot.finish()
    assert answers(local, LEAD)[1] == "You paused it 1 hour ago."


def test_a_pause_needs_a_reason_and_the_answer_says_how(
    bot: Bot, local: Local, leo: Agent, pause: Pause
) -> None:
    leo.types("pause  \u200b")
    bot.finish()
    [message] = [m for m in local.messages(SUPPORT, LEAD) if m["ephemeral"]]
    assert message["text"] == "Add a reason. Type: /proactive pause reason"
    assert '"/proactive pause' in words(message["blocks"][1])
    assert pause.read() is None


def announced(local: Local) -> list[str]:
    """List what the outcomes channel shows."""
    shown = local.messages(OUTCOMES)
    return [block["text"]["text"] for message in shown for block in message["blocks"]]


def test_a_pause_and_its_end_are_told_in_the_outcomes_channel(
    bot: Bot,
    local: Local,
    leo: Agent,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    planned = datetime.now(UTC) + timedelta(hours=1)
    for number, send_at in enumerate((None, None, planned)):
        request = a_request(request_id=f"V{number}", state=State.SCHEDULED, send_at=send_at)
        requests_store.add(request, [])
    for typed in ("pause Wrong <!channel> prices", "pause Wrong links", "resume", "resume"):
        leo.types(typed)
        bot.finish()
    assert announced(local) == [
        "Leo Rossi paused all sending: Wrong <!channel> prices",
        "Leo Rossi changed why all sending is paused: Wrong links",
        "Leo Rossi resumed sending; 2 messages go out now.",
    ]
    assert [(m["text"], m["pings"]) for m in local.messages(OUTCOMES)] == [
        ("All sending is paused.", []),
        ("All sending is paused.", []),
        ("Sending resumed.", []),
    ]


@pytest.mark.parametrize("obstacle", ["shared", "away"])
def test_a_pause_holds_though_the_outcomes_channel_can_t_be_told(
    obstacle: str, bot: Bot, local: Local, leo: Agent, pause: Pause
) -> None:
    channel = local.sandbox.local_slack._state.workspace.channels[OUTCOMES]
    if obstacle == "shared":
        channel.is_ext_shared = True
    else:
        local.order("slack", "chat.postMessage", "status", status=503, times=1)
    leo.types("pause Wrong prices")
    bot.finish()
    channel.is_ext_shared = False
    assert pause.read() is not None
    assert answers(local, LEAD)[0].startswith("All sending is paused.")
    assert announced(local) == []


def test_resuming_what_is_not_paused_says_so(bot: Bot, local: Local, leo: Agent) -> None:
    leo.types("resume")
    bot.finish()
    assert answers(local, LEAD) == ["Sending isn't paused."]


def test_a_wrong_word_resumes_nothing_and_opens_no_form(
    bot: Bot, local: Local, leo: Agent, pause: Pause
) -> None:
    for typed in ("pause Wrong prices", "resume now"):
        leo.types(typed)
        bot.finish()
    assert answers(local, LEAD)[1:] == ["To go on sending, type: /proactive resume"]
    assert pause.read() is not None
    leo.types("opt out jane")
    bot.finish()
    assert answers(local, LEAD)[2].endswith("Type: /proactive opt-out jane@example.com reason")
    assert not local.calls("slack", "views.open")


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
    leo.types("pause An incident")
    bot.finish()
    Agent(local, user).types(typed)
    bot.finish()
    expected = GUEST if user == GUS else sentence
    [answer] = answers(local, user)
    assert answer.startswith(expected) and "Reference" not in answer
    told = Agent(local, user).reads(expected)  # with the whole command, ready to be copied
    assert f"/proactive {typed}" in words(told["blocks"])
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
    assert answer == (
        "Jane Doe (JANE@example.com) won't be contacted any more. "
        "2 waiting messages were cancelled."
    )
    by = opt_outs.find(JANE)
    assert by is not None
    assert (by.user_id, by.reason) == (ADA, "She asked us to stop")
    assert {(job.kind, job.request_id) for job in bot.jobs} == {
        (JobKind.DELIVER, "V0"),
        (JobKind.DELIVER, "V1"),
    }
    assert actions(database) == [(Action.OPTED_OUT, ADA)]


def test_all_cards_of_the_customer_are_drawn_again_after_an_opt_out_and_an_opt_in(
    bot: Bot,
    ada: Agent,
    leo: Agent,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    phone = Identity(IdentityKind.PHONE, "+4930123456")
    for values in (
        {"request_id": "V1", "card_ts": "1790000000.000100"},
        {"request_id": "V2", "card_ts": "1790000000.000200", "identity": phone},
        {"request_id": "V3"},  # it has no card
    ):
        contact = {"contact_ids": (JANE_S_CONTACT,), "card_state": "drawn"}
        requests_store.add(a_request(state=State.READ, **contact, **values), [])
    for who, order in ((ada, "opt-out"), (leo, "opt-in")):
        bot.jobs.clear()
        who.types(f"{order} jane@example.com She asked")
        bot.finish()
        drawn = {job.request_id for job in bot.jobs if job.kind is JobKind.PUBLISH}
        assert drawn == {"V1", "V2"}
    assert [requests_store.load(f"V{n}").card_state for n in (1, 2, 3)] == ["", "", "drawn"]


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
    assert answers(local, ADA)[0].endswith("1 waiting message was cancelled.")


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
    who = "Jane Doe (jane@example.com)"
    assert f"{who} is already on the do-not-contact list (Leo Rossi, just now)." in answer
    by = opt_outs.find(JANE)
    assert by is not None and by.reason == "She asked"


def test_a_lead_takes_a_customer_off_the_list(
    bot: Bot, local: Local, ada: Agent, leo: Agent, opt_outs: OptOuts, database: Database
) -> None:
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    leo.types("opt-in jane@example.com She wants news again")
    bot.finish()
    assert answers(local, LEAD) == [f"{MASKED} can be contacted again."]
    assert opt_outs.find(JANE) is None
    assert actions(database) == [(Action.OPTED_OUT, ADA), (Action.OPTED_IN, LEAD)]
    leo.types("opt-in jane@example.com Once more")
    bot.finish()
    assert answers(local, LEAD)[1] == f"{MASKED} isn't on the do-not-contact list."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("opt-out jane@example.com", "Add a reason. "),
        ("opt-in jane@example.com \u200b", "Add a reason. "),
        ("opt-out", "Enter an email or phone number. "),
        ("opt-out Jane asked us to", "Enter an email or phone number. "),
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


def test_whoever_nobody_knows_is_on_the_list_anyway_and_the_answer_says_how_to_undo_it(
    bot: Bot, local: Local, ada: Agent, opt_outs: OptOuts
) -> None:
    ada.types("opt-out nobody.at.all@example.com She asked")
    bot.finish()
    [message] = [m for m in local.messages(SUPPORT, ADA) if m["ephemeral"]]
    assert message["text"].startswith("nobody.at.all@example.com won't be contacted any more.")
    assert "No contact has this address; it's on the list anyway." in message["text"]
    assert "/proactive opt-in nobody.at.all@example.com reason" in words(message["blocks"][1])
    assert opt_outs.find(Identity(IdentityKind.EMAIL, "nobody.at.all@example.com"))


def test_nobody_else_sees_the_address_in_an_answer(bot: Bot, local: Local, ada: Agent) -> None:
    ada.types("opt-out jane@example.com She asked")
    bot.finish()
    assert "jane@example.com" in words(answers(local, ADA))
    assert "jane@example.com" not in words(local.messages(SUPPORT, "U0BEN"))


# From a card.


@pytest.fixture
def card(
    requests_store: RequestStore,
    slack: SlackClient,
    database: Database,
    a_request: Callable[..., Request],
) -> str:
    """Store a request of Ada's that the customer replied to, and post its card."""
    request = a_request(state=State.REPLIED, contact_ids=("c1", "c2"), customer_name="Jane Doe")
    requests_store.add(request, [])
    channel, ts = slack.post(Spot(SUPPORT), show_card(request), "card")
    assert Ledger(database).note_card(request.request_id, channel, ts, request.state_to_show)
    return ts


@pytest.mark.parametrize("user", [ADA, LEAD, "U0BEN"])
def test_everybody_who_may_use_the_bot_opts_a_customer_out_from_a_card(
    user: str,
    card: str,
    bot: Bot,
    local: Local,
    opt_outs: OptOuts,
    requests_store: RequestStore,
) -> None:
    agent = Agent(local, user)
    agent.clicks(card, "opt_out")
    view = agent.sees("Nobody will be able to message")
    assert "Jane Doe (jane@example.com)" in words(view["blocks"])
    assert agent.submits(reason=" ")["errors"] == {"reason": "Say why."}
    assert agent.submits(reason="She asked us to stop")["result"] == "closed"
    bot.finish()
    who = "Jane Doe (jane@example.com)"
    said = f"{who} won't be contacted any more. No message was waiting."
    assert answers(local, user) == [said]
    assert requests_store.load("V0123456789").card_state == ""  # it's drawn without the button
    assert [job.kind for job in bot.jobs] == [JobKind.PUBLISH]
    by = opt_outs.find(Identity(IdentityKind.PHONE, "+4930123456"), ("c2",))
    assert by is not None and (by.user_id, by.reason) == (user, "She asked us to stop")


def test_a_guest_opts_nobody_out_from_a_card(card: str, bot: Bot, local: Local) -> None:
    gus = Agent(local, GUS)
    gus.clicks(card, "opt_out")
    bot.finish()
    assert gus.view() is None
    assert bot.noted == [(GUS, GUEST)]


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
