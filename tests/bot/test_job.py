"""What a job is, as the queue receives it."""

import pytest

from bot.job import Job, JobKind, TryAgain, deliver, publish, reconcile


@pytest.mark.parametrize(
    ("job", "whole"),
    [
        (publish("R1"), Job(JobKind.PUBLISH, "R1", step=0, delay=0.0, failures=0)),
        (deliver("R1"), Job(JobKind.DELIVER, "R1", step=0, delay=0.0, failures=0)),
        (deliver("R1", 2.5), Job(JobKind.DELIVER, "R1", step=0, delay=2.5, failures=0)),
        (reconcile("R1"), Job(JobKind.RECONCILE, "R1", step=0, delay=0.0, failures=0)),
        (reconcile("R1", 3, 2.5), Job(JobKind.RECONCILE, "R1", step=3, delay=2.5, failures=0)),
    ],
)
def test_a_new_job_starts_at_once_with_its_first_step_unless_told_otherwise(
    job: Job, whole: Job
) -> None:
    assert job == whole


@pytest.mark.parametrize("after", [None, 7.0])
def test_trying_again_says_why_and_when(after: float | None) -> None:
    again = TryAgain("Slack is busy", after)
    assert (str(again), again.after) == ("Slack is busy", after)
    assert TryAgain("Slack is busy").after is None


def test_the_queue_s_names_of_the_kinds_stay() -> None:
    assert [kind.value for kind in JobKind] == ["publish", "deliver", "reconcile", "erase"]
