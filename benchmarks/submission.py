"""Item 2: how soon a pressed Send is written down and acknowledged, while deliveries run.

Twenty submissions a second come over signed HTTP to one bot, on SQLite and on PostgreSQL (synced to
the disk, as by default); what one at a time takes is the measure beside it. Genesys answers after
50 ms. With a high quota the deliveries run as fast as they can; with the usual 300 calls a minute
most of them wait. Every submission must be held by the database, and reach Genesys once.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.bot import Bot, a_bot
from benchmarks.load import run_at, sign
from benchmarks.postgresql import postgresql
from benchmarks.process import LOAD_CORES, LOOPBACK, on_cores, wait_for
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Goal, Report, alternate, percentile
from benchmarks.submissions import Books, new_numbers, submission

RATE, SECONDS = 20, 30
ALONE_RATE, ALONE_SECONDS = 2, 15
GENESYS_MS = 50
LIMIT_MS = 300.0
DRAIN_SECONDS = 300.0
UNLIMITED, USUAL = "100000", "300"


def measure(smoke: bool, rounds: int) -> Report:
    """Measure both databases in turn."""
    with on_cores(LOAD_CORES), postgresql() as new_database:
        found = alternate(
            {
                "SQLite": lambda: _measure_once(lambda: "sqlite", smoke),
                "PostgreSQL": lambda: _measure_once(new_database, smoke),
            },
            rounds,
        )
    loads = {
        "one at a time, no delivery waits": "alone",
        f"{RATE}/s, deliveries as fast as they can": "running",
        f"{RATE}/s, deliveries at {USUAL} calls/min": "waiting",
    }
    rows = tuple(
        (name, load, str(figures[f"{key} p50"]), str(figures[f"{key} p99"]), _ratio(figures, key))
        for name, figures in found.items()
        for load, key in loads.items()
    )
    return Report(
        "Submission: recorded durably and acknowledged",
        ("database", "load", "ack p50, ms", "ack p99, ms", "p99 against one at a time"),
        rows,
        tuple(_goal(name, figures) for name, figures in found.items()),
        notes=(
            "None was lost, refused or sent twice in any round: each was found once in the "
            "database, and once at Genesys where deliveries ran to their end; the run fails "
            "otherwise.",
        ),
    )


def _goal(name: str, figures: Mapping[str, Figure]) -> Goal:
    worst = max(figures["running p99"].median, figures["waiting p99"].median)
    return Goal(
        f"p99 of the ack at {RATE} a second while deliveries run < {LIMIT_MS:.0f} ms, none lost "
        f"or refused, on {name}",
        f"{worst:.0f} ms, none",
        worst < LIMIT_MS,
    )


def _ratio(figures: Mapping[str, Figure], key: str) -> str:
    return f"{figures[f'{key} p99'].median / figures['alone p99'].median:.1f}"


def _measure_once(new_database: Callable[[], str], smoke: bool) -> dict[str, float]:
    """Measure one kind of database: alone and with running deliveries, then with waiting ones."""
    alone, loaded = (2, 10) if smoke else (ALONE_RATE * ALONE_SECONDS, RATE * SECONDS)
    found: dict[str, float] = {}
    more = {"PROACTIVE_UNDO_SECONDS": "0"} if smoke else {}
    with _Run(new_database(), PROACTIVE_CALLS_PER_MINUTE=UNLIMITED, **more) as run:
        found |= run.press("alone", ALONE_RATE, alone)
        run.wait_until_sent()
        found |= run.press("running", RATE, loaded)
        run.wait_until_sent()
        if smoke:
            return found | run.press("waiting", RATE, loaded)
    with _Run(new_database(), PROACTIVE_CALLS_PER_MINUTE=USUAL) as run:
        found |= run.press("waiting", RATE, loaded)
        run.check_recorded()
    return found


class _Run:
    """One bot between quick stand-ins, and all that is pressed."""

    def __init__(self, database: str, **settings: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="proactive-benchmark-")
        folder = Path(self._folder.name)
        self._genesys = QuickGenesys(folder, delay_ms=GENESYS_MS)
        self._slack = QuickSlack()
        self._bot: Bot = a_bot(
            folder,
            slack_url=self._slack.url,
            genesys_url=self._genesys.url,
            database=database,
            more=settings,
        )
        self._bot.wait_until_ready()
        self._books = Books(self._bot.database_url)
        self._pressed: list[int] = []

    def __enter__(self) -> _Run:
        return self

    def __exit__(self, *_: object) -> None:
        self._books.close()
        self._bot.stop()
        self._slack.__exit__()
        self._genesys.stop()
        self._folder.cleanup()

    def press(self, name: str, rate: float, count: int) -> dict[str, float]:
        """Press Send ``count`` times and return the quantities of the acks, in ms."""
        numbers = new_numbers(count)
        asked = sign(self._bot.signing_secret, [submission(number) for number in numbers])
        seconds = run_at((LOOPBACK, self._bot.port), asked, rate)
        assert len(seconds) == count
        self._pressed += numbers
        return {
            f"{name} p50": percentile(seconds, 0.5) * 1000,
            f"{name} p99": percentile(seconds, 0.99) * 1000,
        }

    def wait_until_sent(self) -> None:
        """Wait until all that was pressed is sent, and check that each was sent once."""
        wait_for(
            lambda: self._genesys.count() >= len(self._pressed),
            "all are sent",
            DRAIN_SECONDS,
            0.1,
        )
        texts = [text for _, text in self._genesys.sent()]
        self._books.check_each_was_sent_once(texts, self._pressed)

    def check_recorded(self) -> None:
        """Check that all that was pressed is held, and nothing was sent twice."""
        held = len(self._books.texts())
        assert held == len(self._pressed), f"{held} recorded of {len(self._pressed)}"
        texts = [text for _, text in self._genesys.sent()]
        assert len(texts) == len(set(texts)), "sent twice"
