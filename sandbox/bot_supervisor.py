"""Starts and stops the bot, and notices when it dies.

A bot that died can be started again on the same port and with the same data. It isn't restarted
automatically: the person who is trying things out decides that.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from sandbox.bot_control import BotExit, BotState, BotStatus, WrongMoment
from sandbox.bot_process import BotFailed, BotProcess


class BotSupervisor:
    """Runs the bot, one process at a time; implements `bot_control.BotControl`. Thread-safe."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._one_action_at_a_time = threading.Lock()
        self._status = BotStatus(BotState.DEAD, datetime.now(UTC))
        self._asked_to_stop = False
        self._process: BotProcess | None = None
        self._watcher: threading.Thread | None = None
        self._deaths: queue.SimpleQueue[BotFailed] = queue.SimpleQueue()

    @property
    def status(self) -> BotStatus:
        """The bot's status now."""
        return self._status

    def start(self) -> Future[None]:
        """Start the bot; the future is done when the bot answers, or fails with BotFailed.

        Raises WrongMoment if the bot runs already, OSError if its program can't be started.
        """
        with self._one_action_at_a_time:
            if self._status.state is not BotState.DEAD:
                raise WrongMoment("The bot is running already.")
            launched: Future[BotProcess] = Future()
            ready: Future[None] = Future()
            self._asked_to_stop = False
            self._watcher = threading.Thread(
                target=self._run_once, args=(launched, ready), name="bot", daemon=True
            )
            self._watcher.start()
            self._process = launched.result()
            return ready

    def stop(self) -> None:
        """Ask the bot to stop, and wait until it has. Raises WrongMoment if it isn't running."""
        self._end(BotProcess.stop)

    def kill(self) -> None:
        """Kill the bot as `kill -9` does. Raises WrongMoment if it isn't running."""
        self._end(BotProcess.kill)

    def close(self) -> None:
        """Stop the bot if it's running."""
        if self._status.state is not BotState.DEAD:
            self.stop()

    def wait_for_death(self, seconds: float) -> BotFailed | None:
        """Wait up to `seconds` for the bot to die; return how it did, or None if it didn't.

        Each death is returned once.
        """
        try:
            return self._deaths.get(timeout=seconds)
        except queue.Empty:
            return None

    def _end(self, how: Callable[[BotProcess], None]) -> None:
        with self._one_action_at_a_time:
            if self._status.state is BotState.DEAD or not self._process or not self._watcher:
                raise WrongMoment("The bot is not running.")
            self._asked_to_stop = True
            how(self._process)
            self._watcher.join()

    def _run_once(self, launched: Future[BotProcess], ready: Future[None]) -> None:
        """Start one process and watch it until it ends.

        The thread that starts the process must also watch it: on Linux the process is stopped
        when that thread ends (`exit_with_parent`).
        """
        again = self._process is not None
        try:
            process = BotProcess(self._settings, self._folder, keep_log=again)
        except OSError as error:
            launched.set_exception(error)
            return
        self._set_state(BotState.STARTING, process.pid)
        launched.set_result(process)
        try:
            process.wait_until_ready()
            self._set_state(BotState.RUNNING, process.pid)
            ready.set_result(None)
            process.wait_until_ended()
        except BotFailed as failure:
            process.kill()  # it may still run, if it never answered
            self._record_exit(failure)
            if not ready.done():
                ready.set_exception(failure)

    def _set_state(self, state: BotState, pid: int | None) -> None:
        self._status = replace(self._status, state=state, since=datetime.now(UTC), pid=pid)

    def _record_exit(self, failure: BotFailed) -> None:
        asked = self._asked_to_stop
        last = BotExit(failure.what, asked, "" if asked else failure.last_lines)
        self._status = BotStatus(BotState.DEAD, datetime.now(UTC), last_exit=last)
        if not asked:
            self._deaths.put(failure)
