"""How soon ``/proactive`` is acknowledged, and how many forms are opened a second.

Signed slash commands come at 50 and 200 a second, and then as many as 16 connections take. Each
one's form is opened in a Slack that answers at once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.baseline import ASYNC_APP, NO_NODE, NODE, Baseline, has_node
from benchmarks.bot import THIS, Bot, Release
from benchmarks.load import run_at, run_flat_out
from benchmarks.process import wait_for
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Found, Goal, Report, alternate, percentile, table
from benchmarks.slack_requests import commands
from benchmarks.stage import Run
from benchmarks.targets import ACK_P50, ACK_P99, ACK_THROUGHPUT

ROUNDS = 3
RATES = (50, 200)
PATIENCE = 30.0
_THROUGHPUT = "forms a second"
_QUANTITIES = (*(f"p{part} at {rate}/s, ms" for rate in RATES for part in (50, 99)), _THROUGHPUT)

Turn = Callable[[], AbstractContextManager[tuple[Bot | Baseline, QuickSlack]]]


@dataclass(frozen=True)
class _Plan:
    warm_up: int  # requests; Node compiles what it runs often
    at_rate: int  # requests at each rate
    flat_out: float  # seconds
    most: int  # requests made for each of them


FULL, SMOKE = _Plan(2_000, 1_000, 3.0, 5_000), _Plan(5, 10, 0.1, 1_000)


def measure(run: Run) -> Report:
    """Measure all in turn, each started anew."""
    plan = SMOKE if run.smoke else FULL
    turns: dict[str, Turn] = {one.name: partial(_start_bot, run, one) for one in run.releases}
    turns[ASYNC_APP] = partial(_start_baseline, ASYNC_APP)
    if has_node():
        turns[NODE] = partial(_start_baseline, NODE)
    found = alternate(
        {name: partial(_measure_once, turn, plan) for name, turn in turns.items()},
        run.rounds(ROUNDS),
    )
    return Report(
        "Acknowledging /proactive",
        ("server", *_QUANTITIES),
        table(found, _QUANTITIES),
        tuple(_judge(found)) if NODE in found else (),
        (
            f"{plan.at_rate:,} requests at each rate and round. A latency counts from the moment "
            "the request was due.",
            *(() if has_node() else (NO_NODE,)),
        ),
    )


def _judge(found: Found) -> Iterator[Goal]:
    ours, theirs = found[THIS.name], found[NODE]
    for part, targets in ((50, ACK_P50), (99, ACK_P99)):
        for rate, target in targets.items():
            name = f"p{part} at {rate}/s, ms"
            yield target.judge(ours[name].over(theirs[name]))
    yield ACK_THROUGHPUT.judge(ours[_THROUGHPUT].over(theirs[_THROUGHPUT]))


@contextmanager
def _start_bot(run: Run, release: Release) -> Iterator[tuple[Bot, QuickSlack]]:
    with run.stage(release) as stage:
        yield stage.bot, stage.slack


@contextmanager
def _start_baseline(name: str) -> Iterator[tuple[Baseline, QuickSlack]]:
    with (
        tempfile.TemporaryDirectory(prefix="benchmark-") as folder,
        QuickSlack(Path(folder)) as slack,
        Baseline(name, Path(folder), slack.url) as server,
    ):
        server.wait_until_ready()
        yield server, slack


def _measure_once(turn: Turn, plan: _Plan) -> Mapping[str, float]:
    found = {}
    with turn() as (server, slack):
        address, secret = server.address, server.secret
        with _opening(slack, plan.warm_up):
            run_flat_out(address, commands(secret, plan.warm_up), PATIENCE)
        for rate in RATES:
            with _opening(slack, plan.at_rate):
                acks = run_at(address, commands(secret, plan.at_rate), rate)
            seconds = [ack.seconds for ack in acks]
            for part in (50, 99):
                found[f"p{part} at {rate}/s, ms"] = 1000 * percentile(seconds, part / 100)
        requests = commands(secret, int(plan.most * plan.flat_out))
        before, begun = slack.count("views.open"), time.monotonic()
        acked = run_flat_out(address, requests, plan.flat_out)
        _wait_for_forms(slack, before + acked)
        found[_THROUGHPUT] = acked / (slack.last("views.open") - begun)
    return found


@contextmanager
def _opening(slack: QuickSlack, count: int) -> Iterator[None]:
    """Check that each command of the block opens one form, and wait for them."""
    before = slack.count("views.open")
    yield
    _wait_for_forms(slack, before + count)


def _wait_for_forms(slack: QuickSlack, count: int) -> None:
    wait_for(lambda: slack.count("views.open") >= count, f"{count} forms are open", PATIENCE)
    assert slack.count("views.open") == count, "more forms than commands"
