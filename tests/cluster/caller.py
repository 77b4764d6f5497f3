"""A process that calls as fast as the shared rate limit allows.

Arguments: the database's URL, the limit, the period, the priority, the number of threads. Prints
"ready", starts when it reads a line, and prints the time of each call until its input ends.
"""

# ruff: noqa: T201 -- its output is its answer

from __future__ import annotations

import sys
import threading
import time

from bot.storage.database import Database
from bot.storage.migrations import migrate
from bot.storage.rate_limit import RateLimitRow
from genesys import Priority, RateLimitExhausted, StoredRateLimiter
from tests.cluster.observed_row import ObservedRow

url, limit, period, priority, threads = sys.argv[1:]
stop, printing = threading.Event(), threading.Lock()


def report(_asked: float, starts: float) -> None:
    with printing:
        print(starts, flush=True)


def call(limiter: StoredRateLimiter) -> None:
    while not stop.is_set():
        try:
            limiter.acquire(Priority(priority), patience=float(period))
        except RateLimitExhausted as exhausted:
            time.sleep(exhausted.retry_after)


if __name__ == "__main__":
    database = Database(url)
    migrate(database)
    row = ObservedRow(RateLimitRow(database), report)
    limiter = StoredRateLimiter(row, int(limit), period=float(period))
    print("ready", flush=True)
    sys.stdin.readline()
    callers = [threading.Thread(target=call, args=[limiter]) for _ in range(int(threads))]
    for caller in callers:
        caller.start()
    sys.stdin.read()
    stop.set()
    for caller in callers:
        caller.join()
