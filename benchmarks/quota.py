"""How much of Genesys's quota the bot uses when more messages wait than it allows.

The sandbox's Genesys allows 300 calls a minute for each token and answers 429 beyond that. Three
processes have three tokens, so that they keep to one quota together is seen in the calls' times.
What counts is every call from the first one to the last send.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.bot import THIS, Bot, Release, start_bot
from benchmarks.load import run_at
from benchmarks.process import WITHOUT_PROXY
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Found, Goal, Report, table
from benchmarks.slack_requests import new_presses, submissions
from benchmarks.stage import NewDatabase, Run, open_form
from benchmarks.targets import QUOTA_REFUSED, QUOTA_USED
from bot.cli.manifest import build_manifest
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox

QUOTA, REQUESTS, MINUTE = 300, 120, 60.0
RATE = 5  # presses a second: four bots share one core here, and none may refuse
PATIENCE = 300.0
PROCESSES = {"SQLite": 1, "PostgreSQL": 3}
_SEND = "/conversations/messages/agentless"
_USED, _CALLS, _SECONDS = "used of the quota, %", "calls", "until the last message, s"
_MOST, _REFUSED = "most calls in any 60 s", "answers 429"
_QUANTITIES = (_USED, _CALLS, _SECONDS, _MOST, _REFUSED)


def measure(run: Run) -> Report:
    """Measure one process on SQLite and three on PostgreSQL, side by side: they mostly wait."""
    requests = 2 if run.smoke else REQUESTS
    found: dict[str, Mapping[str, Figure]] = {}
    with run.databases() as databases, ThreadPoolExecutor() as pool:
        for release in run.releases:
            measuring = {
                kind: pool.submit(_measure_once, release, new, PROCESSES[kind], requests)
                for kind, new in databases.items()
            }
            for kind, figures in measuring.items():
                found[_name(release, kind)] = figures.result()
        goals = tuple(goal for kind in databases for goal in _judge(found, kind))
    return Report(
        "Quota: what is used while messages wait",
        ("bot", *_QUANTITIES),
        table(found, _QUANTITIES),
        goals,
        (f"{requests} messages; {QUOTA} calls a minute are allowed.",),
    )


def _name(release: Release, kind: str) -> str:
    count = PROCESSES[kind]
    return f"{release.name}, {kind}, {count} process{'es' if count > 1 else ''}"


def _judge(found: Found, kind: str) -> Iterator[Goal]:
    figures = found[_name(THIS, kind)]
    yield QUOTA_USED.judge(figures[_USED], kind)
    yield QUOTA_REFUSED.judge(figures[_REFUSED], kind)


def _measure_once(
    release: Release, new_database: NewDatabase, processes: int, count: int
) -> Mapping[str, Figure]:
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        slack = closing.enter_context(QuickSlack(folder))
        genesys = LocalGenesys(step_seconds=0.02)
        manifest = build_manifest(url="https://bot.example.com")
        sandbox = closing.enter_context(Sandbox(manifest, genesys=genesys))
        control = f"{sandbox.page_url}control/genesys/"
        emails = _ask(f"{control}customers", {"count": count})["emails"]
        database = new_database()
        bots = [
            closing.enter_context(
                start_bot(
                    folder / f"bot{number}",
                    slack_url=slack.url,
                    genesys_url=sandbox.genesys_url,
                    release=release,
                    database=database,
                    settings=_settings(genesys),
                )
            )
            for number in range(processes)
        ]
        for bot in bots:
            bot.wait_until_ready()
        _press_everywhere(bots, slack, emails)
        bots[0].wait_until(
            lambda: len(_sends(_read_calls(control))) >= count, "all are sent", PATIENCE, 0.5
        )
        return _sum_up(_read_calls(control), count)


def _settings(genesys: LocalGenesys) -> dict[str, str]:
    return {
        "GENESYS_CLOUD_CLIENT_ID": genesys.client_id,
        "GENESYS_CLOUD_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_CLOUD_DEPLOYMENT_ID": genesys.deployment_id,
        "PROACTIVE_CALLS_PER_MINUTE": str(QUOTA),
        "PROACTIVE_UNDO_SECONDS": "0",
    }


def _press_everywhere(bots: Sequence[Bot], slack: QuickSlack, emails: Sequence[str]) -> None:
    """Press Send for all customers, with the bots in turn."""
    form = open_form(bots[0], slack)
    presses = [press for email in emails for press in new_presses(1, email)]
    for place, bot in enumerate(bots):
        run_at(bot.address, submissions(bot.secret, form, presses[place :: len(bots)]), RATE)


def _sum_up(calls: Sequence[dict[str, Any]], count: int) -> Mapping[str, Figure]:
    texts = [call["body"]["textBody"] for call in _sends(calls)]
    assert len(texts) == len(set(texts)) == count, f"{len(texts)} sends of {count}"
    times = [_seconds(call) for call in calls]
    last = max(map(_seconds, _sends(calls)))
    used = sum(at <= last for at in times)
    found: dict[str, float] = {
        _USED: 100 * used / (QUOTA * (last - times[0]) / MINUTE),
        _CALLS: used,
        _SECONDS: last - times[0],
        _MOST: _most_in_a_minute(times),
        _REFUSED: sum(call["status"] == 429 for call in calls),
    }
    return {quantity: Figure((value,)) for quantity, value in found.items()}


def _most_in_a_minute(times: Sequence[float]) -> int:
    most = first = 0
    for number, at in enumerate(times):
        while at - times[first] >= MINUTE:
            first += 1
        most = max(most, number - first + 1)
    return most


def _read_calls(control: str) -> list[dict[str, Any]]:
    """Return the calls of the API, the first one first."""
    calls = _ask(f"{control}calls")["calls"]
    return sorted((one for one in calls if one["path"].startswith("/api/v2/")), key=_seconds)


def _sends(calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [call for call in calls if call["path"].endswith(_SEND)]


def _seconds(call: dict[str, Any]) -> float:
    return datetime.fromisoformat(call["at"]).timestamp()


def _ask(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with WITHOUT_PROXY.open(request, timeout=30) as answer:
        return dict(json.loads(answer.read()))
