"""What the local Slack remembers for tests: the calls it took, and the payloads it delivered.

Both logs are bounded and number their entries from 0 on, so that a test can ask for what is
new, or for one delivery again. Old entries fall out; the numbers of the others stay.
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
        """Note a call, without its token; `error` None: it succeeded."""
        shown = {name: value for name, value in arguments.items() if name != "token"}
        call = {"number": self._next, "at": at, "method": method, "arguments": shown}
        self._kept.append({**call, "ok": error is None, "error": error})
        self._next += 1

    def clear(self) -> None:
        """Forget the calls so far; the numbers go on."""
        self._kept.clear()

    def since(self, after: int, method: str | None = None) -> list[JSON]:
        """List the calls with a number above `after`, of one method or of all."""
        newest_first: Iterator[JSON] = reversed(self._kept)
        fresh = takewhile(lambda call: call["number"] > after, newest_first)
        return [call for call in fresh if method in (None, call["method"])][::-1]


@dataclass(frozen=True)
class Delivered:
    """One payload that was sent to the bot, answered or not."""

    number: int
    at: float
    kind: str
    payload: JSON = field(repr=False)

    def as_json(self) -> JSON:
        """Say what it was, without what it carried."""
        what = self.payload.get("type") or self.payload.get("command")
        return {"number": self.number, "at": self.at, "kind": self.kind, "type": what}


class Deliveries:
    """The commands and interactions that went to the bot, oldest first."""

    def __init__(self) -> None:
        self._kept: deque[Delivered] = deque(maxlen=DELIVERIES_KEPT)
        self._next = 0

    def add(self, at: float, kind: str, payload: JSON) -> None:
        """Note a delivery as it leaves."""
        self._kept.append(Delivered(self._next, at, kind, payload))
        self._next += 1

    def find(self, number: int) -> Delivered | None:
        """Find a delivery by its number; below 0 counts from the end, -1 being the last."""
        wanted = number if number >= 0 else self._next + number
        return next((sent for sent in self._kept if sent.number == wanted), None)

    def as_json(self) -> list[JSON]:
        """List the deliveries that can be sent again."""
        return [sent.as_json() for sent in self._kept]
