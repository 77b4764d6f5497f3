"""Whether an HTTP request is Slack's own, fresh, and seen for the first time.

Promises: a forged, old or repeated request is turned away before anything reads its body. Does
not: remember across processes; a replay to another one meets keys that are already used.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from slack_sdk.signature import Clock, SignatureVerifier

TOLERANCE_SECONDS = 300  # Slack's own advice, applied by the verifier
_STAMP = re.compile(r"[0-9]{1,12}")  # what the verifier can count with


class Signatures:
    """Checks signatures and remembers the ones that could still be replayed."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._verifier = SignatureVerifier(secret, _ClockOf(clock))
        self._seen: dict[str, float] = {}  # signature -> when it is too old to be replayed

    def admit(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Tell whether a request may be read; a second one with the same signature may not."""
        if not (_STAMP.fullmatch(timestamp) and signature.isascii() and _is_text(body)):
            return False
        if not self._verifier.is_valid(body, timestamp, signature):
            return False
        now = self._clock()
        while self._seen:
            oldest = next(iter(self._seen))
            if self._seen[oldest] >= now:
                break
            del self._seen[oldest]
        if signature in self._seen:
            return False
        # Slack's clock may run ahead of ours by the tolerance, and is accepted until behind by it.
        self._seen[signature] = now + 2 * TOLERANCE_SECONDS
        return True


def _is_text(body: bytes) -> bool:
    """Tell whether a body is UTF-8, as all of Slack's are: the verifier breaks on others."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


class _ClockOf(Clock):
    """Gives the verifier our clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def now(self) -> float:
        """Return the time in seconds since the epoch."""
        return self._clock()
