"""Trigger ids: proof that a person has just acted. Each lives 3 seconds and is used once."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from .errors import SlackError


@dataclass
class Trigger:
    """One act of a person; `view_id` when it happened inside a modal."""

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
        """Give the trigger id of an act that happens now."""
        now = self._clock()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**10):010d}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user, now, view_id)
        return trigger_id

    def find(self, trigger_id: str, life: float) -> Trigger:
        """Find a trigger that may be exchanged, `life` seconds at most after the act.

        The caller marks it as used once the exchange has worked. Raises SlackError.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.issued > life:
            raise SlackError("expired_trigger_id")
        return trigger
