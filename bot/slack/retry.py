"""Retry a call to Slack that an agent waits for and that may be made twice."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    wait_exponential,
)

from bot.cards.errors import SlackRateLimited, SlackUnavailable

GIVE_UP_SECONDS = 60.0
_growing = wait_exponential(multiplier=0.25, max=8.0)


async def retry(call: Callable[[], Awaitable[None]]) -> None:
    """Make a call until Slack answers for certain, for a minute at most; raise SlackError."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type((SlackRateLimited, SlackUnavailable)),
        wait=_wait,
        stop=stop_after_delay(GIVE_UP_SECONDS),
        reraise=True,
    ):
        with attempt:
            await call()


def _wait(attempt: RetryCallState) -> float:
    """Wait a little longer each time, and at least as long as Slack says."""
    error = attempt.outcome.exception() if attempt.outcome else None
    asked = error.retry_after if isinstance(error, SlackRateLimited) else None
    return max(_growing(attempt), asked or 0.0)
