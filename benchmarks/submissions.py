"""How soon a press of Send is stored and acknowledged while deliveries run.

Twenty presses a second, by forty agents in turn, go to one bot, which delivers at the same time as
fast as it can. A Genesys call takes 50 ms. Both databases sync to the disk, as they do by default.
PostgreSQL has read its statistics, which it does by itself within a minute.

The rules count what each agent sends, so an agent's messages are stored one after the other. The
last rows show the worst case, which the default limit of 60 an hour forbids: all are one agent's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from benchmarks.bot import THIS, Release
from benchmarks.old_requests import settle
from benchmarks.report import Found, Goal, Report, alternate, percentile, table
from benchmarks.slack_requests import new_presses
from benchmarks.stage import NewDatabase, Run
from benchmarks.targets import SUBMISSION_P99, SUBMISSION_TROUBLE

ROUNDS = 2
RATE = 20  # a second
SECONDS = 20
AGENTS = 40
EARLIER = 5  # presses before the measurement
GENESYS_MS = 50
DRAIN_SECONDS = 300.0
_P50, _P99 = "ack p50, ms", "ack p99, ms"
_ONE = ", one agent"
_TROUBLE = ("refused", "lost", "sent twice")


def measure(run: Run) -> Report:
    """Measure both databases in turn."""
    count = 5 if run.smoke else RATE * SECONDS
    with run.databases() as databases:
        found = alternate(
            {
                f"{release.name}, {kind}{of_whom}": partial(
                    _measure_once, run, release, new, count, agents
                )
                for of_whom, agents in (("", AGENTS), (_ONE, 1))
                for kind, new in databases.items()
                for release in run.releases
            },
            run.rounds(ROUNDS),
        )
        goals = tuple(goal for kind in databases for goal in _judge(found, kind))
    return Report(
        f"Submissions at {RATE}/s while deliveries run",
        ("bot", _P50, _P99, *_TROUBLE),
        table(found, (_P50, _P99, *_TROUBLE)),
        goals,
        (f"{count} presses of Send in each round; all were delivered before the next one.",),
    )


def _judge(found: Found, kind: str) -> Iterator[Goal]:
    figures = found[f"{THIS.name}, {kind}"]
    yield SUBMISSION_P99.judge(figures[_P99], kind)
    both = (figures, found[f"{THIS.name}, {kind}{_ONE}"])
    trouble = sum(sum(each[one].rounds) for each in both for one in _TROUBLE)
    yield SUBMISSION_TROUBLE.judge(trouble, kind)


def _measure_once(
    run: Run, release: Release, new_database: NewDatabase, count: int, agents: int
) -> Mapping[str, float]:
    refused = 0

    def note_refusal(body: bytes) -> bool:
        nonlocal refused
        refused += bool(body)  # an ack without a body closes the form
        return True

    with run.stage(release, new_database(), genesys_ms=GENESYS_MS) as stage:
        answered = stage.records.count_in("replied") + EARLIER
        stage.press(new_presses(EARLIER, agents=agents), RATE)
        stage.wait_until_done(answered, DRAIN_SECONDS)
        settle(stage.records.engine)
        presses = new_presses(count, agents=agents)
        acks = stage.press(presses, RATE, note_refusal)
        stage.wait_until_done(answered + count - refused, DRAIN_SECONDS)
        texts = [text for _, text in stage.genesys.sent()]
        lost, twice = stage.records.count_trouble(presses, texts)
    # In the first second nothing is delivered yet.
    seconds = [ack.seconds for ack in acks[count // SECONDS :]]
    return {
        _P50: 1000 * percentile(seconds, 0.50),
        _P99: 1000 * percentile(seconds, 0.99),
        "refused": refused,
        "lost": lost - refused,
        "sent twice": twice,
    }
