"""The rate limit in calls a minute and token, which the inin-ratelimit headers report."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.local_genesys.errors import ApiError
from sandbox.local_genesys.state import World

_WINDOW = timedelta(seconds=60)


@dataclass
class _Window:
    started_at: datetime
    count: int = 0


class RateLimits:
    """One fixed window of a minute per token, which its first call opens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._windows: dict[str, _Window] = {}

    def clear(self) -> None:
        """Forget every window."""
        self._windows.clear()

    def count_call(self, token: str) -> dict[str, str]:
        """Count a call and return its headers. Raises ApiError 429 if it's one too many."""
        now = self._world.clock()
        window = self._windows.get(token)
        if window is None or now - window.started_at >= _WINDOW:
            window = self._windows[token] = _Window(now)
        window.count += 1
        allowed = self._world.settings.calls_per_minute
        reset = max(1, math.ceil((window.started_at + _WINDOW - now).total_seconds()))
        headers = {
            "inin-ratelimit-count": str(window.count),
            "inin-ratelimit-allowed": str(allowed),
            "inin-ratelimit-reset": str(reset),
        }
        if window.count > allowed:
            raise too_many_requests(reset, headers)
        return headers


def too_many_requests(retry_after: int, headers: dict[str, str]) -> ApiError:
    """Build the 429 that says when to try again."""
    return ApiError(
        429,
        "too.many.requests",
        f"Rate limit exceeded the maximum. Retry the request in [{retry_after}] seconds",
        headers={**headers, "Retry-After": str(retry_after)},
    )
