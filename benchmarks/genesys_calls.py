"""How many calls of Genesys a message costs: those about its customer, up to the send."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks.bot import THIS, Release
from benchmarks.quick_genesys import SEND
from benchmarks.report import Report, alternate, table
from benchmarks.slack_requests import Press, new_presses
from benchmarks.stage import Run, Stage, open_form
from benchmarks.targets import CALLS_FIRST, CALLS_LOOKED_UP

_FIRST, _LOOKED_UP = "a first send", "right after the form's look-up"


def measure(run: Run) -> Report:
    """Count once: the numbers don't vary."""
    releases = {one.name: partial(_count, run, one) for one in run.releases}
    found = alternate(releases, 1)
    columns = (_FIRST, _LOOKED_UP)
    return Report(
        "Genesys calls for each message",
        ("bot", *columns),
        table(found, columns),
        (
            CALLS_FIRST.judge(found[THIS.name][_FIRST]),
            CALLS_LOOKED_UP.judge(found[THIS.name][_LOOKED_UP]),
        ),
        ("What is asked for all messages together isn't counted: the token, the outcomes.",),
    )


def _count(run: Run, release: Release) -> Mapping[str, float]:
    with run.stage(release, settings={"PROACTIVE_UNDO_SECONDS": "0"}) as stage:
        first, looked_up = new_presses(2)
        _wait_for_quiet(stage)
        calls = _press(stage, first)
        _wait_for_quiet(stage)
        _look_up(stage, looked_up.address)
        return {_FIRST: calls, _LOOKED_UP: _press(stage, looked_up)}


def _wait_for_quiet(stage: Stage) -> None:
    """Wait until nothing asks Genesys about earlier messages."""
    stage.wait_until_done(stage.genesys.count_sent())


def _look_up(stage: Stage, address: str) -> None:
    """Type a command with a customer, and wait until the form shows who that is."""
    updates = stage.slack.count("views.update")
    open_form(stage.bot, stage.slack, address)
    # The first update says that the customer is being looked up, the second one what was found.
    stage.bot.wait_until(
        lambda: stage.slack.count("views.update") >= updates + 2, "the form shows the customer"
    )


def _press(stage: Stage, press: Press) -> int:
    """Press Send; return the number of calls up to the send and with it."""
    calls, sent = len(stage.genesys.calls()), stage.genesys.count_sent()
    stage.press([press], 1)
    stage.bot.wait_until(lambda: stage.genesys.count_sent() > sent, "the message is sent")
    return stage.genesys.calls(calls).index(SEND) + 1
