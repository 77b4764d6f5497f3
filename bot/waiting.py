"""What may wait on a queue, as far as this process knows: whether a place that is free is wanted.

Promises: the answer is no only when nothing that was asked for here, and nothing that the last
look at the database found, could take the place; it may be yes in vain, and what nobody here
could know of is found by the next look. Does not: look, or decide who does what.
"""

from __future__ import annotations

import threading
import time

_KEPT_SECONDS = 5.0  # what was not begun here by then was rolled back, or another process has it


class Waiting:
    """Of one queue; thread-safe."""

    def __init__(self, at_once: int) -> None:
        """Begin with nothing; ``at_once`` is how much of the queue runs here at a time."""
        self._at_once = at_once
        self._guard = threading.Lock()
        self._asked: dict[str, tuple[str | None, float]] = {}  # by work: of which request, and when
        self._is_more = False  # than was asked for here, at the last look

    def ask(self, work_id: str, request_id: str | None) -> None:
        """Note what was asked for; before its commit, so that it cannot have begun.

        ``request_id``: of which only one work runs at a time; None when the queue has no such rule.
        """
        with self._guard:
            self._asked[work_id] = request_id, time.monotonic()

    def begin(self, work_id: str) -> None:
        """Note that it waits no longer."""
        with self._guard:
            self._asked.pop(work_id, None)

    def see(self, count: int) -> None:
        """Note how much stands on the queue. What has waited for long is no longer told apart."""
        oldest = time.monotonic() - _KEPT_SECONDS
        with self._guard:
            for work_id in [one for one, (_, at) in self._asked.items() if at < oldest]:
                del self._asked[work_id]
            self._is_more = count > len(self._asked)

    def wants(self, request_id: str | None, running: int) -> bool:
        """Tell whether something may wait for the place that a work of this request has left.

        ``running``: what runs here still. With what was asked for and has not begun, some of it
        perhaps claimed already, it reaches the limit whenever the limit has kept anything out.
        """
        with self._guard:
            if self._is_more:
                return True
            return bool(self._asked) and (
                running + len(self._asked) >= self._at_once
                or any(one == request_id for one, _ in self._asked.values())
            )
