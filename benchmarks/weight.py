"""Item 3: what the bot holds in memory, idle and after many notifications, and what it keeps open.

The notifications go the whole way, as fast as they can: a press of Send over HTTP, the look-ups,
the message, the cards in Slack and the customer's reply, which ends the watch. What is held is read
from outside, when no work is left.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bare_engine import BareEngine
from benchmarks.bot import Bot, a_bot
from benchmarks.load import commands, run_at, run_flat_out, sign
from benchmarks.process import LOAD_CORES, LOOPBACK, Server, on_cores
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Goal, Report
from benchmarks.submissions import Books, new_numbers, submission

NOTIFICATIONS, PARTS = 10_000, 4
UNDER_WAY = 100  # as many are pressed and not yet sent at a time
IDLE_SECONDS = 10.0
PATIENCE = 600.0
PRESSES = 5  # of one button, while the database is too busy to take it
IDLE_MB, LOADED_MB = 130.0, 200.0
GROWTH_MB = 3.0  # what the allocator may keep more or less of at any moment


@dataclass(frozen=True)
class _Sight:
    """What a process holds at a moment."""

    megabytes: float
    files: int
    connections: int
    threads: int

    @classmethod
    def of(cls, server: Server) -> _Sight:
        return cls(
            server.resident_mb(), server.open_files(), server.connections(), server.threads()
        )

    def as_row(self, name: str) -> tuple[str, ...]:
        kept = (self.files, self.connections, self.threads)
        return (name, f"{self.megabytes:.1f}", *map(str, kept))


def measure(smoke: bool, rounds: int) -> Report:
    """Measure once, whatever the number of rounds: memory hardly varies from run to run."""
    del rounds
    count, parts, pause = (8, 2, 0.2) if smoke else (NOTIFICATIONS, PARTS, IDLE_SECONDS)
    with on_cores(LOAD_CORES):
        bare = _idle_baseline(pause)
        sights = _weigh_bot(count, parts, pause)
    names = ["bot, idle", *(f"bot, after {count * n // parts:,}" for n in range(1, parts + 1))]
    rows = [bare.as_row("bare app and engine, idle")]
    rows += [sight.as_row(name) for name, sight in zip(names, sights, strict=True)]
    return Report(
        "Weight",
        ("process", "resident, MB", "open files", "of them sockets", "threads"),
        tuple(rows),
        _goals(sights, count),
        notes=(
            f"At most {UNDER_WAY} notifications were under way at a time; each was sent once and "
            "ended as replied. Resident memory is in millions of bytes.",
        ),
    )


def _goals(sights: list[_Sight], count: int) -> tuple[Goal, ...]:
    idle, half, last = sights[0], sights[len(sights) // 2], sights[-1]
    grown = last.megabytes - half.megabytes
    kept = [(one.files, one.connections, one.threads) for one in (half, last)]
    return (
        Goal(
            f"resident memory idle < {IDLE_MB:.0f} MB",
            f"{idle.megabytes:.0f} MB",
            idle.megabytes < IDLE_MB,
        ),
        Goal(
            f"after {count:,} notifications < {LOADED_MB:.0f} MB",
            f"{last.megabytes:.0f} MB",
            last.megabytes < LOADED_MB,
        ),
        Goal(
            f"no growth over the last {count // 2:,} (within {GROWTH_MB:.0f} MB)",
            f"{grown:+.1f} MB",
            grown < GROWTH_MB,
        ),
        Goal(
            "open files, connections and threads flat over them (within 3)",
            " → ".join(f"{files}, {sockets}, {threads}" for files, sockets, threads in kept),
            all(after - before <= 3 for before, after in zip(*kept, strict=True)),
        ),
    )


def _idle_baseline(pause: float) -> _Sight:
    with (
        tempfile.TemporaryDirectory(prefix="proactive-benchmark-") as folder,
        BareEngine(Path(folder)) as server,
    ):
        server.wait_until(lambda: _answers(server), "the baseline answers")
        time.sleep(pause)
        return _Sight.of(server)


def _answers(server: BareEngine) -> bool:
    try:
        _type_command(server)
    except ConnectionError:
        return False
    return True


def _type_command(server: Bot | BareEngine) -> None:
    """Post a slash command, which must be acknowledged."""
    run_at((LOOPBACK, server.port), commands(server.signing_secret, 1), 1)


def _weigh_bot(count: int, parts: int, pause: float) -> list[_Sight]:
    """Return what the bot holds idle, and after each part of the notifications."""
    with ExitStack() as closing:
        enter = closing.enter_context
        folder = Path(enter(tempfile.TemporaryDirectory(prefix="proactive-benchmark-")))
        genesys, slack = enter(QuickGenesys(folder)), enter(QuickSlack())
        bot = enter(
            a_bot(
                folder,
                slack_url=slack.url,
                genesys_url=genesys.url,
                PROACTIVE_CALLS_PER_MINUTE="100000",
                PROACTIVE_UNDO_SECONDS="0",
            )
        )
        bot.wait_until_ready()
        books = Books(bot.database_url)
        closing.callback(books.close)
        _type_command(bot)
        time.sleep(pause)
        sights, numbers, done = [_Sight.of(bot)], new_numbers(count), 0
        for part in range(1, parts + 1):
            until = count * part // parts
            while done < until:
                stop = min(done + UNDER_WAY // 2, until)
                _press(bot, numbers[done:stop])
                _wait(bot, genesys.count, done, 0.05)
                done = stop
            _wait(bot, lambda: books.states()["replied"], done, 0.2)
            _wait(bot, lambda: -books.works_left(), 0, 0.2)
            slack.forget()
            time.sleep(pause)
            sights.append(_Sight.of(bot))
        books.check_each_was_sent_once([text for _, text in genesys.sent()], numbers)
        return sights


def _press(bot: Bot, numbers: list[int]) -> None:
    """Press Send; where the bot asks for it, again, as a person would: one view is one request."""
    for _ in range(PRESSES):
        refused: list[bytes] = []

        def is_ack(body: bytes, refused: list[bytes] = refused) -> bool:
            if b"press Send again" in body:
                refused.append(body)
                return True
            return not body

        asked = sign(bot.signing_secret, [submission(number) for number in numbers])
        run_flat_out((LOOPBACK, bot.port), asked, PATIENCE, connections=4, is_right=is_ack)
        if not refused:
            return
    raise AssertionError(f"{len(refused)} of {len(numbers)} refused, {PRESSES} times")


def _wait(bot: Bot, count: Callable[[], int], least: int, every: float) -> None:
    bot.wait_until(lambda: count() >= least, f"{least} notifications", PATIENCE, every)
