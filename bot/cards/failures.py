"""What can hold up a step of publishing, and when to try again."""

from __future__ import annotations

from collections.abc import Sequence

from bot.cards.errors import SlackError, SlackRateLimited
from bot.cards.tries import AlreadyPosted, NotSettled
from bot.job import TryAgain

Failure = AlreadyPosted | NotSettled | SlackError | TryAgain


def join_failures(failures: Sequence[Failure]) -> TryAgain:
    """Return one failure that has all reasons, and the longest wait."""
    reasons = dict.fromkeys(map(str, failures))
    waits = [wait for failure in failures if (wait := _find_wait(failure)) is not None]
    return TryAgain("; ".join(reasons), max(waits, default=None))


def _find_wait(failure: Failure) -> float | None:
    if isinstance(failure, SlackRateLimited):
        return failure.retry_after
    return failure.after if isinstance(failure, NotSettled | TryAgain) else None
