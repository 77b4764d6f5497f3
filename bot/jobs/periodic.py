"""A thread that does the same thing again and again."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable

import sqlalchemy as sa
from dbos import error as dbos_error

log = logging.getLogger(__name__)

_STOP_SECONDS = 2.0


class Periodic:
    """Calls a function every so many seconds, in a thread of its own.

    When the database doesn't answer, the next call tries again.
    """

    def __init__(
        self, name: str, seconds: float, do: Callable[[], object], *, is_vital: bool = False
    ) -> None:
        """Prepare the thread for ``do``, which may raise SQLAlchemyError or DBOSException.

        After any other error a new thread goes on; a vital one ends the process instead.
        """
        self._seconds = seconds
        self._do = do
        self._is_vital = is_vital
        self._stopping = threading.Event()
        self._has_failed = False
        self._name = name
        self._thread = self._new_thread()

    def start(self) -> None:
        """Begin; the first call comes after one interval."""
        self._thread.start()

    def _new_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=self._name, daemon=True)

    def stop(self) -> None:
        """Make no more calls; wait two seconds at most for one under way."""
        self._stopping.set()
        thread = self._thread
        if thread.is_alive():
            thread.join(_STOP_SECONDS)

    @property
    def is_stopping(self) -> bool:
        """Return whether a long call should end early."""
        return self._stopping.is_set()

    @property
    def has_failed(self) -> bool:
        """Return whether an unforeseen error ended a vital one."""
        return self._has_failed

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._seconds):
                self._call()
        finally:
            if not self._stopping.is_set():
                if self._is_vital:  # the supervisor starts the process again
                    self._has_failed = True
                    os.kill(os.getpid(), signal.SIGTERM)
                else:
                    self._thread = self._new_thread()
                    self._thread.start()

    def _call(self) -> None:
        try:
            self._do()
        except (sa.exc.SQLAlchemyError, dbos_error.DBOSException) as error:
            log.warning(
                "%s: will try again in %.0f s (%s)",
                self._name,
                self._seconds,
                type(error).__name__,
            )
