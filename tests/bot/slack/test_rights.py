"""Who may do what with a message in which state, tried from outside: each user, action and state.

`TABLE` is what the leads read in docs/for-leads.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from bot.cards.card import show_card
from bot.cards.card_buttons import approval_buttons, card_buttons
from bot.cards.client import SlackClient, Spot
from bot.request import Request
from bot.rules.policy import Refused
from bot.rules.rules_file import read_rules
from bot.slack.metadata import MetadataSigner
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOuts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from sandbox.local_slack.workspace import APP_ID, BOT_USER, OTHER_TEAM_ID, TEAM_ID

from ..conftest import JANE, Local
from .conftest import LEAD, SUPPORT, Agent, Bot, answers, words

TABLE = """
| what | while the message is | the agent who asked | another agent | a lead | an approver |
|---|---|---|---|---|---|
| "Undo", "Cancel" | checking, unapproved, scheduled | yes | no | yes | no |
| "Check again" | uncertain | yes | no | yes | no |
| "Send anyway" | uncertain | yes | no | yes | no |
| "It was sent" | uncertain | yes | no | yes | no |
| "Edit" | unapproved, scheduled | yes | no | yes | no |
| "Message again" | delivered, read, replied | yes | no | yes | no |
| "Edit and resend" | refused, failed, expired, cancelled | yes | no | yes | no |
| "Don't contact again" | delivered, read, replied | yes | yes | yes | yes |
| "Approve" | unapproved | no | no | yes | yes |
| "Decline" | unapproved | no | no | yes | yes |
| "Read it", and then "Approve" | unapproved | no | no | yes | yes |
| open the form | | yes | yes | yes | yes |
| "Send" in the form | | yes | yes | yes | yes |
| `opt-out` | | yes | yes | yes | yes |
| `opt-in` | | no | no | yes | no |
| `pause` | | no | no | yes | no |
| `resume` | | no | no | yes | no |
| `outcomes` | | no | no | yes | no |
"""
DOCS = Path(__file__).parents[3] / "docs" / "for-leads.md"

ADA, BEN, GUS, PIA = "U0ADA", "U0BEN", "U0GUS", "U0PIA"
ASKED, OTHER = "the agent who asked", "another agent"
A_LEAD, APPROVER = "a lead", "an approver"
NOT_YOURS = "Only "  # and the agent's name, which no log has
NO_APPROVER = "You can't approve this message."
GUEST = "Guests can't use this."
STRANGER = "Only members of this workspace"
DEACTIVATED = "Your Slack account is deactivated."
BOT = "Bots can't use this."
ELSEWHERE = "I'm installed in another workspace."
NOT_LISTED = "You aren't on the list of people who can use this."
LATE = ("That button is out of date", "This message isn't waiting for a decision")
TEXT = "Your order is ready"
BUTTONS = {  # in Slack's payload, by what is on the button
    '"Undo", "Cancel"': "cancel",
    '"Check again"': "check_again",
    '"Send anyway"': "send_anyway",
    '"It was sent"': "mark_sent",
    '"Edit"': "edit",
    '"Message again"': "message_again",
    '"Edit and resend"': "compose_again",
    '"Don\'t contact again"': "opt_out",
    '"Approve"': "approve",
    '"Decline"': "decline",
    '"Read it", and then "Approve"': "review",
}
BECOMES = {
    "cancel": State.CANCELLED,
    "check_again": State.UNCERTAIN,
    "send_anyway": State.SCHEDULED,
    "mark_sent": State.ACCEPTED,
    "approve": State.SCHEDULED,
    "review": State.SCHEDULED,
    "decline": State.REFUSED,
}
BY_APPROVERS = ("approve", "decline", "review")
OPENS_A_FORM = ("compose_again", "edit", "message_again", "opt_out")
COMMANDS = {
    "open the form": f"jane@example.com {TEXT}",
    "`opt-out`": "opt-out jane@example.com She asked us to stop",
    "`opt-in`": "opt-in jane@example.com She wants news again",
    "`pause`": "pause The price list is wrong",
    "`resume`": "resume",
    "`outcomes`": "outcomes here",
}


@dataclass(frozen=True)
class Row:
    """A row of the table: in which states a button is there, and who may do it."""

    states: frozenset[State]
    may: dict[str, bool]


def _read_table() -> dict[str, Row]:
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in TABLE.split("\n")[1:-1]
    ]
    columns = lines[0][2:]
    return {
        what: Row(
            frozenset(State(word) for word in states.split(", ") if word),
            {column: cell == "yes" for column, cell in zip(columns, cells, strict=True)},
        )
        for what, states, *cells in lines[2:]
    }


ROWS = _read_table()


@dataclass(frozen=True)
class Person:
    """Somebody who tries everything.

    ``column`` of the table, or "" for those who may do nothing, whom ``refused`` tells why.
    ``knows``: what was changed in Slack. ``is_made_up``: Slack lets them do nothing, so a test has
    to write their payloads.
    """

    user: str
    column: str = ""
    refused: str = ""
    rules: str = ""
    knows: dict[str, Any] = field(default_factory=dict)
    team: str = TEAM_ID
    is_made_up: bool = False


def _lead(user: str) -> str:
    """Return rules that name somebody as a lead and an approver."""
    return f'[leads]\nusers = ["{user}"]\n[approval]\nusers = ["{user}"]\n'


_GROUP_OF_BEN = {"groups": {"S0LEADS": {"users": [BEN]}}}
PEOPLE = {
    ASKED: Person(ADA, ASKED),
    OTHER: Person(BEN, OTHER),
    A_LEAD: Person(LEAD, A_LEAD),
    "a lead by user group": Person(
        BEN, A_LEAD, rules='[leads]\ngroups = ["S0LEADS"]', knows=_GROUP_OF_BEN
    ),
    APPROVER: Person(BEN, APPROVER, rules=f'[approval]\nusers = ["{BEN}"]'),
    "an approver by user group": Person(
        BEN, APPROVER, rules='[approval]\ngroups = ["S0LEADS"]', knows=_GROUP_OF_BEN
    ),
    # None of these may do anything, although the rules name them.
    "a guest": Person(GUS, "", GUEST, _lead(GUS)),
    "an outsider": Person(PIA, "", STRANGER, _lead(PIA), team=OTHER_TEAM_ID),
    "a deactivated user": Person(
        BEN,
        "",
        DEACTIVATED,
        _lead(BEN),
        {"users": {BEN: {"is_deleted": True}}},
        is_made_up=True,
    ),
    "a bot": Person(BOT_USER, "", BOT, _lead(BOT_USER), is_made_up=True),
}


@dataclass(frozen=True)
class Seen:
    """What came of some tries in the audit log, and in Slack."""

    refusals: list[tuple[str, str, str]]  # user, team, request
    answers: list[str]  # that only they read
    public: int  # messages that everybody reads

    def since(self, before: Seen) -> Seen:
        """Return what's new."""
        return Seen(
            self.refusals[len(before.refusals) :],
            self.answers[len(before.answers) :],
            self.public - before.public,
        )


class Trial:
    """Lets one person try things, and says what came of it."""

    def __init__(self, person: Person, bot: Bot, local: Local, database: Database) -> None:
        self.person = person
        self._bot = bot
        self._local = local
        self._audit = AuditLog(database)
        self._agent = Agent(local, person.user)
        self._reader = BEN if person.is_made_up else person.user
        # Each answers five times: the click, and the modal that it opens.
        self._urls: Iterator[str] = cycle(self._get_urls(7) if person.is_made_up else [""])
        bot.rules = read_rules(person.rules)
        if person.user == PIA:
            local.ask("POST", "/control/slack/settings", support_is_shared=True)
        self._change(person.knows)

    def clicks(self, card: str, button: str, request: Request) -> None:
        """Click a button, and do what it asks for then."""
        element = {
            "type": "button",
            "action_id": button,
            "value": f"{request.request_id}:0",
            "text": {"type": "plain_text", "text": "x"},
        }
        if self.person.is_made_up:
            self._delivers_click(card, element)
            return
        block = {"type": "actions", "block_id": "decide", "elements": [element]}
        self._local.ask(
            "POST",
            "/people/actions",
            user=self.person.user,
            channel=SUPPORT,
            ts=card,
            block_id="decide",
            action_id=button,
            element={"type": "button"},
            stale_block=block,
        )
        self._bot.finish()
        if button in ("decline", "review") and self._agent.view():
            self._agent.submits(reason="We don't promise dates.")
            self._bot.finish()

    def types(self, text: str) -> str:
        """Type a command; return nothing, as the answer comes later."""
        person = self.person
        if person.is_made_up:
            where = {"team_id": person.team, "channel_id": SUPPORT, "command": "/proactive"}
            who = {"user_id": person.user, "user_name": "x", "api_app_id": APP_ID}
            body = {**where, **who, "text": text, "response_url": next(self._urls)}
            self._deliver("command", body)
        else:
            self._agent.types(text)
        self._bot.finish()
        return ""

    def submits(self, view: dict[str, Any]) -> str:
        """Press Send in a form of theirs; return what the bot answers, "" if it takes it."""
        token = self._local.settings["SLACK_BOT_TOKEN"]
        signer, metadata = MetadataSigner(token), view["private_metadata"]
        own = signer.sign(signer.check(metadata, ADA, view["id"]), self.person.user)
        values = {
            block["block_id"]: {
                element["action_id"]: {
                    "type": element["type"],
                    "value": element.get("initial_value"),
                }
            }
            for block in view["blocks"]
            if (element := block.get("element", {})).get("type") == "plain_text_input"
        }
        form = {**view, "id": form_of(self.person), "state": {"values": values}}
        head = self._head("view_submission")
        body = {**head, "view": {**form, "private_metadata": own}}
        answer = self._deliver("interactive", body)["body"]
        self._bot.finish()
        return str(answer)

    def sees(self) -> Seen:
        """Read the audit log, and the messages that this person and everybody can read."""
        if self.person.is_made_up:  # a deactivated user can't read
            self._change({"users": {BEN: {"is_deleted": False}}})
        messages = self._local.messages(SUPPORT, self._reader)
        if self.person.is_made_up:
            self._change(self.person.knows)
        private = [one["text"] for one in messages if one["ephemeral"]]
        return Seen(self.refusals(), private, len(messages) - len(private))

    def refusals(self) -> list[tuple[str, str, str]]:
        """List the refusals in the audit log: user, team and request."""
        return [
            (one.user_id, one.team_id, one.request_id)
            for one in self._audit.entries()
            if one.action == Action.REFUSED_CLICK
        ]

    def takes_away_form(self) -> bool:
        """Close the form that's open; return whether one was."""
        if self.person.is_made_up or not (view := self._agent.view()):
            return False
        path = f"/people/views/{view['id']}/close"
        self._local.ask("POST", path, user=self.person.user, clear=True)
        return True

    def _delivers_click(self, card: str, element: dict[str, Any]) -> None:
        body = {
            **self._head("block_actions"),
            "channel": {"id": SUPPORT, "name": "support"},
            "container": {"type": "message", "message_ts": card, "channel_id": SUPPORT},
            "message": {"ts": card, "type": "message", "text": ""},
            "response_url": next(self._urls),
            "actions": [{**element, "block_id": "decide"}],
        }
        self._deliver("interactive", body)
        self._bot.finish()

    def _head(self, kind: str) -> dict[str, Any]:
        person = self.person
        user = {"id": person.user, "name": "x", "username": "x", "team_id": person.team}
        team = {"id": TEAM_ID, "domain": "local"}
        return {"type": kind, "user": user, "team": team, "api_app_id": APP_ID, "trigger_id": "1.2"}

    def _deliver(self, kind: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._local.ask(
            "POST", "/control/slack/deliver", kind=kind, body=body
        )
        assert answer["status"] == 200
        return answer

    def _change(self, wanted: dict[str, Any]) -> None:
        if wanted:
            self._local.change_slack(**wanted)

    def _get_urls(self, count: int) -> list[str]:
        """Let Ben open forms, which know where to answer him."""
        ben = Agent(self._local, BEN)
        urls = []
        for _ in range(count):
            ben.types("")
            self._bot.finish()
            view = ben.view()
            assert view is not None
            urls.append(json.loads(view["private_metadata"])[2])
        self._bot.seconds += 60  # and forget that he may
        return urls


def samples(person: Person, row: Row, button: str) -> list[State]:
    """Return all states, or some that stand for the others, as nothing more depends on them.

    A refusal comes before the state is looked at, and a form changes no request.
    """
    may_depend = row.may.get(person.column) or person is PEOPLE[OTHER]
    if person is PEOPLE.get(person.column) and may_depend and button not in OPENS_A_FORM:
        return list(State)
    counts = [state for state in State if state in row.states]
    return [*counts[:2], next(state for state in State if state not in row.states)]


def expect(person: Person, button: str, state: State) -> tuple[State, int, bool, str]:
    """Return what the table says of a click: the state then, decisions, a form, and the answer."""
    row = next(ROWS[what] for what, known in BUTTONS.items() if known == button)
    if not row.may.get(person.column):
        return state, 0, False, why_not(person, button)
    if button in OPENS_A_FORM and (button != "edit" or state in row.states):
        return state, 0, True, ""
    if button == "edit":
        return state, 0, False, LATE[False]
    if state in row.states:
        return BECOMES[button], 1, False, ""
    return state, 0, False, LATE[button in BY_APPROVERS]


def why_not(person: Person, button: str) -> str:
    """Return the beginning of the sentence that refuses a click."""
    if person.refused:
        return person.refused
    if button not in BY_APPROVERS:
        return NOT_YOURS
    if person.column != ASKED:
        return NO_APPROVER
    return f"You can't {'decline' if button == 'decline' else 'approve'} your own message."


def is_answer(answer: str, sentence: str) -> bool:
    """Tell whether an answer says this, and nothing that only an administrator understands."""
    return answer.startswith(sentence) and "Reference" not in answer


@pytest.fixture
def card(slack: SlackClient, a_request: Callable[..., Request]) -> str:
    """Post a card, on which somebody's window may still show any button; return the ts."""
    return slack.post(Spot(SUPPORT), show_card(a_request()), "card")[1]


@pytest.mark.parametrize("name", PEOPLE)
def test_each_button_counts_only_for_whom_and_while_the_table_says_so(
    name: str,
    bot: Bot,
    local: Local,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
    card: str,
) -> None:
    person = PEOPLE[name]
    trial = Trial(person, bot, local, database)
    before = trial.sees()
    for what, button in BUTTONS.items():
        sentences, refusals = [], []
        for state in samples(person, ROWS[what], button):
            request = a_request(request_id=f"V{button}.{state}", state=state, agent_id=ADA)
            requests_store.add(request, [])
            trial.clicks(card, button, request)
            after = requests_store.load(request.request_id)
            has_form = trial.takes_away_form()
            *expected, sentence = expect(person, button, state)
            found = [after.state, after.decisions, has_form]
            assert found == expected, f"{what} while {state}"
            sentences += [sentence] if sentence else []
            if sentence and sentence not in LATE:
                refusals.append((person.user, person.team, request.request_id))
        now = trial.sees()
        before, seen = now, now.since(before)
        assert (seen.refusals, seen.public) == (refusals, 0), what
        assert len(seen.answers) == len(sentences), what
        assert all(map(is_answer, seen.answers, sentences)), f"{what}: {seen.answers}"


@pytest.mark.parametrize("name", PEOPLE)
def test_each_command_and_the_form_work_only_for_whom_the_table_says(
    name: str,
    bot: Bot,
    ada: Agent,
    local: Local,
    database: Database,
    requests_store: RequestStore,
) -> None:
    # Outsiders can't even type a command: Slack sends it to their own workspace's app.
    person = PEOPLE[name]
    person = replace(person, is_made_up=person.is_made_up or person.team != TEAM_ID)
    view = ada.opens(f"jane@example.com {TEXT}")
    local.ask("POST", f"/people/views/{view['id']}/close", user=ADA)
    trial = Trial(person, bot, local, database)
    effects = list_effects(person, trial, database, requests_store)
    for what, has_worked in effects.items():
        if what == "`opt-in`":
            bot.opt_out(JANE)
        if what == "`resume`":
            bot.pause()
        before, is_form = trial.sees(), what not in COMMANDS
        told = trial.submits(view) if is_form else trial.types(COMMANDS[what])
        seen, may = trial.sees().since(before), ROWS[what].may.get(person.column, False)
        assert has_worked() is may, f"{what}: {seen}, {told}"
        refusal = (person.user, person.team, form_of(person) if is_form else "")
        assert (seen.refusals, seen.public) == ([] if may else [refusal], 0), what
        answers = [told] if is_form else seen.answers
        why = person.refused or "Only a lead can"
        if person.team != TEAM_ID and not is_form:
            why = ELSEWHERE
        assert any(why in answer for answer in answers) is not may, f"{what}: {seen}, {told}"


def form_of(person: Person) -> str:
    """Return the id of the form that they submit."""
    return f"V0{person.user}"


def list_effects(
    person: Person, trial: Trial, database: Database, requests: RequestStore
) -> dict[str, Callable[[], bool]]:
    """Return how to find out whether something has worked, in the order in which it's tried."""
    opt_outs = OptOuts(database, lambda _connection, _job: None, Keys(database))
    pause = Pause(database, lambda _connection, _job: None)

    def has_stored() -> bool:
        try:
            return bool(requests.load(form_of(person)))
        except LookupError:
            return False

    return {
        "open the form": trial.takes_away_form,
        '"Send" in the form': has_stored,
        "`opt-out`": lambda: opt_outs.find(JANE) is not None,
        "`opt-in`": lambda: opt_outs.find(JANE) is None,
        "`pause`": lambda: pause.read() is not None,
        "`resume`": lambda: pause.read() is None,
    }


# The table


def test_a_card_has_each_button_in_the_states_of_the_table(
    a_request: Callable[..., Request],
) -> None:
    shown: dict[str, set[State]] = {button: set() for button in BUTTONS.values()}
    for state in State:
        request = a_request(state=state, is_followed=True)  # else it offers to message again
        planned = replace(request, send_at=request.created_at + timedelta(hours=1))
        for button in (
            *card_buttons(planned),
            *card_buttons(request),
            *approval_buttons(request, is_public=False),
        ):
            shown[str(button.action_id)].add(state)
    assert shown == {button: ROWS[what].states for what, button in BUTTONS.items()}


def test_the_table_has_every_action_and_the_page_for_leads_has_the_table() -> None:
    assert list(ROWS) == [*BUTTONS, "open the form", '"Send" in the form', *list(COMMANDS)[1:]]
    assert TABLE in DOCS.read_text(encoding="utf-8")


# Rights that are taken away

DEMOTED = "a lead who leaves the group"
REVOKED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    # who: the rules, what changes in Slack, what they try, why it's refused then
    DEMOTED: (
        '[leads]\ngroups = ["S0LEADS"]',
        {"groups": {"S0LEADS": {"users": [LEAD]}}},
        "cancel",
        NOT_YOURS,
    ),
    "a lead whose group is switched off": (
        '[leads]\ngroups = ["S0LEADS"]',
        {"groups": {"S0LEADS": {"is_disabled": True}}},
        "pause",
        "Only a lead can pause all sending.",
    ),
    "an approver who leaves the group": (
        '[approval]\ngroups = ["S0LEADS"]',
        {"groups": {"S0LEADS": {"users": []}}},
        "approve",
        NO_APPROVER,
    ),
    "an agent who leaves the group": (
        '[access]\ngroups = ["S0LEADS"]',
        {"groups": {"S0LEADS": {"users": [ADA]}}},
        "open",
        NOT_LISTED,
    ),
    "a lead who becomes a guest": (
        f'[leads]\nusers = ["{BEN}"]',
        {"users": {BEN: {"is_restricted": True}}},
        "cancel",
        GUEST,
    ),
    "a lead who is deactivated": (
        f'[leads]\nusers = ["{BEN}"]',
        {"users": {BEN: {"is_deleted": True}}},
        "cancel",
        DEACTIVATED,
    ),
}


@pytest.mark.parametrize("who", REVOKED)
def test_a_right_that_is_taken_away_ends_within_a_minute_with_the_next_try(
    who: str,
    bot: Bot,
    local: Local,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
    card: str,
) -> None:
    rules, change, action, sentence = REVOKED[who]
    is_deactivated = "is_deleted" in str(change)
    person = Person(BEN, rules=rules, knows=_GROUP_OF_BEN, is_made_up=is_deactivated)
    trial = Trial(person, bot, local, database)
    state = State.UNAPPROVED if action == "approve" else State.SCHEDULED
    requests = [a_request(request_id=f"V{number}", state=state) for number in range(3)]
    for request in requests:
        requests_store.add(request, [])

    def tries(number: int) -> bool:
        """Do it with the next request, and return whether it worked."""
        if action in ("pause", "open"):
            before = len(trial.refusals())
            trial.types(action if action == "pause" else "")
            return len(trial.refusals()) == before
        trial.clicks(card, action, requests[number])
        return requests_store.load(f"V{number}").decisions == 1

    assert tries(0)
    local.change_slack(**change)
    bot.seconds += 59.0
    tries(1)  # Slack's answers are good for a minute
    bot.seconds += 1.0
    assert not tries(2)
    assert trial.refusals()[-1][:2] == (BEN, TEAM_ID)
    if is_deactivated:
        local.change_slack(users={BEN: {"is_deleted": False}})
    answer = answers(local, BEN)[-1]
    assert is_answer(answer, sentence)


@pytest.mark.parametrize(
    "change", [{"is_restricted": True}, {"is_deleted": True}, {"team_id": OTHER_TEAM_ID}]
)
def test_what_somebody_submits_right_after_they_lost_their_right_is_never_sent(
    change: dict[str, Any], bot: Bot, ada: Agent, local: Local, requests_store: RequestStore
) -> None:
    """Send asks Slack nothing before its ack, so the check before the send is what counts."""
    view = ada.opens(f"jane@example.com {TEXT}")
    bot.finish()
    bot.seconds += 60.0
    assert ada.submits()["result"] == "closed"
    request = requests_store.load(view["id"])
    bot.policy.check_people(request)
    local.change_slack(users={ADA: change})
    bot.seconds += 60.0
    with pytest.raises(Refused):
        bot.policy.check_people(request)


def test_a_modal_opened_with_a_right_does_not_outlive_it_and_the_audit_log_names_the_request(
    bot: Bot,
    local: Local,
    database: Database,
    requests_store: RequestStore,
    a_request: Callable[..., Request],
    slack: SlackClient,
) -> None:
    request = requests_store.add(
        a_request(state=State.UNAPPROVED, created_at=datetime.now(UTC)), []
    )
    ts = slack.post(Spot(SUPPORT), show_card(request), "card")[1]
    person = Person(BEN, rules='[approval]\ngroups = ["S0LEADS"]', knows=_GROUP_OF_BEN)
    trial, ben = Trial(person, bot, local, database), Agent(local, BEN)
    ben.clicks(ts, "decline")
    ben.sees("won't be sent")
    local.change_slack(groups={"S0LEADS": {"users": []}})
    bot.seconds += 60.0
    assert ben.submits(reason="No dates.")["result"] == "closed"
    bot.finish()
    assert requests_store.load(request.request_id).state is State.UNAPPROVED
    assert trial.refusals() == [(BEN, TEAM_ID, request.request_id)]
    assert NO_APPROVER in words(local.messages(SUPPORT, BEN))
