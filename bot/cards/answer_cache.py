"""Keeps what Slack answered about people and places, for a minute at most."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import CancelledError, Future
from typing import Generic, TypeVar

from bot.rules.directory import DirectoryUnavailable

FRESH_SECONDS = 60.0
MOST_ANSWERS = 2_000

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class AnswerCache(Generic[Key, Value]):
    """Keeps answers for a while; thread-safe.

    Threads that ask the same at the same time share one answer. ``ask`` may block, and raises
    DirectoryUnavailable. A failure isn't kept.
    """

    def __init__(
        self,
        ask: Callable[[Key], Value],
        clock: Callable[[], float],
        *,
        seconds: float = FRESH_SECONDS,
        most: int = MOST_ANSWERS,
    ) -> None:
        self._ask = ask
        self._clock = clock
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        self._answers: dict[Key, tuple[Value, float]] = {}  # with the time at which we asked
        self._asking: dict[Key, Future[Value]] = {}

    def get(self, key: Key) -> Value:
        """Return the answer; ask for it if there's none that is still good."""
        with self._lock:
            if self._is_fresh(key):
                return self._answers[key][0]
            shared = self._asking.get(key)
            if shared is None:
                ours = self._asking[key] = Future()
        return self._ask_for_all(key, ours) if shared is None else _wait_for(shared)

    def fresh(self, key: Key) -> Value:
        """Return the answer if it's still good; otherwise raise DirectoryUnavailable."""
        with self._lock:
            if self._is_fresh(key):
                return self._answers[key][0]
        raise DirectoryUnavailable

    def latest(self, key: Key) -> Value | None:
        """Return the latest answer, however old it is; None if there's none."""
        with self._lock:
            return self._answers[key][0] if key in self._answers else None

    def _is_fresh(self, key: Key) -> bool:
        return key in self._answers and self._clock() - self._answers[key][1] < self._seconds

    def _ask_for_all(self, key: Key, answer: Future[Value]) -> Value:
        asked = self._clock()
        try:
            answer.set_result(self._ask(key))
        except DirectoryUnavailable as error:
            answer.set_exception(error)
        finally:
            with self._lock:
                del self._asking[key]
                if not answer.cancel() and answer.exception() is None:
                    self._keep(key, answer.result(), asked)
        return answer.result()

    def _keep(self, key: Key, value: Value, asked: float) -> None:
        self._answers.pop(key, None)
        self._answers[key] = value, asked
        while len(self._answers) > self._most:
            del self._answers[next(iter(self._answers))]  # the one that was asked for first


def _wait_for(answer: Future[Value]) -> Value:
    try:
        return answer.result()
    except CancelledError:  # what went wrong is reported in the thread that asked
        raise DirectoryUnavailable from None
