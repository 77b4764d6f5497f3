"""A job runs when its transaction has committed, alone for its request, and again if it fails."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from bot.job import Job, JobKind, TryAgain, deliver, publish, reconcile
from bot.jobs.queue import JOBS_AT_ONCE, LONGEST_DELAY, MOST_FAILURES, UnfinishedJob
from tests.conftest import wait_until

from .conftest import Team

HOUR = 3600.0
SECOND = timedelta(seconds=1)


def try_again(_job: Job) -> None:
    raise TryAgain("Slack doesn't answer")


def lose_database(_job: Job) -> None:
    raise sa.exc.OperationalError("canary", None, Exception("canary"))


@pytest.fixture
def retries(team: Team, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """Collect the jobs that follow a failure instead of enqueueing them."""
    retries: list[Job] = []
    monkeypatch.setattr(team.queue, "enqueue", lambda _connection, job: retries.append(job))
    return retries


def test_a_job_that_was_committed_runs_once_with_its_values(team: Team) -> None:
    jobs = [
        Job(JobKind.PUBLISH, "r1"),
        Job(JobKind.DELIVER, "r2", step=7),
        Job(JobKind.RECONCILE, "r3", step=2, failures=5),
    ]
    team.enqueue(*jobs)
    team.wait_until_idle()
    assert sorted(team.begun, key=lambda job: job.request_id) == jobs


def test_a_job_whose_transaction_was_rolled_back_never_exists(team: Team) -> None:
    with pytest.raises(LookupError), team.database.transaction() as connection:
        team.queue.enqueue(connection, deliver("undone"))
        raise LookupError
    assert team.stored() == []
    team.enqueue(deliver("r1"))
    team.wait_until_idle()
    assert team.begun == [deliver("r1")]


def test_only_ids_and_numbers_are_stored_with_a_job(team: Team) -> None:
    team.enqueue(Job(JobKind.DELIVER, "r1", step=3, failures=2, delay=HOUR))
    assert team.stored() == [("deliver", "DELAYED", ["r1", 3, 2])]


def test_two_jobs_of_one_request_never_run_at_the_same_time(team: Team) -> None:
    team.does["r1"] = team.wait_at_the_gate
    team.enqueue(deliver("r1"), publish("r1"), reconcile("r1"), deliver("r1"))
    team.wait_for(lambda: team.names_begun() == ["r1"], "the first one begins")
    team.enqueue(deliver("r2"))
    team.wait_for(lambda: "r2" in team.names_begun(), "another request's begins meanwhile")
    team.gate.set()
    team.wait_until_idle()
    assert sorted(team.names_begun()) == ["r1"] * 4 + ["r2"]
    assert team.most_at_once == {"r1": 1, "r2": 1}


def test_of_the_jobs_of_one_request_publish_goes_first(team: Team) -> None:
    names = [f"r{number}" for number in range(5)]
    for name in names:
        with team.database.transaction() as connection:
            erase = Job(JobKind.ERASE, name)
            for job in (erase, deliver(name), reconcile(name), publish(name)):
                team.queue.enqueue(connection, job)
    team.wait_until_idle()
    for name in names:
        kinds = [job.kind for job in team.begun if job.request_id == name]
        assert (kinds[0], kinds[-1]) == (JobKind.PUBLISH, JobKind.ERASE)
        assert sorted(kinds) == sorted(JobKind)


def test_more_jobs_than_places_all_run_and_no_more_than_there_are_places_at_once(
    team: Team,
) -> None:
    names = [f"r{number}" for number in range(2 * JOBS_AT_ONCE)]
    for name in names:
        team.does[name] = team.wait_at_the_gate
    team.enqueue(*map(deliver, names))
    team.wait_for(lambda: len(team.begun) == JOBS_AT_ONCE, "all places are taken")
    waiting = team.rows("SELECT count(*) FROM workflow_status WHERE status = 'ENQUEUED'")
    assert waiting == [(JOBS_AT_ONCE,)]
    team.gate.set()
    team.wait_until_idle()
    assert sorted(team.names_begun()) == sorted(names)


@pytest.mark.parametrize("fail", [try_again, lose_database])
def test_the_delay_after_a_failure_grows_up_to_a_minute(
    fail: Callable[[Job], None], team: Team, retries: list[Job]
) -> None:
    expected = dict(enumerate([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_DELAY, LONGEST_DELAY]))
    expected[MOST_FAILURES - 1] = LONGEST_DELAY
    for failures in expected:
        team.does[f"r{failures}"] = fail
    team.enqueue(*(Job(JobKind.DELIVER, f"r{n}", step=4, failures=n) for n in expected))
    team.wait_until_idle()
    assert sorted(retries, key=lambda job: job.failures) == [
        Job(JobKind.DELIVER, f"r{n}", step=4, failures=n + 1, delay=delay)
        for n, delay in expected.items()
    ]
    assert [state for _, state, _ in team.stored()] == ["SUCCESS"] * len(expected)


def test_a_failed_job_says_in_the_log_when_it_will_try_again(
    team: Team, retries: list[Job], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    team.does |= {"r1": try_again, "r2": lose_database}
    team.enqueue(Job(JobKind.PUBLISH, "r1", failures=3), Job(JobKind.DELIVER, "r2", failures=6))
    team.wait_until_idle()
    assert "request r1: publish will try again in 8.0 s (TryAgain: Slack doesn't" in caplog.text
    assert "request r2: deliver will try again in 60.0 s (OperationalError)" in caplog.text
    assert "canary" not in caplog.text


@pytest.mark.parametrize(
    ("after", "delay"), [(1234.5, 1234.5), (0.0, 4.0), (-1.0, 4.0), (float("nan"), 4.0)]
)
def test_the_other_side_s_delay_counts_if_it_is_longer(
    after: float, delay: float, team: Team, retries: list[Job]
) -> None:
    """A pause of no length would repeat the job as fast as it can run."""

    def refuse(_job: Job) -> None:
        raise TryAgain("rate limited", after=after)

    team.does["r1"] = refuse
    team.enqueue(Job(JobKind.DELIVER, "r1", failures=2))
    team.wait_until_idle()
    assert retries == [Job(JobKind.DELIVER, "r1", failures=3, delay=delay)]


def test_a_failed_job_runs_again(team: Team) -> None:
    def fail_at_first(job: Job) -> None:
        if job.failures < 2:
            raise TryAgain("Slack doesn't answer", after=0.0)

    team.does["r1"] = fail_at_first
    team.enqueue(Job(JobKind.RECONCILE, "r1", step=3))
    team.wait_until_idle()
    assert [(job.step, job.failures) for job in team.begun] == [(3, 0), (3, 1), (3, 2)]


def test_a_job_gives_up_after_so_many_failures(
    team: Team, retries: list[Job], caplog: pytest.LogCaptureFixture
) -> None:
    team.does["r1"] = try_again
    team.enqueue(Job(JobKind.DELIVER, "r1", failures=MOST_FAILURES))
    team.wait_until_idle()
    assert retries == []
    assert [state for _, state, _ in team.stored()] == ["SUCCESS"]
    assert "request r1: deliver gave up (TryAgain)" in caplog.text


def test_a_failing_publish_job_leaves_the_next_attempt_to_one_that_waits(
    team: Team, retries: list[Job]
) -> None:
    def fail_late(job: Job) -> None:
        team.wait_at_the_gate(job)
        if job.failures:
            raise TryAgain("Slack doesn't answer")

    names = ("r1", "r2", "r3")
    team.does |= dict.fromkeys(names, fail_late)
    team.enqueue(*(Job(JobKind.PUBLISH, name, failures=3) for name in names))
    team.wait_for(lambda: len(team.begun) == len(names), "they run")
    team.enqueue(publish("r1"), deliver("r2"), publish("r3" + "0"))  # only r1 has another one
    team.gate.set()
    team.wait_until_idle()
    assert sorted(job.request_id for job in retries) == ["r2", "r3"]


def test_an_unforeseen_error_ends_a_job_and_is_not_retried(
    team: Team, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_job: Job) -> None:
        raise ValueError("canary")

    team.does["r1"] = fail
    team.enqueue(deliver("r1"))
    team.wait_until_idle()
    assert [state for _, state, _ in team.stored()] == ["ERROR"]
    assert team.begun == [deliver("r1")]


def test_jobs_that_keep_failing_leave_room_for_the_others(team: Team) -> None:
    def fail(_job: Job) -> None:
        raise TryAgain("Slack doesn't answer", after=0.0)

    failing = [f"failing{number}" for number in range(JOBS_AT_ONCE + 4)]
    for name in failing:
        team.does[name] = fail
    team.enqueue(*map(publish, failing))
    team.wait_for(lambda: len(team.ended) > JOBS_AT_ONCE, "they fail again and again")
    others = [f"r{number}" for number in range(10)]
    team.enqueue(*map(publish, others))
    team.wait_for(lambda: set(others) <= set(team.names_begun()), "the others run")
    team.does.clear()
    team.wait_until_idle()


@pytest.mark.parametrize("job", [deliver("r1"), publish("r1")], ids=["deliver", "publish"])
def test_a_retry_is_not_lost_while_the_database_is_away(
    job: Job, team: Team, retries: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, refused = Engine.begin, list[bool]()

    def away_at_first(engine: Engine) -> AbstractContextManager[sa.Connection]:
        """Refuse the job once: its own transaction, or the question whether another job waits."""
        if not refused and threading.current_thread().name.startswith("dbos-executor"):
            refused.append(True)
            raise sa.exc.OperationalError("", None, Exception("away"))
        return begin(engine)

    def fail(_job: Job) -> None:
        monkeypatch.setattr(Engine, "begin", away_at_first)
        raise TryAgain("Slack doesn't answer")

    team.does["r1"] = fail
    team.enqueue(job)
    team.wait_until_idle()
    assert refused == [True]
    assert retries == [replace(job, failures=1, delay=1.0)]


def test_a_delayed_job_does_not_start_early(team: Team) -> None:
    begun: dict[str, float] = {}
    for name in ("now", "later"):
        team.does[name] = lambda job: begun.update({job.request_id: time.time()})
    enqueued = time.time()
    team.enqueue(deliver("later", 0.7), deliver("now"))
    team.wait_until_idle()
    assert begun["now"] < begun["later"]
    assert begun["later"] - enqueued >= 0.7


def test_jobs_that_wait_or_run_are_listed_as_unfinished(team: Team) -> None:
    team.does["running"] = team.wait_at_the_gate
    before = time.time()
    team.enqueue(deliver("running"), publish("ended"), reconcile("later", 1, HOUR))
    team.wait_for(lambda: {"running", "ended"} == set(team.names_begun()), "both began")
    wait_until(lambda: len(team.queue.list_unfinished()) == 2, "one has ended")
    found = {job.request_id: job for job in team.queue.list_unfinished()}
    assert found["running"] == UnfinishedJob(JobKind.DELIVER, "running", 0)
    assert found["later"].kind is JobKind.RECONCILE
    assert before + HOUR <= found["later"].due + 0.001 <= time.time() + HOUR


def test_running_jobs_are_listed_by_the_process_that_began_them(team: Team) -> None:
    assert team.queue.list_running() == {}
    team.does["mine"] = team.wait_at_the_gate
    team.enqueue(deliver("mine"), deliver("theirs", HOUR), deliver("waiting", HOUR))
    team.wait_for(lambda: team.begun, "mine runs")
    begin_elsewhere(team, "theirs")
    (mine,), (theirs,) = (ids(team, name) for name in ("mine", "theirs"))
    assert team.queue.list_running() == {team.worker_id: [mine], "elsewhere": [theirs]}


def test_a_resumed_job_runs_here_and_a_finished_one_does_not_run_again(team: Team) -> None:
    team.enqueue(deliver("theirs", HOUR), deliver("ended"))
    team.wait_for(lambda: team.begun, "the one without a delay has begun")
    wait_until(lambda: len(team.queue.list_unfinished()) == 1, "it has ended")
    begin_elsewhere(team, "theirs")
    team.queue.resume([*ids(team, "theirs"), *ids(team, "ended")])
    team.wait_until_idle()
    assert team.names_begun() == ["ended", "theirs"]


def begin_elsewhere(team: Team, request_id: str) -> None:
    """Make a job look as if another process had begun it."""
    team.write(
        "UPDATE workflow_status SET status = 'PENDING', executor_id = 'elsewhere'"
        " WHERE queue_partition_key = :id",
        id=request_id,
    )


def ids(team: Team, request_id: str) -> list[str]:
    query = "SELECT workflow_uuid FROM workflow_status WHERE queue_partition_key = :id"
    return [row[0] for row in team.rows(query, id=request_id)]


def test_a_job_that_a_dead_process_began_holds_back_its_request_until_it_is_resumed(
    team: Team,
) -> None:
    team.enqueue(deliver("r1", HOUR))
    begin_elsewhere(team, "r1")
    (theirs,) = ids(team, "r1")
    team.enqueue(publish("r1"), deliver("r2"))
    team.wait_for(lambda: team.names_begun() == ["r2"], "another request's runs")
    team.queue.resume([theirs])
    team.wait_until_idle()
    assert sorted(team.names_begun()) == ["r1", "r1", "r2"]
    assert team.most_at_once["r1"] == 1


def test_jobs_that_ended_are_deleted_and_others_are_not(team: Team) -> None:
    def fail(_job: Job) -> None:
        raise ValueError

    team.does |= {"running": team.wait_at_the_gate, "failed": fail}
    done = [deliver(f"r{number}") for number in range(3)]
    team.enqueue(*done, deliver("failed"), deliver("later", HOUR), deliver("running"))
    wait_until(
        lambda: (
            sorted(state for _, state, _ in team.stored())
            == ["DELAYED", "ERROR", "PENDING", "SUCCESS", "SUCCESS", "SUCCESS"]
        ),
        "four have ended",
    )
    now = datetime.now(UTC)
    assert team.queue.delete_finished(now - timedelta(days=7), 10) == 0
    assert team.queue.delete_finished(now + SECOND, 3) == 3
    assert team.queue.delete_finished(now + SECOND, 3) == 1
    assert team.queue.delete_finished(now + SECOND, 3) == 0
    assert sorted(state for _, state, _ in team.stored()) == ["DELAYED", "PENDING"]
    assert team.rows("SELECT count(*) FROM workflow_input") == [(2,)]
