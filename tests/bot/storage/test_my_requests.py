"""The lists of requests: who sees which, in what order, and what a page costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Event, Request, Stuck
from bot.state import State
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.my_requests import (
    MOST,
    MOST_COUNTED,
    PAGE_SIZE,
    Filter,
    MyRequests,
    Viewer,
)
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.requests import RequestStore
from bot.storage.rows import to_row
from bot.storage.tables import requests
from genesys import Identity, IdentityKind

ADA, BEN = "U0ADA", "U0BEN"
NOW = datetime.now(UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
MINE, TEAM = Viewer(ADA), Viewer(ADA, sees_team=True)


class Lists:
    """The lists of a database, and what a test puts into them."""

    def __init__(self, database: Database, a_request: Callable[..., Request]) -> None:
        self.database, self._build = database, a_request
        keys = Keys(database)
        self.store = RequestStore(database, lambda _connection, _job: None, keys)
        self._lists = MyRequests(database, keys)
        self.page, self.count = self._lists.page, self._lists.count
        self.to_customer = self._lists.to_customer

    def add(self, request_id: str, state: State, agent_id: str = ADA, **values: Any) -> None:
        stored = {"finished_at": values.pop("finished_at", None)}
        stored["next_look_at"] = values.pop("next_look_at", None)
        request = self._build(request_id=request_id, state=state, agent_id=agent_id, **values)
        self.store.add(request, [])
        stored = {name: at and at.timestamp() for name, at in stored.items()}
        with self.database.transaction() as connection:
            this = requests.c.request_id == request_id
            connection.execute(sa.update(requests).where(this).values(stored))

    def ids(self, which: Filter, viewer: Viewer = MINE) -> list[str]:
        return [one.request_id for one in self.page(viewer, which).requests]


@pytest.fixture
def lists(
    database_url: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> Lists:
    return Lists(connect(database_url), a_request)


def test_attention_has_what_to_decide_first_and_then_failures_and_replies(lists: Lists) -> None:
    lists.add("replied", State.REPLIED, finished_at=NOW - DAY)
    lists.add("failed", State.FAILED, finished_at=NOW - 2 * DAY)
    lists.add("failed later", State.FAILED, finished_at=NOW - DAY)
    lists.add("old reply", State.REPLIED, finished_at=NOW - 4 * DAY)
    lists.add("uncertain", State.UNCERTAIN, finished_at=NOW - 9 * DAY)
    lists.add("delivered", State.DELIVERED, finished_at=NOW)
    lists.add("Ben's", State.UNAPPROVED, BEN)
    lists.add("own", State.UNAPPROVED)
    lists.add("Ben's failure", State.FAILED, BEN, finished_at=NOW)
    assert lists.ids(Filter.ATTENTION) == ["uncertain", "failed later", "failed", "replied"]
    approver = Viewer(ADA, is_approver=True)
    assert lists.ids(Filter.ATTENTION, approver)[:3] == ["uncertain", "Ben's", "failed later"]
    team = lists.ids(Filter.ATTENTION, TEAM)
    assert team == ["uncertain", "Ben's failure", "failed later", "failed", "replied"]
    assert lists.count(approver, Filter.ATTENTION) == 5


def test_planned_has_what_is_not_sent_the_soonest_first(lists: Lists) -> None:
    lists.add("later", State.SCHEDULED, send_at=NOW + 2 * DAY)
    lists.add("soon", State.SCHEDULED, send_at=NOW + DAY)
    lists.add("waits", State.UNAPPROVED)
    lists.add("sent", State.ACCEPTED, send_at=NOW)
    lists.add("Ben's", State.SCHEDULED, BEN, send_at=NOW + 3 * DAY)
    assert lists.ids(Filter.PLANNED) == ["waits", "soon", "later"]
    assert lists.ids(Filter.PLANNED, TEAM) == ["waits", "soon", "later", "Ben's"]


def test_open_has_what_is_being_sent_or_followed(lists: Lists) -> None:
    lists.add("first", State.ACCEPTED, sending_at=NOW - 2 * MINUTE, next_look_at=NOW)
    lists.add("second", State.SENDING, sending_at=NOW - MINUTE)
    lists.add("over", State.DELIVERED, sending_at=NOW)
    lists.add("Ben's", State.READ, BEN, sending_at=NOW, next_look_at=NOW)
    assert lists.ids(Filter.OPEN) == ["second", "first"]
    assert lists.ids(Filter.OPEN, TEAM) == ["Ben's", "second", "first"]


def test_what_only_genesys_or_slack_holds_up_is_open_and_not_planned(lists: Lists) -> None:
    for stuck in (Stuck.UNAVAILABLE, Stuck.QUOTA, Stuck.SLACK):
        lists.add(f"V{stuck}", State.SCHEDULED, stuck=stuck, send_at=NOW)
    lists.add("Vchecking", State.CHECKING, stuck=Stuck.UNAVAILABLE)
    lists.add("Vplanned", State.SCHEDULED, stuck=Stuck.UNAVAILABLE, send_at=NOW, planned_at=NOW)
    lists.add("Vawaits", State.SCHEDULED, stuck=Stuck.CONVERSATION, send_at=NOW)
    assert set(lists.ids(Filter.OPEN)) == {"Vunavailable", "Vquota", "Vslack", "Vchecking"}
    assert set(lists.ids(Filter.PLANNED)) == {"Vplanned", "Vawaits"}
    assert lists.count(MINE, Filter.OPEN) == 4


def test_recent_has_all_of_an_agent_s_requests_and_nobody_else_s(lists: Lists) -> None:
    for number, state in enumerate((State.REFUSED, State.CANCELLED, State.READ)):
        lists.add(str(number), state, created_at=NOW + number * MINUTE)
    lists.add("Ben's", State.READ, BEN, created_at=NOW + DAY)
    assert lists.ids(Filter.RECENT) == ["2", "1", "0"]
    assert lists.ids(Filter.RECENT, TEAM) == ["Ben's", "2", "1", "0"]


def test_pages_follow_each_other_and_a_page_beyond_the_last_one_is_the_last(lists: Lists) -> None:
    for number in range(2 * PAGE_SIZE):
        lists.add(f"{number:02}", State.READ, created_at=NOW - number * MINUTE)
    first, second = (lists.page(MINE, Filter.RECENT, number) for number in (0, 1))
    beyond = lists.page(MINE, Filter.RECENT, 9)
    shown = [one.request_id for one in (*first.requests, *second.requests)]
    assert shown == [f"{number:02}" for number in range(2 * PAGE_SIZE)]
    assert (first.has_next, second.has_next, beyond) == (True, False, second)
    assert lists.page(MINE, Filter.RECENT, -3) == first
    assert lists.page(Viewer("U0EVA"), Filter.RECENT, 3).requests == ()


def test_nobody_pages_or_counts_further_than_is_cheap(
    lists: Lists, a_request: Callable[..., Request]
) -> None:
    rows = [
        to_row(a_request(request_id=f"V{n}", state=State.SCHEDULED, send_at=NOW + n * MINUTE))
        for n in range(MOST + PAGE_SIZE)
    ]
    with lists.database.transaction() as connection:
        connection.execute(sa.insert(requests), rows)
    last = lists.page(MINE, Filter.PLANNED, 10**9)
    assert (last.number, last.has_next) == (MOST // PAGE_SIZE - 1, False)
    assert last.requests[-1].request_id == f"V{MOST - 1}"
    assert lists.count(MINE, Filter.PLANNED) == MOST_COUNTED + 1


def test_status_finds_an_agent_s_requests_by_every_address_of_the_contact(lists: Lists) -> None:
    phone = Identity(IdentityKind.PHONE, "+442079460018")
    amir = Identity(IdentityKind.EMAIL, "amir@example.com")
    jane = Identity(IdentityKind.EMAIL, "jane@example.com")
    lists.add("email", State.READ, contact_ids=("c1",), created_at=NOW - DAY)
    lists.add("phone", State.READ, contact_ids=("c1",), identity=phone, created_at=NOW)
    lists.add("Ben's", State.READ, BEN, created_at=NOW - 2 * DAY)
    lists.add("Amir", State.READ, identity=amir)

    def find(viewer: Viewer, identity: Identity, most: int = 9) -> list[str]:
        return [one.request_id for one in lists.to_customer(viewer, identity, most).requests]

    assert find(MINE, phone) == find(MINE, jane) == ["phone", "email"]
    assert find(TEAM, jane) == ["phone", "email", "Ben's"]
    assert find(TEAM, jane, most=1) == ["phone"]
    assert lists.to_customer(TEAM, jane, 1).has_next
    assert not lists.to_customer(TEAM, jane, 3).has_next
    assert find(MINE, Identity(IdentityKind.EMAIL, "eva@example.com")) == []


def test_a_page_says_in_one_query_whose_customers_nobody_may_message(lists: Lists) -> None:
    amir = Identity(IdentityKind.EMAIL, "amir@example.com")
    jane = Identity(IdentityKind.EMAIL, "jane@example.com")
    phone = Identity(IdentityKind.PHONE, "+442079460018")
    lists.add("email", State.READ, contact_ids=("c1",))
    lists.add("phone", State.READ, contact_ids=("c1",), identity=phone)
    lists.add("Amir", State.READ, identity=amir)
    opt_outs = OptOuts(lists.database, lambda _connection, _job: None, Keys(lists.database))
    by = ByWhom("U0BEN", "Ben", NOW, "They asked us to stop")
    opt_outs.add(OptOut(jane, ("c1",), by, "T0LOCAL"))
    assert lists.page(MINE, Filter.RECENT).opted_out == {"email", "phone"}
    assert lists.to_customer(MINE, phone).opted_out == {"email", "phone"}
    assert lists.to_customer(MINE, amir).opted_out == frozenset()
    assert lists.page(Viewer("U0EVA"), Filter.RECENT).opted_out == frozenset()


def test_an_erased_request_needs_no_attention(lists: Lists) -> None:
    lists.add("erased", State.FAILED, finished_at=NOW, erased_at=NOW)
    assert lists.ids(Filter.ATTENTION) == []
    assert lists.ids(Filter.RECENT) == ["erased"]


def test_a_reply_asks_for_attention_from_the_moment_it_is_noted(lists: Lists) -> None:
    lists.add("V1", State.DELIVERED)
    lists.store.move("V1", State.REPLIED, Event.REPLIED)
    assert lists.ids(Filter.ATTENTION) == ["V1"]
