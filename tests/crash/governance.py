"""What people do so that a bot gets to the points of approvals, pauses, opt-outs and quiet hours.

Each scenario starts a bot that dies at its point, and leaves none running and no pause behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.cards.card_buttons import APPROVE
from bot.request import Stuck
from bot.state import State
from bot.storage.tables import pause
from tests.crash.clicks import press
from tests.crash.cluster import Cluster
from tests.product.conftest import SUPPORT, Agent, wait_until

NEEDS_APPROVAL = "[approval]\neverything = true\n"
# The bot must be up before they end, and the file has no seconds.
QUIET_FOR = timedelta(seconds=100)
KILL_SECONDS = 30.0
APPROVAL_SECONDS = 180.0  # the jobs of killed bots begin again after half a minute or more


class Message(NamedTuple):
    """What an agent sends, and to whom."""

    address: str
    text: str


Scenario = Callable[[Cluster, str, Message], None]


def request_until_acknowledged(cluster: Cluster, message: Message) -> None:
    """Request a message, again if the form was late, unless the bot dies."""
    while cluster.running() and not cluster.request_message(*message):
        pass


def wait_until_killed(cluster: Cluster) -> None:
    """Wait until the bot has got to its point."""
    wait_until(lambda: not cluster.running() or None, "the kill", KILL_SECONDS)


def approve_what_waits(cluster: Cluster) -> None:
    """Approve every message that waits for it, so that all of them get on."""

    def is_done() -> bool:
        rows = _rows(cluster, State.CHECKING, State.UNAPPROVED)
        for row in rows:
            if row.state == State.UNAPPROVED and row.card_ts:
                press(cluster, row, APPROVE)
        return not rows

    try:
        wait_until(is_done, "the approvals", APPROVAL_SECONDS)
    except AssertionError as late:
        waiting = _rows(cluster, State.CHECKING, State.UNAPPROVED)
        states = [(row.request_id, row.state, row.stuck, row.card_ts) for row in waiting]
        raise AssertionError(f"{late}: {states}") from None


def _rows(cluster: Cluster, *states: State) -> list[Any]:
    return [row for row in cluster.read_records().rows if State(row.state) in states]


def _say(cluster: Cluster, command: str) -> None:
    Agent(cluster, "U0LEO", SUPPORT).types(command)


def _has_come(cluster: Cluster, message: Message, holds: Callable[[Any], object]) -> bool:
    """Wait until this is true of a request; return False if the bot died before."""
    rows = cluster.read_records

    def look() -> bool | None:
        found = any(row.text == message.text and holds(row) for row in rows().rows)
        return True if found or not cluster.running() else None

    wait_until(look, "the request", KILL_SECONDS)
    return bool(cluster.running())


def _ask_for_approval(cluster: Cluster, point: str, message: Message) -> None:
    cluster.set_rules(NEEDS_APPROVAL)
    cluster.start_bot(0, point=point)
    request_until_acknowledged(cluster, message)
    if _has_come(cluster, message, lambda row: row.state == State.UNAPPROVED and row.card_ts):
        [row] = [row for row in _rows(cluster, State.UNAPPROVED) if row.text == message.text]
        press(cluster, row, APPROVE)
    wait_until_killed(cluster)
    cluster.set_rules()


def _pause(cluster: Cluster, point: str, message: Message) -> None:
    cluster.start_bot(0, point=point)
    _say(cluster, "pause An incident")
    _wait_for_pause(cluster)
    request_until_acknowledged(cluster, message)
    wait_until_killed(cluster)
    _resume(cluster)


def _pause_and_resume(cluster: Cluster, point: str, message: Message) -> None:
    cluster.start_bot(0, point=point)
    _hold(cluster, message)
    _say(cluster, "resume")
    wait_until_killed(cluster)
    _resume(cluster)


def _opt_out(cluster: Cluster, point: str, message: Message) -> None:
    cluster.start_bot(0, point=point)
    _hold(cluster, message)
    _say(cluster, f"opt-out {message.address} she asked us to")
    wait_until_killed(cluster)
    _resume(cluster)


def _postpone(cluster: Cluster, point: str, message: Message) -> None:
    """Let quiet hours begin while a message waits."""
    cluster.start_bot(0)
    _hold(cluster, message)
    cluster.kill_bot(0)
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + QUIET_FOR
    hours = f"start = '{start:%H:%M}'\nend = '{end:%H:%M}'\n"
    cluster.set_rules(f"[quiet_hours]\nenabled = true\n{hours}")
    cluster.start_bot(0, point=point)
    _say(cluster, "resume")
    wait_until_killed(cluster)
    cluster.set_rules()
    _resume(cluster)


def _await_end(cluster: Cluster, point: str, message: Message) -> None:
    """Let a message wait for the end of the customer's conversation, which ends after the kill."""
    customer = message.address.partition("@")[0]
    cluster.post(f"/customers/{customer}/answer", text="Hello?")
    cluster.start_bot(0, point=point)
    ada = Agent(cluster, "U0ADA", SUPPORT)
    view = ada.opens(f"{message.address} {message.text}", "They're in a live conversation")
    ada.changes("open_conversation", "ended")
    ada.sees("Your message goes out when it has ended.")
    cluster.submit(view, message.text, ada.user, open_conversation="ended")
    wait_until_killed(cluster)
    cluster.post(f"/customers/{customer}/end")


def _hold(cluster: Cluster, message: Message) -> None:
    """Pause all sending, and request a message that then waits."""
    _say(cluster, "pause An incident")
    _wait_for_pause(cluster)
    request_until_acknowledged(cluster, message)
    _has_come(cluster, message, lambda row: row.stuck == Stuck.PAUSED)


def _wait_for_pause(cluster: Cluster) -> None:
    wait_until(lambda: _is_paused(cluster) or not cluster.running() or None, "the pause")


def _resume(cluster: Cluster) -> None:
    """Let a bot without a point end the pause, if there's one, and mark what still waits."""
    cluster.start_bot(0)
    _say(cluster, "resume")

    def is_over() -> bool:
        held = (row for row in cluster.read_records().rows if row.stuck)
        return not _is_paused(cluster) and not any(held)

    wait_until(is_over, "the end of the pause", KILL_SECONDS)
    cluster.kill_bot(0)


def _is_paused(cluster: Cluster) -> bool:
    engine = cluster.database()
    try:
        with engine.connect() as connection:
            return connection.execute(sa.select(pause)).first() is not None
    finally:
        engine.dispose()


SCENARIOS: dict[str, Scenario] = {
    **dict.fromkeys(("unapproved", "approved"), _ask_for_approval),
    **dict.fromkeys(("pause begun", "pause marked"), _pause),
    **dict.fromkeys(("pause ended", "resume marked"), _pause_and_resume),
    **dict.fromkeys(("opt-out", "opt-out refused"), _opt_out),
    "postponed": _postpone,
    "awaits end": _await_end,
}
