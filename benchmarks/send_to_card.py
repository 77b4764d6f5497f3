"""How soon after a press of Send the card is in Slack, as an agent sees it.

A Genesys call takes 100 ms; Slack's own chat.postMessage answers at once. All settings are the
defaults, except for the quota, which is no limit here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.bot import THIS, Release
from benchmarks.load import Ack
from benchmarks.report import Found, Goal, Report, alternate, percentile, table
from benchmarks.slack_requests import Press, new_presses
from benchmarks.stage import NewDatabase, Run, Stage
from benchmarks.targets import CARD_P50, CARD_P95

ROUNDS = 2
COUNTS = (20, 60)  # presses one at a time, and at RATE
RATE = 5  # a second
GENESYS_MS = 100
PAUSE = 0.5  # seconds between two single presses, in the middle
_ALONE, _OFTEN = "one at a time", f"{RATE}/s"
_QUANTITIES = tuple(f"{load}, p{part}, ms" for load in (_ALONE, _OFTEN) for part in (50, 95))


def measure(run: Run) -> Report:
    """Measure both databases in turn."""
    counts = (2, 3) if run.smoke else COUNTS
    with run.databases() as databases:
        found = alternate(
            {
                f"{release.name}, {kind}": partial(_measure_once, run, release, new, *counts)
                for kind, new in databases.items()
                for release in run.releases
            },
            run.rounds(ROUNDS),
        )
        goals = tuple(goal for kind in databases for goal in _judge(found, kind))
    return Report(
        "Press of Send to the card in Slack",
        ("bot", *_QUANTITIES),
        table(found, _QUANTITIES),
        goals,
        (f"In each round {counts[0]} presses one at a time, and {counts[1]} at {RATE}/s.",),
    )


def _judge(found: Found, kind: str) -> Iterator[Goal]:
    figures = found[f"{THIS.name}, {kind}"]
    for load in (_ALONE, _OFTEN):
        yield CARD_P50.judge(figures[f"{load}, p50, ms"], f"{kind}, {load}")
        yield CARD_P95.judge(figures[f"{load}, p95, ms"], f"{kind}, {load}")


def _measure_once(
    run: Run, release: Release, new_database: NewDatabase, alone: int, often: int
) -> Mapping[str, float]:
    with run.stage(release, new_database(), genesys_ms=GENESYS_MS) as stage:
        pause = 0.0 if run.smoke else PAUSE
        _press_alone(stage, new_presses(1)[0], pause)  # the first one signs in to Genesys
        single = [_press_alone(stage, press, pause) for press in new_presses(alone)]
        presses = new_presses(often)
        acks = stage.press(presses, RATE)
        many = [_wait_for_card(stage, *pair) for pair in zip(presses, acks, strict=True)]
    return {
        f"{load}, p{part}, ms": 1000 * percentile(seconds, part / 100)
        for load, seconds in ((_ALONE, single), (_OFTEN, many))
        for part in (50, 95)
    }


def _press_alone(stage: Stage, press: Press, pause: float) -> float:
    """Press Send at a random moment; return the seconds until the card."""
    time.sleep(pause * random.uniform(0.5, 1.5))
    (ack,) = stage.press([press], RATE)
    return _wait_for_card(stage, press, ack)


def _wait_for_card(stage: Stage, press: Press, ack: Ack) -> float:
    return (
        stage.bot.wait_until(lambda: stage.slack.posts().get(press.request_id), "a card") - ack.due
    )
