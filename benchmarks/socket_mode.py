"""Item 1, Socket Mode: envelopes acknowledged a second, and how soon at 50 a second.

The same slash command, over the websocket that the server has opened to a Slack that costs little:
each envelope is acked and its modal opened. With the text "help" there is no call to Slack, only
the ack. Each server has a Slack of its own, because that one decides who gets an envelope. The
others stay awake meanwhile: a websocket whose owner stands still is given up.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bot import a_bot
from benchmarks.contestants import (
    BARE,
    BOT,
    NO_NODE,
    NODE,
    Contestant,
    a_baseline,
    has_node,
    names,
    of_bot,
    ratio,
)
from benchmarks.load import command
from benchmarks.process import wait_for
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure, Goal, Report, alternate, percentile

RATE = 50
MOST, ACKS = "with their modals, most a second", "acks alone, most a second"
PATIENCE = 40.0
_NOBODY = "http://127.0.0.1:9"  # Genesys is not asked: the commands name no customer
_QUANTITIES = (f"p50 at {RATE}/s", f"p99 at {RATE}/s", MOST, ACKS)


@dataclass(frozen=True)
class _Plan:
    """How many envelopes to send."""

    warm_up: int
    at_rate: int
    flat_out: int


@dataclass(frozen=True)
class _Connected:
    """A server, and the Slack that it has opened its websocket to."""

    one: Contestant
    slack: QuickSlack


def measure(smoke: bool, rounds: int) -> Report:
    """Measure all in turn."""
    plan = _Plan(20, 20, 100) if smoke else _Plan(1_000, 300, 5_000)
    with _set_up() as everybody:
        contestants: dict[str, Callable[[], Mapping[str, float]]] = {
            name: partial(_measure_once, each, plan) for name, each in everybody.items()
        }
        found = alternate(contestants, rounds)
    rows = tuple(
        (name, *(str(figures[quantity]) for quantity in _QUANTITIES))
        for name, figures in found.items()
    )
    return Report(
        "Socket Mode",
        ("server", *_QUANTITIES),
        rows,
        tuple(_goals(found)),
        notes=(
            "Latencies in ms, from the moment at which an envelope was due.",
            *(() if has_node() else (NO_NODE,)),
        ),
    )


@contextlib.contextmanager
def _set_up() -> Iterator[dict[str, _Connected]]:
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        everybody = {}
        for name in names(BOT, BARE, NODE):
            slack = stack.enter_context(QuickSlack())
            if name == BOT:
                bot = a_bot(
                    root / "bot", slack_url=slack.url, genesys_url=_NOBODY, socket_mode=True
                )
                stack.callback(bot.kill)
                one = of_bot(bot)
            else:
                one = a_baseline(name, root, slack.url, socket_mode=True)
                stack.callback(one.server.kill)
            everybody[name] = _Connected(one, slack)
        for name, each in everybody.items():
            each.one.server.wait_until(partial(each.slack.tell, "sockets"), f"{name} connects")
        yield everybody


def _measure_once(each: _Connected, plan: _Plan) -> Mapping[str, float]:
    _deliver(each.slack, "", plan.warm_up)
    at_rate = _deliver(each.slack, "", plan.at_rate, rate=RATE)["latencies"]
    begun = time.monotonic()
    _deliver(each.slack, "", plan.flat_out)
    with_modals = plan.flat_out / (each.slack.last("views.open") - begun)
    alone_seconds = _deliver(each.slack, "help", plan.flat_out)["seconds"]
    return {
        f"p50 at {RATE}/s": percentile(at_rate, 0.50) * 1000,
        f"p99 at {RATE}/s": percentile(at_rate, 0.99) * 1000,
        MOST: with_modals,
        ACKS: plan.flat_out / alone_seconds,
    }


def _deliver(slack: QuickSlack, text: str, count: int, rate: float = 0) -> dict[str, Any]:
    """Deliver so many envelopes, and wait until what they ask for is done."""
    slack.forget()
    done: dict[str, Any] = slack.tell(
        "deliver", payload=command("TRIGGER", text), count=count, rate=rate
    )
    opened = 0 if text else count
    wait_for(lambda: slack.count("views.open") >= opened, f"{opened} modals open", PATIENCE)
    return done


def _goals(found: Mapping[str, Mapping[str, Figure]]) -> Iterator[Goal]:
    for quantity, words in ((MOST, "with their modals"), (ACKS, "acks alone")):
        to_bare = ratio(found[BOT][quantity], found[BARE][quantity])
        yield Goal(
            f"at least 1.5 times the bare AsyncApp's envelopes a second, {words}",
            f"{to_bare}",
            to_bare.median >= 1.5,
        )
