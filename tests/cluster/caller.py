"""A process that calls as fast as the shared budget lets it.

Arguments: the database's URL, the limit, the period, the priority, the number of threads. Prints
"ready", begins when a line is read and prints the moment of each grant until its input ends. The
moment is the one that the budget gave, by the database's clock: a busy machine may wake a caller
late, and that would count as a call of a later time here.
"""

# ruff: noqa: T201 -- its output is its answer

from __future__ import annotations

import sys
import threading
import time

from bot.storage.rate_limit import SharedBudget
from bot.storage.tables import open_database
from genesys import Priority, RateBudgetExhausted

url, limit, period, priority, threads = sys.argv[1:]
stop, one_at_a_time = threading.Event(), threading.Lock()


class WatchedBudget(SharedBudget):
    """Tells when each call was granted."""

    def _book(self, priority: Priority, give_up: float) -> tuple[float, float]:
        with one_at_a_time:
            wait, pushed = super()._book(priority, give_up)
            if (wait <= 0 or priority is Priority.INTERACTIVE) and self._known is not None:
                print(self._known.seen + wait, flush=True)
        return wait, pushed


def call(budget: SharedBudget) -> None:
    while not stop.is_set():
        try:
            budget.acquire(Priority(priority), patience=float(period))
        except RateBudgetExhausted as exhausted:
            time.sleep(exhausted.retry_after)


if __name__ == "__main__":
    budget = WatchedBudget(open_database(url), int(limit), period=float(period))
    print("ready", flush=True)
    sys.stdin.readline()
    callers = [threading.Thread(target=call, args=[budget]) for _ in range(int(threads))]
    for caller in callers:
        caller.start()
    sys.stdin.read()
    stop.set()
    for caller in callers:
        caller.join()
