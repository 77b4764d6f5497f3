"""The tries to post something, as long as their result isn't known, and when the next may begin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


class NotSettled(Exception):
    """An earlier attempt to post this may still reach Slack. Try again in ``after`` seconds."""

    def __init__(self, after: float) -> None:
        super().__init__("an earlier attempt may still reach Slack")
        self.after = after


class AlreadyPosted(Exception):
    """Another process has posted this meanwhile, while this one was frozen or cut off."""

    def __init__(self) -> None:
        super().__init__("another process has posted it meanwhile")


@dataclass(frozen=True)
class Tries:
    """When a post was tried first, and when last, if its result isn't known."""

    first: datetime
    again: datetime | None = None

    @property
    def latest(self) -> datetime:
        """Return when the latest attempt began."""
        return self.again or self.first


def begin_again(tries: Tries, settled_after: timedelta, renew: Callable[[], bool]) -> None:
    """Write down a later try with ``renew``, which returns False if another process was faster.

    Raises NotSettled within ``settled_after`` of the latest try, whichever process began it, and
    when another process is trying as well.
    """
    passed = datetime.now(UTC) - tries.latest
    if timedelta() <= passed < settled_after:
        raise NotSettled((settled_after - passed).total_seconds())
    renewed = renew()
    # A try later than now means that the clock was set back. The wait begins again.
    if passed < timedelta() or not renewed:
        raise NotSettled(settled_after.total_seconds())
