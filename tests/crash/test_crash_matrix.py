"""A bot killed at every named point of a request's way: sent at most once, nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.conftest import PostgreSQL  # noqa: F401 -- the fixtures below come with it
from tests.crash.dying_bot import POINTS
from tests.crash.team import Team
from tests.product.conftest import CANARY, wait_for

QUARTERS = [POINTS[number::4] for number in range(4)]


def run_matrix(team: Team, points: tuple[str, ...], kills_each: int) -> dict[str, int]:
    """Kill a bot ``kills_each`` times at each point, then let one finish, and judge."""
    team.post("/control/genesys/customers", count=kills_each * len(points), prefix="bulk")
    team.post("/control/genesys/settings", calls_per_minute=100_000)
    died = dict.fromkeys(points, 0)
    number = 0
    for point in points:
        for _ in range(kills_each):
            number += 1
            if "doubt" in point or "read back" in point:
                team.fault("genesys", "*messages/agentless", "cut_after", times=1)
            team.start_bot(0, point=point)
            while team.living() and not team.ask(
                f"bulk-{number:04}@example.com", f"{CANARY} {number:05}."
            ):
                pass  # the modal was late: nothing was asked for yet
            if team.living():
                if "replied" in point or "news" in point or "outcome" in point:
                    _let_answer(team, number)
            wait_for(lambda: not team.living() or None, f"the kill {point}", 30)
            died[point] += 1
    team.start_bot(0)
    team.settle()
    return died


def _let_answer(team: Team, number: int) -> None:
    """Let the customer be on the page and answer, so that there is news to die of."""
    customers = team.get("/customers")["customers"]
    one = next(c for c in customers if c["email"] == f"bulk-{number:04}@example.com")
    text = f"{CANARY} {number:05}."

    def has_it() -> bool:
        now = next(c for c in team.get("/customers")["customers"] if c["id"] == one["id"])
        return any(
            text == message["text"]
            for conversation in now["conversations"]
            for message in conversation["messages"]
        )

    wait_for(lambda: has_it() or not team.living() or None, "the message", 20)
    if has_it():
        team.post(f"/customers/{one['id']}/answer", text="Yes?")


@pytest.mark.parametrize("points", QUARTERS, ids=range(4))
def test_a_kill_at_any_point_loses_nothing_and_sends_nothing_twice(
    tmp_path: Path, points: tuple[str, ...]
) -> None:
    team = Team(tmp_path)
    try:
        died = run_matrix(team, points, 1)
        assert set(died.values()) == {1}
        states = team.judge()
        assert sum(states.values()) == len(team.asked) or sum(states.values()) >= len(team.asked)
    finally:
        team.close()
