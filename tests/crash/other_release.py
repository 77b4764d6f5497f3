"""The bot as another release: it registers one more kind of job, so its code differs.

DBOS's default version is a hash of what is registered, and another version's jobs stay untouched.
"""

from __future__ import annotations

from collections.abc import Mapping

from dbos import DBOS

from bot.job import Handler, JobKind
from bot.jobs.queue import JobQueue

_start = JobQueue.start


def _start_with_one_more(self: JobQueue, handlers: Mapping[JobKind, Handler]) -> None:
    @DBOS.workflow(name="a new kind")
    def do_nothing() -> None:
        pass

    _start(self, handlers)


def become_other_release() -> None:
    """Turn this process into another release, before the bot in it starts."""
    JobQueue.start = _start_with_one_more  # type: ignore[method-assign]
