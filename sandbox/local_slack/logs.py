"""Two logs for tests: the calls that the bot made, and the payloads that it was sent.

Entries are numbered from 0, so that a test can ask for new ones, or have one delivered again. The
logs are bounded: old entries are dropped, and the others keep their numbers.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from .config import JSON

CALLS_KEPT = 20_000
DELIVERIES_KEPT = 1_000


class Calls:
    """The Web API calls and posts to a response_url, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[JSON] = deque(maxlen=CALLS_KEPT)
        self._next = 0

    def add(
        self, at: float, method: str, arguments: Mapping[str, Any], error: str | None = None
    ) -> None:
        """Log a call without its token; `error` is None if it succeeded."""
        shown = {name: value for name, value in arguments.items() if name != "token"}
        call = {"number": self._next, "at": at, "method": method, "arguments": shown}
        self._kept.append({**call, "ok": error is None, "error": error})
        self._next += 1

    def clear(self) -> None:
        """Forget the calls; the numbers continue."""
        self._kept.clear()

    def since(self, after: int, method: str | None = None) -> list[JSON]:
        """List the calls with a number above `after`, of one method or of all."""
        newest_first: Iterator[JSON] = reversed(self._kept)
        fresh = takewhile(lambda call: call["number"] > after, newest_first)
        return [call for call in fresh if method in (None, call["method"])][::-1]


@dataclass(frozen=True)
class Delivered:
    """One payload that was sent to the bot, with or without an answer."""

    number: int
    at: float
    kind: str
    payload: JSON = field(repr=False)

    def as_json(self) -> JSON:
        """Return everything but the payload."""
        what = self.payload.get("type") or self.payload.get("command")
        return {"number": self.number, "at": self.at, "kind": self.kind, "type": what}


class Deliveries:
    """The commands and interactions that were sent to the bot, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Delivered] = deque(maxlen=DELIVERIES_KEPT)
        self._next = 0

    def add(self, at: float, kind: str, payload: JSON) -> None:
        """Log a payload that is being sent."""
        self._kept.append(Delivered(self._next, at, kind, payload))
        self._next += 1

    def find(self, number: int) -> Delivered | None:
        """Find a delivery by its number; -1 is the last one, and so on."""
        wanted = number if number >= 0 else self._next + number
        return next((sent for sent in self._kept if sent.number == wanted), None)

    def as_json(self) -> list[JSON]:
        """List the deliveries that can be sent again."""
        return [sent.as_json() for sent in self._kept]
