"""A bot killed at every named point of a request's way: sent at most once, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.dying_bot import KILLED_AT, POINTS
from tests.crash.matrix import run_matrix
from tests.crash.nursery import Bot
from tests.crash.team import Team
from tests.product.conftest import CANARY, wait_for

QUARTERS = [POINTS[number::4] for number in range(4)]
TELLING = ("before sending", "after send", "after post")
FAST = {"PROACTIVE_CALLS_PER_MINUTE": "100000"}
TAKEN_OVER_WITHIN = 60.0


@pytest.mark.parametrize(
    "points",
    [QUARTERS[0], *(pytest.param(points, marks=pytest.mark.slow) for points in QUARTERS[1:])],
    ids=range(4),
)
def test_a_kill_at_any_point_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, points: tuple[str, ...]
) -> None:
    team = Team(tmp_path, **FAST)
    try:
        died = run_matrix(team, points, 1)
        assert set(points) <= died.keys()
        assert sum(team.judge().values()) >= len(team.asked.ids)
    finally:
        team.close()


@pytest.mark.slow
def test_what_bots_leave_that_never_come_back_goes_on_in_the_one_that_lives(
    tmp_path: Path,
    postgresql: str,
) -> None:
    team = Team(tmp_path, count=len(TELLING) + 1, database_url=postgresql, **FAST)
    try:
        team.post("/control/genesys/customers", count=100, prefix="bulk")
        team.post("/control/genesys/settings", calls_per_minute=100_000)
        team.start_bot(0)
        for number, point in enumerate(TELLING, 1):
            team.launch_bot(number, point=point)
        team.each_bot(Bot.wait_until_ready)
        asked = iter(range(1, 100))

        def only_one_lives() -> bool:
            number, living = next(asked), team.living()
            team.route(living[-1])  # who is asked does the work, so ask each of them in turn
            team.ask(f"bulk-{number:04}@example.com", f"{CANARY} {number:05}.")
            return living == [0]

        wait_for(only_one_lives, "the others to die")
        for number, point in enumerate(TELLING, 1):
            assert f"{KILLED_AT}{point}" in team.log(number)
        team.settle(TAKEN_OVER_WITHIN)
        team.judge()
    finally:
        team.close()
