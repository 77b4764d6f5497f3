"""The soak: sends many requests while bots are killed, calls fail and people click twice.

``python -m tests.crash.soak --requests 500 --kills 60 --processes 3 --database postgresql
[--seed n] [--out results.json]``: the same seed gives the same plan, but not the same timing.
"""

from __future__ import annotations

import argparse
import random
import secrets
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from threading import Timer
from typing import Any

from bot.state import FOLLOWABLE, State
from tests.crash.checks import SETTLED, take_snapshot
from tests.crash.clicks import Clicks
from tests.crash.cluster import Cluster
from tests.crash.results import print_results, temporary_database
from tests.product.conftest import CANARY, SUPPORT, Agent, wait_until

Json = dict[str, Any]
SETTINGS = {
    "PROACTIVE_UNDO_SECONDS": "1",
    "PROACTIVE_CALLS_PER_MINUTE": "100000",
    "GENESYS_CLOUD_TIMEOUT": "2",
    "GENESYS_CLOUD_PATIENCE": "4",
}
SEND = "POST /api/v2/conversations/messages/agentless"
FAULTS: tuple[tuple[str, str, Json], ...] = (
    ("genesys", "*/api/v2/*", {"kind": "latency", "seconds": 1.0, "times": 4}),
    ("genesys", "*/api/v2/*", {"kind": "status", "status": 429, "retry_after": 1, "times": 2}),
    ("genesys", "*/api/v2/*", {"kind": "status", "status": 503, "times": 4}),
    ("genesys", "*/api/v2/*", {"kind": "cut_before", "times": 2}),
    ("genesys", "*/api/v2/*", {"kind": "expired_token", "times": 1}),
    ("genesys", SEND, {"kind": "status", "status": 503, "times": 1}),
    ("genesys", SEND, {"kind": "cut_before", "times": 1}),
    ("genesys", SEND, {"kind": "cut_after", "times": 2}),
    ("genesys", SEND, {"kind": "slow_answer", "seconds": 3.0, "times": 1}),
    ("slack", "chat.postMessage", {"kind": "status", "status": 503, "times": 2}),
    ("slack", "chat.postMessage", {"kind": "status", "status": 429, "retry_after": 1, "times": 2}),
    ("slack", "chat.postMessage", {"kind": "cut_before", "times": 1}),
    ("slack", "chat.postMessage", {"kind": "cut_after", "times": 2}),
    ("slack", "chat.postMessage", {"kind": "slow_answer", "seconds": 6.0, "times": 1}),
    ("slack", "chat.update", {"kind": "status", "status": 503, "times": 2}),
    ("slack", "chat.update", {"kind": "cut_after", "times": 1}),
    ("slack", "conversations.*", {"kind": "status", "status": 503, "times": 2}),
)
LONGEST_DOWNTIME = 12.0  # seconds that a killed bot stays down if there are others
SETTLE_SECONDS = 300.0


class Soak:
    """One run: a shuffled plan of what people do and what goes wrong."""

    def __init__(self, cluster: Cluster, *, requests: int, kills: int, seed: int) -> None:
        self.cluster = cluster
        self.rng = random.Random(seed)
        self.clicks = Clicks(cluster, self.rng)
        self.counts: Counter[str] = Counter()
        self.interrupted: set[str] = set()  # requests in progress when a bot was killed
        self.restart_at = dict.fromkeys(range(len(cluster.bots)), 0.0)
        self.kill_planned: set[int] = set()  # numbers of bots
        self.timers: list[Timer] = []
        self.number = 0
        actions: list[tuple[Callable[[], None], int]] = [
            (self.request_message, requests),
            (self.plan_kill, kills),
            (self.inject_fault, requests // 4),
            (self.clicks.click, requests // 5),
            (self.act_as_customer, requests // 5),
        ]
        self.plan = [action for action, times in actions for _ in range(times)]
        self.rng.shuffle(self.plan)
        cluster.post("/control/genesys/customers", count=requests, prefix="bulk")
        cluster.post("/control/genesys/settings", calls_per_minute=100_000)

    def run(self) -> None:
        self.cluster.start_bot(0)  # creates the tables
        for action in self.plan:
            self.restart_bots()
            action()
        for timer in self.timers:
            timer.join()
        for side in ("slack", "genesys"):
            self.cluster.delete(f"/control/{side}/faults")
        self.restart_at = dict.fromkeys(self.restart_at, 0.0)
        wait_until(lambda: len(self.restart_bots()) == len(self.cluster.bots), "all the bots", 60)
        self.cluster.wait_until_settled(SETTLE_SECONDS)

    def restart_bots(self) -> list[int]:
        """Start the bots that are due, let Slack talk to any ready one, and return the ready."""
        for number, bot in enumerate(self.cluster.bots):
            if number not in self.kill_planned and (bot is None or not bot.is_alive()):
                self.counts["ended by themselves"] += bot is not None
                if time.monotonic() >= self.restart_at[number]:
                    self.cluster.launch_bot(number)
        ready = [n for n, bot in enumerate(self.cluster.bots) if bot is not None and bot.is_ready()]
        if ready:
            self.cluster.route_slack(self.rng.choice(ready))
        return ready

    def request_message(self) -> None:
        """Submit a form until it's acknowledged; however often that takes, it's one request."""
        self.number += 1
        customer, text = f"bulk-{self.number:04}", f"{CANARY} {self.number:05}."
        user = self.rng.choice(("U0ADA", "U0LEO"))
        if self.rng.random() < 0.15:
            self.cluster.post(f"/customers/{customer}/presence", present=False)
        values = self._choose_times()
        agent, typed = Agent(self.cluster, user, SUPPORT), f"{customer}@example.com {text}"
        view = wait_until(
            lambda: self.restart_bots() and self.cluster.open_form(agent, typed), "a form", 60
        )
        wait_until(
            lambda: (
                (self.restart_bots() and self.cluster.submit(view, text, user, **values)) or None
            ),
            "the acknowledgement",
            60,
        )
        if self.rng.random() < 0.2:  # a second press of Send, before the first was acknowledged
            self.cluster.post(f"/people/views/{view['id']}/submit", user=user, values={})
            self.counts["repeated submissions"] += 1
        if self.rng.random() < 0.1:
            self.cluster.post("/control/slack/redeliver", count=2, at_once=True)
            self.counts["repeated submissions"] += 2

    def _choose_times(self) -> dict[str, str]:
        chance, now = self.rng.random(), int(time.time())
        if chance < 0.12:
            return {"send_at": str(now + self.rng.randint(3, 15))}
        if chance < 0.20:
            return {"send_before": str(now + self.rng.randint(60, 90))}
        return {}

    def plan_kill(self) -> None:
        """Kill any bot within the next half second, whatever it's doing then."""
        number = self.rng.choice(wait_until(self._killable, "a bot to kill", 60))
        downtime = self.rng.uniform(0, LONGEST_DOWNTIME if len(self.cluster.bots) > 1 else 1.0)
        self.kill_planned.add(number)
        self.timers.append(Timer(self.rng.uniform(0, 0.5), self._kill, [number, downtime]))
        self.timers[-1].start()

    def _killable(self) -> list[int]:
        planned = set(self.kill_planned)  # before the restarts: a timer may kill one meanwhile
        return [number for number in self.restart_bots() if number not in planned]

    def _kill(self, number: int, downtime: float) -> None:
        bot = self.cluster.bots[number]
        assert bot is not None
        self.counts["kills"] += bot.is_alive()
        bot.kill()
        self.cluster.bots[number] = None
        self.restart_at[number] = time.monotonic() + downtime
        self.kill_planned.discard(number)
        records = self.cluster.read_records()
        self.interrupted |= {
            row.request_id for row in records.rows if State(row.state) not in SETTLED
        }
        self.interrupted |= {line.request_id for line in records.lines if line.posted_ts == ""}

    def inject_fault(self) -> None:
        side, where, fault = self.rng.choice(FAULTS)
        self.cluster.post(f"/control/{side}/faults", where=where, **fault)
        self.counts["faults"] += fault["times"]

    def act_as_customer(self) -> None:
        """Answer a message, or come back to the page."""
        rows = [row for row in self.cluster.read_records().rows if State(row.state) in FOLLOWABLE]
        if rows:
            row = self.rng.choice(rows)
            customer = row.identity_value.partition("@")[0]
            if row.state == State.WAITING and self.rng.random() < 0.5:
                self.cluster.post(f"/customers/{customer}/presence", present=True)
            else:
                self.cluster.post(f"/customers/{customer}/answer", text="Yes, please.")
            self.counts["customers' acts"] += 1

    def results(self) -> Json:
        """Check the run and return its results; raises AssertionError for a broken promise."""
        states, snapshot = self.cluster.check_promises(), take_snapshot(self.cluster)
        submitted = self.cluster.submitted
        anyway, ids = submitted.sent_anyway, set(submitted.ids.values())
        rows = snapshot.records.rows
        sends = {row.request_id: len(snapshot.arrived.get(row.text, [])) for row in rows}
        return {
            "requests": self.number,
            "kills": self.counts["kills"],
            "ended by themselves": self.counts["ended by themselves"],
            "recovered": len(self.interrupted & sends.keys()),
            "faults ordered": self.counts["faults"],
            "clicks": self.clicks.clicked,
            "repeated submissions": self.counts["repeated submissions"],
            "customers' acts": self.counts["customers' acts"],
            "states": dict(states),
            "sends": sum(sends.values()),
            "send anyway clicked": sum(anyway.values()),
            "duplicates": sum(max(0, sends[one] - 1 - anyway[one]) for one in sends),
            "lost": len(ids - sends.keys()),
        }


def soak(
    folder: Path, *, requests: int, kills: int, processes: int, database_url: str, seed: int
) -> Json:
    """Run one soak in a folder and return its results; raises AssertionError if it fails."""
    cluster = Cluster(folder, count=processes, database_url=database_url, **SETTINGS)
    try:
        run = Soak(cluster, requests=requests, kills=kills, seed=seed)
        run.run()
        return run.results()
    finally:
        cluster.close()


def main() -> int:
    """Run a soak and print its results."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--out", type=Path, help="where to write the results as JSON")
    options = parser.parse_args()
    started = time.monotonic()
    with temporary_database(options.database) as url:
        folder = Path(tempfile.mkdtemp(prefix="soak-"))  # kept if the run fails
        results = soak(
            folder,
            requests=options.requests,
            kills=options.kills,
            processes=options.processes,
            database_url=url,
            seed=options.seed,
        )
    shutil.rmtree(folder)
    setting = {
        "what": "soak",
        "database": options.database,
        "processes": options.processes,
        "seed": options.seed,
    }
    print_results({**setting, **results, "seconds": round(time.monotonic() - started)}, options.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
