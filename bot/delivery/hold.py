"""Lets requests wait while something that they need doesn't answer."""

from __future__ import annotations

import time

from bot.job import Job, publish
from bot.request import Event, Request, Stuck
from bot.storage.requests import RequestStore

HOLD_SECONDS = 10  # between two attempts while Genesys doesn't answer
LONG_HOLD_SECONDS = 60  # the same when that has lasted for a while
LONG_HOLD_AFTER = 30  # attempts
# Seconds between two held requests: each makes three calls, and the usual quota is five a second.
BETWEEN_SENDS = 0.6
# So many wait one after the other. A delivery that's due later than three minutes counts as lost.
MOST_AHEAD = 180


class Hold:
    """Plans the next attempts: from the next full ten seconds or minute on, the oldest first."""

    def __init__(self, requests: RequestStore) -> None:
        self._requests = requests
        self._away_until = 0.0
        self._why = Stuck.UNAVAILABLE

    @property
    def is_away(self) -> bool:
        """Return whether an attempt has just failed, so that others needn't ask before the next."""
        return time.monotonic() < self._away_until

    def wait(self, request: Request, job: Job, why: Stuck = Stuck.NO) -> None:
        """Let a request wait, behind those that have waited for longer.

        ``why``: Stuck.NO if nobody asked, because an earlier attempt has just failed.
        """
        self._why = why or self._why
        seconds = HOLD_SECONDS if job.step < LONG_HOLD_AFTER else LONG_HOLD_SECONDS
        until_next = seconds - time.time() % seconds
        self._away_until = max(self._away_until, time.monotonic() + until_next)
        behind = self._requests.count_ahead(request, MOST_AHEAD) * BETWEEN_SENDS
        again = job.next_step(until_next + behind)
        jobs = [publish(request.request_id), again]
        self._requests.add_line(
            request.request_id,
            Event.HELD,
            self._why.value,
            jobs=jobs,
            once=True,
            stuck=self._why,
            seen=request,
        )
