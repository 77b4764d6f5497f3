"""Trigger ids, which prove that a person has just acted; each is valid once, for 3 seconds."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .errors import SlackError


@dataclass
class Trigger:
    """One action of a person; `view_id` is set if it happened in a modal."""

    user: str
    issued: float
    view_id: str | None
    used: bool = False


class Triggers:
    """Issues and exchanges trigger ids."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        """Create the trigger id of an action that happens now."""
        now = self._clock()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user, now, view_id)
        return trigger_id

    def find(self, trigger_id: str, life: float) -> Trigger:
        """Find a trigger that isn't used or older than `life` seconds. Raises SlackError.

        The caller marks the trigger as used after the exchange has worked.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.issued > life:
            raise SlackError("expired_trigger_id")
        return trigger
