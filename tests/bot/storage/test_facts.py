"""What the rules ask the database: who messaged this customer, and how much an agent has sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import count, product
from threading import Barrier
from threading import Event as Signal
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Event, Request, Stuck
from bot.state import SENT, UNSENT, State
from bot.storage.database import Database
from bot.storage.facts import ByWhom, Facts, Judge, Subject, Windows, read_facts
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind
from tests.conftest import wait_until

EMAIL, PHONE = IdentityKind.EMAIL, IdentityKind.PHONE
JANE, AMIR = Identity(EMAIL, "jane@example.com"), Identity(EMAIL, "amir@example.com")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR, MINUTE, TICK = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)
WINDOWS = Windows(same_text=24 * HOUR, recent=30 * MINUTE, customer=12 * HOUR, agent=HOUR)
OFF = Windows(*[timedelta()] * 4)
NOT_COUNTED = sorted(set(State) - SENT - UNSENT)
LEO = ByWhom("U0LEO", "Leo Lead", NOW, "asked to")


class Blocked(Exception):
    """A rule blocks."""


class Past:
    """A database in which requests have come as far as a test says."""

    def __init__(self, database: Database, build: Callable[..., Request]) -> None:
        self.database, self.keys, self._build = database, Keys(database), build
        self.store = RequestStore(database, lambda _connection, _job: None, self.keys)
        self.opt_outs = OptOuts(database, lambda _connection, _job: None, self.keys)
        self._numbers = count(1)

    def build(self, **values: Any) -> Request:
        standard = {"request_id": f"V{next(self._numbers)}", "created_at": NOW}
        return self._build(**{**standard, **values})

    def add(self, state: State = State.DELIVERED, *, ago: timedelta = MINUTE, **values: Any) -> str:
        at = {"sending_at": NOW - ago} if state in SENT else {}
        request = self.build(**{"state": state, "created_at": NOW - ago, **at, **values})
        return self.store.add(request, []).request_id

    def ask(self, windows: Windows = WINDOWS, *, sent_only: bool = False, **values: Any) -> Facts:
        request = self.build(**values)
        subject = Subject(
            request.request_id,
            request.agent_id,
            self.keys.customer_keys(request.identity, request.contact_ids),
            self.keys.text_digest(request.text),
            sent_only,
        )
        with self.database.connect() as connection:
            return read_facts(connection, subject, windows, NOW)


@pytest.fixture
def past(
    database_url: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> Past:
    return Past(connect(database_url), a_request)


@pytest.fixture
def quick(database: Database, a_request: Callable[..., Request]) -> Past:
    """Do the same on SQLite alone, for what doesn't depend on the SQL."""
    return Past(database, a_request)


def test_of_a_customer_whom_nobody_messaged_there_is_nothing_to_say(past: Past) -> None:
    past.add(identity=AMIR, agent_id="U0BEN")
    assert past.ask() == Facts()


def test_the_last_message_is_told_with_who_when_what_became_of_it_and_where(past: Past) -> None:
    past.add(ago=20 * MINUTE)
    place = {"card_channel": "C0SUPPORT", "card_ts": "1.2"}
    id_ = past.add(State.READ, ago=2 * MINUTE, agent_id="U0BEN", agent_name="Ben", **place)
    latest = past.ask().latest
    assert latest is not None
    assert (latest.request_id, latest.agent_id, latest.agent_name) == (id_, "U0BEN", "Ben")
    assert (latest.state, latest.at) == (State.READ, NOW - 2 * MINUTE)
    assert (latest.card_channel, latest.card_ts) == ("C0SUPPORT", "1.2")


def test_another_message_is_planned_here_as_on_its_card(past: Past) -> None:
    cases = product([None, NOW, NOW + HOUR], [None, NOW + HOUR], Stuck)
    for number, (send_at, planned_at, stuck) in enumerate(cases):
        whose = {"identity": Identity(EMAIL, f"{number}@example.com")}
        times = {"send_at": send_at, "planned_at": planned_at}
        id_ = past.add(State.SCHEDULED, **times, stuck=stuck, **whose)
        latest, case = past.ask(**whose).latest, f"{times}, {stuck!r}"
        assert latest is not None, case
        assert latest.request_id == id_, case
        assert latest.is_planned is past.store.load(id_).is_planned, case


def test_each_window_ends_exactly_when_it_should(past: Past) -> None:
    expected = [  # ago, whether the same text and a recent message are found, and two counts
        (30 * MINUTE - TICK, True, True, 1, 1),
        (30 * MINUTE, True, False, 1, 1),
        (HOUR - TICK, True, False, 1, 1),
        (HOUR, True, False, 1, 0),
        (12 * HOUR - TICK, True, False, 1, 0),
        (12 * HOUR, True, False, 0, 0),
        (24 * HOUR - TICK, True, False, 0, 0),
        (24 * HOUR, False, False, 0, 0),
    ]
    for number, (ago, same_text, recent, *counts) in enumerate(expected):
        whose = {"agent_id": f"U{number}", "identity": Identity(EMAIL, f"{number}@example.com")}
        past.add(ago=ago, **whose)
        facts = past.ask(**whose)
        found = (facts.same_text is not None, facts.latest is not None)
        assert found == (same_text, recent), ago
        assert [facts.sent_to_customer, facts.sent_by_agent] == counts, ago
        assert not facts.is_first


def test_a_window_of_zero_finds_nothing(quick: Past) -> None:
    quick.add()
    assert quick.ask(OFF) == Facts(is_first=False)


@pytest.mark.parametrize("state", sorted(SENT))
def test_what_went_out_or_may_have_counts(quick: Past, state: State) -> None:
    id_ = quick.add(state)
    for sent_only in (False, True):
        facts = quick.ask(sent_only=sent_only)
        assert facts.same_text is not None
        assert facts.same_text.request_id == id_
        assert (facts.sent_to_customer, facts.sent_by_agent, facts.is_first) == (1, 1, False)


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_what_may_still_be_sent_counts_for_a_new_request_and_not_at_a_send(
    quick: Past, state: State
) -> None:
    quick.add(state, send_at=NOW + 48 * HOUR)
    new = quick.ask()
    assert new.same_text is not None
    assert new.latest == new.same_text
    assert (new.sent_to_customer, new.sent_by_agent, new.is_first) == (1, 1, True)
    assert quick.ask(sent_only=True) == Facts()


@pytest.mark.parametrize("state", NOT_COUNTED)
def test_what_never_reached_the_customer_does_not_count(quick: Past, state: State) -> None:
    quick.add(state, sending_at=NOW - MINUTE)
    assert quick.ask() == Facts()


def test_a_request_does_not_count_itself(past: Past) -> None:
    id_ = past.add()
    assert past.ask(request_id=id_) == Facts()


def test_a_customer_is_known_by_every_contact_and_every_spelling(past: Past) -> None:
    past.add(contact_ids=("c1", "c2"))
    phone = Identity(PHONE, "+4915112345678")
    assert past.ask(identity=Identity(EMAIL, "JANE@Example.com")).sent_to_customer == 1
    assert past.ask(identity=phone, contact_ids=("c2", "c3")).sent_to_customer == 1
    assert past.ask(identity=phone, contact_ids=("c3",)).sent_to_customer == 0
    assert past.ask(identity=phone).sent_to_customer == 0


def test_contacts_that_are_found_later_count_too(past: Past) -> None:
    id_ = past.add(State.CHECKING)
    assert past.store.move(id_, State.SCHEDULED, Event.FOUND, contact_ids=("c1", "c2"))
    assert past.ask(identity=AMIR, contact_ids=("c2",)).sent_to_customer == 1


def test_two_contacts_of_one_customer_count_a_message_once(past: Past) -> None:
    past.add(contact_ids=("c1", "c2"))
    assert past.ask(contact_ids=("c1", "c2")).sent_to_customer == 1


def test_only_the_same_text_is_the_same_text(past: Past) -> None:
    past.add(text="Something else")
    id_ = past.add(text="your  ORDER is ready ", ago=2 * HOUR)
    same = past.ask().same_text
    assert same is not None
    assert same.request_id == id_


def test_an_agents_messages_count_for_that_agent_alone(past: Past) -> None:
    past.add(identity=AMIR)
    past.add(identity=AMIR, agent_id="U0BEN")
    assert past.ask().sent_by_agent == 1
    assert past.ask(agent_id="U0CAT").sent_by_agent == 0


def test_an_agents_old_plan_does_not_count_as_new(quick: Past) -> None:
    quick.add(State.SCHEDULED, ago=HOUR, identity=AMIR)
    assert quick.ask().sent_by_agent == 0


def test_the_pause_and_an_opt_out_are_told_with_who_and_why(past: Past) -> None:
    assert Pause(past.database, lambda _connection, _job: None).begin(LEO, "T0TEAM")
    past.opt_outs.add(OptOut(JANE, ("c1",), LEO, "T0TEAM"))
    assert past.ask() == Facts(paused=LEO, opted_out=LEO)
    assert past.ask(identity=AMIR) == Facts(paused=LEO)
    assert past.ask(identity=AMIR, contact_ids=("c1",)).opted_out == LEO


# Deciding at the same moment


def _no_other(facts: Facts) -> None:
    if facts.same_text is not None:
        raise Blocked


ONE_TEXT = Judge(WINDOWS, _no_other)


def _at_once(*tasks: Callable[[], object]) -> Counter[str]:
    """Run tasks at the same moment; count how many were done and how many blocked."""
    barrier = Barrier(len(tasks))

    def run(task: Callable[[], object]) -> str:
        barrier.wait()
        try:
            return "done" if task() else "nothing"
        except Blocked:
            return "blocked"

    with ThreadPoolExecutor(len(tasks)) as pool:
        return Counter(pool.map(run, tasks))


def _fresh(**values: Any) -> dict[str, Any]:
    return {"created_at": datetime.now(UTC), **values}


def test_of_agents_who_submit_the_same_text_at_the_same_moment_one_is_stored(past: Past) -> None:
    phone = Identity(PHONE, "+4915112345678")
    for number in range(5):
        text, contacts = f"text {number}", (f"a{number}", f"b{number}")
        new = [
            past.build(**_fresh(text=text, agent_id="U0ADA", contact_ids=contacts)),
            past.build(**_fresh(text=text, agent_id="U0BEN", contact_ids=contacts[::-1])),
            past.build(**_fresh(text=text, agent_id="U0CAT", contact_ids=contacts, identity=phone)),
        ]
        tasks = [lambda one=one: past.store.add(one, [], ONE_TEXT) for one in new]
        assert _at_once(*tasks) == Counter(done=1, blocked=2)


def test_of_two_requests_to_one_customer_that_want_to_send_at_the_same_moment_one_may(
    past: Past,
) -> None:
    for number in range(5):
        text, contacts = f"text {number}", (f"c{number}",)
        ids = [
            past.add(State.SCHEDULED, text=text, contact_ids=contacts, agent_id=agent, identity=who)
            for agent, who in (("U0ADA", JANE), ("U0BEN", AMIR))
        ]
        at = datetime.now(UTC)

        def send(id_: str, at: datetime = at) -> bool:
            return past.store.move(id_, State.SENDING, Event.SENDING, judge=ONE_TEXT, sending_at=at)

        assert _at_once(*(lambda id_=id_: send(id_) for id_ in ids)) == Counter(done=1, blocked=1)
        states = sorted(past.store.load(id_).state for id_ in ids)
        assert states == [State.SCHEDULED, State.SENDING]


def test_of_two_messages_of_one_agent_at_the_same_moment_the_limit_lets_one_pass(
    past: Past,
) -> None:
    def decide(facts: Facts) -> None:
        if facts.sent_by_agent:
            raise Blocked

    for number in range(5):
        agent = f"U{number}"
        new = [past.build(**_fresh(agent_id=agent, identity=who)) for who in (JANE, AMIR)]
        tasks = [lambda one=one: past.store.add(one, [], Judge(WINDOWS, decide)) for one in new]
        assert _at_once(*tasks) == Counter(done=1, blocked=1)


def test_what_a_rule_blocks_leaves_nothing_behind(past: Past) -> None:
    past.add(**_fresh(sending_at=datetime.now(UTC)))
    request = past.build(**_fresh())
    with pytest.raises(Blocked):
        past.store.add(request, [], ONE_TEXT)
    with pytest.raises(LookupError):
        past.store.load(request.request_id)
    assert past.ask(text="another").sent_to_customer == 1


class SlowKeys(Keys):
    """Keys whose transaction waits after it has noted a customer's salt."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.noted, self.go_on = Signal(), Signal()

    def subject(self, connection: sa.Connection, identity: Identity) -> str:
        name = super().subject(connection, identity)
        self.noted.set()
        assert self.go_on.wait(10)
        return name


def test_a_look_up_and_an_opt_out_of_one_new_customer_never_wait_for_each_other(
    postgresql: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> None:
    """Both note a salt, and then an entry in the audit log, in this order."""
    past = Past(connect(postgresql), a_request)
    other_process = connect(postgresql)
    keys = SlowKeys(other_process)
    opt_outs = OptOuts(other_process, lambda _connection, _job: None, keys)

    def somebody_waits() -> bool:
        with past.database.connect() as connection:
            waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(connection.execute(waiting).scalar())

    with ThreadPoolExecutor(2) as pool:
        opted_out = pool.submit(opt_outs.add, OptOut(JANE, (), LEO, "T0TEAM"))
        assert keys.noted.wait(10)
        looked_up = pool.submit(past.store.record_lookup, past.build(), 60, NOW)
        wait_until(somebody_waits, "the look-up waits for the salt")
        keys.go_on.set()
        assert opted_out.result() == 0
        assert looked_up.result()


def test_deciding_about_other_customers_waits_for_nobody(
    postgresql: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> None:
    past, inside, done = Past(connect(postgresql), a_request), Signal(), Signal()

    def decide(_facts: Facts) -> None:
        inside.set()
        assert done.wait(10)

    with ThreadPoolExecutor(1) as pool:
        jane = pool.submit(past.store.add, past.build(), [], Judge(WINDOWS, decide))
        assert inside.wait(10)
        amir = past.build(identity=AMIR, agent_id="U0BEN")
        try:
            assert past.store.add(amir, [], ONE_TEXT) == amir
        finally:
            done.set()
        jane.result()
