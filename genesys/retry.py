"""What may be asked again, and when.

A fault that is transient may be retried by a call that may run twice (a read). A call that
must run once (the send) is retried only when it certainly was not carried out: 429, which
Genesys answers before any work, and no connection at all. Retry-After is obeyed, and without
it the waits grow, at random. Nothing is retried past the caller's patience.
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
    """Make the retry loop of one call that lasts at most `patience` seconds.

    `repeatable`: the call may run twice. The last fault is raised as it is.
    """

    def may_ask_again(fault: BaseException) -> bool:
        return (
            isinstance(fault, GenesysError) and fault.transient and (repeatable or fault.definite)
        )

    return Retrying(
        retry=retry_if_exception(may_ask_again),
        wait=_wait,
        stop=stop_before_delay(patience),
        reraise=True,
    )


def _wait(state: RetryCallState) -> float:
    fault = state.outcome.exception() if state.outcome else None
    pause = _backoff(state)
    return fault.retry_after + pause if isinstance(fault, RateLimited) else pause
