"""The jobs of a dead process are taken over once; those of a living one never are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from bot.jobs.queue import JobQueue
from bot.jobs.workers import MISSED_BEATS, Workers
from bot.storage.database import Database, insert_new, seconds_now
from bot.storage.tables import workers
from tests.conftest import wait_until

BEAT = 5.0
HOUR = 3600.0
MINE, THEIRS = "mine", "theirs"


class BegunJobs(JobQueue):
    """What processes have begun and what was resumed, without DBOS."""

    def __init__(self, running: dict[str, list[str]]) -> None:
        self.running = running
        self.resumed: list[list[str]] = []
        self.fails = 0

    def list_running(self) -> dict[str, list[str]]:
        if self.fails:
            self.fails -= 1
            raise sa.exc.OperationalError("", None, Exception("away"))
        return {worker_id: list(jobs) for worker_id, jobs in self.running.items()}

    def resume(self, job_ids: list[str]) -> None:
        self.resumed.append(job_ids)


@dataclass
class Cluster:
    """Heartbeats in a database, and the processes that look at them."""

    database: Database
    queue: BegunJobs
    opened: list[Workers] = field(default_factory=list)

    def join(self, worker_id: str, beat_seconds: float = BEAT) -> Workers:
        self.opened.append(Workers(self.database, self.queue, worker_id, beat_seconds=beat_seconds))
        return self.opened[-1]

    def beat(self, worker_id: str, ago: float = 0.0) -> None:
        """Write a heartbeat as of some seconds ago."""
        at = seconds_now(self.database) - ago
        with self.database.transaction() as connection:
            connection.execute(sa.delete(workers).where(workers.c.worker_id == worker_id))
            insert_new(connection, workers, {"worker_id": worker_id, "beat_at": at})

    def ages(self) -> dict[str, float]:
        age = seconds_now(self.database) - workers.c.beat_at
        with self.database.connect() as connection:
            rows = connection.execute(sa.select(workers.c.worker_id, age.label("age")))
            return {row.worker_id: row.age for row in rows}


@pytest.fixture
def cluster(database_url: str, connect: Callable[[str], Database]) -> Iterator[Cluster]:
    """Return a database in which one job of another process has begun."""
    cluster = Cluster(connect(database_url), BegunJobs({THEIRS: ["job"]}))
    yield cluster
    for one in cluster.opened:
        one.stop()


def look(workers: Workers, times: int) -> None:
    for _ in range(times):
        workers.take_over()


def test_a_heartbeat_is_written_and_renewed(cluster: Cluster) -> None:
    mine = cluster.join(MINE)
    mine.beat()
    assert cluster.ages().keys() == {MINE}
    cluster.beat(MINE, ago=HOUR)
    mine.beat()
    assert -1.0 < cluster.ages()[MINE] < 10.0


def test_a_process_beats_again_and_again_until_it_stops(
    cluster: Cluster,
) -> None:
    cluster.queue.running = {}
    mine = cluster.join(MINE, beat_seconds=0.01)
    mine.beat()
    mine.start()
    assert cluster.ages().keys() == {MINE}
    cluster.beat(MINE, ago=HOUR)
    wait_until(lambda: cluster.ages()[MINE] < HOUR / 2, "it beats again")
    mine.stop()
    assert cluster.ages() == {}


@pytest.mark.parametrize("has_beaten", [True, False])
def test_jobs_of_a_silent_process_are_taken_over_at_the_fourth_look(
    has_beaten: bool, cluster: Cluster
) -> None:
    mine = cluster.join(MINE)
    if has_beaten:
        cluster.beat(THEIRS)
    look(mine, MISSED_BEATS)
    assert cluster.queue.resumed == []
    look(mine, 1)
    assert cluster.queue.resumed == [["job"]]
    look(mine, MISSED_BEATS)  # its heartbeat was renewed, so there is time until they run
    assert cluster.queue.resumed == [["job"]]


def test_only_the_jobs_of_the_dead_one_are_taken_over(cluster: Cluster) -> None:
    cluster.queue.running = {MINE: ["a"], THEIRS: ["b", "c"], "alive": ["d"], "gone": ["e"]}
    mine = cluster.join(MINE)
    cluster.beat(THEIRS)
    for ago in range(MISSED_BEATS + 1):
        cluster.beat("alive", ago=HOUR - ago)
        look(mine, 1)
    assert sorted(cluster.queue.resumed) == [["b", "c"], ["e"]]


def test_jobs_of_a_process_that_beats_at_last_are_left_alone(cluster: Cluster) -> None:
    mine = cluster.join(MINE)
    for ago in range(3):
        cluster.beat(THEIRS, ago=HOUR - ago)
        look(mine, MISSED_BEATS)  # late each time, but it lives
    assert cluster.queue.resumed == []


@pytest.mark.parametrize("jump", [HOUR, -HOUR])
def test_a_clock_that_jumps_kills_nobody(jump: float, cluster: Cluster) -> None:
    mine = cluster.join(MINE)
    for number in range(2 * MISSED_BEATS):
        cluster.beat(THEIRS, ago=number * jump)
        look(mine, 1)
    assert cluster.queue.resumed == []


def test_of_two_that_look_only_one_takes_over(cluster: Cluster) -> None:
    first, second = cluster.join("first"), cluster.join("second")
    cluster.beat(THEIRS)
    for _ in range(MISSED_BEATS + 2):
        look(first, 1)
        look(second, 1)
    assert cluster.queue.resumed == [["job"]]


@pytest.mark.parametrize("has_beaten", [True, False])
@pytest.mark.parametrize("round_number", range(5))
def test_of_two_that_take_over_at_the_same_time_one_wins(
    round_number: int, has_beaten: bool, cluster: Cluster
) -> None:
    rivals = [cluster.join("first"), cluster.join("second")]
    if has_beaten:
        cluster.beat(THEIRS)
    barrier = threading.Barrier(2)

    def look_together(rival: Workers) -> None:
        look(rival, MISSED_BEATS)
        barrier.wait()  # both have seen the same dead process
        look(rival, 1)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(look_together, rivals))
    assert cluster.queue.resumed == [["job"]]


def test_a_winner_that_dies_before_it_resumes_is_succeeded(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner, next_one = cluster.join("winner"), cluster.join("next one")

    def die(_job_ids: list[str]) -> None:
        raise sa.exc.OperationalError("", None, Exception("it died here"))

    cluster.beat(THEIRS)
    look(winner, MISSED_BEATS)
    with monkeypatch.context() as patch, pytest.raises(sa.exc.OperationalError):
        patch.setattr(cluster.queue, "resume", die)
        look(winner, 1)
    look(next_one, MISSED_BEATS)
    assert cluster.queue.resumed == []  # it was renewed just now
    look(next_one, 1)
    assert cluster.queue.resumed == [["job"]]


def test_a_process_goes_on_beating_after_the_database_was_away(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    mine = cluster.join(MINE, beat_seconds=0.01)
    mine.start()
    cluster.queue.fails = 2
    wait_until(lambda: not cluster.queue.fails, "it met the error")
    cluster.beat(MINE, ago=HOUR)
    wait_until(lambda: cluster.ages()[MINE] < HOUR / 2, "it beats again")
    mine.stop()
    assert caplog.text.count("heartbeat: will try again in 0 s (OperationalError)") == 2
