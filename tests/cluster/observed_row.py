"""A rate limit row that reports each booked call, by the database's clock.

A busy machine may wake a caller late, which would count as a later call here.
"""

from collections.abc import Callable
from typing import Any

from bot.storage.rate_limit import RateLimitRow
from genesys import RateState, RateStep


class ObservedRow:
    """Calls ``on_booked`` with when the call was asked for and when it may start."""

    def __init__(self, row: RateLimitRow, on_booked: Callable[[float, float], None]) -> None:
        self._row, self._on_booked = row, on_booked

    def change(self, step: RateStep[Any], patience: float) -> Any:
        def observed(state: RateState) -> tuple[RateState, Any]:
            after, result = step(state)
            return after, (after.due > state.due, state.seen, result)

        booked, asked, result = self._row.change(observed, patience)
        if booked:
            wait, *_ = result
            self._on_booked(asked, asked + max(0.0, wait))
        return result

    def read_pushed(self, patience: float) -> float:
        return self._row.read_pushed(patience)
