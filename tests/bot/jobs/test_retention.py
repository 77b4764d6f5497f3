"""What finished long ago is erased by itself, a little at a time, and wiped from the files."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.job import Job
from bot.jobs import retention as retention_module
from bot.jobs.retention import MOST_AT_ONCE, Retention
from bot.request import Event, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.erasure import Erasure
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from tests.conftest import wait_until

TEXT = b"Your order is ready"
KEEP = timedelta(days=30)


@pytest.fixture
def retention(database: Database, jobs: list[Job]) -> Retention:
    erasure = Erasure(database, lambda _, job: jobs.append(job), Keys(database))
    return Retention(database, erasure, KEEP)


@pytest.fixture
def finish(
    requests_store: RequestStore, database: Database, a_request: Callable[..., Request]
) -> Callable[[str, timedelta], None]:
    """Make requests that finished some time ago."""

    def finish(request_id: str, ago: timedelta) -> None:
        requests_store.add(a_request(request_id=request_id), [])
        requests_store.move(request_id, State.CANCELLED, Event.CANCELLED)
        finished = (datetime.now(UTC) - ago).timestamp()
        with database.transaction() as connection:
            this = sa.update(requests).where(requests.c.request_id == request_id)
            connection.execute(this.values(finished_at=finished))

    return finish


def erased(database: Database) -> list[str]:
    with database.connect() as connection:
        found = sa.select(requests.c.request_id).where(requests.c.erased_at.is_not(None))
        return sorted(connection.execute(found).scalars())


@pytest.mark.parametrize(("ago", "is_erased"), [(KEEP * 1.01, True), (KEEP * 0.99, False)])
def test_a_request_is_erased_when_it_was_kept_for_long_enough(
    ago: timedelta,
    is_erased: bool,
    retention: Retention,
    finish: Callable[[str, timedelta], None],
    database: Database,
) -> None:
    finish("V1", ago)
    assert retention.erase_due(datetime.now(UTC)) == is_erased
    assert erased(database) == (["V1"] if is_erased else [])


def test_each_look_erases_a_few(
    retention: Retention, finish: Callable[[str, timedelta], None], database: Database
) -> None:
    for number in range(MOST_AT_ONCE + 1):
        finish(f"V{number}", 2 * KEEP)
    looks = [retention.erase_due(datetime.now(UTC)) for _ in range(3)]
    assert looks == [MOST_AT_ONCE, 1, 0]
    assert len(erased(database)) == MOST_AT_ONCE + 1


def test_processes_that_look_at_once_erase_each_request_once(
    retention: Retention, finish: Callable[[str, timedelta], None], database: Database
) -> None:
    for number in range(MOST_AT_ONCE):
        finish(f"V{number}", 2 * KEEP)
    counts, now = list[int](), datetime.now(UTC)
    looks = [
        threading.Thread(target=lambda: counts.append(retention.erase_due(now))) for _ in range(3)
    ]
    for look in looks:
        look.start()
    for look in looks:
        look.join()
    assert sum(counts) == MOST_AT_ONCE


def test_it_looks_by_itself_and_wipes_the_files(
    database: Database,
    jobs: list[Job],
    finish: Callable[[str, timedelta], None],
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention_module, "EVERY_SECONDS", 0.02)
    monkeypatch.setattr(retention_module, "_NIGHT", range(24))
    finish("V1", 2 * KEEP)
    erasure = Erasure(database, lambda _, job: jobs.append(job), Keys(database))
    retention = Retention(database, erasure, KEEP)

    def is_there() -> bool:
        return any(TEXT in one.read_bytes() for one in file.parent.glob(f"{file.name}*"))

    assert is_there()
    retention.start()
    try:
        wait_until(lambda: not is_there())
    finally:
        retention.stop()
    assert erased(database) == ["V1"]
