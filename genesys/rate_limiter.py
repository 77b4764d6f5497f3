"""Waiting for the rate limit, so that no call is wasted on a 429.

Genesys allows 300 calls per minute and token (`client.credentials.token.rate.per.minute`) and
reports its count in the inin-ratelimit headers of every answer. A caller books its call here
first and waits until it may start. LocalRateLimiter serves one process. To share a limit between
processes, give StoredRateLimiter a store that they share.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from genesys.errors import RateLimitExhausted
from genesys.rate_limit import Priority, Rate, RateState

_MINUTE = 60.0
_TRY_LATER = 1.0  # seconds

T = TypeVar("T")
RateStep = Callable[[RateState], tuple[RateState, T]]


class RateLimiter(Protocol):
    """What GenesysCloud asks before each call and tells after it; thread-safe."""

    def acquire(self, priority: Priority, patience: float) -> None:
        """Wait up to `patience` seconds until a call may start, else raise RateLimitExhausted."""

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
        """Take note of an answer: the limit, the calls counted, seconds until it restarts."""

    def pause(self, seconds: float) -> None:
        """Stop everyone for that long: Genesys answered 429."""


class RateStore(Protocol):
    """Where a StoredRateLimiter keeps its state; thread-safe.

    A store that may be unavailable waits up to `patience` seconds, then raises RateLimitExhausted.
    """

    def change(self, step: RateStep[T], patience: float) -> T:
        """Apply a step to the state as of now, atomically, and return the step's result.

        If the step raises, nothing changes. It may run again if the store fails.
        """

    def read_pushed(self, patience: float) -> float:
        """Return RateState.pushed."""


class StoredRateLimiter:
    """A RateLimiter for everyone who uses the same store; thread-safe.

    Interactive calls book the next free time and wait for it. Background calls only take what is
    free right now, and leave part of the burst, so they never delay a person.
    """

    def __init__(
        self,
        store: RateStore,
        calls_per_minute: int,
        *,
        period: float = _MINUTE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Limit the calls to `calls_per_minute`, or fewer if Genesys says so.

        `period` is for tests. `clock` measures patience; the store has its own.
        """
        self._store = store
        self._ceiling = calls_per_minute
        self._period = period
        self._clock = clock
        self._sleep = sleep
        self._background = threading.Lock()  # one background caller at a time asks the store
        self._last: tuple[RateState, float] | None = None  # the last state, and when we saw it

    def acquire(self, priority: Priority, patience: float) -> None:
        """Wait up to `patience` seconds until a call may start, else raise RateLimitExhausted.

        A wait that would be longer than `patience` isn't begun.
        """
        give_up = self._clock() + patience
        if priority is Priority.INTERACTIVE:
            self._book_and_wait(give_up)
            return
        if not self._background.acquire(timeout=max(0.0, patience)):
            raise RateLimitExhausted(retry_after=_TRY_LATER)
        try:
            self._wait_until_free(give_up)
        finally:
            self._background.release()

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
        """Take note of an answer: the limit, the calls counted, seconds until it restarts."""
        allowed = max(1, allowed)

        def learned(state: RateState) -> RateState:
            return state.learn(allowed, count, reset_seconds, self._rate(state))

        if self._last is not None:  # an answer rarely says anything new, so save the transaction
            state, seen = self._last
            state = state.at(state.seen + self._clock() - seen)
            if learned(state) == state:
                return
        self._note(learned)

    def pause(self, seconds: float) -> None:
        """Stop everyone for that long: Genesys answered 429."""
        self._note(lambda state: state.pause(seconds, self._rate(state)))

    def _book_and_wait(self, give_up: float) -> None:
        """Book the next free time, then wait for it and for every pause that is added meanwhile."""
        wait, pushed = self._book(Priority.INTERACTIVE, give_up)
        while wait > 0:
            if self._clock() + wait > give_up:  # the booking stays, which is on the safe side
                raise RateLimitExhausted(retry_after=wait)
            self._sleep(wait)
            before, pushed = pushed, self._store.read_pushed(give_up - self._clock())
            wait = pushed - before

    def _wait_until_free(self, give_up: float) -> None:
        while (wait := self._book(Priority.BACKGROUND, give_up)[0]) > 0:
            self._sleep(wait)

    def _book(self, priority: Priority, give_up: float) -> tuple[float, float]:
        """Book a call; return the seconds until it may start, and RateState.pushed.

        A background call is booked only if it may start now. If it has to wait, it must ask again.
        """

        def book(state: RateState) -> tuple[RateState, tuple[float, float, bool]]:
            rate = self._rate(state)
            start = state.next_start(rate, priority)
            wait = start - state.seen
            is_too_long = wait > 0 and self._clock() + wait > give_up
            if not is_too_long and (wait <= 0 or priority is Priority.INTERACTIVE):
                state = state.book(start, rate)
            return state, (wait, state.pushed, is_too_long)

        wait, pushed, is_too_long = self._change(book, give_up - self._clock())
        if is_too_long:  # raised here, so that the store keeps a pause that was shortened
            raise RateLimitExhausted(retry_after=wait)
        return wait, pushed

    def _note(self, change: Callable[[RateState], RateState]) -> None:
        with suppress(RateLimitExhausted):  # the store has logged it; the next answer tells again
            self._change(lambda state: (change(state), None), 0.0)

    def _change(self, step: RateStep[T], patience: float) -> T:
        def remembered(state: RateState) -> tuple[RateState, T]:
            changed, result = step(state)
            self._last = changed, self._clock()
            return changed, result

        return self._store.change(remembered, patience)

    def _rate(self, state: RateState) -> Rate:
        return Rate.of(min(self._ceiling, state.allowed), self._period)


class LocalRateLimiter(StoredRateLimiter):
    """A RateLimiter for one process."""

    def __init__(
        self,
        calls_per_minute: int,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(_Memory(clock), calls_per_minute, clock=clock, sleep=sleep)


class _Memory:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._state = RateState()

    def change(self, step: RateStep[T], patience: float) -> T:  # noqa: ARG002 -- it never waits
        with self._lock:
            self._state, result = step(self._state.at(self._clock()))
            return result

    def read_pushed(self, patience: float) -> float:  # noqa: ARG002
        return self._state.pushed
