"""Erasing leaves nothing private, keeps what the log and the opt-outs need, and never sends."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, JobKind, publish
from bot.request import Decision, Event, Request
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog, Selection
from bot.storage.database import Database
from bot.storage.erase_customer import CustomerErasure
from bot.storage.erasure import NOT_SENT, SENDS_FOR, Ended, Erasure
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.posts import Erased, Posts, note_post
from bot.storage.requests import RequestStore
from bot.storage.tables import history, metadata, request_customers, requests, salts
from bot.storage.wipe import Wiper, last_erased_at, wipe
from genesys import Identity, IdentityKind
from tests.bot.conftest import JANE, NOW

ADDRESS, NAME, TEXT = "jane@example.com", "Jane Quillfeather", "Your zeppelin is ready for boarding"
PRIVATE = (ADDRESS, NAME, "zeppelin", "hooks.slack.com", "contact-of-jane", "private reply")
PHONE = Identity(IdentityKind.PHONE, "+442079460018")
MARK = Identity(IdentityKind.EMAIL, "mark@example.com")
BY_ADA = ByWhom("U0ADA", "Ada", NOW, "She asked for it")
Build = Callable[..., Request]


class Bench:
    """A database in which requests are made and erased."""

    def __init__(self, database: Database, jobs: list[Job], a_request: Build, file: Path) -> None:
        def enqueue(_connection: sa.Connection, job: Job) -> None:
            jobs.append(job)

        self.database, self.jobs, self.file, self._build = database, jobs, file, a_request
        self.keys = Keys(database)
        self.store = RequestStore(database, enqueue, self.keys)
        self.erasure = Erasure(database, enqueue, self.keys)
        self.customers = CustomerErasure(database, self.keys)
        self.opt_outs = OptOuts(database, enqueue, self.keys)
        self.audit, self.posts = AuditLog(database), Posts(database)

    def add(self, request_id: str = "V1", **values: Any) -> Request:
        standard = {"text": TEXT, "customer_name": NAME, "contact_ids": ("contact-of-jane",)}
        standard |= {"contact_id": "contact-of-jane", "send_to_id": "contact-of-jane"}
        request = self._build(request_id=request_id, **{**standard, **values})
        self.store.add(request, [])
        return request

    def finish(self, request_id: str = "V1", **values: Any) -> None:
        """Send a request and let the customer reply."""
        self.add(request_id, state=State.ACCEPTED, **values)
        detail, link = "private reply", "https://apps.example.com/contact-of-jane"
        said = "private words"
        assert self.store.move(
            request_id, State.REPLIED, Event.REPLIED, detail, link=link, said=said
        )

    def row(self, request_id: str = "V1") -> dict[str, Any]:
        with self.database.connect() as connection:
            found = sa.select(requests).where(requests.c.request_id == request_id)
            return dict(connection.execute(found).mappings().one())

    def everything(self) -> str:
        """Return all rows of all tables, as text."""
        with self.database.connect() as connection:
            return "\n".join(
                str(row)
                for table in metadata.sorted_tables
                for row in connection.execute(table.select())
            )

    def bytes(self) -> bytes:
        """Return the contents of all files of the database."""
        files = sorted(self.file.parent.glob(f"{self.file.name}*"))
        return b"".join(file.read_bytes() for file in files)

    def count(self, table: sa.Table) -> int:
        with self.database.connect() as connection:
            return int(
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            )


@pytest.fixture
def bench(database: Database, jobs: list[Job], a_request: Build, file: Path) -> Bench:
    return Bench(database, jobs, a_request, file)


def later(**time: float) -> datetime:
    return datetime.now(UTC) + timedelta(**time)


def test_nothing_private_is_left_of_an_erased_request(bench: Bench) -> None:
    bench.finish(override_reason=f"{NAME} asked", approval_for=TEXT, approver_name="Leo Lead")
    assert all(word in bench.everything() for word in PRIVATE)
    assert bench.erasure.erase("V1") == Ended("V1", was_unsent=False)
    left = bench.everything()
    assert [word for word in (*PRIVATE, "Leo Lead") if word in left] == []


KEPT = {
    *("request_id", "team_id", "channel_id", "thread_ts", "agent_id", "agent_name"),
    *("identity_kind", "state", "card_channel", "card_ts", "outcome_ts", "overridden"),
    *("approver_id", "rules_version"),
    *("template", "template_name"),  # the digest counts them; what was filled in is in the text
}


def test_every_column_that_can_hold_a_text_is_either_blanked_or_known_to_be_harmless(
    bench: Bench,
) -> None:
    """A new column must be added to ``_BLANK`` in ``bot/storage/erasure.py``, or here."""
    texts = {one.name for one in requests.c if isinstance(one.type, sa.String | sa.JSON)}
    bench.add(state=State.SENDING)
    with bench.database.transaction() as connection:
        filled = dict.fromkeys(texts - KEPT - {"contact_ids"}, "private")
        connection.execute(sa.update(requests).values(filled))
        connection.execute(sa.update(requests).values(identity_value=ADDRESS, stuck=""))
    bench.erasure.erase("V1")
    row = bench.row()
    assert {name for name in texts - KEPT if row[name]} == {"identity_value"}
    assert row["identity_value"] == JANE.masked


def test_what_stays_can_still_be_shown(bench: Bench) -> None:
    bench.finish()
    bench.erasure.erase("V1")
    request = bench.store.load("V1")
    assert request.identity.masked == JANE.masked == "j•••@example.com"
    assert (request.state, request.agent_id, request.created_at) == (State.REPLIED, "U0ADA", NOW)
    assert request.erased_at is not None


@pytest.mark.parametrize("identity", [JANE, PHONE], ids=["email", "phone"])
def test_a_masked_address_masks_to_itself(identity: Identity) -> None:
    assert Identity(identity.kind, identity.masked).masked == identity.masked


def test_a_colleague_who_decided_is_still_named_in_the_history(bench: Bench) -> None:
    bench.add()
    bench.store.move(
        "V1", State.CANCELLED, Event.CANCELLED, decision=Decision("V1", 0, "U0B", "Bo")
    )
    bench.erasure.erase("V1")
    with bench.database.connect() as connection:
        details = dict(connection.execute(sa.select(history.c.event, history.c.detail)).all())
    assert details == {"asked": "", "cancelled": "Bo"}


def test_only_what_finished_long_enough_ago_is_erased(bench: Bench) -> None:
    bench.finish("V1")
    bench.add("V2")
    bench.add("V3", state=State.SENDING)
    bench.store.move("V3", State.UNCERTAIN, Event.UNCERTAIN)
    bench.add("V4", state=State.SENDING)
    bench.store.move("V4", State.ACCEPTED, Event.ACCEPTED, next_look_at=NOW)
    assert bench.erasure.erase_finished(later(days=-30), 10) == 0
    assert bench.erasure.erase_finished(later(seconds=1), 10) == 2
    erased = {one: bench.row(one)["erased_at"] is not None for one in ("V1", "V2", "V3", "V4")}
    assert erased == {"V1": True, "V2": False, "V3": True, "V4": False}


def test_requests_are_erased_a_few_at_a_time_the_oldest_first(bench: Bench) -> None:
    for number in range(3):
        bench.finish(f"V{number}")
    assert bench.erasure.erase_finished(later(seconds=1), 2) == 2
    assert [bench.row(f"V{number}")["erased_at"] is None for number in range(3)] == [False] * 2 + [
        True
    ]
    assert bench.erasure.erase_finished(later(seconds=1), 2) == 1
    assert bench.erasure.erase_finished(later(seconds=1), 2) == 0


@pytest.mark.parametrize("state", [State.CHECKING, State.UNAPPROVED, State.SCHEDULED])
def test_an_unsent_request_is_refused_and_its_agent_told(state: State, bench: Bench) -> None:
    bench.add(state=state)
    assert bench.erasure.erase("V1") == Ended("V1", was_unsent=True)
    assert bench.jobs == [publish("V1")]
    row = bench.row()
    assert (row["state"], row["reason"]) == ("refused", NOT_SENT)
    with bench.database.connect() as connection:
        rows = connection.execute(sa.select(history.c.event, history.c.detail, history.c.posted_ts))
        assert rows.all()[-1] == ("refused", NOT_SENT, "")


def test_an_erased_request_never_moves_again(bench: Bench) -> None:
    bench.add(state=State.SCHEDULED)
    bench.erasure.erase("V1")
    assert not bench.store.move("V1", State.SENDING, Event.SENDING, since=State.REFUSED)
    bench.add("V2", state=State.SENDING, sending_at=later(minutes=-9))
    bench.erasure.erase("V2")
    assert bench.row("V2")["state"] == "uncertain"
    assert not bench.store.move("V2", State.ACCEPTED, Event.ACCEPTED)
    assert not bench.store.move("V2", State.SCHEDULED, Event.SEND_DECIDED)


def test_a_message_that_is_being_sent_is_waited_for(bench: Bench) -> None:
    bench.add(state=State.SENDING, sending_at=datetime.now(UTC))
    assert bench.erasure.erase("V1") is None
    assert bench.row()["text"] == TEXT
    bench.add("V2", state=State.SENDING, sending_at=datetime.now(UTC) - SENDS_FOR)
    assert bench.erasure.erase("V2") is not None


def test_a_followed_request_is_followed_no_longer(bench: Bench) -> None:
    bench.add(state=State.SENDING)
    bench.store.move("V1", State.ACCEPTED, Event.ACCEPTED, next_look_at=later(hours=1))
    bench.erasure.erase("V1")
    assert bench.row()["next_look_at"] is None
    assert bench.row()["finished_at"] is not None
    assert not bench.store.load("V1").is_followed


def test_erasing_twice_does_nothing_the_second_time(bench: Bench) -> None:
    bench.finish()
    bench.erasure.erase("V1")
    entries = bench.audit.head()
    assert bench.erasure.erase("V1") is None
    assert bench.audit.head() == entries


def test_the_audit_log_says_that_it_was_erased_and_still_verifies(bench: Bench) -> None:
    bench.finish()
    bench.add("V2")
    bench.erasure.erase("V1")
    bench.erasure.erase("V2")
    said = [(entry.action, entry.request_id) for entry in bench.audit.entries()]
    erased, refused = Action.ERASED.value, Action.REFUSED.value
    assert said[-3:] == [(erased, "V1"), (refused, "V2"), (erased, "V2")]
    assert bench.audit.verify().fault_count == 0


def test_the_salt_stays_for_as_long_as_a_request_of_the_customer_does(bench: Bench) -> None:
    bench.finish("V1")
    bench.finish("V2")
    bench.erasure.erase("V1")
    assert bench.count(salts) == 1
    with bench.database.connect() as connection:
        subject = bench.keys.find_subject(connection, JANE)
    about = [
        entry.request_id
        for entry in bench.audit.entries(Selection(customer_keys=("x",), subjects=(subject,)))
    ]
    assert {"V1", "V2"} <= set(about)
    bench.erasure.erase("V2")
    assert bench.count(salts) == 0
    assert bench.count(request_customers) == 0


def test_a_customer_is_found_by_every_address_and_contact(bench: Bench) -> None:
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    bench.add("V3", identity=PHONE, contact_id="", contact_ids=())
    bench.finish(
        "V4", identity=MARK, contact_id="contact-of-mark", contact_ids=("contact-of-mark",)
    )
    assert bench.customers.find(JANE).request_ids == ("V1", "V2", "V3")
    assert bench.customers.find(PHONE).request_ids == ("V1", "V2", "V3")
    assert bench.customers.find(MARK).request_ids == ("V4",)
    typed = Identity(IdentityKind.EMAIL, "Jane@Example.com")
    assert bench.customers.find(typed).request_ids == ("V1", "V2", "V3")


def test_requests_of_releases_without_digests_are_found_too(bench: Bench) -> None:
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    with bench.database.transaction() as connection:
        connection.execute(sa.delete(request_customers))
    assert bench.customers.find(JANE).request_ids == ("V1", "V2")


def test_after_an_erasure_nothing_is_found_and_the_salts_are_gone(bench: Bench) -> None:
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    traces = bench.customers.find(JANE)
    for request_id in traces.request_ids:
        bench.erasure.erase(request_id)
    bench.customers.destroy_salts(traces.customer_keys)
    assert bench.customers.find(JANE).request_ids == ()
    assert bench.count(salts) == 0
    head = bench.audit.head()
    assert bench.customers.destroy_salts(traces.customer_keys) == 0
    assert bench.audit.head() == head


def test_the_salt_of_a_customer_who_was_only_looked_up_is_destroyed_on_demand(bench: Bench) -> None:
    with bench.database.transaction() as connection:
        bench.keys.subject(connection, JANE)
    assert bench.customers.destroy_salts(bench.customers.find(JANE).customer_keys) == 1
    assert [entry.action for entry in bench.audit.entries()] == ["erased"]


def test_an_opt_out_holds_after_the_erasure_for_every_address_and_contact(bench: Bench) -> None:
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    bench.opt_outs.add(OptOut(JANE, (), BY_ADA, "T0TEAM"))
    traces = bench.customers.find(PHONE)
    bench.opt_outs.extend_to(tuple(traces.customer_keys))
    for request_id in traces.request_ids:
        bench.erasure.erase(request_id)
    bench.customers.destroy_salts(traces.customer_keys)
    assert bench.opt_outs.find(JANE) is not None
    assert bench.opt_outs.find(PHONE) is not None
    assert bench.opt_outs.find(MARK, ("contact-of-jane",)) is not None
    assert bench.opt_outs.find(MARK) is None


def test_posts_are_marked_with_a_job_that_edits_them(bench: Bench) -> None:
    bench.finish()
    with bench.database.transaction() as connection:
        note_post(connection, "V1", "card", "C1", "1.1")
        note_post(connection, "V1", "card", "C1", "1.1")
    assert bench.posts.pending_requests() == ()
    bench.erasure.erase("V1")
    assert bench.jobs == [Job(JobKind.ERASE, "V1")]
    assert [(post.what, post.ts) for post in bench.posts.pending("V1")] == [("card", "1.1")]


def test_a_post_that_arrives_after_the_erasure_is_edited_as_well(bench: Bench) -> None:
    bench.finish()
    bench.erasure.erase("V1")
    with bench.database.transaction() as connection:
        note_post(connection, "V1", "line 1", "C1", "1.2")
    (post,) = bench.posts.pending("V1")
    bench.posts.note_erased(post, Erased.EDITED)
    assert bench.posts.pending_requests() == ()


def test_a_post_that_was_drawn_anew_during_the_erasure_is_edited_again(bench: Bench) -> None:
    bench.finish()
    with bench.database.transaction() as connection:
        note_post(connection, "V1", "approval 0", "C1", "1.1")
    (post,) = bench.posts.of(["V1"])
    bench.posts.rename(post, "approval 1")
    assert bench.posts.pending("V1") == ()
    bench.erasure.erase("V1")
    bench.posts.note_erased(post, Erased.EDITED)
    bench.posts.rename(post, "approval 2")
    assert [one.what for one in bench.posts.pending("V1")] == ["approval 2"]


# In the files.


def test_no_byte_of_it_is_left_in_the_files_while_the_pool_is_open(bench: Bench) -> None:
    for number in range(25):
        bench.finish(f"V{number}")
    assert all(word.encode() in bench.bytes() for word in PRIVATE)
    while bench.erasure.erase_finished(later(seconds=1), 50):
        pass
    assert wipe(bench.database, rewrite=True)
    left = bench.bytes()
    assert [word for word in PRIVATE if word.encode() in left] == []


def test_an_open_reader_delays_it_and_that_is_said(bench: Bench) -> None:
    bench.finish()
    reader = sqlite3.connect(bench.file)
    reader.execute("BEGIN")
    assert reader.execute("SELECT text FROM requests").fetchall() == [(TEXT,)]
    bench.erasure.erase("V1")
    assert not wipe(bench.database, rewrite=True)
    assert TEXT.encode() in bench.bytes()
    reader.close()
    assert wipe(bench.database, rewrite=False)
    assert TEXT.encode() not in bench.bytes()


def test_every_connection_overwrites_what_it_deletes(bench: Bench) -> None:
    with bench.database.connect() as one, bench.database.connect() as other:
        for connection in (one, other):
            assert connection.exec_driver_sql("PRAGMA secure_delete").scalar_one() == 1


def test_the_wal_is_emptied_after_each_erasure_and_the_file_rewritten_at_night(
    bench: Bench,
) -> None:
    wiper, statements = Wiper(bench.database), list[str]()

    @sa.event.listens_for(bench.database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "checkpoint" in statement or statement == "VACUUM":
            statements.append(statement)

    checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)"
    assert wiper.look(later(), is_night=True)
    assert statements == []
    bench.finish()
    bench.erasure.erase("V1")
    assert last_erased_at(bench.database) is not None
    for is_night in (False, False, True, True):
        assert wiper.look(later(), is_night=is_night)
    assert statements == [checkpoint, "VACUUM", checkpoint]
    for hours, expected in ((1, [checkpoint]), (25, ["VACUUM", checkpoint])):
        statements.clear()
        bench.finish(f"W{hours}")
        bench.erasure.erase(f"W{hours}")
        assert wiper.look(later(hours=hours), is_night=True)
        assert statements == expected
    sa.event.remove(bench.database.engine, "before_cursor_execute", note)


def test_a_delayed_wipe_is_tried_again(bench: Bench) -> None:
    bench.finish()
    bench.erasure.erase("V1")
    wiper, reader = Wiper(bench.database), sqlite3.connect(bench.file)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM requests").fetchall()
    bench.finish("V2")
    assert not wiper.look(later(), is_night=False)
    reader.close()
    assert wiper.look(later(), is_night=False)


def test_while_others_write_everything_is_erased_and_the_log_still_verifies(bench: Bench) -> None:
    stop, failures = threading.Event(), list[BaseException]()

    def write(worker: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                bench.finish(
                    f"W{worker}-{number}",
                    identity=MARK,
                    text="for Mark",
                    customer_name="M",
                    contact_id="m",
                    contact_ids=("m",),
                    send_to_id="m",
                )
        except sa.exc.SQLAlchemyError as failure:
            failures.append(failure)

    for number in range(10):
        bench.finish(f"V{number}")
    writers = [threading.Thread(target=write, args=(worker,)) for worker in range(3)]
    for writer in writers:
        writer.start()
    for request_id in bench.customers.find(JANE).request_ids:
        assert bench.erasure.erase(request_id) is not None
    done = wipe(bench.database, rewrite=True)
    stop.set()
    for writer in writers:
        writer.join()
    assert failures == []
    assert done or wipe(bench.database, rewrite=False)
    left = bench.bytes()
    assert [word for word in (ADDRESS, NAME, "zeppelin") if word.encode() in left] == []
    assert b"for Mark" in left
    assert bench.audit.verify().fault_count == 0


# On PostgreSQL as well.


def test_both_databases_erase_by_age_and_by_customer(
    database_url: str, connect: Callable[[str], Database], jobs: list[Job], a_request: Build
) -> None:
    bench = Bench(connect(database_url), jobs, a_request, Path())
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    bench.add("V3", identity=PHONE, contact_id="", contact_ids=())
    with bench.database.transaction() as connection:
        note_post(connection, "V1", "card", "C1", "1.1")
    bench.opt_outs.add(OptOut(JANE, (), BY_ADA, "T0TEAM"))
    assert bench.erasure.erase_finished(later(seconds=1), 1) == 1
    traces = bench.customers.find(PHONE)
    assert traces.request_ids == ("V2", "V3")
    bench.opt_outs.extend_to(tuple(traces.customer_keys))
    assert all(bench.erasure.erase(request_id) for request_id in traces.request_ids)
    bench.customers.destroy_salts(traces.customer_keys)
    assert [word for word in PRIVATE if word in bench.everything()] == []
    assert bench.posts.pending_requests() == ("V1",)
    assert bench.opt_outs.find(PHONE) or bench.opt_outs.find(JANE)
    assert bench.audit.verify().fault_count == 0
    assert wipe(bench.database, rewrite=True)
    assert Wiper(bench.database).look(later(), is_night=True)
