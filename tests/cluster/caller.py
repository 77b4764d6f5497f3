"""A process that calls as fast as the shared budget lets it.

Arguments: the database's URL, the limit, the period, the priority, the number of threads. Prints
"ready", begins when a line is read and prints the moment of each grant until its input ends.
"""

# ruff: noqa: T201 -- its output is its answer

from __future__ import annotations

import sys
import threading
import time

from bot.quota import SharedBudget
from bot.tables import open_database
from genesys import Priority, RateBudgetExhausted

url, limit, period, priority, threads = sys.argv[1:]
stop, printing = threading.Event(), threading.Lock()


def call(budget: SharedBudget) -> None:
    while not stop.is_set():
        try:
            budget.acquire(Priority(priority), patience=float(period))
        except RateBudgetExhausted as exhausted:
            time.sleep(exhausted.retry_after)
        else:
            with printing:
                print(time.monotonic(), flush=True)


if __name__ == "__main__":
    budget = SharedBudget(open_database(url), int(limit), period=float(period))
    print("ready", flush=True)
    sys.stdin.readline()
    callers = [threading.Thread(target=call, args=[budget]) for _ in range(int(threads))]
    for caller in callers:
        caller.start()
    sys.stdin.read()
    stop.set()
    for caller in callers:
        caller.join()
