"""Whoever may not use the bot is told so privately, and nothing else happens; both logs have it."""

import logging
import re
from typing import Any

import pytest

from bot.cards.card import show_card
from bot.cards.client import SlackClient, Spot
from bot.request import Request
from bot.rules.rules_file import read_rules
from bot.slack.security_log import SecurityLog
from bot.state import State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOuts
from bot.storage.requests import RequestStore

from ..conftest import JANE, Local
from .conftest import LEAD, SLOW, SLOW_MS, SUPPORT, Agent, Bot, words

GUEST = "Guests can't use this. Ask a full member of your team."
STRANGER = "Only members of this workspace can use this. Ask someone who is one."
SHARED = "This channel is shared with another company, so I don't work here."
UNAVAILABLE = "I can't check with Slack who you are right now. Nothing was sent."
NOT_LISTED = "You aren't on the list of people who can use this."
NOT_YOURS = "Only Ada Agent or a lead can do this."
TEXT = "Your order is ready"
GUS, BEN, PIA, ACME = "U0GUS", "U0BEN", "U0PIA", "C0ACME"
LINE = re.compile(r"refused user (\w+), reference ([0-9a-f]{8})(, and \d+ times [^:]+)?: (.+)")


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, ...]]:
    """List the lines of the security log: user, reference, count, and what."""
    said = [r.getMessage() for r in caplog.records if r.name == "bot.security"]
    found = [LINE.fullmatch(line) for line in said]
    return [one.groups("") for one in found if one]


def card(requests: RequestStore, slack: SlackClient, a_request: Any, **more: Any) -> str:
    """Store a request of Ada's and post a card with its buttons; return the ts."""
    request: Request = a_request(state=State.UNCERTAIN, **more)
    requests.add(request, [])
    return slack.post(Spot(SUPPORT), show_card(request), "card")[1]


# The command and the shortcut.


def test_a_guest_s_command_opens_no_form_and_gives_back_what_they_typed(
    bot: Bot, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    gus = Agent(local, GUS)
    ack = gus.types(f"jane@example.com {TEXT}")
    assert (ack["status"], ack["body"]) == (200, "")
    told = gus.reads(GUEST)
    bot.finish()
    assert told["ephemeral"]
    assert f"/proactive jane@example.com {TEXT}" in words(told["blocks"])
    assert not local.calls("slack", "views.open")
    assert not local.calls("genesys", "identifierlookup")
    [(user, reference, _, what)] = lines(caplog)
    assert (user, what) == (GUS, f"command: {GUEST}")
    assert reference and reference not in words(told)
    assert bot.noted == [(GUS, GUEST)]


def test_a_guest_s_shortcut_opens_no_form(bot: Bot, local: Local) -> None:
    gus = Agent(local, GUS)
    gus.chooses_shortcut(gus.writes("Please tell jane@example.com"))
    gus.reads(GUEST)
    bot.finish()
    assert not local.calls("slack", "views.open")


def test_no_form_opens_in_a_channel_that_is_shared_with_another_company(
    bot: Bot, local: Local
) -> None:
    ada = Agent(local, channel=ACME)
    ada.types("jane@example.com")
    ada.reads(SHARED)
    bot.finish()
    assert not local.calls("slack", "views.open")


@pytest.mark.parametrize("channel", ["C0GENERAL", "C0VIP", "D0ADA"])
def test_the_form_opens_in_public_private_and_direct_channels(
    channel: str, bot: Bot, local: Local
) -> None:
    """The bot isn't in the first, and doesn't even see the second."""
    Agent(local, channel=channel).opens("jane@example.com")
    assert not bot.noted


@pytest.mark.parametrize("method", ["auth.test", "users.info", "conversations.info"])
def test_when_slack_does_not_answer_nothing_opens_until_it_does(
    method: str, bot: Bot, ada: Agent, local: Local
) -> None:
    local.order("slack", method, "status", status=503, times=1)
    ada.types("jane@example.com")
    ada.reads(UNAVAILABLE)
    bot.finish()
    assert not local.calls("slack", "views.open")
    ada.opens("jane@example.com")


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [(["users:read"], "users:read"), (["channels:read", "groups:read"], "channels:read")],
)
def test_without_a_permission_that_a_rule_needs_nothing_opens(
    scopes: list[str],
    missing: str,
    bot: Bot,
    ada: Agent,
    local: Local,
    caplog: pytest.LogCaptureFixture,
) -> None:
    local.ask("POST", "/control/slack/settings", missing_scopes=scopes)
    ada.types("jane@example.com")
    ada.reads("I can't check whether you may do this.")
    bot.finish()
    assert f"the permission {missing}" in caplog.text
    assert not local.calls("slack", "views.open")


def test_without_rules_about_people_the_bot_works_without_permissions(
    bot: Bot, local: Local, requests_store: RequestStore
) -> None:
    bot.rules = read_rules("[access]\nguests = true\nshared_channels = true")
    scopes = ["users:read", "channels:read", "groups:read", "usergroups:read"]
    local.ask("POST", "/control/slack/settings", missing_scopes=scopes)
    gus = Agent(local, GUS)
    for _ in range(2):
        gus.opens("jane@example.com")
        bot.finish()
    view = gus.sees("Ready to send")
    asked = [call["method"] for call in local.calls("slack", "s.info")]
    assert asked == ["users.info"], "for the name, but not again after the refusal"
    assert gus.submits(message=TEXT)["result"] == "closed"
    assert requests_store.load(view["id"]).agent_name == "gus"


@pytest.mark.parametrize("is_learned_late", [False, True])
def test_the_name_that_people_show_is_known_even_if_no_rule_asks_who_they_are(
    is_learned_late: bool, bot: Bot, local: Local, requests_store: RequestStore
) -> None:
    bot.rules = read_rules("[access]\nguests = true\nshared_channels = true")
    if is_learned_late:
        local.order("slack", "users.info", "status", status=503, times=1)
        Agent(local, BEN).types("amir@example.com")
        bot.finish()
    view = Agent(local, BEN).opens("jane@example.com", "Jane Doe")  # not the form before
    assert Agent(local, BEN).submits(message=TEXT)["result"] == "closed"
    assert requests_store.load(view["id"]).agent_name == "Ben Okafor"


def test_a_process_that_has_not_met_somebody_knows_their_name_from_the_form(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    view = ada.opens("jane@example.com")
    bot.forget_people()
    local.order("slack", "users.info", "latency", seconds=SLOW, times=None)
    assert ada.submits(message=TEXT)["ack"]["ms"] < SLOW_MS
    local.clear_faults()
    assert requests_store.load(view["id"]).agent_name == "Ada Nowak"


def test_a_process_that_has_not_met_somebody_asks_for_their_name_before_it_writes_it_down(
    bot: Bot, ada: Agent, database: Database
) -> None:
    view = ada.opens("jane@example.com")
    ada.presses("form_opt_out")
    ada.sees("any more")
    bot.forget_people()
    assert ada.submits(reason="She asked")["result"] == "closed"
    bot.finish()
    by = OptOuts(database, lambda _connection, _job: None, Keys(database)).find(JANE)
    assert by is not None and by.user_name == "Ada Nowak"
    below = ada.view()
    assert below is not None and below["id"] == view["id"]
    assert "Ada Nowak" in below["private_metadata"], "the form below still knows it"


# The form.


def test_whoever_becomes_a_guest_can_neither_look_up_nor_send_a_minute_later(
    bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    ada.opens("jane@example.com")
    looked_up = len(local.calls("genesys", "identifierlookup"))
    local.change_slack(users={"U0ADA": {"is_restricted": True}})
    bot.seconds += 60.0
    ada.changes("customer", "amir@example.com")
    ada.reads(GUEST)
    bot.finish()
    result = ada.submits(message=TEXT)
    assert result["errors"] == {"customer": GUEST}
    bot.finish()
    assert len(local.calls("genesys", "identifierlookup")) == looked_up
    assert bot.noted == [("U0ADA", GUEST)] * 2


def test_a_submission_asks_slack_nothing_before_its_ack(bot: Bot, ada: Agent, local: Local) -> None:
    ada.opens("jane@example.com")
    asked = len(local.calls("slack", "s.info"))
    bot.seconds += 60.0
    assert ada.submits(message=TEXT)["result"] == "closed"
    bot.finish()
    assert len(local.calls("slack", "s.info")) == asked


# The buttons of cards.


@pytest.mark.parametrize(("user", "sentence"), [(GUS, GUEST), (PIA, STRANGER), (BEN, NOT_YOURS)])
def test_a_click_by_somebody_who_may_not_is_told_logged_and_noted(
    user: str,
    sentence: str,
    bot: Bot,
    local: Local,
    requests_store: RequestStore,
    slack: SlackClient,
    a_request: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ts = card(requests_store, slack, a_request)
    local.ask("POST", "/control/slack/settings", support_is_shared=True)
    who = Agent(local, user)
    who.clicks(ts, "send_anyway")
    told = who.reads(sentence)
    bot.finish()
    assert told["ephemeral"]
    assert requests_store.load("V0123456789").state is State.UNCERTAIN
    noted = "Only the agent or a lead can do this." if user == BEN else sentence
    assert [(one, what) for one, _, _, what in lines(caplog)] == [(user, f"send_anyway: {noted}")]
    assert bot.noted == [(user, noted)]


@pytest.mark.parametrize("channels", ["", '[access]\nchannels = ["C0GENERAL"]'])
def test_the_agent_can_still_decide_where_the_bot_no_longer_works(
    channels: str,
    bot: Bot,
    ada: Agent,
    local: Local,
    requests_store: RequestStore,
    slack: SlackClient,
    a_request: Any,
) -> None:
    ts = card(requests_store, slack, a_request)
    bot.rules = read_rules(channels)
    local.ask("POST", "/control/slack/settings", support_is_shared=True)
    ada.clicks(ts, "check_again")
    bot.finish()
    assert requests_store.load("V0123456789").decisions == 1


def test_a_lead_of_a_group_decides_until_a_minute_after_they_left_it(
    bot: Bot,
    local: Local,
    requests_store: RequestStore,
    slack: SlackClient,
    a_request: Any,
) -> None:
    ts = card(requests_store, slack, a_request, agent_id="U0LIA")
    bot.rules = read_rules('[leads]\ngroups = ["S0LEADS"]')
    local.change_slack(groups={"S0LEADS": {"users": ["U0ADA", GUS]}})
    ada, gus = Agent(local), Agent(local, GUS)
    gus.clicks(ts, "check_again")
    gus.reads(GUEST)
    ada.clicks(ts, "check_again")
    bot.finish()
    assert requests_store.load("V0123456789").decisions == 1
    local.change_slack(groups={"S0LEADS": {"users": [LEAD]}})
    bot.seconds += 60.0
    ada.clicks(ts, "check_again")
    ada.reads(NOT_YOURS)


def test_a_right_that_is_taken_away_in_the_rules_is_gone_with_the_next_click(
    bot: Bot, ada: Agent, requests_store: RequestStore, slack: SlackClient, a_request: Any
) -> None:
    ts = card(requests_store, slack, a_request)
    ada.opens("jane@example.com")
    bot.rules = read_rules(f'[access]\nusers = ["{BEN}"]')
    ada.clicks(ts, "check_again")
    ada.reads(NOT_LISTED)
    bot.finish()
    assert requests_store.load("V0123456789").decisions == 0


def test_nothing_of_another_workspace_or_app_is_answered_with_more_than_a_refusal(
    bot: Bot, local: Local
) -> None:
    where = {"user_id": "U0ADA", "channel_id": SUPPORT, "command": "/proactive", "text": "x@y.de"}
    for more in ({"team_id": "T0OTHER"}, {"team_id": "T0LOCAL", "api_app_id": "A0OTHER"}):
        sent = {"kind": "command", "body": {**where, **more}}
        assert local.ask("POST", "/control/slack/deliver", **sent)["status"] == 200
    bot.finish()
    told = [message["text"] for message in local.messages("D0ADA")]
    assert sorted(text[:24] for text in told) == [
        "I'm installed in another",
        "This came from another S",
    ]
    assert not local.calls("slack", "views.open")


# The security log.


def test_one_line_a_minute_tells_of_one_person_and_counts_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    now = 0.0
    log = SecurityLog(lambda: now)
    references = [log.add("U1", "send_anyway: no") for _ in range(4)]
    other = log.add("U2", "command: no")
    now = 60.0
    newest = log.add("U1", "cancel: no")
    assert len(set(references)) == 1
    assert lines(caplog) == [
        ("U1", references[0], "", "send_anyway: no"),
        ("U2", other, "", "command: no"),
        ("U1", newest, ", and 3 times since the last line", "cancel: no"),
    ]
    assert {r.levelno for r in caplog.records} == {logging.WARNING}


def test_the_security_log_remembers_a_limited_number_of_people(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.security_log.MOST_PEOPLE", 2)
    log = SecurityLog(lambda: 0.0)
    for user in ("U1", "U2", "U3", "U3", "U2", "U1"):
        log.add(user, "no")
    assert [user for user, *_ in lines(caplog)] == ["U1", "U2", "U3", "U1"]
