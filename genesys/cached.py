"""Keep a value that is read in the background."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from genesys.errors import GenesysError

T = TypeVar("T")


class Cached(Generic[T]):
    """A value that is read in the background and kept for `fresh_seconds`; thread-safe.

    Callers that ask at the same time share one read. `clock` is in seconds.
    """

    def __init__(
        self,
        read: Callable[[], T],
        *,
        fresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "cached")
        self._reading: Future[T] | None = None
        self._started_at = 0.0

    def start_reading(self, *, patience: float | None = None) -> Callable[[], T]:
        """Start to read it, unless it's cached; return a function that waits for the result.

        The function raises what the read raises, or TimeoutError after `patience` seconds, while
        the read goes on. Calling it is optional.
        """
        reading, is_ours = self._shared_reading()

        def wait() -> T:
            try:
                return reading.result(patience)
            except GenesysError:
                if is_ours:
                    raise
            # An earlier caller's read failed; the next one may work.
            return self._shared_reading()[0].result(patience)

        return wait

    def _shared_reading(self) -> tuple[Future[T], bool]:
        """Return the read to wait for, and whether we have just started it."""
        with self._lock:
            if self._reading and (not self._reading.done() or self._is_fresh(self._reading)):
                return self._reading, False
            self._started_at = self._clock()
            self._reading = self._worker.submit(self._read)
            return self._reading, True

    def _is_fresh(self, done: Future[T]) -> bool:
        return done.exception() is None and self._clock() - self._started_at < self._fresh_seconds
