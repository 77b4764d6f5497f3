"""The queue's own tables hold only request ids, so erasing a request needs nothing from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.job import Job, JobKind, TryAgain, deliver, publish
from bot.jobs.repair import Repair
from bot.request import Request
from bot.state import State
from bot.storage.erasure import Erasure
from bot.storage.keys import Keys
from bot.storage.posts import note_post
from bot.storage.wipe import wipe

from .conftest import Team

REQUEST = "V0123456789"
PRIVATE = (b"jane@example.com", b"Jane Quillfeather", b"Your zeppelin is ready")


@pytest.fixture
def erasure(team: Team) -> Erasure:
    return Erasure(team.database, team.queue.enqueue, Keys(team.database))


@pytest.fixture
def add(team: Team, a_request: Callable[..., Request]) -> Callable[[], None]:
    def add() -> None:
        text, name = "Your zeppelin is ready", "Jane Quillfeather"
        request = a_request(state=State.REFUSED, text=text, customer_name=name)
        team.store.add(request, [publish(REQUEST), deliver(REQUEST)])
        with team.database.transaction() as connection:
            note_post(connection, REQUEST, "card", "C0SUPPORT", "1.5")

    return add


def test_no_byte_of_it_is_left_also_after_jobs_that_ran_failed_and_wait(
    team: Team, erasure: Erasure, add: Callable[[], None]
) -> None:
    attempts: list[Job] = []

    def fail_once(job: Job) -> None:
        attempts.append(job)
        if len(attempts) == 1:
            raise TryAgain("Slack is away", after=0.1)

    def read() -> bytes:
        file = Path(team.database.engine.url.database or "")
        return b"".join(one.read_bytes() for one in file.parent.glob(f"{file.name}*"))

    team.does[REQUEST] = fail_once
    add()
    team.wait_until_idle()
    assert all(word in read() for word in PRIVATE)
    assert erasure.erase(REQUEST)
    team.wait_until_idle()
    assert Job(JobKind.ERASE, REQUEST) in team.begun
    assert wipe(team.database, rewrite=True)
    assert [word for word in PRIVATE if word in read()] == []


def test_posts_whose_job_was_lost_get_a_new_one(team: Team, add: Callable[[], None]) -> None:
    """As after ``python -m bot erase``, which adds none, or a job that nobody foresaw to fail."""
    add()
    team.wait_until_idle()
    Erasure(team.database, lambda *_: None, Keys(team.database)).erase(REQUEST)
    team.begun.clear()
    repair = Repair(team.database, team.store, team.queue, team.pause)
    repair.repair(datetime.now(UTC))
    team.wait_until_idle()
    assert team.begun == [Job(JobKind.ERASE, REQUEST)]
