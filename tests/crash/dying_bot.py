"""The real bot, which kills itself with SIGKILL at a named point.

`become_bot` turns this process into the bot. With CRASH_POINT=name and CRASH_HIT=n among its
settings it dies the n-th time (by default the first) that it reaches the point, and logs that.
The points wrap the product's functions from outside: the product has no hooks for tests.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import bot.app  # noqa: F401 -- loaded here once for all the bots of a nursery
from bot.__main__ import main
from bot.cards.client import SlackClient
from bot.cards.ledger import Ledger
from bot.delivery import deliver, outcomes, reconcile
from bot.jobs.queue import JobQueue
from bot.request import State
from bot.rules.lookup import Lookup
from bot.storage.outcome_schedule import OutcomeSchedule
from bot.storage.requests import RequestStore
from tests.crash.other_release import become_other_release

KILLED_AT = "killed at: "
Condition = Callable[..., bool]


def _always(*_: Any, **__: Any) -> bool:
    return True


def _to(state: State) -> Condition:
    return lambda _store, _request_id, new, *_, **__: new is state


# name: (owner, function, when its arguments count)
_WRAPPED: dict[str, tuple[Any, str, Condition]] = {
    "add": (RequestStore, "add", _always),
    "look-up": (Lookup, "check_before_send", _always),
    "scheduled": (RequestStore, "move", _to(State.SCHEDULED)),
    "sending": (RequestStore, "move", _to(State.SENDING)),
    "send": (deliver, "send_once", _always),
    "accepted": (RequestStore, "move", _to(State.ACCEPTED)),
    "doubt": (reconcile.Reconciler, "doubt", _always),
    "search": (reconcile, "find_sent", _always),
    "announce": (Ledger, "announce", _always),
    "post": (SlackClient, "post", _always),
    "card noted": (Ledger, "note_card", _always),
    "line noted": (Ledger, "note_line", _always),
    "update": (SlackClient, "update", _always),
    "outcome noted": (Ledger, "note_outcome", _always),
    "claim": (OutcomeSchedule, "claim_due", _always),
    "news": (outcomes, "read_news", _always),
    "replied": (RequestStore, "move", _to(State.REPLIED)),
    "enqueue": (JobQueue, "enqueue", _always),
}
POINTS = tuple(f"{when} {name}" for name in _WRAPPED for when in ("before", "after"))


def _arm(point: str, hit: int) -> None:
    when, _, name = point.partition(" ")
    owner, function, counts = _WRAPPED[name]
    true_function = getattr(owner, function)
    hits = 0

    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal hits
        reached = counts(*args, **kwargs)
        hits += reached
        dies = reached and hits == hit  # decided now: other threads count on meanwhile
        if dies and when == "before":
            _die(point)
        result = true_function(*args, **kwargs)
        if dies:
            _die(point)
        return result

    setattr(owner, function, dying)


def _die(point: str) -> None:
    os.write(2, f"{KILLED_AT}{point}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


def become_bot() -> int:
    """Run the bot with the settings of the environment; return its exit status."""
    sys.argv = ["bot", "run"]
    if os.environ.get("CRASH_POINT"):
        _arm(os.environ["CRASH_POINT"], int(os.environ.get("CRASH_HIT", "1")))
    if os.environ.get("OTHER_RELEASE"):
        become_other_release()
    return main()
