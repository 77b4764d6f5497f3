"""Who may use the bot, person by person and rule by rule; what nobody can say is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from bot.rules.access import Access
from bot.rules.directory import Channel, DirectoryUnavailable, Person, Workspace
from bot.rules.needs import needs_channels, needs_groups, needs_people
from bot.rules.rules_file import DEFAULTS, Rules, read_rules

TEAM, OTHER, COMPANY, APP = "T0TEAM", "T0OTHER", "E0ACME", "A0BOT"
AGENTS, LEADS, APPROVERS = "S0AGENTS", "S0LEADS", "S0APPROVERS"

GUEST = "Guests can't use this. Ask a full member of your team."
STRANGER = "Only members of this workspace can use this. Ask someone who is one."
BOT = "Bots can't use this. A person has to do it."
DEACTIVATED = "Your Slack account is deactivated. Ask a Slack admin to activate it."
NOT_LISTED = "You aren't on the list of people who can use this. Ask your admin to add you."
WRONG_CHANNEL = "I don't work in this channel. Use another one, or ask your admin."
SHARED = (
    "This channel is shared with another company, so I don't work here. Use a channel of your own."
)
OTHER_WORKSPACE = "I'm installed in another workspace."
OTHER_APP = "This came from another Slack app. Nothing was sent."
UNAVAILABLE = (
    "I can't check with Slack who you are right now. Nothing was sent. Try again in a minute."
)

OURS = Workspace(TEAM, "", APP)
OPEN = "[access]\nguests = true\nshared_channels = true\n"
PEOPLE = {
    "U0ADA": Person("U0ADA", TEAM, name="Ada"),
    "U0LEO": Person("U0LEO", TEAM),
    "U0GUS": Person("U0GUS", TEAM, is_guest=True),
    "U0OLD": Person("U0OLD", TEAM, is_deactivated=True),
    "U0BOT": Person("U0BOT", TEAM, is_bot=True),
    "U0SAM": Person("U0SAM", OTHER),
    "U0SUE": Person("U0SUE", OTHER, COMPANY),
    "U0SIS": Person("U0SIS", TEAM, is_stranger=True),
    "USLACKBOT": Person("USLACKBOT", TEAM),
}
CHANNELS = {
    "C0SUPPORT": Channel("C0SUPPORT"),
    "C0SHARED": Channel("C0SHARED", is_external=True),
    "C0HIDDEN": Channel("C0HIDDEN", is_known=False),
}


@dataclass
class Book:
    """A directory that knows what it was given, counts questions, and may be closed."""

    ours: Workspace = OURS
    groups: dict[str, set[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    closed: set[str] = field(default_factory=set)
    scope: str = ""

    @property
    def fresh(self) -> Book:
        return self

    def known_name(self, _user_id: str) -> str:
        return ""

    def person(self, user_id: str) -> Person:
        self._ask("person")
        return PEOPLE[user_id]

    def channel(self, channel_id: str) -> Channel:
        self._ask("channel")
        return CHANNELS[channel_id]

    def is_in_group(self, group_id: str, user_id: str) -> bool:
        self._ask("group")
        return user_id in self.groups.get(group_id, ())

    def members(self, group_id: str) -> frozenset[str]:
        self._ask("group")
        return frozenset(self.groups.get(group_id, ()))

    def workspace(self) -> Workspace:
        self._ask("workspace")
        return self.ours

    def _ask(self, what: str) -> None:
        self.asked.append(what)
        if what in self.closed:
            raise DirectoryUnavailable(self.scope)


def access(book: Book | None = None, rules: str = "", leads: tuple[str, ...] = ()) -> Access:
    read = read_rules(rules)
    return Access(book or Book(), lambda: read, frozenset(leads))


# By default every full member may, in every channel that isn't shared.


@pytest.mark.parametrize(
    ("user", "sentence"),
    [
        ("U0ADA", ""),
        ("U0LEO", ""),
        ("U0GUS", GUEST),
        ("U0OLD", DEACTIVATED),
        ("U0BOT", BOT),
        ("USLACKBOT", BOT),
        ("", BOT),
        ("U0SAM", STRANGER),
        ("U0SUE", STRANGER),
        ("U0SIS", STRANGER),
    ],
)
@pytest.mark.parametrize("team", [TEAM, ""])
@pytest.mark.parametrize("channel", ["C0SUPPORT", "C0HIDDEN", ""])
def test_every_full_member_may_and_nobody_else(
    user: str, sentence: str, team: str, channel: str
) -> None:
    assert access().check(user, team, channel, APP, team) == sentence


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [("", SHARED), ("[access]\nguests = true", SHARED), ("[access]\nshared_channels = true", "")],
)
def test_a_shared_channel_is_refused_unless_the_rules_allow_them(rules: str, sentence: str) -> None:
    assert access(rules=rules).check("U0ADA", TEAM, "C0SHARED") == sentence


@pytest.mark.parametrize("user", ["U0SAM", "U0SUE", "U0SIS", "U0OLD", "U0BOT"])
@pytest.mark.parametrize("switch", ["guests", "shared_channels"])
def test_a_rule_for_guests_or_for_shared_channels_lets_no_outsider_or_bot_in(
    user: str, switch: str
) -> None:
    assert access(rules=f"[access]\n{switch} = true").check(user, TEAM, "C0SUPPORT")


def test_guests_may_if_the_rules_say_so() -> None:
    assert access(rules="[access]\nguests = true").check("U0GUS", TEAM, "C0SUPPORT") == ""


# Lists of people, groups and channels.


@pytest.mark.parametrize(
    ("user", "sentence"),
    [("U0ADA", ""), ("U0LEO", NOT_LISTED), ("U0GUS", GUEST), ("U0SAM", STRANGER)],
)
@pytest.mark.parametrize(
    "rules", ['users = ["U0ADA", "U0GUS", "U0SAM"]', f'groups = ["S0NOBODY", "{AGENTS}"]']
)
def test_a_list_keeps_others_out_and_lets_no_guest_in(user: str, sentence: str, rules: str) -> None:
    book = Book(groups={AGENTS: {"U0ADA", "U0GUS", "U0SAM"}})
    assert access(book, f"[access]\n{rules}").check(user, TEAM, "C0SUPPORT") == sentence


def test_a_guest_may_who_is_on_the_list_where_guests_may() -> None:
    rules = '[access]\nguests = true\nusers = ["U0GUS"]'
    assert access(rules=rules).check("U0GUS", TEAM) == ""
    assert access(rules=rules).check("U0ADA", TEAM) == NOT_LISTED


@pytest.mark.parametrize(
    "rules",
    [
        '[leads]\nusers = ["U0LEO"]',
        f'[leads]\ngroups = ["{LEADS}"]',
        '[approval]\nusers = ["U0LEO"]',
    ],
)
def test_leads_and_approvers_need_not_be_on_the_list_of_users(rules: str) -> None:
    book = Book(groups={LEADS: {"U0LEO"}})
    listed = f'[access]\nusers = ["U0ADA"]\n{rules}'
    assert access(book, listed).check("U0LEO", TEAM, "C0SUPPORT") == ""
    assert access(rules='[access]\nusers = ["U0ADA"]', leads=("U0LEO",)).check("U0LEO", TEAM) == ""


@pytest.mark.parametrize(
    ("channel", "sentence"),
    [
        ("C0SUPPORT", ""),
        ("", ""),  # a payload without a channel, such as a form's
        ("C0HIDDEN", WRONG_CHANNEL),
        ("D0DIRECT", WRONG_CHANNEL),
        ("C0SHARED", SHARED),
    ],
)
def test_a_list_of_channels_keeps_the_bot_out_of_others(channel: str, sentence: str) -> None:
    rules = '[access]\nchannels = ["C0SUPPORT", "C0SHARED"]'
    assert access(rules=rules).check("U0ADA", TEAM, channel) == sentence


# Where a request comes from.


@pytest.mark.parametrize("rules", ["", OPEN])
@pytest.mark.parametrize(
    ("team", "app", "user_team", "sentence"),
    [
        (TEAM, APP, TEAM, ""),
        ("", "", "", ""),
        (OTHER, APP, OTHER, OTHER_WORKSPACE),
        (OTHER, APP, TEAM, OTHER_WORKSPACE),
        (TEAM, "A0OTHER", TEAM, OTHER_APP),
        (TEAM, APP, OTHER, STRANGER),  # a click in a channel that's shared with another company
    ],
)
def test_another_workspace_and_another_app_are_refused_whatever_the_rules_say(
    rules: str, team: str, app: str, user_team: str, sentence: str
) -> None:
    said = access(rules=rules).check("U0ADA", team, "C0SUPPORT", app, user_team)
    assert said.startswith(sentence) if sentence else not said


def test_an_app_that_slack_does_not_tell_is_not_compared() -> None:
    assert access(Book(Workspace(TEAM))).check("U0ADA", TEAM, "", APP) == ""


@pytest.mark.parametrize("rules", ["", OPEN])
@pytest.mark.parametrize(
    ("user", "company", "sentence"),
    [
        ("U0SUE", COMPANY, ""),
        ("U0SUE", "E0OTHER", STRANGER),
        ("U0SAM", COMPANY, STRANGER),
        ("U0SAM", "E0OTHER", STRANGER),
    ],
)
def test_another_workspace_of_the_same_company_is_no_stranger(
    rules: str, user: str, company: str, sentence: str
) -> None:
    book = Book(Workspace(TEAM, company, APP))
    assert access(book, rules).check(user, OTHER, "C0SUPPORT", APP, OTHER) == sentence


# What can't be had.


@pytest.mark.parametrize("what", ["person", "channel", "workspace"])
def test_what_slack_cannot_say_is_refused(what: str) -> None:
    book = Book(closed={what})
    assert access(book).check("U0ADA", TEAM, "C0SUPPORT") == UNAVAILABLE
    assert access(book).check_known("U0ADA", TEAM, "C0SUPPORT") is None


def test_a_group_that_cannot_be_read_is_refused_to_all_who_are_not_on_the_list() -> None:
    book, rules = Book(closed={"group"}), f'[access]\nusers = ["U0LEO"]\ngroups = ["{AGENTS}"]'
    assert access(book, rules).check("U0ADA", TEAM) == UNAVAILABLE
    assert access(book, rules).check("U0LEO", TEAM) == ""


def test_a_missing_permission_is_named_in_the_log_only(caplog: pytest.LogCaptureFixture) -> None:
    book = Book(closed={"person"}, scope="users:read")
    said = access(book).check("U0ADA", TEAM)
    assert said == (
        "I can't check whether you may do this. Nothing was sent. Ask your admin to check my "
        "permissions in Slack."
    )
    assert "users:read" in caplog.text


def test_rules_that_are_off_ask_for_nothing_but_whose_the_token_is() -> None:
    book = Book(closed={"person", "channel", "group"})
    lists = OPEN + 'users = ["U0GUS"]\nchannels = ["C0SHARED"]\n[leads]\nusers = ["U0LEO"]'
    for rules in (OPEN, lists):
        assert access(book, rules).check("U0GUS", TEAM, "C0SHARED", APP, TEAM) == ""
    assert access(book, lists).is_lead("U0LEO")
    assert set(book.asked) == {"workspace"}


def test_what_is_known_is_judged_in_the_same_way() -> None:
    assert access().check_known("U0ADA", TEAM, "C0SUPPORT", APP, TEAM) == ""
    assert access().check_known("U0GUS", TEAM) == GUEST
    assert access().check_known("U0ADA", TEAM, "C0SHARED") == SHARED


def test_changed_rules_count_at_once() -> None:
    current: list[Rules] = [DEFAULTS]
    gate = Access(Book(), lambda: current[-1], frozenset())
    assert gate.check("U0ADA", TEAM) == ""
    assert not gate.is_lead("U0ADA")
    current.append(read_rules('[access]\nusers = ["U0LEO"]'))
    assert gate.check("U0ADA", TEAM) == NOT_LISTED
    current.append(read_rules('[leads]\nusers = ["U0ADA"]'))
    assert gate.is_lead("U0ADA")


# Leads and approvers.


@pytest.mark.parametrize(
    ("rules", "leads"),
    [
        ('[leads]\nusers = ["U0LEO", "U0GUS", "U0OLD", "U0SAM", "U0BOT", "USLACKBOT"]', ()),
        (f'[leads]\ngroups = ["S0NOBODY", "{LEADS}"]', ()),
        ("", ("U0LEO", "U0GUS", "U0OLD", "U0SAM", "U0BOT", "USLACKBOT")),
    ],
)
def test_a_lead_is_a_full_member_on_one_of_the_lists(rules: str, leads: tuple[str, ...]) -> None:
    book = Book(groups={LEADS: set(PEOPLE) - {"U0ADA"}})
    gate = access(book, rules, leads)
    assert [user for user in PEOPLE if gate.is_lead(user) and user != "U0SUE"] == ["U0LEO"]


@pytest.mark.parametrize("closed", ["person", "group", "workspace"])
def test_nobody_is_a_lead_or_approver_while_slack_cannot_say(closed: str) -> None:
    book = Book(groups={LEADS: {"U0LEO"}}, closed={closed})
    gate = access(book, f'[leads]\ngroups = ["{LEADS}"]')
    assert not gate.is_lead("U0LEO")
    assert not gate.is_approver("U0LEO")


@pytest.mark.parametrize(
    ("rules", "approvers"),
    [
        ("", {"U0LEO"}),
        ('[leads]\nusers = ["U0ADA"]', {"U0LEO", "U0ADA"}),
        ('[approval]\nusers = ["U0ADA", "U0GUS"]', {"U0ADA"}),
        (f'[approval]\ngroups = ["{APPROVERS}"]', {"U0ADA"}),
        (f'[approval]\nusers = ["U0LEO"]\ngroups = ["{APPROVERS}"]', {"U0LEO", "U0ADA"}),
    ],
)
def test_approvers_are_those_on_their_lists_or_else_the_leads(
    rules: str, approvers: set[str]
) -> None:
    book = Book(groups={APPROVERS: {"U0ADA", "U0GUS"}})
    gate = access(book, rules, ("U0LEO",))
    assert {user for user in PEOPLE if gate.is_approver(user)} == approvers


# What the rules need of Slack.


@pytest.mark.parametrize(
    ("rules", "needs"),
    [
        ("", (True, True, False)),
        ("[access]\nguests = true", (True, True, False)),
        ("[access]\nshared_channels = true", (True, False, False)),
        (OPEN, (False, False, False)),
        (f'{OPEN}groups = ["{AGENTS}"]', (True, False, True)),
        (f'{OPEN}[leads]\ngroups = ["{LEADS}"]', (True, False, True)),
        (f'{OPEN}[approval]\ngroups = ["{APPROVERS}"]', (True, False, True)),
    ],
)
def test_rules_need_of_slack_what_they_ask_it(rules: str, needs: tuple[bool, ...]) -> None:
    read = read_rules(rules)
    assert (needs_people(read), needs_channels(read), needs_groups(read)) == needs
