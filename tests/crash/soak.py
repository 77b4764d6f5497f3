"""The soak: many requests while bots are killed, Genesys and Slack fail, and people click twice.

``python -m tests.crash.soak --requests 500 --kills 60 --processes 3 --database postgresql
[--seed n] [--out figures.json]``: the same seed makes the same plan, not the same run.
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

from bot.request import WATCHED, State
from tests.crash.clicks import Clicks
from tests.crash.figures import a_database, show
from tests.crash.judge import SETTLED, gather
from tests.crash.team import Team
from tests.product.conftest import CANARY, SUPPORT, Agent, wait_for

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
LONGEST_ABSENCE = 12.0  # seconds that a killed bot stays away, when there are others
SETTLE_SECONDS = 300.0


class Soak:
    """One run: a shuffled plan of what people do and of what goes wrong."""

    def __init__(self, team: Team, *, requests: int, kills: int, seed: int) -> None:
        self.team = team
        self.dice = random.Random(seed)
        self.clicks = Clicks(team, self.dice)
        self.counts: Counter[str] = Counter()
        self.struck: set[str] = set()  # requests that were under way when a bot was killed
        self.back_at = dict.fromkeys(range(len(team.bots)), 0.0)
        self.doomed: set[int] = set()
        self.timers: list[Timer] = []
        self.number = 0
        acts: list[tuple[Callable[[], None], int]] = [
            (self.ask, requests),
            (self.kill, kills),
            (self.fail, requests // 4),
            (self.clicks.click, requests // 5),
            (self.answer, requests // 5),
        ]
        self.plan = [act for act, times in acts for _ in range(times)]
        self.dice.shuffle(self.plan)
        team.post("/control/genesys/customers", count=requests, prefix="bulk")
        team.post("/control/genesys/settings", calls_per_minute=100_000)

    def run(self) -> None:
        self.team.start_bot(0)  # which creates the tables
        for act in self.plan:
            self.tend()
            act()
        for timer in self.timers:
            timer.join()
        for side in ("slack", "genesys"):
            self.team.delete(f"/control/{side}/faults")
        self.back_at = dict.fromkeys(self.back_at, 0.0)
        wait_for(lambda: len(self.tend()) == len(self.team.bots), "all the bots", 60)
        self.team.settle(SETTLE_SECONDS)

    def tend(self) -> list[int]:
        """Start the bots whose time has come; let Slack speak to any of those that are ready."""
        for number, bot in enumerate(self.team.bots):
            if number not in self.doomed and (bot is None or not bot.is_alive()):
                self.counts["ended by themselves"] += bot is not None
                if time.monotonic() >= self.back_at[number]:
                    self.team.launch_bot(number)
        ready = [n for n, bot in enumerate(self.team.bots) if bot is not None and bot.is_ready()]
        if ready:
            self.team.route(self.dice.choice(ready))
        return ready

    def ask(self) -> None:
        """Ask for a message, and again until it is acknowledged: the same modal is one request."""
        self.number += 1
        customer, text = f"bulk-{self.number:04}", f"{CANARY} {self.number:05}."
        user = self.dice.choice(("U0ADA", "U0LEO"))
        if self.dice.random() < 0.15:
            self.team.post(f"/customers/{customer}/presence", present=False)
        values = self._times()
        agent, typed = Agent(self.team, user, SUPPORT), f"{customer}@example.com {text}"
        view = wait_for(lambda: self.tend() and self.team.open_modal(agent, typed), "a modal", 60)
        wait_for(
            lambda: (self.tend() and self.team.submit(view, text, user, **values)) or None,
            "the acknowledgement",
            60,
        )
        if self.dice.random() < 0.2:  # a second press that left before the first was answered
            self.team.post(f"/people/views/{view['id']}/submit", user=user, values={})
            self.counts["repeated submissions"] += 1
        if self.dice.random() < 0.1:
            self.team.post("/control/slack/redeliver", count=2, at_once=True)
            self.counts["repeated submissions"] += 2

    def _times(self) -> dict[str, str]:
        chance, now = self.dice.random(), int(time.time())
        if chance < 0.12:
            return {"send_at": str(now + self.dice.randint(3, 15))}
        if chance < 0.20:
            return {"send_before": str(now + self.dice.randint(60, 90))}
        return {}

    def kill(self) -> None:
        """Kill any bot within the next half second, whatever it is doing then."""
        number = self.dice.choice(wait_for(self._fated, "a bot to kill", 60))
        absence = self.dice.uniform(0, LONGEST_ABSENCE if len(self.team.bots) > 1 else 1.0)
        self.doomed.add(number)
        self.timers.append(Timer(self.dice.uniform(0, 0.5), self._strike, [number, absence]))
        self.timers[-1].start()

    def _fated(self) -> list[int]:
        doomed = set(self.doomed)  # as of before: one that is struck meanwhile is none to choose
        return [number for number in self.tend() if number not in doomed]

    def _strike(self, number: int, absence: float) -> None:
        bot = self.team.bots[number]
        assert bot is not None
        self.counts["kills"] += bot.is_alive()
        bot.kill()
        self.team.bots[number] = None
        self.back_at[number] = time.monotonic() + absence
        self.doomed.discard(number)
        books = self.team.books()
        self.struck |= {row.request_id for row in books.rows if State(row.state) not in SETTLED}
        self.struck |= {line.request_id for line in books.lines if line.posted_ts == ""}

    def fail(self) -> None:
        side, where, fault = self.dice.choice(FAULTS)
        self.team.post(f"/control/{side}/faults", where=where, **fault)
        self.counts["faults"] += fault["times"]

    def answer(self) -> None:
        """Let a customer answer, or come back to the page."""
        rows = [row for row in self.team.books().rows if State(row.state) in WATCHED]
        if rows:
            row = self.dice.choice(rows)
            customer = row.identity_value.partition("@")[0]
            if row.state == State.WAITING and self.dice.random() < 0.5:
                self.team.post(f"/customers/{customer}/presence", present=True)
            else:
                self.team.post(f"/customers/{customer}/answer", text="Yes, please.")
            self.counts["customers' acts"] += 1

    def figures(self) -> Json:
        """Judge the run and return its figures; raises AssertionError for a broken promise."""
        states, evidence = self.team.judge(), gather(self.team)
        anyway, ids = self.team.asked.sent_anyway, set(self.team.asked.ids.values())
        rows = evidence.books.rows
        sends = {row.request_id: len(evidence.arrived.get(row.text, [])) for row in rows}
        return {
            "requests": self.number,
            "kills": self.counts["kills"],
            "ended by themselves": self.counts["ended by themselves"],
            "recovered": len(self.struck & sends.keys()),
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
    """Run one soak in a folder and return its figures; raises AssertionError when it fails."""
    team = Team(folder, count=processes, database_url=database_url, **SETTINGS)
    try:
        run = Soak(team, requests=requests, kills=kills, seed=seed)
        run.run()
        return run.figures()
    finally:
        team.close()


def main() -> int:
    """Run a soak and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--out", type=Path, help="where to write the figures as JSON")
    told = parser.parse_args()
    started = time.monotonic()
    with a_database(told.database) as url:
        folder = Path(tempfile.mkdtemp(prefix="soak-"))  # left for whoever looks into a failure
        figures = soak(
            folder,
            requests=told.requests,
            kills=told.kills,
            processes=told.processes,
            database_url=url,
            seed=told.seed,
        )
    shutil.rmtree(folder)
    setting = {
        "what": "soak",
        "database": told.database,
        "processes": told.processes,
        "seed": told.seed,
    }
    show({**setting, **figures, "seconds": round(time.monotonic() - started)}, told.out)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
