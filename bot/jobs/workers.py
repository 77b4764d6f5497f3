"""Takes over the work of processes that died, and forgets work that ended long ago.

Promises: work that a dead process left unfinished goes on in this one, with no hand laid on it; the
work of a live process is left alone, also when it lost its database for a moment and with it its
lock: it has two turns to take its slot again before anybody takes its work. A process that cannot
get its slot back ends, because somebody else may be at its work. Does not: know what the work is.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from dbos import error as dbos_error

from bot.jobs.queue import Engine
from bot.slot import Slot

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
PATIENT_TURNS = 2  # how often a slot is seen free before its work is taken
KEEP = timedelta(days=7)  # finished work, for whoever looks into what happened
_FORGET_EVERY_SECONDS = 3600.0
_BATCH = 500  # rows deleted in one transaction, so that nobody waits for long
_FORGETTING = "forgetting"  # the lock under which one process at a time deletes
_STOP_SECONDS = 2.0


def end_this_process() -> None:
    """Ask this process to stop as an operator would; its supervisor starts it again."""
    os.kill(os.getpid(), signal.SIGTERM)


class Reaper:
    """One thread beside the engine; it may run in every process of the bot at the same time."""

    def __init__(
        self,
        engine: Engine,
        slot: Slot,
        *,
        every: float = EVERY_SECONDS,
        end: Callable[[], None] = end_this_process,
    ) -> None:
        self._engine = engine
        self._slot = slot
        self._every = every
        self._end = end
        self._seen_free: dict[str, int] = {}  # executor id -> turns
        self._forget_at = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Begin; the engine must be launched."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more over; returns within about two seconds even if the database hangs."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        while not self._stopping.wait(self._every):
            try:
                if self._keep_slot():
                    self._take_over_the_dead()
                    self._forget_finished()
            except (sa.exc.SQLAlchemyError, dbos_error.DBOSException, OSError) as error:
                log.warning("the reaper tries again (%s)", type(error).__name__)

    def _keep_slot(self) -> bool:
        """Tell whether the slot is ours, taking it again when it was lost; else end the process."""
        if self._slot.is_held():
            return True
        if self._slot.take_again():
            log.warning("slot %s was lost and is ours again", self._slot.name)
            return True
        log.error("slot %s was lost to another process: stopping", self._slot.name)
        self._stopping.set()
        self._end()
        return False

    def _take_over_the_dead(self) -> None:
        others = self._engine.executors() - {self._slot.name}
        self._seen_free = {name: self._seen_free.get(name, 0) for name in sorted(others)}
        for name in self._seen_free:
            with self._slot.locked_if_free(name) as free:
                if not free:
                    self._seen_free[name] = 0
                elif self._seen_free[name] < PATIENT_TURNS:
                    self._seen_free[name] += 1
                else:
                    count = self._engine.take_over(name)
                    log.warning("slot %s is dead: its work goes on here (%d)", name, count)

    def _forget_finished(self) -> None:
        if time.monotonic() < self._forget_at:
            return
        with self._slot.locked_if_free(_FORGETTING) as mine:
            before = datetime.now(UTC) - KEEP
            while mine and self._engine.forget_finished(before, _BATCH):
                if self._stopping.is_set():
                    return
        self._forget_at = time.monotonic() + _FORGET_EVERY_SECONDS
