"""Decide which calls to retry, and when.

A call that may run twice (a read) is retried after any transient fault. A call that must run once
(the send) is retried only if Genesys certainly didn't carry it out: after a 429, which comes
before any work, or if we couldn't connect. We wait for Retry-After plus a random, growing pause,
but never longer than the caller's patience.
"""

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception,
    stop_before_delay,
    wait_random_exponential,
)

from genesys.errors import GenesysError, RateLimited

_backoff = wait_random_exponential(multiplier=0.5, max=4.0)


def retrying(patience: float, *, repeatable: bool) -> Retrying:
    """Make the retry loop for one call, which lasts at most `patience` seconds.

    `repeatable`: the call may run twice. The loop raises the last error.
    """

    def may_retry(fault: BaseException) -> bool:
        return (
            isinstance(fault, GenesysError) and fault.transient and (repeatable or fault.definite)
        )

    return Retrying(
        retry=retry_if_exception(may_retry),
        wait=_wait,
        stop=stop_before_delay(patience),
        reraise=True,
    )


def _wait(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    pause = _backoff(state)
    return fault.retry_after + pause if isinstance(fault, RateLimited) else pause
