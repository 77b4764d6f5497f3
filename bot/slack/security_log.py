"""Logs who tried what they may not do: at most one line per person and minute.

A stranger who clicks a thousand times must not fill the log. What was refused meanwhile is counted
in the next line. No line says anything about a customer.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger("bot.security")

SILENCE_SECONDS = 60.0
MOST_PEOPLE = 1_000


@dataclass
class _Silence:
    """The latest line about a person, and how often they were refused since."""

    reference: str
    until: float
    unsaid: int = 0


class SecurityLog:
    """Logs refusals, at most one line per person and minute.

    Thread-safe. It forgets whoever was refused longest ago when there are too many.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._silences: dict[str, _Silence] = {}

    def add(self, user_id: str, what: str) -> str:
        """Log or count one refusal; return the reference of the line that tells of this person.

        ``what``: what they tried, and why they may not.
        """
        with self._lock:
            before = self._silences.get(user_id)
            if before and self._clock() < before.until:
                before.unsaid += 1
                return before.reference
            reference = secrets.token_hex(4)
            self._silences.pop(user_id, None)
            self._silences[user_id] = _Silence(reference, self._clock() + SILENCE_SECONDS)
            if len(self._silences) > MOST_PEOPLE:
                del self._silences[next(iter(self._silences))]
        unsaid = before.unsaid if before else 0
        log.warning(
            "refused user %s, reference %s%s: %s",
            user_id,
            reference,
            f", and {unsaid} times since the last line" if unsaid else "",
            what,
        )
        return reference
