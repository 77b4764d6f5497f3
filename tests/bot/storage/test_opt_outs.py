"""Customers on the do-not-contact list are found by every spelling and contact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, deliver
from bot.request import Request
from bot.state import UNSENT, State
from bot.storage.audit_log import AuditLog
from bot.storage.audit_tables import audit
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.requests import RequestStore
from bot.storage.tables import opt_out_keys, opt_outs
from genesys import Identity, IdentityKind
from tests.bot.conftest import NOW

EMAIL, PHONE = IdentityKind.EMAIL, IdentityKind.PHONE
JANE, AMIR = Identity(EMAIL, "jane@example.com"), Identity(EMAIL, "amir@example.com")
WORK, MOBILE = Identity(EMAIL, "j.doe@work.example"), Identity(PHONE, "+4915112345678")
LEO = ByWhom("U0LEO", "Leo Lead", NOW, "she asked me in the shop")
ANN = replace(LEO, user_id="U0ANN", user_name="Ann")
NOT_WAITING = sorted(set(State) - UNSENT)


class List:
    """The do-not-contact list of a database with requests."""

    def __init__(self, database: Database, build: Callable[..., Request]) -> None:
        self.database, self._build, self.keys = database, build, Keys(database)
        self.jobs: list[Job] = []
        self.opt_outs = OptOuts(database, lambda _connection, job: self.jobs.append(job), self.keys)
        self.store = RequestStore(database, lambda _connection, _job: None, self.keys)

    def add(self, who: Identity = JANE, *contact_ids: str, by: ByWhom = LEO) -> int:
        self.jobs.clear()
        return self.opt_outs.add(OptOut(who, contact_ids, by, "T0TEAM"))

    def remove(self, who: Identity = JANE, *contact_ids: str) -> bool:
        return self.opt_outs.remove(OptOut(who, contact_ids, ANN, "T0TEAM"))

    def request(self, request_id: str, state: State = State.SCHEDULED, **values: Any) -> None:
        self.store.add(self._build(request_id=request_id, state=state, **values), [])

    def count(self, table: sa.Table) -> int:
        with self.database.connect() as connection:
            counted = sa.select(sa.func.count()).select_from(table)
            return int(connection.execute(counted).scalar_one())


@pytest.fixture
def listed(
    database_url: str, connect: Callable[[str], Database], a_request: Callable[..., Request]
) -> List:
    return List(connect(database_url), a_request)


@pytest.fixture
def quick(database: Database, a_request: Callable[..., Request]) -> List:
    """Do the same on SQLite alone, for what doesn't depend on the SQL."""
    return List(database, a_request)


def test_a_customer_on_the_list_is_found_by_every_spelling_and_contact(listed: List) -> None:
    listed.add(JANE, "c1", "c2")
    find = listed.opt_outs.find
    assert find(Identity(EMAIL, "JANE@Example.com")) == LEO
    assert find(MOBILE, ("c2", "c9")) == LEO
    assert find(MOBILE, ("c9",)) is None
    assert find(MOBILE) is None
    assert find(AMIR) is None


def test_contacts_that_are_found_later_are_noted_and_their_requests_refused(listed: List) -> None:
    listed.request("V1", identity=MOBILE, contact_ids=("c1",))
    listed.request("V2", identity=JANE)
    assert listed.add(JANE) == 1
    assert listed.jobs == [deliver("V2")]
    assert listed.opt_outs.find(MOBILE, ("c1",)) is None
    listed.jobs.clear()
    assert listed.opt_outs.extend(JANE, ("c1", "c2")) == 1
    assert listed.jobs == [deliver("V1")]
    assert listed.opt_outs.find(MOBILE, ("c1",)) == LEO
    assert listed.opt_outs.find(WORK, ("c2",)) == LEO
    assert listed.opt_outs.extend(JANE, ("c1", "c2")) == 0  # known by now


def test_nobody_is_put_on_the_list_by_a_look_up(listed: List) -> None:
    listed.add(JANE, "c1")
    assert listed.opt_outs.extend(AMIR, ("c2",)) == 0
    assert listed.opt_outs.find(AMIR, ("c2",)) is None


def test_waiting_and_planned_messages_are_refused_at_once_and_no_others(listed: List) -> None:
    for state in State:
        listed.request(f"V{state}", state)
    listed.request("Vcontact", identity=MOBILE, contact_ids=("c1",))
    listed.request("Vamir", identity=AMIR)
    waiting = [*(f"V{state}" for state in sorted(UNSENT)), "Vcontact"]
    assert listed.add(JANE, "c1") == len(waiting)
    assert Counter(listed.jobs) == Counter(map(deliver, waiting))


def test_opting_in_takes_all_addresses_and_contacts_off_the_list(listed: List) -> None:
    listed.add(JANE, "c1", "c2")
    assert not listed.remove(AMIR, "c9")
    assert listed.remove(Identity(EMAIL, "Jane@Example.com"))
    assert listed.opt_outs.find(JANE, ("c1", "c2")) is None
    assert not listed.remove(JANE, "c1")
    assert (listed.count(opt_outs), listed.count(opt_out_keys)) == (0, 0)


def test_a_customer_who_opts_out_twice_is_on_the_list_once(listed: List) -> None:
    listed.add(JANE)
    listed.add(JANE, "c1", by=ANN)
    assert listed.opt_outs.find(MOBILE, ("c1",)) == LEO  # who was first
    assert listed.count(opt_outs) == 1
    assert listed.remove(JANE)  # also when Genesys Cloud doesn't tell the contacts
    assert listed.opt_outs.find(MOBILE, ("c1",)) is None


def test_opt_outs_that_turn_out_to_be_of_one_customer_become_one(listed: List) -> None:
    listed.add(JANE)
    listed.add(WORK, by=ANN)
    assert listed.count(opt_outs) == 2
    listed.add(MOBILE, "c1")
    listed.opt_outs.extend(JANE, ("c1",))
    listed.opt_outs.extend(WORK, ("c1",))
    assert listed.count(opt_outs) == 1
    assert listed.opt_outs.find(WORK) == LEO
    assert listed.remove(MOBILE)
    assert [listed.opt_outs.find(one) for one in (JANE, WORK, MOBILE)] == [None] * 3


def test_the_list_has_no_address_and_says_who_when_and_why(quick: List) -> None:
    quick.add(JANE, "c1")
    with quick.database.connect() as connection:
        row = dict(connection.execute(sa.select(opt_outs)).mappings().one())
        keys = connection.execute(sa.select(opt_out_keys.c.customer_key)).scalars().all()
    assert row | {"opt_out_id": 0} == {
        "opt_out_id": 0,
        "masked": JANE.masked,
        "at": NOW.timestamp(),
        "user_id": "U0LEO",
        "user_name": "Leo Lead",
        "reason": "she asked me in the shop",
    }
    assert "jane@" not in row["masked"]
    assert sorted(keys) == sorted(quick.keys.customer_keys(JANE, ("c1",)))


def test_the_audit_log_has_every_change_and_no_reason_in_clear(listed: List) -> None:
    listed.add()
    listed.remove()
    listed.remove()  # changes nothing
    log = AuditLog(listed.database)
    told = [(one.action, one.user_id, one.team_id) for one in log.entries()]
    assert told == [("opted out", "U0LEO", "T0TEAM"), ("opted in", "U0ANN", "T0TEAM")]
    assert len({one.subject for one in log.entries()}) == 1
    with listed.database.connect() as connection:
        assert "shop" not in str(connection.execute(sa.select(audit)).all())
    assert log.verify().faults == ()
