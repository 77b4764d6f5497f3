"""``python -m bot erase`` erases a customer everywhere, says what is left, and can be repeated."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards.card import show_notice
from bot.cards.client import SlackClient, Spot
from bot.cards.erase_posts import PostEraser
from bot.cards.ledger import Ledger
from bot.cli import erase as command
from bot.cli.erase import DONE, LEFT, REFUSED, run_erase
from bot.job import publish
from bot.request import Event, Request
from bot.settings import BadSettings, ErasureSettings, read_erasure_settings
from bot.state import State
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from genesys import Identity, IdentityKind
from tests.bot.cards.conftest import build_publisher
from tests.bot.conftest import JANE, NOW, Local

ROOT = Path(__file__).resolve().parents[3]
NAME, TEXT, SUPPORT = "Jane Quillfeather", "Your zeppelin is ready", "C0SUPPORT"
PHONE = Identity(IdentityKind.PHONE, "+442079460018")
CLEAN = "No copy is left in the files of the database."
Run = Callable[..., tuple[int, str]]


class Bench:
    """Requests with posts in Slack, as the running bot leaves them."""

    def __init__(
        self, store: RequestStore, database: Database, slack: SlackClient, build: Any
    ) -> None:
        self.store, self.database, self._build = store, database, build
        self._publisher = build_publisher(store, Ledger(database), Posts(database), slack)

    def add(self, request_id: str = "V1", **values: Any) -> None:
        contact = {"contact_id": "c-jane", "contact_ids": ("c-jane",), "customer_name": NAME}
        made = {"request_id": request_id, "text": TEXT, "created_at": datetime.now(UTC)}
        self.store.add(self._build(**{**contact, **made, **values}), [])

    def finish(self, request_id: str = "V1", **values: Any) -> None:
        self.add(request_id, state=State.ACCEPTED, **values)
        self.store.move(request_id, State.REPLIED, Event.REPLIED, "private reply")
        self._publisher.publish(publish(request_id))

    def state(self, request_id: str) -> str:
        with self.database.connect() as connection:
            found = sa.select(requests.c.state).where(requests.c.request_id == request_id)
            return str(connection.execute(found).scalar_one())


@pytest.fixture
def bench(
    requests_store: RequestStore,
    database: Database,
    slack: SlackClient,
    a_request: Callable[..., Request],
) -> Bench:
    return Bench(requests_store, database, slack, a_request)


@pytest.fixture
def settings(file: Path, local: Local) -> ErasureSettings:
    token, url = local.settings["SLACK_BOT_TOKEN"], local.settings["SLACK_API_URL"]
    return ErasureSettings(f"sqlite:///{file}", None, "GB", token, url, "", "en")


@pytest.fixture
def run(settings: ErasureSettings, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(address: str = "jane@example.com") -> tuple[int, str]:
        status = run_erase(address, settings)
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def read_files(file: Path) -> bytes:
    return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))


def private(local: Local, file: Path) -> list[str]:
    """Return what's still private in Slack and in the files of the database."""
    shown = json.dumps(local.messages(), ensure_ascii=False)
    words = (NAME, TEXT, "jane@example.com", "+442079460018", "c-jane", "private reply")
    return [word for word in words if word in shown or word.encode() in read_files(file)]


def test_everything_about_a_customer_is_erased_and_reported(
    bench: Bench, run: Run, local: Local, file: Path
) -> None:
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    assert len(private(local, file)) == 6
    status, said = run(" Jane@Example.COM ")
    assert said.splitlines() == [
        "Requests erased: 2.",
        "The audit log no longer tells which entries are about this customer.",
        "The customer isn't on the do-not-contact list.",
        "Posts in Slack: 4 edited, 0 deleted, 0 left.",
        CLEAN,
    ]
    assert status == DONE
    assert private(local, file) == []


def test_a_second_run_finds_nothing(bench: Bench, run: Run) -> None:
    bench.finish()
    run()
    status, said = run()
    assert status == DONE
    assert said.splitlines()[0] == "Nothing is stored about this customer."
    assert "Posts" not in said


def test_others_stay_as_they_are(bench: Bench, run: Run) -> None:
    mark = Identity(IdentityKind.EMAIL, "mark@example.com")
    bench.finish("V2", identity=mark, contact_id="c-mark", contact_ids=("c-mark",))
    before = bench.store.load("V2")
    bench.finish("V1")
    run()
    assert bench.store.load("V2") == before


def test_what_was_not_sent_never_is(bench: Bench, run: Run) -> None:
    bench.add("V1", state=State.SCHEDULED)
    status, said = run()
    assert (status, bench.state("V1")) == (DONE, "refused")
    assert "1 had not been sent. They won't be. The running bot tells the agents within" in said


def test_posts_that_slack_keeps_are_listed_with_place_and_code(
    bench: Bench, run: Run, local: Local
) -> None:
    bench.finish()
    card = local.messages()[0]
    for method, code in (("chat.update", "edit_window_closed"), ("chat.delete", "forbidden")):
        body = {"ok": False, "error": code}
        local.order("slack", method, "status", status=400, body=body)
    status, said = run()
    assert status == LEFT
    assert "Posts in Slack: 0 edited, 0 deleted, 2 left." in said
    assert f"left: channel {SUPPORT}, message {card['ts']} (edit_window_closed)" in said


def test_a_slack_that_is_away_leaves_the_posts_to_the_bot_and_to_the_next_run(
    bench: Bench, run: Run, local: Local, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_BETWEEN_LOOKS", 0.0)
    bench.finish()
    local.order("slack", "chat.update", "status", status=503)
    status, said = run()
    assert status == LEFT
    assert "the bot tries again" in said
    assert "2 left" in said
    local.clear_faults()
    status, said = run()
    assert status == DONE
    assert "Posts in Slack: 2 edited, 0 deleted, 0 left." in said
    assert private(local, file) == []


def test_a_rate_limit_is_waited_for(bench: Bench, run: Run, local: Local) -> None:
    bench.finish()
    local.order("slack", "chat.update", "status", status=429, retry_after=0.1, times=1)
    assert run()[0] == DONE


def test_a_reader_delays_the_files_and_the_report_says_so(
    bench: Bench, run: Run, file: Path, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_FILE_SECONDS", 0.0)
    bench.finish()
    reader = sqlite3.connect(file)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM requests").fetchall()
    status, said = run()
    assert status == LEFT
    assert "Not yet gone from the files of the database" in said
    assert TEXT.encode() in read_files(file)
    reader.close()
    status, said = run()
    assert (status, said.splitlines()[-1]) == (DONE, CLEAN)
    assert private(local, file) == []


def test_a_reader_that_ends_soon_is_waited_for(
    bench: Bench, run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_BETWEEN_LOOKS", 0.01)
    bench.finish()
    reader = sqlite3.connect(file, check_same_thread=False)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM requests").fetchall()
    timer = threading.Timer(0.5, reader.close)
    timer.start()
    status, said = run()
    timer.join()
    assert (status, said.splitlines()[-1]) == (DONE, CLEAN)


def test_a_message_that_is_being_sent_is_reported_if_it_takes_too_long(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_LONGEST_WAIT", command.SENDS_FOR * 0)
    bench.add("V1", state=State.SENDING, sending_at=datetime.now(UTC))
    status, said = run()
    assert status == LEFT
    assert "Being sent just now, so not erased: 1." in said
    assert bench.state("V1") == "sending"


def test_afterwards_the_log_verifies_and_the_opt_out_holds(
    bench: Bench, run: Run, database: Database
) -> None:
    keys = Keys(database)
    opt_outs = OptOuts(database, lambda *_: None, keys)
    bench.finish("V1")
    bench.finish("V2", identity=PHONE)
    opt_outs.add(OptOut(JANE, (), ByWhom("U0ADA", "Ada", NOW, "She asked"), "T0TEAM"))
    status, said = run()
    assert status == DONE
    assert "The customer is on the do-not-contact list, and stays there." in said
    assert opt_outs.find(JANE)
    assert opt_outs.find(PHONE)
    assert AuditLog(database).verify().fault_count == 0
    with database.connect() as connection:
        assert keys.find_subject(connection, JANE) == ""


def test_while_the_bot_writes_all_is_erased(
    bench: Bench, run: Run, local: Local, file: Path
) -> None:
    stop, failures = threading.Event(), list[BaseException]()
    mark = Identity(IdentityKind.EMAIL, "mark@example.com")

    def write() -> None:
        number = 0
        try:
            while not stop.is_set():
                number += 1
                contact = {"contact_id": "m", "contact_ids": ("m",), "customer_name": "Mark"}
                bench.add(f"W{number}", identity=mark, text="For Mark", **contact)
        except sa.exc.SQLAlchemyError as failure:
            failures.append(failure)

    bench.finish()
    writer = threading.Thread(target=write)
    writer.start()
    try:
        status, said = run()
    finally:
        stop.set()
        writer.join()
    assert (status, failures) == (DONE, []), said
    assert private(local, file) == []
    assert AuditLog(bench.database).verify().fault_count == 0


def test_a_post_that_the_bot_is_making_meanwhile_is_erased_too(
    bench: Bench,
    run: Run,
    slack: SlackClient,
    local: Local,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    erase_posts, late = PostEraser.erase_posts, list[str]()

    def erase_then_post(eraser: PostEraser, request_id: str) -> None:
        erase_posts(eraser, request_id)
        if not late:
            channel, ts = slack.post(Spot(SUPPORT), show_notice(TEXT), "late")
            Posts(bench.database).note(request_id, "late", channel, ts)
            late.append(ts)

    monkeypatch.setattr(PostEraser, "erase_posts", erase_then_post)
    monkeypatch.setattr(command, "_BETWEEN_LOOKS", 0.0)
    bench.finish()
    status, said = run()
    assert status == DONE, said
    assert "Posts in Slack: 3 edited, 0 deleted, 0 left." in said
    assert private(local, file) == []


@pytest.mark.parametrize("address", ["nobody", "", "jane@", "12"])
def test_a_bad_address_is_refused(address: str, run: Run, bench: Bench) -> None:
    bench.finish()
    status, said = run(address)
    assert status == REFUSED
    assert said
    assert bench.state("V1") == "replied"


def test_a_database_that_is_not_there_is_not_made(
    tmp_path: Path, settings: ErasureSettings, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.sqlite"
    elsewhere = replace(settings, database_url=f"sqlite:///{missing}", default_country=None)
    assert run_erase("jane@example.com", elsewhere) == REFUSED
    assert "There's no database" in capsys.readouterr().err
    assert not missing.exists()


def test_it_needs_slack_and_the_database_but_not_genesys_cloud() -> None:
    environment = {
        "SLACK_BOT_TOKEN": "xoxb-1",
        "PROACTIVE_DATABASE_URL": "sqlite:////data/a.sqlite",
    }
    settings = read_erasure_settings(environment)
    assert settings.slack_api_url == "https://slack.com/api/"
    assert "xoxb-1" not in repr(settings)
    with pytest.raises(BadSettings, match="SLACK_BOT_TOKEN isn't set"):
        read_erasure_settings({"PROACTIVE_DATABASE_URL": "sqlite:////data/a.sqlite"})


def test_the_command_line_runs_it(bench: Bench, settings: ErasureSettings, tmp_path: Path) -> None:
    bench.finish()
    environment = {
        **os.environ,
        "SLACK_BOT_TOKEN": settings.slack_bot_token,
        "SLACK_API_URL": settings.slack_api_url,
        "PROACTIVE_DATABASE_URL": settings.database_url,
        "PYTHONPATH": str(ROOT),
    }
    for address, status in (("jane@example.com", DONE), ("nobody", REFUSED)):
        done = subprocess.run(
            [sys.executable, "-m", "bot", "erase", address],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stderr
        assert "Traceback" not in done.stderr
