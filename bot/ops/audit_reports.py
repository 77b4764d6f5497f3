"""Records rejected signatures in the audit log, and writes its head to the process's log.

Whoever can write to the database could rewrite the whole audit log, but not the heads that were
logged before.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from bot.jobs.periodic import Periodic
from bot.ops.refused_requests import Reason, RefusedRequests
from bot.storage.audit import Action, Entry
from bot.storage.audit_log import AuditLog

log = logging.getLogger(__name__)

EVERY_SECONDS = 600.0
HEAD_SECONDS = 86_400.0
_REJECTED = (Reason.FORGED, Reason.STALE, Reason.REPEATED)


class AuditReports:
    """Counts rejected signatures in the audit log, and logs the audit log's head once a day."""

    def __init__(
        self,
        audit: AuditLog,
        refused: RefusedRequests,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the reports; nothing happens before ``start``."""
        self._audit = audit
        self._refused = refused
        self._clock = clock
        self._reported: Counter[Reason] = Counter()
        self._log_head_at = clock()
        self._periodic = Periodic("audit reports", EVERY_SECONDS, self.report)

    def start(self) -> None:
        """Report every ten minutes."""
        self._periodic.start()

    def stop(self) -> None:
        """Write what hasn't been reported yet, if the database takes it, and stop."""
        self._periodic.stop()
        try:
            self.report()
        except SQLAlchemyError as error:
            log.warning("the last rejected signatures aren't recorded (%s)", type(error).__name__)

    def report(self) -> None:
        """Write the signatures that were rejected since the last report; raise SQLAlchemyError."""
        now = Counter({reason: self._refused.counts[reason] for reason in _REJECTED})
        new = now - self._reported
        if new:
            detail = {reason.value: count for reason, count in sorted(new.items())}
            self._audit.append(Entry(Action.REJECTED, detail=detail))
            self._reported = now
        if self._clock() >= self._log_head_at:
            self._log_head_at = self._clock() + HEAD_SECONDS
            log.info(
                "the audit log's head is %s; keep it to verify the log by it", self._audit.head()
            )
