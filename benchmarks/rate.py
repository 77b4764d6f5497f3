"""Item 7: how much of Genesys's quota the bot uses when more waits than it allows.

Two hundred requests are pressed at once; Genesys (the sandbox's, which counts calls a minute for
each token and answers 429) allows 300 a minute. What counts is every call until the last message
is out, at most two minutes. Three processes sign in with three tokens, so that the stand-in would
let them have three times as much: that they keep to one quota together is counted here.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.bot import Bot, a_bot
from benchmarks.load import run_at, sign
from benchmarks.postgresql import postgresql
from benchmarks.process import LOAD_CORES, LOOPBACK, find_free_port, on_cores
from benchmarks.report import Figure, Goal, Report, alternate
from benchmarks.submissions import new_numbers, submission
from bot.cli.manifest import build_manifest
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox

QUOTA, REQUESTS, MINUTE = 300, 200, 60.0
MOST_SECONDS = 120.0  # of calls that count
GOAL = 0.95
PATIENCE = 300.0
_SEND = "/conversations/messages/agentless"
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def measure(smoke: bool, rounds: int) -> Report:
    """Measure one process on SQLite, and three on PostgreSQL."""
    waiting = 6 if smoke else REQUESTS
    with on_cores(LOAD_CORES), postgresql() as new_database:
        found = alternate(
            {
                "one process, SQLite": lambda: _measure_once(1, lambda: "sqlite", waiting),
                "three processes, PostgreSQL": lambda: _measure_once(
                    2 if smoke else 3, new_database, waiting
                ),
            },
            rounds,
        )
    rows = tuple(
        (
            name,
            str(figures["share"]),
            str(figures["calls"]),
            str(figures["seconds"]),
            str(figures["most"]),
            str(figures["429s"]),
        )
        for name, figures in found.items()
    )
    return Report(
        "Rate: the quota while requests wait",
        (
            f"{waiting} requests, {QUOTA} calls a minute",
            "used of the quota, %",
            "calls",
            "until the last message, s",
            "most calls in any 60 s",
            "answers 429",
        ),
        rows,
        tuple(goal for name, figures in found.items() for goal in _goals(name, figures)),
    )


def _goals(name: str, figures: dict[str, Figure]) -> tuple[Goal, ...]:
    share, refused = figures["share"], max(figures["429s"].rounds)
    return (
        Goal(
            f"at least {GOAL:.0%} of the quota used, {name}",
            f"{share} %",
            share.median >= 100 * GOAL,
        ),
        Goal(f"never answered 429, {name}", f"{refused:.0f}", refused == 0),
    )


def _measure_once(
    processes: int, new_database: Callable[[], str], waiting: int
) -> dict[str, float]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        sandbox = closing.enter_context(
            Sandbox(
                build_manifest(url="https://bot.example.com"),
                genesys=LocalGenesys(step_seconds=0.02),
            )
        )
        people = sandbox.page_url + "control/genesys/"
        emails = _ask(people + "customers", {"count": waiting})["emails"]
        settings = {
            **sandbox.bot_environment(folder),
            "PROACTIVE_CALLS_PER_MINUTE": str(QUOTA),
            "PROACTIVE_UNDO_SECONDS": "0",
            "PROACTIVE_OUTCOMES_CHANNEL": "",
        }
        database = new_database()
        bots = [
            closing.enter_context(_start(folder / f"bot{number}", sandbox, database, settings))
            for number in range(processes)
        ]
        for bot in bots:
            bot.wait_until_ready()
        numbers = new_numbers(waiting)
        for place, bot in enumerate(bots):
            asked = list(zip(numbers, emails, strict=True))[place :: len(bots)]
            bodies = [submission(number, email) for number, email in asked]
            run_at((LOOPBACK, bot.port), sign(bot.signing_secret, bodies), 100)
        bots[0].wait_until(lambda: len(_sends(people)) >= waiting, "all are sent", PATIENCE, 0.5)
        return _judge(_calls(people), waiting)


def _start(folder: Path, sandbox: Sandbox, database: str, settings: dict[str, str]) -> Bot:
    own = {
        name: value
        for name, value in settings.items()
        if name not in ("PROACTIVE_DATABASE_URL", "PORT")
    }
    return a_bot(
        folder,
        slack_url=sandbox.slack_api_url,
        genesys_url=sandbox.genesys_url,
        database=database,
        more={**own, "PORT": str(find_free_port())},
    )


def _judge(calls: Sequence[dict[str, Any]], waiting: int) -> dict[str, float]:
    """Return what was used of the quota while requests waited."""
    texts = [call["body"]["textBody"] for call in calls if call["path"].endswith(_SEND)]
    assert len(texts) == len(set(texts)) == waiting, f"{len(texts)} sends of {waiting}"
    times = [_seconds(call) for call in calls]
    last = max(_seconds(call) for call in calls if call["path"].endswith(_SEND))
    counted = min(last - times[0], MOST_SECONDS)
    used = [at for at in times if at - times[0] <= counted]
    return {
        "share": 100 * len(used) / (QUOTA * counted / MINUTE),
        "calls": len(used),
        "seconds": last - times[0],
        "most": _most_in_a_minute(times),
        "429s": sum(call["status"] == 429 for call in calls),
    }


def _most_in_a_minute(times: Sequence[float]) -> int:
    most = first = 0
    for number, at in enumerate(times):
        while at - times[first] >= MINUTE:
            first += 1
        most = max(most, number - first + 1)
    return most


def _calls(people: str) -> list[dict[str, Any]]:
    """Return the calls that count, the first one first."""
    calls = _ask(people + "calls")["calls"]
    return sorted((one for one in calls if one["path"].startswith("/api/v2/")), key=_seconds)


def _sends(people: str) -> list[dict[str, Any]]:
    return [call for call in _calls(people) if call["path"].endswith(_SEND)]


def _seconds(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with _OPEN(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))
