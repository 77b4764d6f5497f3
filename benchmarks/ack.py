"""Item 1: how soon ``/proactive`` is acknowledged, and how many a second.

A signed slash command over HTTP, which is acked and whose modal then opens at a Slack that costs
little: at 50 and 200 a second (open loop), and as many as the server takes (16 connections), where
the modals count as well as the acks. Server and load have a core each. The raw ASGI app opens
nothing; beside it stands the bot's own ack without a call to Slack, that of ``/proactive help``.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.ack_goals import (
    DELIVERING,
    HELP,
    LOAD,
    MOST,
    RATES,
    WAITING,
    goals_at_rest,
    goals_under_load,
    name_of,
    quantities,
)
from benchmarks.bot import a_bot
from benchmarks.contestants import (
    BARE,
    BOT,
    NO_NODE,
    NODE,
    RAW,
    Contestant,
    a_baseline,
    alone,
    has_node,
    names,
    of_bot,
    stand_still,
)
from benchmarks.load import commands, is_empty, run_at, run_flat_out, submissions
from benchmarks.process import wait_for
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Report, alternate, percentile

SUBMITTED_AT = 20  # a second
PATIENCE = 30.0

_CUSTOMERS = itertools.count(1)


@dataclass(frozen=True)
class _Plan:
    """How long to measure."""

    warm_up: int  # requests
    seconds: float  # at each rate
    flat_out: float
    supply: int  # the most requests made for a second flat out
    load: int  # look-ups that wait, and requests that are being delivered


@dataclass(frozen=True)
class _Stage:
    """Everybody who takes part, and the stand-ins behind them."""

    everybody: Mapping[str, Contestant]
    slack: QuickSlack
    silent: QuickGenesys
    busy: QuickGenesys


def measure(smoke: bool, rounds: int) -> Report:
    """Measure all in turn."""
    plan = _Plan(20, 0.3, 0.2, 1_000, 20) if smoke else _Plan(2_000, 6.0, 3.0, 20_000, LOAD)
    with _set_up(smoke) as stage:
        found = alternate(_measurements(stage, plan), rounds)
    rows = tuple(
        (name, *(str(figures.get(key, "–")) for key in quantities()))
        for name, figures in found.items()
    )
    return Report(
        "Acknowledging /proactive",
        ("server", *quantities()),
        rows,
        (*goals_at_rest(found), *goals_under_load(found)),
        notes=(
            "Latencies in ms, from the moment at which a request was due. "
            f"Genesys silent: it answers after 30 s, and {LOAD} look-ups wait for it. "
            f"Delivering: {LOAD} submissions go out at 300 Genesys calls a minute.",
            *(() if has_node() else (NO_NODE,)),
        ),
    )


@contextlib.contextmanager
def _set_up(smoke: bool) -> Iterator[_Stage]:
    with contextlib.ExitStack() as stack:
        root = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        slack = stack.enter_context(QuickSlack())
        for each in ("silent", "busy"):
            (root / each).mkdir()
        silent = stack.enter_context(QuickGenesys(root / "silent", delay_ms=30_000))
        busy = stack.enter_context(QuickGenesys(root / "busy", delay_ms=100))
        loads = {BOT: busy, WAITING: silent, DELIVERING: busy}
        if smoke:
            del loads[DELIVERING]  # it comes last, so that one bot does for that and for no load
        started = {
            name: a_bot(
                root / name.replace(" ", "-"),
                slack_url=slack.url,
                genesys_url=genesys.url,
                PROACTIVE_UNDO_SECONDS="0",
            )
            for name, genesys in loads.items()
        }
        for bot in started.values():
            stack.callback(bot.kill)
        everybody = {}
        for name in names(BARE, NODE, RAW):
            everybody[name] = a_baseline(name, root, slack.url)
            stack.callback(everybody[name].server.kill)
        everybody |= {name: of_bot(bot) for name, bot in started.items()}
        everybody.setdefault(DELIVERING, everybody[BOT])
        stand_still(everybody.values(), slack)
        yield _Stage(everybody, slack, silent, busy)


def _measurements(stage: _Stage, plan: _Plan) -> dict[str, Callable[[], Mapping[str, float]]]:
    def race(name: str, *, opens: bool = True, text: str = "") -> Mapping[str, float]:
        one = stage.everybody[name]
        with alone(one):
            return {
                **_at_rates(one, stage.slack, plan, opens=opens, text=text),
                MOST: _flat_out(one, stage.slack, plan, opens=opens, text=text),
            }

    def under_load(name: str, load: Callable[[Contestant], None]) -> Mapping[str, float]:
        one = stage.everybody[name]
        with alone(one):
            load(one)
            return _at_rates(one, stage.slack, plan)

    return {
        BOT: partial(race, BOT),
        **{name: partial(race, name) for name in names(BARE, NODE)},
        RAW: partial(race, RAW, opens=False),
        HELP: partial(race, BOT, opens=False, text="help"),
        WAITING: partial(under_load, WAITING, partial(_let_look_ups_wait, stage, plan.load)),
        DELIVERING: partial(under_load, DELIVERING, partial(_let_deliver, stage, plan.load)),
    }


def _at_rates(
    one: Contestant, slack: QuickSlack, plan: _Plan, *, opens: bool = True, text: str = ""
) -> dict[str, float]:
    is_right = is_empty if not text else _is_help
    found = {}
    warm_up = commands(one.secret, plan.warm_up, text)  # the first ones are slower, Node's most
    with _modals_open(slack, len(warm_up) if opens else 0):
        run_flat_out(one.address, warm_up, PATIENCE, is_right=is_right)
    for rate in RATES:
        requests = commands(one.secret, int(rate * plan.seconds), text)
        with _modals_open(slack, len(requests) if opens else 0):
            taken = run_at(one.address, requests, rate, is_right)
        found[name_of(50, rate)] = percentile(taken, 0.50) * 1000
        found[name_of(99, rate)] = percentile(taken, 0.99) * 1000
    return found


def _flat_out(one: Contestant, slack: QuickSlack, plan: _Plan, *, opens: bool, text: str) -> float:
    """Return how many a second were acked, with their modals, if any."""
    requests = commands(one.secret, int(plan.supply * plan.flat_out), text)
    begun = time.monotonic()
    slack.forget()
    done = run_flat_out(
        one.address, requests, plan.flat_out, is_right=is_empty if not text else _is_help
    )
    if not opens:
        return done.per_second
    count = len(done.latencies)
    wait_for(lambda: slack.count("views.open") >= count, "all modals open", PATIENCE)
    return count / (slack.last("views.open") - begun)


@contextlib.contextmanager
def _modals_open(slack: QuickSlack, count: int) -> Iterator[None]:
    """Make sure that what is acked in the block is done, too."""
    slack.forget()
    yield
    wait_for(lambda: slack.count("views.open") >= count, f"{count} modals open", PATIENCE)
    assert not count or slack.count("views.open") == count, "more modals than commands"


def _is_help(body: bytes) -> bool:
    return b'"ephemeral"' in body


def _let_look_ups_wait(stage: _Stage, count: int, one: Contestant) -> None:
    """Ask for customers of whom Genesys will say nothing for a long time."""
    requests = [commands(one.secret, 1, address)[0] for address in _new_customers(count)]
    with _modals_open(stage.slack, count):
        run_at(one.address, requests, 200)
    wait_for(lambda: bool(stage.silent.calls()), "Genesys is asked", PATIENCE)


def _let_deliver(stage: _Stage, count: int, one: Contestant) -> None:
    """Submit what takes minutes to deliver, and wait until deliveries run."""
    sent, taken = len(stage.busy.sent()), 0

    def note(body: bytes) -> bool:
        nonlocal taken
        taken += is_empty(body)  # that none is refused is what ``submission`` measures
        return True

    run_at(one.address, submissions(one.secret, _new_customers(count)), SUBMITTED_AT, note)
    assert taken >= 0.9 * count, f"only {taken} of {count} submissions were taken"
    wait_for(lambda: len(stage.busy.sent()) > sent, "a request is delivered", PATIENCE)


def _new_customers(count: int) -> list[str]:
    """Return addresses of whom Genesys was never asked."""
    return [f"customer-{next(_CUSTOMERS):06}@example.com" for _ in range(count)]
