"""Erases requests that finished long ago; every process may run it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from bot.jobs.periodic import Periodic
from bot.storage.database import Database
from bot.storage.erasure import Erasure
from bot.storage.wipe import Wiper

log = logging.getLogger(__name__)

EVERY_SECONDS = 60.0
# Each has about five posts, and Slack takes some fifty edits a minute, also those of new cards.
MOST_AT_ONCE = 6
_NIGHT = range(2, 5)  # hours by this machine's clock: while the file is rewritten, nobody can write


class Retention:
    """Looks for finished requests that were kept for long enough, a few at a time."""

    def __init__(self, database: Database, erasure: Erasure, keep: timedelta) -> None:
        """Prepare it for requests that finished ``keep`` ago; nothing happens before ``start``."""
        self._erasure = erasure
        self._keep = keep
        self._wiper = Wiper(database)
        self._periodic = Periodic("retention", EVERY_SECONDS, self._run_once)

    def start(self) -> None:
        """Look every minute from now on."""
        self._periodic.start()

    def stop(self) -> None:
        """Look no more."""
        self._periodic.stop()

    def _run_once(self) -> None:
        now = datetime.now(UTC)
        self.erase_due(now)
        self._wiper.look(now, is_night=now.astimezone().hour in _NIGHT)

    def erase_due(self, now: datetime) -> int:
        """Erase some of the requests that were kept for long enough; return how many."""
        count = self._erasure.erase_finished(now - self._keep, MOST_AT_ONCE)
        if count:
            log.info("erased %d requests that had finished %d days ago", count, self._keep.days)
        return count
