"""Makes the bot look like another release: it registers one more workflow with DBOS.

DBOS's default version is a hash of what's registered, and it leaves another version's jobs alone.
"""

from __future__ import annotations

from collections.abc import Mapping

from dbos import DBOS

from bot.job import Handler, JobKind
from bot.jobs.queue import JobQueue

_start = JobQueue.start


def _start_with_an_extra_workflow(self: JobQueue, handlers: Mapping[JobKind, Handler]) -> None:
    @DBOS.workflow(name="a new kind")
    def do_nothing() -> None:
        pass

    _start(self, handlers)


def become_other_release() -> None:
    """Make this process another release. Call it before the bot starts."""
    JobQueue.start = _start_with_an_extra_workflow  # type: ignore[method-assign]
