"""The crash matrix: a bot killed at every named point of a request's way.

``python -m tests.crash.matrix --kills 10 --database sqlite|postgresql [--out figures.json]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.crash.dying_bot import KILLED_AT, POINTS
from tests.crash.figures import a_database, show
from tests.crash.team import Team
from tests.product.conftest import CANARY, wait_for

Json = dict[str, Any]
_NEEDS_DOUBT = ("doubt", "search")
_NEEDS_ANSWER = ("replied", "outcome")
AT_ONCE = 4  # teams side by side: a kill mostly waits


def run_matrix(team: Team, points: tuple[str, ...], kills_each: int) -> Counter[str]:
    """Kill a bot ``kills_each`` times at each point, then let one finish; return the kills."""
    team.post("/control/genesys/customers", count=kills_each * len(points), prefix="bulk")
    team.post("/control/genesys/settings", calls_per_minute=100_000)
    number = 0
    for point in points:
        for _ in range(kills_each):
            number += 1
            if any(word in point for word in _NEEDS_DOUBT):
                team.fault("genesys", "*messages/agentless", "cut_after", times=1)
            team.start_bot(0, point=point)
            answers = any(word in point for word in _NEEDS_ANSWER)
            _ask_until_it_dies(team, number, answers)
    died = Counter(
        line.removeprefix(KILLED_AT)
        for line in team.log(0).splitlines()
        if line.startswith(KILLED_AT)
    )
    team.start_bot(0)
    team.settle()
    return died


def _ask_until_it_dies(team: Team, number: int, answers: bool) -> None:
    customer, text = f"bulk-{number:04}", f"{CANARY} {number:05}."
    while team.living() and not team.ask(f"{customer}@example.com", text):
        pass  # the modal was late: nothing was asked for yet
    if answers and text in team.asked.ids:
        wait_for(lambda: not team.living() or _has(team, customer, text) or None, "the message")
        if _has(team, customer, text):
            team.post(f"/customers/{customer}/answer", text="Yes?")
    wait_for(lambda: not team.living() or None, f"the kill while {number} was asked for", 30)


def _has(team: Team, customer: str, text: str) -> bool:
    one = next(c for c in team.get("/customers")["customers"] if c["id"] == customer)
    return any(text == m["text"] for talk in one["conversations"] for m in talk["messages"])


def run_share(share: tuple[tuple[str, ...], int, str]) -> tuple[Counter[str], Counter[str]]:
    """Run some points with a team of their own; return the kills and the states in the end."""
    points, kills, database = share
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder, a_database(database) as url:
        team = Team(Path(folder), database_url=url, PROACTIVE_CALLS_PER_MINUTE="100000")
        try:
            died = run_matrix(team, points, kills)
            return died, team.judge()
        finally:
            team.close()


def main() -> int:
    """Run the whole matrix and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10, help="kills at each point")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    told = parser.parse_args()
    started = time.monotonic()
    shares = [(POINTS[n::AT_ONCE], told.kills, told.database) for n in range(AT_ONCE)]
    died: Counter[str] = Counter()
    states: Counter[str] = Counter()
    with ProcessPoolExecutor(AT_ONCE) as pool:
        for share_died, share_states in pool.map(run_share, shares):
            died += share_died
            states += share_states
    figures: Json = {
        "what": f"matrix, {len(POINTS)} points, {told.kills} kills at each",
        "database": told.database,
        "requests": sum(states.values()),
        "kills": sum(died.values()),
        "fewest kills at a point": min(died[point] for point in POINTS),
        "states": dict(states),
        "duplicates": 0,  # else judge had stopped it
        "lost": 0,
        "seconds": round(time.monotonic() - started),
    }
    show(figures, told.out)
    return 0 if all(died[point] >= told.kills for point in POINTS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
