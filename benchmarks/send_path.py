"""From an accepted submission to its send at Genesys, where each call takes 100 ms.

Promises: the real bot, the sandbox's Genesys, and an undo time of 0. What counts are the calls
about the customer, one after another, up to the send and with it; the time goes from Slack's ack
until the send has taken its own 100 ms. What is asked beside them (the token, the deployment, the
outcome) costs no time and is counted by ``quota``.
"""

from __future__ import annotations

import json
import tempfile
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.bot import a_bot
from benchmarks.load import commands, run_at, sign
from benchmarks.process import LOAD_CORES, LOOPBACK, on_cores, wait_for
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Goal, Report
from benchmarks.submissions import new_numbers, submission, text_of
from bot.cli.manifest import build_manifest
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox

Json = dict[str, Any]
CALL_MS = 100.0
GOAL_MS = 1.25 * 3 * CALL_MS
PATIENCE = 30.0
UNTYPED_SECONDS = 1.0  # after the start nobody has typed anything yet: the bot signs in meanwhile
_STEPS = ("identifierlookup", "agentless")
_PLENTY = 100_000
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
_CASES = {
    "first": "the first one after the start",
    "unknown": "nothing known of the customer",
    "preflight": "the modal has just looked",
    "repeat": "a customer of a minute ago, no modal's look",
}


def measure(smoke: bool, rounds: int) -> Report:
    """Send some messages of each kind in turn, each round with a new bot."""
    times = 1 if smoke else 12
    calls: dict[str, list[float]] = {name: [] for name in _CASES}
    taken: dict[str, list[float]] = {name: [] for name in _CASES}
    with on_cores(LOAD_CORES):
        for _ in range(rounds):
            with _Desk(times) as desk:
                for name, results in desk.measure(times).items():
                    calls[name].append(max(count for count, _ in results))
                    taken[name] += [ms for _, ms in results]
    rows = [
        (
            sentence,
            f"{max(calls[name]):.0f}",
            str(Figure(tuple(taken[name]))),
            f"{max(calls[name]) * CALL_MS:.0f}",
        )
        for name, sentence in _CASES.items()
    ]
    return Report(
        "Submission to Genesys, at 100 ms a call",
        ("case", "calls in sequence", "ack to the send's end, ms", "floor, ms"),
        tuple(rows),
        _goals({name: max(counts) for name, counts in calls.items()}, taken),
    )


def _goals(calls: dict[str, float], taken: dict[str, list[float]]) -> tuple[Goal, ...]:
    worst = max(("first", "unknown"), key=lambda name: Figure(tuple(taken[name])).median)
    unknown = Figure(tuple(taken[worst])).median
    most = max(calls["first"], calls["unknown"])
    return (
        Goal("at most 3 calls in sequence", f"{most:.0f}", most <= 3),
        Goal(f"under 1.25 times 300 ms = {GOAL_MS:.0f} ms", f"{unknown:.0f} ms", unknown < GOAL_MS),
        Goal(
            "at most 2 when the modal has just looked",
            f"{calls['preflight']:.0f}",
            calls["preflight"] <= 2,
        ),
        Goal(
            "fewer still for a repeat customer",
            f"{calls['repeat']:.0f}, and {calls['preflight']:.0f} after a modal's look",
            calls["repeat"] < calls["unknown"],
        ),
    )


class _Desk:
    """A bot between a quick Slack and the sandbox's Genesys, and customers to write to."""

    def __init__(self, customers: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="proactive-benchmark-")
        genesys = LocalGenesys()
        self._slack = QuickSlack()
        self._sandbox = Sandbox(build_manifest(url="https://bot.example.com"), genesys=genesys)
        self._sandbox.start()
        self._control("POST", "/control/genesys/settings", calls_per_minute=_PLENTY)
        made = self._control("POST", "/control/genesys/customers", count=2 * customers + 1)
        self._emails: list[str] = made["emails"]
        slow = {"where": "*", "kind": "latency", "seconds": CALL_MS / 1000}
        self._control("POST", "/control/genesys/faults", **slow)
        self._bot = a_bot(
            Path(self._folder.name),
            slack_url=self._slack.url,
            genesys_url=self._sandbox.genesys_url,
            GENESYS_CLOUD_CLIENT_ID=genesys.client_id,
            GENESYS_CLOUD_CLIENT_SECRET=genesys.client_secret,
            GENESYS_CLOUD_DEPLOYMENT_ID=genesys.deployment_id,
            PROACTIVE_UNDO_SECONDS="0",
            PROACTIVE_CALLS_PER_MINUTE=str(_PLENTY),
        )

    def __enter__(self) -> Self:
        self._bot.wait_until_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bot.stop()
        self._sandbox.stop()
        self._slack.__exit__()
        self._folder.cleanup()

    def measure(self, times: int) -> dict[str, list[tuple[int, float]]]:
        """Return for each case the calls in sequence and the milliseconds of each message."""
        first, *customers = self._emails
        time.sleep(UNTYPED_SECONDS)
        return {
            "first": [self._press(first)],
            "unknown": [self._press(one) for one in customers[:times]],
            "preflight": [self._look_and_press(one) for one in customers[times:]],
            "repeat": [self._press(one) for one in customers[:times]],
        }

    def _look_and_press(self, email: str) -> tuple[int, float]:
        updates = self._slack.count("views.update")
        self._ask(commands(self._bot.signing_secret, 1, email))
        # One says that the bot looks the customer up, the next what it found.
        wait_for(lambda: self._slack.count("views.update") >= updates + 2, "a look", PATIENCE)
        return self._press(email)

    def _press(self, email: str) -> tuple[int, float]:
        """Press Send; return how many calls came one after another, and the milliseconds."""
        self._control("DELETE", "/control/genesys/calls")
        (number,) = new_numbers(1)
        self._ask(sign(self._bot.signing_secret, [submission(number, email)]))
        accepted_at = datetime.now(UTC)

        def find() -> Json | None:
            calls = self._calls()
            return next((one for one in calls if _text(one) == text_of(number)), None)

        send = wait_for(find, "the send", PATIENCE, every=0.05)
        about = (email, send["body"]["externalContactId"])
        sequence = [
            call
            for call in self._calls()
            if call["at"] <= send["at"]
            and _is_step(call)
            and any(one in str(call["body"]) for one in about)
        ]
        taken = datetime.fromisoformat(send["at"]) - accepted_at
        wait_for(lambda: self._status_of(number), "the send's answer", PATIENCE)
        return len(sequence), taken.total_seconds() * 1000 + CALL_MS

    def _status_of(self, number: int) -> bool:
        """Tell whether the send was answered; it has to be with 202."""
        (send,) = (one for one in self._calls() if _text(one) == text_of(number))
        assert send["status"] in (None, 202), send["status"]
        return bool(send["status"] == 202)

    def _ask(self, requests: list[bytes]) -> None:
        run_at((LOOPBACK, self._bot.port), requests, 1.0)

    def _calls(self) -> list[Json]:
        return list(self._control("GET", "/control/genesys/calls")["calls"])

    def _control(self, verb: str, path: str, **body: Any) -> Json:
        request = urllib.request.Request(
            self._sandbox.page_url.rstrip("/") + path,
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=verb,
        )
        with _OPEN(request, timeout=30) as answer:
            return dict(json.load(answer))


def _text(call: Json) -> str:
    body = call["body"]
    return str(body.get("textBody", "")) if isinstance(body, dict) else ""


def _is_step(call: Json) -> bool:
    """Tell whether a call belongs to a message's way; the watch asks for today's history only."""
    if "details/query" in call["path"]:
        start, end = map(datetime.fromisoformat, call["body"]["interval"].split("/"))
        return end - start > timedelta(days=2)
    return any(step in call["path"] for step in _STEPS)
