"""The audit log can only be added to, by many processes at once, and shows what was done to it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.storage.audit import Action, Entry, append
from bot.storage.audit_chain import START, Fault, Head, Kind, StoredEntry, hash_of
from bot.storage.audit_log import AuditLog, Selection
from bot.storage.audit_tables import audit, audit_outbox
from bot.storage.database import Database, insert_new
from bot.storage.rows import to_row
from bot.storage.tables import request_customers, requests
from tests.bot.conftest import NOW

ROOT = Path(__file__).resolve().parents[3]
HOUR = timedelta(hours=1)
WRITER = """
import sys
from bot.storage.audit import Action, Entry
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database

database = Database(sys.argv[1])
log = AuditLog(database)
print("ready", flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[3])):
    log.append(Entry(Action.SENT, sys.argv[2], detail={"number": number}))
database.close()
"""


@pytest.fixture
def database(database_url: str, connect: Callable[[str], Database]) -> Database:
    return connect(database_url)


@pytest.fixture
def log(database: Database) -> AuditLog:
    return AuditLog(database)


def fill(database: Database, count: int) -> None:
    with database.transaction() as connection:
        for number in range(count):
            entry = Entry(Action.SENT, "U0ADA", "T0", f"V{number}")
            append(connection, entry, at=NOW + number * HOUR)
    AuditLog(database).chain()


def add_by_hand(database: Database, verb: str = "INSERT", **values: Any) -> None:
    """Add a row as somebody with SQL would; by default the one that follows the last."""
    head = AuditLog(database).head()
    row = StoredEntry(head.seq + 1, 1.0, "sent", "U0EVE", "", "", "", "{}", head.hash, "")
    row = replace(row, **values)
    row = replace(row, hash=hash_of(row))
    columns, places = ", ".join(vars(row)), ", ".join(f":{name}" for name in vars(row))
    with database.transaction() as connection:
        connection.execute(sa.text(f"{verb} INTO audit ({columns}) VALUES ({places})"), vars(row))


def tamper(database: Database, *statements: str) -> None:
    """Do what only the owner of the table can do."""
    with database.transaction() as connection:
        if database.is_postgresql:
            connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER USER"))
        else:
            names = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type='trigger'"
            )
            for (name,) in names.all():
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_an_entry_is_read_as_it_was_added(log: AuditLog, database: Database) -> None:
    detail: dict[str, str | int | bool] = {"rule": "quiet hours", "count": 3, "is_lead": True}
    entry = Entry(Action.OVERRIDDEN, "U0LEA", "T0TEAM", "V1", "a" * 64, detail)
    with database.transaction() as connection:
        append(connection, entry, at=NOW)
    (stored,) = log.entries()
    assert (stored.seq, stored.at, stored.action) == (1, NOW.timestamp(), "overridden")
    assert (stored.user_id, stored.team_id, stored.request_id) == ("U0LEA", "T0TEAM", "V1")
    assert (stored.subject, stored.prev) == ("a" * 64, START)
    assert stored.detail == '{"count":3,"is_lead":true,"rule":"quiet hours"}'
    assert log.head() == Head(1, hash_of(stored))
    assert log.head().at == NOW.timestamp()


def test_an_entry_can_hold_what_postgresql_refuses_in_a_text(log: AuditLog) -> None:
    log.append(Entry(Action.REFUSED_CLICK, detail={"action": "\0\ud800"}))
    assert log.verify().fault_count == 0


def test_each_entry_follows_the_one_before(log: AuditLog) -> None:
    assert log.head() == Head(0, START)
    for action in Action:
        log.append(Entry(action))  # PostgreSQL refuses what is too long for its column
    entries = list(log.entries())
    assert [entry.action for entry in entries] == list(Action)
    assert [entry.prev for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    found = log.verify(log.head())
    assert (found.entry_count, found.fault_count, found.head) == (len(Action), 0, log.head())


def test_the_time_of_an_entry_is_now(log: AuditLog) -> None:
    log.append(Entry(Action.PAUSED))
    assert abs(log.head().at - datetime.now(UTC).timestamp()) < 60


def test_an_entry_is_rolled_back_with_its_transaction(log: AuditLog, database: Database) -> None:
    log.append(Entry(Action.STORED))
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        append(connection, Entry(Action.SENT))
        _ = 1 / 0
    log.append(Entry(Action.SENT))
    assert [entry.seq for entry in log.entries()] == [1, 2]
    assert log.verify().fault_count == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET user_id = 'U0EVE' WHERE seq = 2",
        "UPDATE audit SET seq = seq + 10",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
    ],
)
def test_no_statement_changes_or_removes_an_entry(
    statement: str, log: AuditLog, database: Database
) -> None:
    fill(database, 3)
    before = list(log.entries())
    refused = pytest.raises(sa.exc.IntegrityError, match="can only be added to")
    with refused, database.transaction() as connection:
        connection.execute(sa.text(statement))
    assert list(log.entries()) == before


def test_postgresql_refuses_to_empty_the_log_and_to_change_it_by_an_upsert(
    postgresql: str, connect: Callable[[str], Database]
) -> None:
    database = connect(postgresql)
    fill(database, 3)
    upsert = (
        "INSERT INTO audit SELECT * FROM audit WHERE seq = 2 "
        "ON CONFLICT (seq) DO UPDATE SET user_id = 'U0EVE'"
    )
    for statement in ("TRUNCATE audit", "TRUNCATE audit CASCADE", upsert):
        refused = pytest.raises(sa.exc.IntegrityError, match="can only be added to")
        with refused, database.transaction() as connection:
            connection.execute(sa.text(statement))
    assert AuditLog(database).verify().entry_count == 3


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("INSERT OR REPLACE", {"seq": 2}),
        ("REPLACE", {"seq": 2}),
        ("INSERT OR REPLACE", {"prev": START}),
        ("INSERT OR IGNORE", {"seq": 9}),
        ("INSERT", {"seq": 9}),
        ("INSERT", {"seq": 0}),
        ("INSERT", {"prev": "a" * 64}),
    ],
)
def test_sqlite_refuses_a_row_that_does_not_follow_the_last(
    verb: str, values: dict[str, Any], sqlite: str, connect: Callable[[str], Database]
) -> None:
    database = connect(sqlite)
    fill(database, 3)
    before = list(AuditLog(database).entries())
    with pytest.raises(sa.exc.IntegrityError, match="must follow the last one"):
        add_by_hand(database, verb, **values)
    assert list(AuditLog(database).entries()) == before
    add_by_hand(database, verb)  # as the next one it would be taken
    assert AuditLog(database).head().seq == 4


def test_nobody_can_fork_the_chain(log: AuditLog, database: Database) -> None:
    fill(database, 3)
    prev = list(log.entries())[1].prev
    with pytest.raises(sa.exc.IntegrityError):
        add_by_hand(database, prev=prev)
    assert log.verify().entry_count == 3


@pytest.mark.parametrize(
    "change",
    ["at = at + 1", "action = 'approved'", "user_id = 'U0EVE'", "detail = '{}  '"],
)
def test_verification_finds_a_changed_field(change: str, log: AuditLog, database: Database) -> None:
    fill(database, 5)
    tamper(database, f"UPDATE audit SET {change} WHERE seq = 3")
    assert log.verify().faults == (Fault(Kind.CHANGED, 3, 3),)


def test_verification_finds_removed_rows(log: AuditLog, database: Database) -> None:
    fill(database, 9)
    tamper(database, "DELETE FROM audit WHERE seq IN (1, 5, 6)")
    assert log.verify().faults == (Fault(Kind.MISSING, 1, 1), Fault(Kind.MISSING, 5, 6))


def test_verification_finds_an_inserted_row(log: AuditLog, database: Database) -> None:
    fill(database, 5)
    tamper(
        database,
        "UPDATE audit SET seq = -seq - 1 WHERE seq >= 3",
        "UPDATE audit SET seq = -seq WHERE seq < 0",
    )
    add_by_hand(database, seq=3, prev="b" * 64)  # as the real one stays, so does its place
    assert log.verify().faults == (Fault(Kind.INSERTED, 3, 3),)


def test_verification_finds_swapped_rows(log: AuditLog, database: Database) -> None:
    fill(database, 6)
    tamper(
        database,
        "UPDATE audit SET seq = -4 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = -4",
    )
    assert log.verify().faults == (Fault(Kind.INSERTED, 3, 3), Fault(Kind.INSERTED, 4, 4))


def test_a_log_that_was_cut_off_is_found_only_with_a_published_head(
    log: AuditLog, database: Database
) -> None:
    fill(database, 5)
    head = log.head()
    tamper(database, "DELETE FROM audit WHERE seq > 3")
    assert log.verify().fault_count == 0
    assert log.verify(head).faults == (Fault(Kind.CUT_OFF, 4, 5),)


def test_a_log_that_was_written_again_is_found_only_with_a_published_head(
    log: AuditLog, database: Database
) -> None:
    fill(database, 5)
    head = log.head()
    tamper(database, "DELETE FROM audit")
    for _ in range(7):
        log.append(Entry(Action.SENT, "U0EVE"))
    assert log.verify().fault_count == 0
    assert log.verify(head).faults == (Fault(Kind.REWRITTEN, 5, 5),)


def test_threads_write_one_chain(log: AuditLog) -> None:
    def write(number: int) -> None:
        log.append(Entry(Action.LOOKED_UP, f"U{number}"))

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(write, range(80)))
    found = log.verify()
    assert (found.entry_count, found.fault_count, found.head.seq) == (80, 0, 80)


def test_processes_write_one_chain(log: AuditLog, database_url: str) -> None:
    each = 40
    writers = [start_writer(database_url, f"U{number}", each) for number in range(3)]
    for writer in writers:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    found = log.verify()
    assert (found.entry_count, found.fault_count) == (3 * each, 0)
    for number in range(3):
        details = [entry.detail for entry in log.entries(Selection(user_id=f"U{number}"))]
        assert details == [f'{{"number":{one}}}' for one in range(each)]


def start_writer(url: str, user_id: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, url, user_id, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_what_is_not_committed_yet_keeps_nobody_waiting_and_gets_its_place_later(
    log: AuditLog, postgresql: str, connect: Callable[[str], Database]
) -> None:
    database = connect(postgresql)
    log, other = AuditLog(database), AuditLog(connect(postgresql))
    with database.transaction() as connection:
        append(connection, Entry(Action.SENT, "U1"))
        other.append(Entry(Action.SENT, "U2"))
        other.chain()
    assert [entry.user_id for entry in log.entries()] == ["U2", "U1"]
    assert log.verify().fault_count == 0


def test_two_processes_that_chain_at_once_add_each_entry_once(
    database: Database, connect: Callable[[str], Database], database_url: str
) -> None:
    logs = [AuditLog(database), *(AuditLog(connect(database_url)) for _ in range(2))]
    with database.transaction() as connection:
        for number in range(1_300):
            append(connection, Entry(Action.SENT, detail={"number": number}))
    with ThreadPoolExecutor(3) as threads:
        list(threads.map(AuditLog.chain, logs))
    found = logs[0].verify()
    assert (found.entry_count, found.fault_count) == (1_300, 0)
    assert [entry.detail for entry in logs[0].entries()] == [
        f'{{"number":{number}}}' for number in range(1_300)
    ]


def test_what_was_recorded_before_a_stop_is_chained_after_it(
    database: Database, connect: Callable[[str], Database], database_url: str
) -> None:
    AuditLog(database).append(Entry(Action.SENT, "U0ADA"))
    database.close()
    assert [entry.user_id for entry in AuditLog(connect(database_url)).entries()] == ["U0ADA"]


def test_what_an_agent_did_is_counted(log: AuditLog, database: Database) -> None:
    with database.transaction() as connection:
        for number in range(10):
            append(connection, Entry(Action.LOOKED_UP, "U0ADA"), at=NOW + number * HOUR)
            append(connection, Entry(Action.LOOKED_UP, "U0BOB"), at=NOW + number * HOUR)
            append(connection, Entry(Action.SENT, "U0ADA"), at=NOW + number * HOUR)
    assert log.count("U0ADA", Action.LOOKED_UP, NOW) == 10
    assert log.count("U0ADA", Action.LOOKED_UP, NOW + 7 * HOUR) == 3
    assert log.count("U0ADA", Action.LOOKED_UP, NOW + 10 * HOUR) == 0
    assert log.count("U0ADA", Action.PAUSED, NOW) == 0


def test_what_an_agent_did_counts_before_it_is_chained_and_after(log: AuditLog) -> None:
    since = datetime.now(UTC) - HOUR
    log.append(Entry(Action.LOOKED_UP, "U0ADA"))
    assert log.count("U0ADA", Action.LOOKED_UP, since) == 1
    log.chain()
    log.append(Entry(Action.LOOKED_UP, "U0ADA"))
    assert log.count("U0ADA", Action.LOOKED_UP, since) == 2
    log.chain()
    assert log.count("U0ADA", Action.LOOKED_UP, since) == 2


def plans(database: Database, do: Callable[[], object]) -> Iterator[str]:
    """Yield how the database finds the rows of each query that a call makes."""
    made: list[tuple[str, Any]] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        made.append((statement, parameters))

    do()
    sa.event.remove(database.engine, "before_cursor_execute", note)
    explain = "EXPLAIN" if database.is_postgresql else "EXPLAIN QUERY PLAN"
    with database.engine.connect() as connection:
        if database.is_postgresql:  # as for a large table
            connection.exec_driver_sql("SET enable_seqscan = off")
        for statement, parameters in made:
            rows = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            yield " ".join(str(row[-1]) for row in rows)


def test_counting_what_an_agent_did_uses_an_index(log: AuditLog, database: Database) -> None:
    (plan,) = plans(database, lambda: log.count("U0ADA", Action.LOOKED_UP, NOW))
    assert "audit_of_user" in plan


def test_adding_reads_only_the_newest_entry(log: AuditLog, database: Database) -> None:
    fill(database, 3)
    *_, plan = plans(database, log.head)
    assert ("audit_pkey" if database.is_postgresql else "SCAN audit") in plan
    assert "TEMP B-TREE" not in plan  # it goes backwards along the numbers, and stops


def test_looking_for_what_was_recorded_stops_at_the_first(
    log: AuditLog, database: Database
) -> None:
    (plan,) = plans(database, log.chain)
    assert ("audit_outbox_pkey" if database.is_postgresql else "SCAN audit_outbox") in plan
    assert "TEMP B-TREE" not in plan


def test_pages_of_a_selection_go_along_the_numbers(log: AuditLog, database: Database) -> None:
    fill(database, 3)
    everything = Selection(NOW, NOW + HOUR, "U0ADA", ("k" * 64,), ("s" * 64,))
    *_, page = plans(database, lambda: list(log.entries(Selection(user_id="U0ADA", since=NOW))))
    assert ("audit_pkey" if database.is_postgresql else "USING INTEGER PRIMARY KEY") in page
    assert "TEMP B-TREE" not in page
    assert list(log.entries(everything)) == []


def test_entries_are_selected_by_time_and_agent(log: AuditLog, database: Database) -> None:
    with database.transaction() as connection:
        for number, user_id in enumerate(("U0ADA", "U0BOB", "U0ADA", "U0ADA")):
            append(connection, Entry(Action.SENT, user_id), at=NOW + number * HOUR)

    def numbers(selection: Selection) -> list[int]:
        return [entry.seq for entry in log.entries(selection)]

    assert numbers(Selection()) == [1, 2, 3, 4]
    assert numbers(Selection(since=NOW + HOUR)) == [2, 3, 4]
    assert numbers(Selection(until=NOW + HOUR)) == [1]
    assert numbers(Selection(since=NOW + HOUR, until=NOW + 3 * HOUR)) == [2, 3]
    assert numbers(Selection(user_id="U0ADA")) == [1, 3, 4]
    assert numbers(Selection(since=NOW + HOUR, user_id="U0ADA")) == [3, 4]
    assert numbers(Selection(user_id="U0EVE")) == []


def test_entries_of_a_customer_are_those_about_them_or_their_requests(
    log: AuditLog, database: Database, a_request: Callable[..., Request]
) -> None:
    with database.transaction() as connection:
        insert_new(connection, requests, to_row(a_request(request_id="V1")))
        connection.execute(
            sa.insert(request_customers), {"customer_key": "jane", "request_id": "V1"}
        )
        for request_id, subject in (("V1", ""), ("V2", ""), ("", "s1"), ("", "s2"), ("", "")):
            append(connection, Entry(Action.SENT, "", "", request_id, subject))

    def numbers(key: str, subject: str) -> list[int]:
        subjects = (subject,) if subject else ()
        selection = Selection(customer_keys=(key,), subjects=subjects)
        return [entry.seq for entry in log.entries(selection)]

    assert numbers("jane", "s1") == [1, 3]
    assert numbers("jane", "") == [1]
    assert numbers("john", "s2") == [4]
    assert numbers("john", "") == []


def test_a_long_log_is_read_page_by_page(log: AuditLog, database: Database) -> None:
    row: dict[str, Any] = {"at": 1.0, "action": "sent", "subject": "", "detail": "{}"}
    row |= {"user_id": "", "team_id": "", "request_id": "", "hash": ""}
    tamper(database)
    with database.transaction() as connection:
        rows = [{**row, "seq": seq, "prev": str(seq)} for seq in range(1, 2_502)]
        connection.execute(sa.insert(audit), rows)
    pages = list(plans(database, lambda: [entry.seq for entry in log.entries()]))
    assert len(pages) == 1 + 1 + 3  # the outbox, the ends, the pages
    assert [entry.seq for entry in log.entries()] == list(range(1, 2_502))


def test_nobody_waits_for_somebody_who_reads_the_log(log: AuditLog, database: Database) -> None:
    fill(database, 3)
    reading = log.entries()
    assert next(reading).seq == 1
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    log.append(Entry(Action.SENT))
    assert [entry.seq for entry in reading] == [2, 3]


def test_the_log_can_be_read_while_nobody_can_write(
    log: AuditLog, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    fill(database, 2)
    log.append(Entry(Action.SENT))
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with database.transaction() as connection:
        connection.execute(sa.delete(audit_outbox))  # holds the rows, and on SQLite the file
        assert [entry.seq for entry in AuditLog(other).entries()] == [1, 2]
        assert "the newest entries of the audit log are missing" in caplog.text
        connection.rollback()
    other.close()
    assert [entry.seq for entry in log.entries()] == [1, 2, 3]


def test_the_stored_names_of_actions_stay() -> None:
    assert [action.value for action in Action] == [
        *("looked up", "stored", "refused", "overridden", "approval asked", "approved"),
        *("declined", "cancelled", "sent", "outcome", "decided", "refused click"),
        *("opted out", "opted in", "paused", "resumed", "rules loaded", "erased"),
        *("rejected signatures", "outcomes set", "edited"),
    ]
