"""Two agents who send one text to one customer in the same millisecond send one message."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import pytest
import sqlalchemy as sa

from bot.cli.manifest import build_manifest
from bot.state import SENT, State
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.tables import history, requests
from genesys import Identity, IdentityKind
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox
from tests.bot.conftest import Local
from tests.cluster import agents as program
from tests.cluster.agents import AFTER_SEND, BEFORE_SEND, Submission

from .conftest import PATIENCE, wait_until

EMAIL = Identity(IdentityKind.EMAIL, "jane@example.com")
SPELLED = Identity(IdentityKind.EMAIL, "Jane@Example.com")
PHONE = Identity(IdentityKind.PHONE, "+442079460018")  # Jane's, too
PROCESSES = 3
AHEAD = 0.03  # seconds in which both processes learn what to submit
SETTLED = SENT - {State.SENDING} | {State.REFUSED}
SEND = "messages/agentless"

_FORKS = multiprocessing.get_context("forkserver")


class Process:
    """One process of the bot, with an agent in front of it."""

    def __init__(self, url: str, settings: dict[str, str], dies: str) -> None:
        self._pipe, theirs = _FORKS.Pipe()
        arguments = (url, settings, dies, theirs)
        self._process = _FORKS.Process(target=program.run, args=arguments, daemon=True)
        self._process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        assert self.hear() == "ready"

    def tell(self, submission: Submission) -> None:
        self._pipe.send(submission)

    def hear(self) -> str:
        assert self._pipe.poll(2 * PATIENCE), "the process says nothing"
        return str(self._pipe.recv())

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        self._process.kill()
        self._process.join(PATIENCE)


class Row(NamedTuple):
    """A request, and the links in its history."""

    request_id: str
    text: str
    state: State
    links: list[str]


class Team:
    """Some processes on one database, and what became of what their agents submitted."""

    def __init__(self, url: str, local: Local) -> None:
        self._url, self._local = url, local
        self._database = Database(url)
        self._settings = {name: str(value) for name, value in local.settings.items()}
        self._processes: list[Process] = []

    def start(self, count: int, dies: str = "") -> list[Process]:
        started = [Process(self._url, self._settings, dies) for _ in range(count)]
        self._processes += started
        for process in started:
            process.wait_until_ready()
        return started

    def rows(self) -> list[Row]:
        with self._database.connect() as connection:
            found = connection.execute(sa.select(requests)).all()
            lines = connection.execute(sa.select(history).where(history.c.link != "")).all()
        return [
            Row(
                row.request_id,
                row.text,
                State(row.state),
                [line.link for line in lines if line.request_id == row.request_id],
            )
            for row in found
        ]

    def wait_until_settled(self) -> list[Row]:
        wait_until(
            lambda: all(row.state in SETTLED for row in self.rows()), "all is settled", 120.0
        )
        return self.rows()

    def sent(self) -> Counter[str]:
        """Count how often Genesys Cloud took each text."""
        return Counter(call["body"]["textBody"] for call in self._local.calls("genesys", SEND))

    def check_audit_log(self) -> None:
        assert AuditLog(self._database).verify().faults == ()

    def close(self) -> None:
        for process in self._processes:
            process.kill()
        self._database.close()


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    manifest = build_manifest(url="https://bot.example.com")
    with Sandbox(manifest, genesys=LocalGenesys(step_seconds=0.0)) as sandbox:
        yield Local(sandbox)


@pytest.fixture
def team(database_url: str, local: Local) -> Iterator[Team]:
    local.reset()
    team = Team(database_url, local)
    yield team
    team.close()


def submit_at_once(
    pair: tuple[Process, Process], number: int, whom: tuple[Identity, Identity]
) -> list[str]:
    """Let two agents press Send; return for each the id of the request that was faster, or ""."""
    at = time.time() + AHEAD
    for name, process, identity in zip("ab", pair, whom, strict=True):
        text = f"Your order {number} is ready"
        process.tell(Submission(f"V{number}{name}", f"U0{name}", identity, text, at))
    return [process.hear() for process in pair]


def run_rounds(team: Team, rounds: int, whom: tuple[Identity, Identity]) -> list[list[str]]:
    """Let two of the processes, in turn, submit the same text in each round."""
    one, two, three = team.start(PROCESSES)
    pairs = [(one, two), (two, three), (three, one)]
    return [submit_at_once(pairs[number % 3], number, whom) for number in range(rounds)]


def expect_one_message_each(team: Team, rounds: int) -> list[Row]:
    """Check that each text was sent once; return the requests that lost."""
    rows = team.wait_until_settled()
    assert team.sent() == Counter({f"Your order {number} is ready": 1 for number in range(rounds)})
    team.check_audit_log()
    return [row for row in rows if row.state is State.REFUSED]


ROUNDS = [6, pytest.param(100, marks=pytest.mark.slow)]


@pytest.mark.parametrize("rounds", ROUNDS)
def test_two_agents_who_submit_at_once_send_one_message_and_the_loser_knows_who_was_faster(
    team: Team, rounds: int
) -> None:
    answers = run_rounds(team, rounds, (EMAIL, SPELLED))
    for number, answer in enumerate(answers):
        assert answer in (["", f"V{number}a"], [f"V{number}b", ""])
    assert expect_one_message_each(team, rounds) == []
    assert len(team.rows()) == rounds  # what was refused at once isn't stored


@pytest.mark.parametrize("rounds", ROUNDS)
def test_one_by_email_and_one_by_phone_send_one_message_and_the_thread_links_the_faster(
    team: Team, rounds: int
) -> None:
    answers = run_rounds(team, rounds, (EMAIL, PHONE))
    assert answers == [["", ""]] * rounds  # nobody knew yet that it's one customer
    losers = expect_one_message_each(team, rounds)
    assert len(losers) == rounds
    for loser in losers:
        number, name = loser.request_id[1:-1], loser.request_id[-1]
        assert loser.links == [f"V{number}{'b' if name == 'a' else 'a'}"]


@pytest.mark.parametrize(("dies", "messages"), [(BEFORE_SEND, 0), (AFTER_SEND, 1)])
def test_a_customer_stays_reserved_though_the_process_is_killed_at_its_send(
    team: Team, dies: str, messages: int
) -> None:
    [mortal] = team.start(1, dies)
    text, at = "Your order is ready", time.time()
    mortal.tell(Submission("V1", "U0a", EMAIL, text, at))
    assert mortal.hear() == ""
    wait_until(lambda: not mortal.is_alive(), "the process dies at its send")
    assert [row.state for row in team.rows()] == [State.SENDING]
    other, another = team.start(2)
    other.tell(Submission("V2", "U0b", SPELLED, text, at))
    another.tell(Submission("V3", "U0c", PHONE, text, at))
    assert other.hear() == "V1"
    assert another.hear() == ""
    states = {row.request_id: (row.state, row.links) for row in team.wait_until_settled()}
    expected = State.ACCEPTED if messages else State.UNCERTAIN
    assert states == {"V1": (expected, []), "V3": (State.REFUSED, ["V1"])}
    assert sum(team.sent().values()) == messages
    team.check_audit_log()
