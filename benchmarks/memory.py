"""How much memory the bot holds, idle and after many notifications.

The first start loads what creates the tables, and every other start doesn't. Each notification goes
the whole way as fast as it can: a press of Send, the look-ups, the message, the cards in Slack, and
the customer's reply. Memory is read when no job is left.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.bot import THIS, Release
from benchmarks.load import run_flat_out
from benchmarks.report import Goal, Report, show
from benchmarks.slack_requests import Press, new_presses, submissions
from benchmarks.stage import Run, Stage
from benchmarks.targets import MEMORY_IDLE, MEMORY_LOADED

NOTIFICATIONS, PARTS = 10_000, 4
AT_ONCE = 50  # presses between two waits for their messages
IDLE_SECONDS = 10.0
PATIENCE = 600.0
ATTEMPTS = 5  # to press Send, while the database is too busy


def measure(run: Run) -> Report:
    """Measure once: memory hardly varies from run to run."""
    count, parts, pause = (2, 1, 0.1) if run.smoke else (NOTIFICATIONS, PARTS, IDLE_SECONDS)
    found = {one.name: _weigh(run, one, count, parts, pause) for one in run.releases}
    steps = (f"after {count * part // parts:,}, MB" for part in range(1, parts + 1))
    return Report(
        "Memory",
        ("bot", "idle after its first start, MB", "idle, MB", *steps),
        tuple((name, *map(show, weights)) for name, weights in found.items()),
        tuple(_judge(found[THIS.name])),
        ("Resident memory, in millions of bytes. Each message was sent once, and answered.",),
    )


def _judge(weights: list[float]) -> Iterator[Goal]:
    yield MEMORY_IDLE.judge(weights[1])
    yield MEMORY_LOADED.judge(weights[-1])


def _weigh(run: Run, release: Release, count: int, parts: int, pause: float) -> list[float]:
    """Return the bot's memory idle, twice, and after each part of the notifications."""
    with run.stage(release, settings={"PROACTIVE_UNDO_SECONDS": "0"}) as stage:
        answered, sent = stage.records.count_in("replied"), stage.genesys.count_sent()
        presses = new_presses(count)
        time.sleep(pause)
        weights = [stage.bot.resident_mb()]
        stage.stop_bot()
        stage.start_bot()
        time.sleep(pause)
        weights.append(stage.bot.resident_mb())
        for part in range(parts):
            begin, end = count * part // parts, count * (part + 1) // parts
            for first in range(begin, end, AT_ONCE):
                some = presses[first : min(first + AT_ONCE, end)]
                _press(stage, some)
                sent += len(some)
                stage.bot.wait_until(
                    lambda sent=sent: stage.genesys.count_sent() >= sent,  # type: ignore[misc]
                    f"{sent} messages are sent",
                    PATIENCE,
                    0.05,
                )
            stage.wait_until_done(answered + end, PATIENCE)
            time.sleep(pause)
            weights.append(stage.bot.resident_mb())
        texts = [text for _, text in stage.genesys.sent()]
        assert stage.records.count_trouble(presses, texts) == (0, 0), "lost, or sent twice"
        return weights


def _press(stage: Stage, presses: list[Press]) -> None:
    """Press Send; where the database was busy, again, as a person would: one view is sent once."""
    for _ in range(ATTEMPTS):
        refused = 0

        def note_refusal(body: bytes) -> bool:
            nonlocal refused
            refused += bool(body)
            return True

        requests = submissions(stage.bot.secret, stage.form(), presses)
        run_flat_out(stage.bot.address, requests, PATIENCE, at_once=4, is_right=note_refusal)
        if not refused:
            return
    raise AssertionError(f"{refused} of {len(presses)} were refused {ATTEMPTS} times")
