"""The crash matrix: kills a bot at every named point that a request passes.

``python -m tests.crash.matrix --kills 10 --database sqlite|postgresql [--out results.json]``
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.crash.cluster import Cluster
from tests.crash.crash_points import KILLED_AT, POINTS
from tests.crash.governance import (
    SCENARIOS,
    Message,
    approve_what_waits,
    request_until_acknowledged,
    wait_until_killed,
)
from tests.crash.results import print_results, temporary_database
from tests.product.conftest import CANARY, wait_until

Json = dict[str, Any]
_NEEDS_LOST_ANSWER = ("doubt", "search")
_NEEDS_DOUBT = "uncertain"
_NEEDS_REPLY = ("replied", "outcome")
SETTLE_SECONDS = 180.0  # quiet hours of a minute or two may have postponed something
PARALLEL = 4  # clusters at the same time: most of a kill is waiting


def run_matrix(cluster: Cluster, points: tuple[str, ...], kills_each: int) -> Counter[str]:
    """Kill a bot ``kills_each`` times at each point, then let one finish; return the kills."""
    cluster.post("/control/genesys/customers", count=kills_each * len(points), prefix="bulk")
    cluster.post("/control/genesys/settings", calls_per_minute=100_000)
    number = 0
    for point in points:
        for _ in range(kills_each):
            number += 1
            message = Message(f"bulk-{number:04}@example.com", f"{CANARY} {number:05}.")
            if (scenario := SCENARIOS.get(point.partition(" ")[2])) is not None:
                scenario(cluster, point, message)
                continue
            if any(word in point for word in _NEEDS_LOST_ANSWER):
                cluster.fault("genesys", "*messages/agentless", "cut_after", times=1)
            if _NEEDS_DOUBT in point:  # the message never arrives
                cluster.fault("genesys", "*messages/agentless", "cut_before", times=1)
            cluster.start_bot(0, point=point)
            replies = any(word in point for word in _NEEDS_REPLY)
            _request_until_killed(cluster, message, replies)
    kills = Counter(
        line.removeprefix(KILLED_AT)
        for line in cluster.log(0).splitlines()
        if line.startswith(KILLED_AT)
    )
    cluster.start_bot(0)
    approve_what_waits(cluster)
    cluster.wait_until_settled(SETTLE_SECONDS)
    return kills


def _request_until_killed(cluster: Cluster, message: Message, replies: bool) -> None:
    customer, text = message.address.partition("@")[0], message.text
    request_until_acknowledged(cluster, message)
    if replies and text in cluster.submitted.ids:
        wait_until(
            lambda: not cluster.running() or _has(cluster, customer, text) or None, "the message"
        )
        if _has(cluster, customer, text):
            cluster.post(f"/customers/{customer}/answer", text="Yes?")
    wait_until_killed(cluster)


def _has(cluster: Cluster, customer: str, text: str) -> bool:
    one = next(c for c in cluster.get("/customers")["customers"] if c["id"] == customer)
    return any(
        text == message["text"]
        for conversation in one["conversations"]
        for message in conversation["messages"]
    )


def run_share(share: tuple[tuple[str, ...], int, str]) -> tuple[Counter[str], Counter[str]]:
    """Run some points with their own cluster; return the kills and the final states."""
    points, kills_each, database = share
    with (
        tempfile.TemporaryDirectory(prefix="matrix-") as folder,
        temporary_database(database) as url,
    ):
        cluster = Cluster(Path(folder), database_url=url, PROACTIVE_CALLS_PER_MINUTE="100000")
        try:
            kills = run_matrix(cluster, points, kills_each)
            return kills, cluster.check_promises()
        finally:
            cluster.close()


def main() -> int:
    """Run the whole matrix and print its results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=10, help="kills at each point")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--out", type=Path, help="where to write the results as JSON")
    options = parser.parse_args()
    started = time.monotonic()
    shares = [(POINTS[n::PARALLEL], options.kills, options.database) for n in range(PARALLEL)]
    kills: Counter[str] = Counter()
    states: Counter[str] = Counter()
    with ProcessPoolExecutor(PARALLEL) as pool:
        for share_kills, share_states in pool.map(run_share, shares):
            kills += share_kills
            states += share_states
    results: Json = {
        "what": f"matrix, {len(POINTS)} points, {options.kills} kills at each",
        "database": options.database,
        "requests": sum(states.values()),
        "kills": sum(kills.values()),
        "fewest kills at a point": min(kills[point] for point in POINTS),
        "states": dict(states),
        "duplicates": 0,  # otherwise check_promises would have raised
        "lost": 0,
        "seconds": round(time.monotonic() - started),
    }
    print_results(results, options.out)
    return 0 if all(kills[point] >= options.kills for point in POINTS) else 1


if __name__ == "__main__":
    raise SystemExit(main())
