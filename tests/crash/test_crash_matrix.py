"""A bot is killed at every named point: each message is sent at most once, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.cluster import Cluster
from tests.crash.crash_points import KILLED_AT, POINTS
from tests.crash.fork_server import Bot
from tests.crash.matrix import run_matrix
from tests.product.conftest import CANARY, wait_until

QUARTERS = [POINTS[number::4] for number in range(4)]
CRASH_POINTS = ("before sending", "after send", "after post")
FAST = {"PROACTIVE_CALLS_PER_MINUTE": "100000"}
SETTLED_WITHIN = 60.0


@pytest.mark.parametrize(
    "points",
    [QUARTERS[0], *(pytest.param(points, marks=pytest.mark.slow) for points in QUARTERS[1:])],
    ids=range(4),
)
def test_a_kill_at_any_point_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, points: tuple[str, ...]
) -> None:
    cluster = Cluster(tmp_path, **FAST)
    try:
        kills = run_matrix(cluster, points, 1)
        assert set(points) <= kills.keys()
        assert sum(cluster.check_promises().values()) >= len(cluster.submitted.ids)
    finally:
        cluster.close()


@pytest.mark.slow
def test_a_running_bot_finishes_what_bots_that_never_come_back_left_behind(
    tmp_path: Path,
    postgresql: str,
) -> None:
    cluster = Cluster(tmp_path, count=len(CRASH_POINTS) + 1, database_url=postgresql, **FAST)
    try:
        cluster.post("/control/genesys/customers", count=100, prefix="bulk")
        cluster.post("/control/genesys/settings", calls_per_minute=100_000)
        cluster.start_bot(0)
        for number, point in enumerate(CRASH_POINTS, 1):
            cluster.launch_bot(number, point=point)
        cluster.for_each_bot(Bot.wait_until_ready)
        numbers = iter(range(1, 100))

        def only_the_first_is_running() -> bool:
            number, running = next(numbers), cluster.running()
            cluster.route_slack(running[-1])  # the bot that gets a request starts the work on it
            cluster.request_message(f"bulk-{number:04}@example.com", f"{CANARY} {number:05}.")
            return running == [0]

        wait_until(only_the_first_is_running, "the others to die")
        for number, point in enumerate(CRASH_POINTS, 1):
            assert f"{KILLED_AT}{point}" in cluster.log(number)
        cluster.wait_until_settled(SETTLED_WITHIN)
        cluster.check_promises()
    finally:
        cluster.close()
