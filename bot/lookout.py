"""A thread that looks each second, and at the moments that it was told.

Promises: a look that fails is made again a second later. Does not: know what is looked for.
"""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable

import sqlalchemy as sa

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
_STOP_SECONDS = 1.0


class Lookout:
    """One thread beside the engine."""

    def __init__(self, look: Callable[[bool], None]) -> None:
        """Make it; ``look`` is told if such a moment has come. It may raise SQLAlchemyError."""
        self._look = look
        self._changed = threading.Condition()
        self._moments: list[float] = []  # a heap
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; returns within about a second even if the database hangs."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def look_in(self, seconds: float) -> None:
        """Look in so many seconds, whatever comes before."""
        with self._changed:
            heapq.heappush(self._moments, time.monotonic() + seconds)
            self._changed.notify()

    def _run(self) -> None:
        while (is_due := self._wait()) is not None:
            try:
                self._look(is_due)
            except sa.exc.SQLAlchemyError as error:
                log.warning("the engine's queues could not be looked at (%s)", type(error).__name__)

    def _wait(self) -> bool | None:
        """Wait for the next look; tell whether its moment was told, None when it is to end."""
        until = time.monotonic() + LOOK_SECONDS
        with self._changed:
            while not self._is_stopping:
                now = time.monotonic()
                left = min([until, *self._moments[:1]]) - now
                if left <= 0:
                    return self._take_moments(now)
                self._changed.wait(left)
        return None

    def _take_moments(self, now: float) -> bool:
        """Forget the moments that have come; tell whether there were any."""
        count = len(self._moments)
        while self._moments and self._moments[0] <= now:
            heapq.heappop(self._moments)
        return len(self._moments) < count
