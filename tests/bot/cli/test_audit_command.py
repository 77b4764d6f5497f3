"""``python -m bot audit`` prints what was asked for, and finds what was tampered with."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import tracemalloc
from argparse import Namespace
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cli.audit import run_audit
from bot.request import Request
from bot.settings import BadSettings, DatabaseSettings, read_database_settings
from bot.storage.audit import Action, Entry, append
from bot.storage.audit_chain import Head, StoredEntry, hash_of
from bot.storage.audit_log import AuditLog
from bot.storage.audit_tables import audit
from bot.storage.database import Database, insert_new
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from bot.storage.rows import to_row
from bot.storage.tables import request_customers, requests
from genesys import Identity, IdentityKind

ROOT = Path(__file__).resolve().parents[3]
START = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
DAY = timedelta(days=1)
JANE = Identity(IdentityKind.EMAIL, "jane@example.com")
PHONE = Identity(IdentityKind.PHONE, "+442079460018")
STRANGER = Identity(IdentityKind.EMAIL, "stranger@example.com")
FORMULA = '=WEBSERVICE("//evil")'

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database(database_url: str, connect: Callable[[str], Database]) -> Database:
    """Fill a log: an entry a day, by two agents in turn."""
    database = connect(database_url)
    with database.transaction() as connection:
        for number in range(6):
            user_id = ("U0ADA", "U0BOB")[number % 2]
            entry = Entry(Action.SENT, user_id, "T0", detail={"number": number})
            append(connection, entry, at=START + number * DAY)
    AuditLog(database).chain()
    return database


@pytest.fixture
def run(database_url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command; return its status, its output and its complaints."""
    return runner(database_url, capsys)


def runner(url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(**given: str) -> tuple[int, str, str]:
        status = run_audit(options(**given), DatabaseSettings(url, None, "GB"))
        return (status, *capsys.readouterr())

    return run


def options(**given: str) -> Namespace:
    none = dict.fromkeys(("since", "until", "customer", "agent", "audit", "head"), "")
    return Namespace(**{**none, "format": "jsonl", **given})


def numbers(found: tuple[int, str, str]) -> list[int]:
    status, output, complaints = found
    assert (status, complaints) == (0, "")
    return [json.loads(line)["seq"] for line in output.splitlines()]


def test_each_entry_is_a_line_of_json(run: Run, database: Database) -> None:
    _, output, _ = run()
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == 6
    assert list(lines[0]) == [
        *("seq", "at", "action", "user_id", "team_id", "request_id", "subject", "detail"),
        *("prev", "hash"),
    ]
    assert lines[1]["at"] == "2026-11-27T10:30:00.000000+00:00"
    assert lines[1]["detail"] == {"number": 1}
    assert lines[1]["prev"] == lines[0]["hash"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [1, 2, 3, 4, 5, 6]),
        ({"since": "2026-11-28"}, [3, 4, 5, 6]),
        ({"since": "2026-11-28T10:30"}, [3, 4, 5, 6]),
        ({"since": "2026-11-28T10:31"}, [4, 5, 6]),
        ({"since": "2026-11-28T12:31+02:00"}, [4, 5, 6]),
        ({"until": "2026-11-28"}, [1, 2, 3]),
        ({"until": "2026-11-28T10:30Z"}, [1, 2]),
        ({"since": "2026-11-27", "until": "2026-11-28"}, [2, 3]),
        ({"since": "2026-12-30"}, []),
        ({"agent": "U0BOB"}, [2, 4, 6]),
        ({"agent": "U0BOB", "since": "2026-11-28"}, [4, 6]),
        ({"agent": "U0EVE"}, []),
    ],
)
def test_entries_are_selected(
    given: dict[str, str], expected: list[int], run: Run, database: Database
) -> None:
    assert numbers(run(**given)) == expected


def test_a_customer_s_entries_are_those_about_them_and_their_requests(
    run: Run, database: Database, a_request: Callable[..., Request]
) -> None:
    keys = Keys(database)
    with database.transaction() as connection:
        insert_new(connection, requests, to_row(a_request(request_id="V1")))
        of_jane = {"customer_key": keys.customer_key(JANE), "request_id": "V1"}
        connection.execute(sa.insert(request_customers), of_jane)
        subject = keys.subject(connection, JANE)
        append(connection, Entry(Action.LOOKED_UP, subject=subject))
        append(connection, Entry(Action.OUTCOME, request_id="V1"))
        append(connection, Entry(Action.LOOKED_UP, subject=keys.subject(connection, PHONE)))
        append(connection, Entry(Action.LOOKED_UP, subject="f" * 64))
    assert numbers(run(customer="Jane Doe <jane@EXAMPLE.com>")) == [7, 8]
    assert numbers(run(customer="020 7946 0018")) == [9]
    assert numbers(run(customer="stranger@example.com")) == []


def test_a_customer_s_entries_include_those_of_their_other_addresses(
    run: Run, database: Database, a_request: Callable[..., Request]
) -> None:
    store = RequestStore(database, lambda _connection, _job: None, Keys(database))
    store.add(a_request(request_id="V1", contact_ids=("a", "b")), [])
    store.add(a_request(request_id="V2", identity=PHONE, contact_ids=("b",)), [])
    store.add(a_request(request_id="V3", identity=STRANGER, contact_ids=("c",)), [])
    assert numbers(run(customer="020 7946 0018")) == [7, 8]
    assert numbers(run(customer="jane@example.com")) == [7, 8]


def test_text_tells_each_entry_in_one_plain_line(run: Run, database: Database) -> None:
    rules = {"overridden": "quiet hours, same text", "reason": "f" * 64}
    entries = [
        Entry(Action.OVERRIDDEN, "U0LEO", "T0", "V012", "f" * 64, rules),
        Entry(Action.REFUSED, "U0ADA", detail={"refused by": "same text"}),
        Entry(Action.RULES_LOADED, detail={"rules": "0123456789ab"}),
        Entry(Action.ERASED, detail={"salts": 2}),
        Entry(Action.REJECTED, detail={"forged": 3, "stale": 1}),
        Entry(Action.OUTCOME, "U0ADA", request_id="V012"),
    ]
    with database.transaction() as connection:
        for entry in entries:
            append(connection, entry, at=START + 9 * DAY)
    status, output, complaints = run(format="text", since="2026-12-05")
    assert (status, complaints) == (0, "")
    assert output.splitlines() == [
        "2026-12-05 10:30 U0LEO overrode quiet hours, same text for V012",
        "2026-12-05 10:30 a message by U0ADA was refused: same text",
        "2026-12-05 10:30 the bot loaded the rules 0123456789ab",
        "2026-12-05 10:30 a customer was erased",
        "2026-12-05 10:30 the bot rejected signatures: 3 forged, 1 stale",
        "2026-12-05 10:30 V012 by U0ADA is now (state?)",
    ]


@pytest.mark.parametrize("action", Action)
def test_text_has_words_for_every_action(action: Action, run: Run, database: Database) -> None:
    with database.transaction() as connection:
        append(connection, Entry(action, "U0EVE", request_id="V9"), at=START + 9 * DAY)
    (line,) = run(format="text", since="2026-12-05")[1].splitlines()
    assert "U0EVE" in line or "V9" in line
    assert "isn't known" not in line


def test_csv_has_a_row_for_each_entry_and_no_formula(run: Run, database: Database) -> None:
    with database.transaction() as connection:
        entry = Entry(Action.SENT, FORMULA, "+1", "@x", "-2+3", {"a": 'b, "c"\n'})
        append(connection, entry, at=START + 9 * DAY)
    status, output, _ = run(format="csv", since="2026-12-01")
    rows = list(csv.DictReader(io.StringIO(output)))
    assert status == 0
    assert [row["seq"] for row in rows] == ["6", "7"]
    last = rows[-1]
    assert last["user_id"] == "'" + FORMULA
    assert (last["request_id"], last["subject"]) == ("'@x", "'-2+3")
    assert json.loads(last["detail"]) == {"a": 'b, "c"\n'}
    assert all(not cell.startswith(("=", "@")) for row in rows for cell in row.values())


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (
            {"since": "yesterday"},
            "--since must be a date or a time in UTC, such as 2026-11-26 or 2026-11-26T14:30.",
        ),
        ({"until": "2026-13-01"}, "--until must be a date or a time in UTC"),
        ({"until": "9999-12-31"}, "--until must be a date or a time in UTC"),
        ({"since": "0001-01-01T00:00+14:00"}, "--since must be a date or a time in UTC"),
        ({"customer": "jane"}, "--customer: That isn't an email or phone number"),
        ({"agent": "ada"}, "--agent must be a Slack user id, such as U0123456789."),
        ({"audit": "verify", "head": "7"}, "--head must be the number and the hash of an entry"),
    ],
)
def test_a_bad_option_gets_one_sentence(
    given: dict[str, str], complaint: str, sqlite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, output, complaints = runner(sqlite, capsys)(**given)
    assert (status, output) == (2, "")
    assert complaints.startswith(complaint)
    assert complaints.count("\n") == 1


def test_a_log_that_is_whole_verifies_with_its_head(run: Run, database: Database) -> None:
    head = AuditLog(database).head()
    status, output, _ = run(audit="verify")
    assert status == 0
    assert output.startswith(f"6 entries: intact.\nHead: {head} (2026-12-01T10:30:00")
    assert "Give the head that you keep elsewhere" in output
    status, output, _ = run(audit="verify", head=str(head))
    assert status == 0
    assert "Give the head" not in output


def tamper(database: Database, statement: str) -> None:
    with database.transaction() as connection:
        if database.is_postgresql:
            connection.execute(sa.text("ALTER TABLE audit DISABLE TRIGGER USER"))
        else:
            for name in ("audit_no_update", "audit_no_delete", "audit_follows"):
                connection.execute(sa.text(f"DROP TRIGGER {name}"))
        connection.execute(sa.text(statement))


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE audit SET user_id = 'U0EVE' WHERE seq = 3", "Entry 3 has been changed."),
        ("DELETE FROM audit WHERE seq IN (2, 3)", "Entries 2 to 3 are missing."),
    ],
)
def test_verification_says_where_the_log_was_tampered_with(
    statement: str, sentence: str, run: Run, database: Database
) -> None:
    tamper(database, statement)
    status, output, _ = run(audit="verify")
    assert status == 1
    assert output.splitlines()[0] == sentence
    assert output.splitlines()[-1].endswith("not all are as they were added.")


def test_a_published_head_shows_that_the_log_was_cut_off(run: Run, database: Database) -> None:
    head = AuditLog(database).head()
    tamper(database, "DELETE FROM audit WHERE seq > 4")
    assert run(audit="verify")[0] == 0
    status, output, _ = run(audit="verify", head=str(head))
    assert (status, output.splitlines()[0]) == (
        1,
        "Entries 5 to 6 are missing at the end of the log.",
    )
    status, output, _ = run(audit="verify", head=str(Head(4, "a" * 64)))
    assert status == 1
    assert "Entry 4 isn't the one whose hash was published" in output


def test_an_export_shows_what_somebody_made_of_an_entry(run: Run, database: Database) -> None:
    tamper(database, "UPDATE audit SET at = 1e300, detail = 'no json' WHERE seq = 3")
    line = json.loads(run()[1].splitlines()[2])
    assert (line["at"], line["detail"]) == ("1e+300", "no json")
    assert run(format="text")[1].splitlines()[2] == "1e+300 a message by U0ADA is being sent"


def test_the_command_never_creates_a_database(
    sqlite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = Path(sqlite.removeprefix("sqlite:///"))
    status, _, complaints = runner(sqlite, capsys)(audit="verify")
    assert status == 2
    assert complaints.startswith(f"There's no database at {file}.")
    assert not file.exists()
    file.touch()
    status, _, complaints = runner(sqlite, capsys)(audit="verify")
    assert status == 2
    assert complaints.startswith("The database is of an earlier release.")
    file.write_bytes(b"no database at all" * 100)
    status, _, complaints = runner(sqlite, capsys)()
    assert (status, "can't be used as a database" in complaints) == (2, True)


def test_only_the_database_s_settings_are_needed() -> None:
    settings = read_database_settings({"PROACTIVE_DATABASE_URL": "sqlite:////data/bot.sqlite"})
    assert settings.database_url == "sqlite:////data/bot.sqlite"
    assert "data/bot" not in repr(settings)
    with pytest.raises(BadSettings) as bad:
        read_database_settings({"PROACTIVE_DATABASE_URL": "mysql://x", "HOME": "/"})
    assert len(bad.value.problems) == 1


def command(url: str, *words: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "audit", *words],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PROACTIVE_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_the_command_line_runs_while_somebody_writes(database: Database, database_url: str) -> None:
    with database.transaction() as connection:
        append(connection, Entry(Action.PAUSED))  # not yet committed
        entries = command(database_url, "--since", "2026-11-30", "--format", "csv")
        output, errors = entries.communicate(timeout=60)
        assert entries.returncode == 0
        # On SQLite there's one writer, and what waits in the outbox can't be moved meanwhile.
        assert errors == "" or "the newest entries" in errors
        assert [line.split(",")[0] for line in output.splitlines()] == ["seq", "5", "6"]
    verify = command(database_url, "verify")
    output, _ = verify.communicate(timeout=60)
    assert verify.returncode == 0
    assert re.match(r"7 entries: intact\.\nHead: 7:[0-9a-f]{64} ", output)


def test_whoever_has_seen_enough_may_close_the_pipe(sqlite: str, connect: Any) -> None:
    database = connect(sqlite)
    with database.transaction() as connection:
        for _ in range(500):
            append(connection, Entry(Action.SENT, "U0ADA"))
    reading = command(sqlite)
    assert reading.stdout and reading.stderr
    reading.stdout.readline()
    reading.stdout.close()
    assert reading.stderr.read() == ""
    reading.stderr.close()
    assert reading.wait(60) == 1


def test_a_long_log_needs_no_more_memory_than_a_short_one(
    sqlite: str, connect: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    length, prev, rows = 5_000, "", []
    for seq in range(1, length + 1):
        detail = json.dumps({"text": "a" * 64})
        entry = StoredEntry(seq, float(seq), "sent", "U0ADA", "", "", "", detail, prev, "")
        rows.append({**vars(entry), "hash": (prev := hash_of(entry))})
    with connect(sqlite).transaction() as connection:
        connection.execute(sa.insert(audit), rows)
    peaks = []
    tracemalloc.start()
    for entries in (2_000, length):
        tracemalloc.reset_peak()
        with Path(os.devnull).open("w") as nowhere, monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", nowhere)
            since = datetime.fromtimestamp(length + 1 - entries, UTC).isoformat()
            arguments = options(since=since, format="csv")
            assert run_audit(arguments, DatabaseSettings(sqlite, None, None)) == 0
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
