"""Item 8: what the engine costs when there is nothing to do, and how soon work starts.

The idle cost is that of the whole bot process, from outside. How soon work starts is measured in a
process of the bot's engine alone (``baselines.queues``), from the end of the commit to the first
line of the work. Beside both stands DBOS alone with the same queues, looked at often and seldom.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.bot import a_bot
from benchmarks.postgresql import PostgreSQLMissing, postgresql
from benchmarks.process import LOAD_CORES, Server, on_cores, plain_environment
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Goal, Report, alternate, percentile

BELLS, OFTEN, SELDOM = "bells", "0.05", "1"
BOT = "the bot"
NAMES = {BELLS: BOT, OFTEN: "DBOS alone, looking every 0.05 s", SELDOM: "… every second"}
SITUATIONS = ("delivery, idle", "thread, idle", "delivery, light load")
MOST_IDLE, MOST_WAIT_MS = 3.0, 20.0
PATIENCE = 180.0

NewDatabase = Callable[[], str]
Found = Mapping[str, Mapping[str, Figure]]


@dataclass(frozen=True)
class _Plan:
    """How much is measured."""

    count: int  # pieces of work in each situation
    idle_seconds: float
    settling: float  # seconds before: DBOS looks for schedules each second in its first minute
    contestants: tuple[str, ...]


FULL = _Plan(100, 20.0, 5.0, (BELLS, OFTEN, SELDOM))
SMOKE = _Plan(3, 0.5, 0.2, (BELLS, OFTEN))


def measure(smoke: bool, rounds: int) -> Report:
    """Measure on SQLite and, in a full run and where it is installed, on PostgreSQL."""
    plan = SMOKE if smoke else FULL
    rows: list[tuple[str, ...]] = []
    goals: list[Goal] = []
    notes = [
        "The bot's idle cost is that of its whole process, with its web server and threads. Work "
        "comes about ten times a second, under light load twenty: a worker that looks each second "
        "takes eight pieces at a time, and falls behind."
    ]
    with on_cores(LOAD_CORES), contextlib.ExitStack() as stack:
        databases: dict[str, NewDatabase] = {"SQLite": lambda: "sqlite"}
        try:
            if not smoke:
                databases["PostgreSQL"] = stack.enter_context(postgresql())
        except PostgreSQLMissing as missing:
            notes.append(str(missing))
        for database, new in databases.items():
            found = alternate(_measurements(plan, new), rounds)
            rows += [_row(database, how, found[how]) for how in plan.contestants]
            goals += _goals(database, found[BELLS])
    columns = ("database", "contestant", "idle, % of a core")
    return Report(
        "Engine",
        (*columns, *(f"{one}: start p50 / p99, ms" for one in SITUATIONS)),
        tuple(rows),
        tuple(goals),
        tuple(notes),
    )


def _measurements(plan: _Plan, new: NewDatabase) -> dict[str, Callable[[], Mapping[str, float]]]:
    return {how: partial(_measure_once, how, plan, new) for how in plan.contestants}


def _measure_once(how: str, plan: _Plan, new: NewDatabase) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="proactive-engine-") as name:
        folder = Path(name)
        figures, idle = _measure_queues(how, plan, folder, new())
        if how == BELLS:
            idle = _idle_bot(plan, folder / "bot", new())
    return {**figures, "idle": idle}


def _measure_queues(
    how: str, plan: _Plan, folder: Path, url: str
) -> tuple[dict[str, float], float]:
    """Return how soon work starts, and what the process costs afterwards."""
    if url == "sqlite":
        url = f"sqlite:///{folder / 'queues.sqlite'}"
    answer = folder / "answer.json"
    module = "benchmarks.baselines.queues"
    with Server(
        [sys.executable, "-m", module, how, url, str(plan.count), str(answer)],
        folder=folder,
        environment=plain_environment(),
        name="queues",
    ) as server:
        server.wait_until(answer.exists, "the waits are measured", PATIENCE)
        waits: dict[str, list[float]] = json.loads(answer.read_text())
        idle = _share_of_a_core(server, plan) if how != BELLS else 0.0
    assert set(waits) == set(SITUATIONS)
    figures = {}
    for situation, seconds in waits.items():
        assert len(seconds) == plan.count
        figures[f"{situation} p50"] = 1000 * percentile(seconds, 0.5)
        figures[f"{situation} p99"] = 1000 * percentile(seconds, 0.99)
    return figures, idle


def _idle_bot(plan: _Plan, folder: Path, database: str) -> float:
    folder.mkdir()
    with _stand_ins(folder) as (slack_url, genesys_url):
        bot = a_bot(folder, slack_url=slack_url, genesys_url=genesys_url, database=database)
        with bot:
            bot.wait_until_ready()
            return _share_of_a_core(bot, plan)


@contextlib.contextmanager
def _stand_ins(folder: Path) -> Iterator[tuple[str, str]]:
    with QuickSlack() as slack, QuickGenesys(folder) as genesys:
        yield slack.url, genesys.url


def _share_of_a_core(server: Server, plan: _Plan) -> float:
    """Return how much of a core a process that has nothing to do takes, in percent."""
    time.sleep(plan.settling)
    began, before = time.monotonic(), server.cpu_seconds()
    time.sleep(plan.idle_seconds)
    server.check()
    return 100 * (server.cpu_seconds() - before) / (time.monotonic() - began)


def _row(database: str, how: str, figures: Mapping[str, Figure]) -> tuple[str, ...]:
    waits = (f"{figures[f'{one} p50']} / {figures[f'{one} p99']}" for one in SITUATIONS)
    return (database, NAMES[how], str(figures["idle"]), *waits)


def _goals(database: str, figures: Mapping[str, Figure]) -> tuple[Goal, ...]:
    idle, waits = figures["idle"], {one: figures[f"{one} p50"] for one in SITUATIONS}
    return (
        Goal(
            f"{database}: idle under {MOST_IDLE:.0f} % of a core",
            f"{idle} %",
            idle.median < MOST_IDLE,
        ),
        Goal(
            f"{database}: work starts within {MOST_WAIT_MS:.0f} ms of its commit, p50",
            "; ".join(f"{one}: {figure} ms" for one, figure in waits.items()),
            all(figure.median < MOST_WAIT_MS for figure in waits.values()),
        ),
    )
