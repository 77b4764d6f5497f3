"""What Slack says of people, channels and groups is kept for a minute and never longer."""

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import pytest

from bot.cards.answer_cache import AnswerCache
from bot.cards.client import SlackClient
from bot.cards.directory import SlackDirectory
from bot.rules.directory import Channel, Directory, DirectoryUnavailable, Person, Workspace
from tests.bot.conftest import Local
from tests.clock import Clock
from tests.conftest import wait_until
from tests.recording_server import RecordingServer

from .conftest import answer_once

SUPPORT, ADA = "C0SUPPORT", "U0ADA"
Ask = Callable[[Directory], object]
ASK: dict[str, Ask] = {
    "users.info": lambda directory: directory.person(ADA),
    "conversations.info": lambda directory: directory.channel(SUPPORT),
    "usergroups.list": lambda directory: directory.is_in_group("S0LEADS", "U0LEO"),
    "auth.test": lambda directory: directory.workspace(),
}
Told = Callable[..., SlackDirectory]
each_question = pytest.mark.parametrize("method", ASK)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def directory(slack: SlackClient, clock: Clock) -> SlackDirectory:
    return SlackDirectory(slack, clock)


@pytest.fixture(scope="module")
def strange() -> Iterator[tuple[RecordingServer, SlackClient]]:
    """Serve a Slack that says what it's told; made once, as it reads the CA bundle."""
    server = RecordingServer()
    yield server, SlackClient("xoxb-test", server.url + "/api/")
    server.stop()


@pytest.fixture
def told(strange: tuple[RecordingServer, SlackClient], clock: Clock) -> Told:
    """Make a directory whose Slack gives this answer to everything."""
    server, client = strange
    server.requests.clear()

    def tell(answer: object, status: int = 200) -> SlackDirectory:
        server.answer(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
        return SlackDirectory(client, clock)

    return tell


# What Slack says.


@pytest.mark.parametrize(
    ("user", "person"),
    [
        (ADA, Person(ADA, "T0LOCAL", name="Ada Nowak")),
        ("U0GUS", Person("U0GUS", "T0LOCAL", name="Gus Lind", is_guest=True)),
        ("U0PIA", Person("U0PIA", "T0ACME", name="Pia Roth")),
        ("U0NOBODY", Person("U0NOBODY", "", is_stranger=True)),
    ],
)
def test_a_person_is_read(user: str, person: Person, local: Local, slack: SlackClient) -> None:
    local.ask("POST", "/control/slack/settings", support_is_shared=user == "U0PIA")
    assert SlackDirectory(slack).person(user) == person


def test_bots_and_deactivated_people_are_told_apart(
    local: Local, directory: SlackDirectory
) -> None:
    assert directory.person("U0BOT").is_bot
    assert directory.person("USLACKBOT").is_bot
    local.change_slack(users={ADA: {"is_deleted": True}})
    assert directory.person(ADA).is_deactivated


def test_somebody_of_another_company_without_a_channel_of_ours_is_a_stranger(
    local: Local, directory: SlackDirectory
) -> None:
    local.change_slack(channels={"C0ACME": {"members": [ADA]}})
    assert directory.person("U0PIA").is_stranger


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ({"profile": {"display_name": "Ada A"}, "real_name": "Ada"}, "Ada A"),
        ({"profile": {"display_name": ""}, "real_name": "Ada"}, "Ada"),
        ({"profile": None, "real_name": None}, ADA),
        ({}, ADA),
    ],
)
def test_a_person_without_a_name_goes_by_their_id(
    shown: dict[str, Any], name: str, told: Told
) -> None:
    person = told({"ok": True, "user": {"team_id": "T0", **shown}}).person(ADA)
    assert person.name == name
    assert "Ada A" not in repr(person)


@pytest.mark.parametrize(
    "flags",
    [
        {},
        {"is_restricted": False},
        {"is_restricted": True, "is_ultra_restricted": False},
        {"is_restricted": False, "is_ultra_restricted": True},
        {"is_restricted": None, "is_ultra_restricted": None},
    ],
)
def test_whoever_may_be_a_guest_counts_as_one(flags: dict[str, Any], told: Told) -> None:
    assert told({"ok": True, "user": {"team_id": "T0", **flags}}).person(ADA).is_guest


@pytest.mark.parametrize("flag", ["is_bot", "is_workflow_bot", "is_connector_bot"])
def test_every_kind_of_bot_is_a_bot(flag: str, told: Told) -> None:
    assert told({"ok": True, "user": {"team_id": "T0", flag: True}}).person(ADA).is_bot


def test_a_colleague_s_company_is_read(told: Told) -> None:
    user = {"team_id": "T0", "enterprise_user": {"enterprise_id": "E0"}}
    assert told({"ok": True, "user": user}).person(ADA).enterprise_id == "E0"


@pytest.mark.parametrize(
    ("channel", "read"),
    [
        (SUPPORT, Channel(SUPPORT)),
        ("C0GENERAL", Channel("C0GENERAL")),
        ("D0ADA", Channel("D0ADA")),
        ("C0ACME", Channel("C0ACME", is_external=True)),
        ("C0VIP", Channel("C0VIP", is_known=False)),
        ("C0NONE", Channel("C0NONE", is_known=False)),
    ],
)
def test_a_channel_is_read(
    channel: str, read: Channel, local: Local, directory: SlackDirectory
) -> None:
    assert directory.channel(channel) == read


@pytest.mark.parametrize(
    ("flags", "is_external"),
    [
        ({"is_ext_shared": False}, False),
        ({"is_ext_shared": True}, True),
        ({"is_ext_shared": None}, True),
        ({"is_ext_shared": False, "is_pending_ext_shared": True}, True),
        ({"is_ext_shared": False, "is_shared": True, "is_org_shared": True}, False),
    ],
)
def test_only_a_channel_that_is_shared_with_another_company_is_external(
    flags: dict[str, Any], is_external: bool, told: Told
) -> None:
    assert told({"ok": True, "channel": flags}).channel(SUPPORT).is_external is is_external


@pytest.mark.parametrize(
    ("group", "user", "is_in"),
    [
        ("S0LEADS", "U0LEO", True),
        ("S0LEADS", ADA, False),
        ("S0FORMER", "U0BEN", False),  # it's disabled
        ("S0NONE", "U0LEO", False),
    ],
)
def test_a_group_has_the_members_that_slack_lists(
    group: str, user: str, is_in: bool, local: Local, directory: SlackDirectory
) -> None:
    assert directory.is_in_group(group, user) is is_in
    assert (user in directory.members(group)) is is_in


@pytest.mark.parametrize("users", [{}, {"users": None}, {"users": []}, {"users": [5, None]}])
def test_a_group_without_a_list_has_nobody(users: dict[str, Any], told: Told) -> None:
    groups = {"usergroups": [{"id": "S0", **users}]}
    assert not told({"ok": True, **groups}).is_in_group("S0", "None of them")


@pytest.mark.parametrize("groups", [{}, {"usergroups": None}, {"usergroups": []}])
def test_without_groups_nobody_is_in_one(groups: dict[str, Any], told: Told) -> None:
    assert not told({"ok": True, **groups}).is_in_group("S0", "U0LEO")


def test_all_groups_together_cost_one_call_a_minute(
    local: Local, directory: SlackDirectory, clock: Clock
) -> None:
    for number in range(25):
        directory.is_in_group(f"S{number}", "U0LEO")
        directory.members(f"S{number}")
    assert len(local.calls("slack", "usergroups.list")) == 1
    clock.now += 60
    directory.is_in_group("S0LEADS", "U0LEO")
    assert len(local.calls("slack", "usergroups.list")) == 2


def test_the_workspace_and_the_app_are_read(local: Local, directory: SlackDirectory) -> None:
    assert directory.workspace() == Workspace("T0LOCAL", "", "A0PROACTIVE")
    assert not local.calls("slack", "bots.info")


def test_the_company_is_read(local: Local, directory: SlackDirectory) -> None:
    local.ask("POST", "/control/slack/settings", org_wide=True)
    assert directory.workspace().enterprise_id == "E0LOCAL"
    assert directory.person(ADA).enterprise_id == "E0LOCAL"


def test_an_app_that_is_told_only_with_the_bot_is_asked_for_once(
    clock: Clock, told: Told, strange: tuple[RecordingServer, SlackClient]
) -> None:
    directory = told({"ok": True, "team_id": "T0", "bot_id": "B0", "bot": {"app_id": "A0"}})
    for _ in range(2):
        assert directory.workspace() == Workspace("T0", "", "A0")
        clock.now += 60.0
    requests = strange[0].requests
    assert [one.path for one in requests] == [
        "/api/auth.test",
        "/api/bots.info",
        "/api/auth.test",
    ]
    assert parse_qs(requests[1].body.decode()) == {"bot": ["B0"]}


def test_an_app_that_slack_does_not_tell_is_unknown(slack: SlackClient, local: Local) -> None:
    body = {"ok": True, "team_id": "T0LOCAL", "bot_id": "B0NONE"}
    local.order("slack", "auth.test", "status", status=400, body=body, times=1)
    assert SlackDirectory(slack).workspace() == Workspace("T0LOCAL")


# What can't be had.


@each_question
@pytest.mark.parametrize("code", ["internal_error", "ratelimited", "token_revoked", "fatal_error"])
def test_what_slack_does_not_answer_is_unavailable(
    method: str, code: str, local: Local, directory: SlackDirectory
) -> None:
    answer_once(local, method, code, 429 if code == "ratelimited" else 200)
    with pytest.raises(DirectoryUnavailable) as caught:
        ASK[method](directory)
    assert caught.value.scope == ""
    ASK[method](directory)  # a failure isn't kept


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "auth.test"])
def test_another_refusal_is_unavailable_too(
    method: str, local: Local, directory: SlackDirectory
) -> None:
    answer_once(local, method, "access_denied")
    with pytest.raises(DirectoryUnavailable):
        ASK[method](directory)


@pytest.mark.parametrize(
    ("method", "scope"),
    [
        ("users.info", "users:read"),
        ("conversations.info", "channels:read, groups:read, im:read or mpim:read"),
        ("usergroups.list", "usergroups:read"),
    ],
)
def test_a_missing_permission_is_named(
    method: str, scope: str, local: Local, directory: SlackDirectory
) -> None:
    answer_once(local, method, "missing_scope")
    with pytest.raises(DirectoryUnavailable) as caught:
        ASK[method](directory)
    assert caught.value.scope == scope


@each_question
@pytest.mark.parametrize(
    ("answer", "status"),
    [(b"<html>", 200), (b"[]", 200), (b"", 200), (b'{"ok": true}', 503), (b"", 302)],
)
def test_what_is_not_slack_s_answer_is_unavailable(
    method: str, answer: bytes, status: int, told: Told
) -> None:
    with pytest.raises(DirectoryUnavailable):
        ASK[method](told(answer, status))


@pytest.mark.parametrize("method", ["users.info", "conversations.info", "auth.test"])
@pytest.mark.parametrize("part", [{}, None, [], "U0ADA"])
def test_an_answer_without_its_parts_is_unavailable(method: str, part: object, told: Told) -> None:
    with pytest.raises(DirectoryUnavailable):
        ASK[method](told({"ok": True, "user": part, "channel": part}))


# What is kept.


@each_question
def test_an_answer_is_good_for_a_minute_and_asked_for_again_afterwards(
    method: str, local: Local, directory: SlackDirectory, clock: Clock
) -> None:
    with pytest.raises(DirectoryUnavailable):
        ASK[method](directory.fresh)
    first = ASK[method](directory)
    clock.now += 59.9
    assert ASK[method](directory) == ASK[method](directory.fresh) == first
    assert len(local.calls("slack", method)) == 1
    clock.now += 0.1
    with pytest.raises(DirectoryUnavailable):
        ASK[method](directory.fresh)
    ASK[method](directory)
    assert len(local.calls("slack", method)) == 2


@each_question
def test_an_outdated_answer_is_never_used_when_slack_fails(
    method: str, local: Local, directory: SlackDirectory, clock: Clock
) -> None:
    ASK[method](directory)
    clock.now += 60.0
    answer_once(local, method, "internal_error")
    with pytest.raises(DirectoryUnavailable):
        ASK[method](directory)


def test_whoever_leaves_a_group_or_becomes_a_guest_is_found_out_after_a_minute(
    local: Local, directory: SlackDirectory, clock: Clock
) -> None:
    assert directory.is_in_group("S0LEADS", "U0LEO")
    assert not directory.person("U0LEO").is_guest
    assert not directory.channel(SUPPORT).is_external
    local.change_slack(groups={"S0LEADS": {"users": []}}, users={"U0LEO": {"is_restricted": True}})
    local.ask("POST", "/control/slack/settings", support_is_shared=True)
    clock.now += 60.0
    assert not directory.is_in_group("S0LEADS", "U0LEO")
    assert directory.person("U0LEO").is_guest
    assert directory.channel(SUPPORT).is_external


def test_the_minute_begins_when_slack_is_asked(clock: Clock) -> None:
    def ask(key: str) -> str:
        clock.now += 50.0
        return key

    cache = AnswerCache(ask, clock)
    cache.get("a")
    clock.now += 9.9
    assert cache.fresh("a") == "a"
    clock.now += 0.1
    with pytest.raises(DirectoryUnavailable):
        cache.fresh("a")


def test_a_limited_number_of_answers_is_kept(clock: Clock) -> None:
    asked: list[int] = []
    cache: AnswerCache[int, None] = AnswerCache(asked.append, clock, most=3)
    for key in (1, 2, 3, 1, 4):
        cache.get(key)
    assert asked == [1, 2, 3, 4]
    with pytest.raises(DirectoryUnavailable):
        cache.fresh(1)
    assert [cache.fresh(key) for key in (2, 3, 4)] == [None] * 3


@pytest.mark.parametrize("error", [None, DirectoryUnavailable("users:read"), KeyError("x")])
def test_one_caller_asks_while_the_others_wait_for_the_same_answer(
    error: Exception | None, clock: Clock
) -> None:
    asked: list[str] = []
    may_answer = threading.Event()

    def ask(key: str) -> str:
        asked.append(key)
        may_answer.wait(10)
        if error:
            raise error
        return key

    cache = AnswerCache(ask, clock)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(cache.get, "a")
        wait_until(lambda: asked)
        others = [threads.submit(cache.get, "a") for _ in range(6)]
        another = threads.submit(cache.get, "b")  # which doesn't wait for the first
        wait_until(lambda: len(asked) == 2)
        with pytest.raises(DirectoryUnavailable):
            cache.fresh("a")
        may_answer.set()
        for one in (first, another):
            assert type(one.exception()) is type(error)
        expected = DirectoryUnavailable if error else type(None)
        # Whoever came only after the answer has asked again, and got the same.
        assert all(type(one.exception()) in (expected, type(error)) for one in others)
    if error is None:
        assert [one.result() for one in others] == ["a"] * 6
        assert asked == ["a", "b"]


def test_a_name_that_is_known_is_remembered_and_never_asked_for(
    local: Local, directory: SlackDirectory, clock: Clock
) -> None:
    assert directory.known_name(ADA) == directory.fresh.known_name(ADA) == ""
    assert not local.calls("slack", "users.info")
    name = directory.person(ADA).name
    clock.now += 3_600.0
    assert directory.known_name(ADA) == directory.fresh.known_name(ADA) == name
    assert len(local.calls("slack", "users.info")) == 1
