"""Runs the real bot so that it kills itself with SIGKILL at a named point.

With CRASH_POINT=name and CRASH_HIT=n among its settings, the bot logs the point and dies the n-th
time it gets there (by default the first). The points wrap the product's functions from outside:
the product has no hooks for tests.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import bot.app  # noqa: F401 -- loaded here once for all the bots that the fork server starts
from bot.__main__ import main
from bot.cards.client import SlackClient
from bot.cards.ledger import Ledger
from bot.cards.post_names import UNCERTAIN
from bot.delivery import outcomes, reconcile, send
from bot.jobs.queue import JobQueue
from bot.request import Event
from bot.rules.lookup import Lookup
from bot.state import State
from bot.storage import pause
from bot.storage.opt_outs import OptOuts
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.requests import RequestStore
from tests.crash.other_release import become_other_release

KILLED_AT = "killed at: "
Condition = Callable[..., bool]


def _always(*_: Any, **__: Any) -> bool:
    return True


def _to(state: State) -> Condition:
    return lambda _store, _request_id, new, *_, **__: new is state


def _as(event: Event) -> Condition:
    return lambda _store, _request_id, _new, as_, *_, **__: as_ is event


def _line(event: Event) -> Condition:
    return lambda _connection, _request_id, line, *_, **__: line is event


def _doubt(*arguments: Any, **_: Any) -> bool:
    """Tell a call that's about the post which says that a send is uncertain."""
    return any(isinstance(one, str) and UNCERTAIN in one for one in arguments)


# name: (owner, function, which calls of it count)
_FUNCTIONS: dict[str, tuple[Any, str, Condition]] = {
    "add": (RequestStore, "add", _always),
    "look-up": (Lookup, "check_before_send", _always),
    "scheduled": (RequestStore, "move", _to(State.SCHEDULED)),
    "sending": (RequestStore, "move", _to(State.SENDING)),
    "send": (send, "send_once", _always),
    "accepted": (RequestStore, "move", _to(State.ACCEPTED)),
    "doubt": (reconcile.Reconciler, "note_lost_answer", _always),
    "search": (reconcile, "find_sent", _always),
    "announce": (Ledger, "announce", _always),
    "post": (SlackClient, "post", _always),
    "card noted": (Ledger, "note_card", _always),
    "line noted": (Ledger, "note_line", _always),
    "update": (SlackClient, "update", _always),
    "outcome noted": (Ledger, "note_outcome", _always),
    "uncertain": (RequestStore, "move", _to(State.UNCERTAIN)),
    "uncertain announced": (Ledger, "announce", _doubt),
    "uncertain posted": (SlackClient, "post", _doubt),
    "uncertain noted": (Ledger, "note_other_post", _doubt),
    "claim": (OutcomeSchedule, "claim_due", _always),
    "news": (outcomes, "read_news", _always),
    "replied": (RequestStore, "move", _to(State.REPLIED)),
    "unapproved": (RequestStore, "move", _to(State.UNAPPROVED)),
    "approved": (RequestStore, "move", _as(Event.APPROVED)),
    "postponed": (RequestStore, "move", _as(Event.POSTPONED)),
    "opt-out": (OptOuts, "add", _always),
    "opt-out refused": (RequestStore, "move", _as(Event.OPTED_OUT)),
    "pause begun": (pause.Pause, "begin", _always),
    "pause marked": (pause, "add_line", _line(Event.PAUSED)),
    "pause ended": (pause.Pause, "end", _always),
    "resume marked": (pause, "add_line", _line(Event.RESUMED)),
    "enqueue": (JobQueue, "enqueue", _always),
    "awaits end": (RequestStore, "move", _as(Event.AWAITS_END)),
}
POINTS = tuple(f"{when} {name}" for name in _FUNCTIONS for when in ("before", "after"))


def _wrap(point: str, hit: int) -> None:
    when, _, name = point.partition(" ")
    owner, function, counts = _FUNCTIONS[name]
    original = getattr(owner, function)
    hits = 0

    def crashing(*args: Any, **kwargs: Any) -> Any:
        nonlocal hits
        reached = counts(*args, **kwargs)
        hits += reached
        crashes = reached and hits == hit  # decided before the call: other threads count meanwhile
        if crashes and when == "before":
            _crash(point)
        result = original(*args, **kwargs)
        if crashes:
            _crash(point)
        return result

    setattr(owner, function, crashing)


def _crash(point: str) -> None:
    os.write(2, f"{KILLED_AT}{point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def run_bot() -> int:
    """Run the bot in this process, with the settings of the environment; return its exit status."""
    sys.argv = ["bot", "run"]
    if os.environ.get("CRASH_POINT"):
        _wrap(os.environ["CRASH_POINT"], int(os.environ.get("CRASH_HIT", "1")))
    if os.environ.get("OTHER_RELEASE"):
        become_other_release()
    return main()
