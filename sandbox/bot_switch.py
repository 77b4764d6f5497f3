"""The bot with a switch: starts it, ends it, and notices when it ends by itself.

Promises: the sandbox outlives the bot; a bot that ends unasked is told once through
`wait_for_death`, and can be started again on the same port and the same data. It does not
start a dead bot by itself, because what a person does next is theirs to choose.
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


class BotSwitch:
    """The bot, one process after the other; fulfils `bot_control.BotControl`. Thread-safe."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self._settings = settings
        self._folder = folder
        self._one_act_at_a_time = threading.Lock()
        self._status = BotStatus(BotState.DEAD, datetime.now(UTC))
        self._asked_to_end = False
        self._process: BotProcess | None = None
        self._watcher: threading.Thread | None = None
        self._deaths: queue.SimpleQueue[BotFailed] = queue.SimpleQueue()

    @property
    def status(self) -> BotStatus:
        """How the bot is now."""
        return self._status

    def start(self) -> Future[None]:
        """Start the bot; the answer is done when it answers, or fails with BotFailed.

        Raises WrongMoment when it is there already, OSError when there is no such program.
        """
        with self._one_act_at_a_time:
            if self._status.state is not BotState.DEAD:
                raise WrongMoment("The bot is running already.")
            launched: Future[BotProcess] = Future()
            ready: Future[None] = Future()
            self._asked_to_end = False
            self._watcher = threading.Thread(
                target=self._live, args=(launched, ready), name="bot", daemon=True
            )
            self._watcher.start()
            self._process = launched.result()
            return ready

    def stop(self) -> None:
        """Ask the bot to end and wait until it has. Raises WrongMoment when it is dead."""
        self._end(BotProcess.stop)

    def kill(self) -> None:
        """End the bot as `kill -9` does. Raises WrongMoment when it is dead."""
        self._end(BotProcess.kill)

    def close(self) -> None:
        """End the bot if it is there."""
        if self._status.state is not BotState.DEAD:
            self.stop()

    def wait_for_death(self, seconds: float) -> BotFailed | None:
        """Wait so long for the bot to end unasked; say how it did, or None."""
        try:
            return self._deaths.get(timeout=seconds)
        except queue.Empty:
            return None

    def _end(self, how: Callable[[BotProcess], None]) -> None:
        with self._one_act_at_a_time:
            if self._status.state is BotState.DEAD or not self._process or not self._watcher:
                raise WrongMoment("The bot is not running.")
            self._asked_to_end = True
            how(self._process)
            self._watcher.join()

    def _live(self, launched: Future[BotProcess], ready: Future[None]) -> None:
        """Go with one process from its start to its end.

        It starts in this very thread because Linux tells a child of its parent's death when
        the thread that made it ends (`bot_process`).
        """
        again = self._process is not None
        try:
            process = BotProcess(self._settings, self._folder, keep_log=again)
        except OSError as error:
            launched.set_exception(error)
            return
        self._become(BotState.STARTING, process.pid)
        launched.set_result(process)
        try:
            process.wait_until_ready()
            self._become(BotState.RUNNING, process.pid)
            ready.set_result(None)
            process.wait_until_ended()
        except BotFailed as failure:
            process.kill()  # one that never answered is still there
            self._bury(failure)
            if not ready.done():
                ready.set_exception(failure)

    def _become(self, state: BotState, pid: int | None) -> None:
        self._status = replace(self._status, state=state, since=datetime.now(UTC), pid=pid)

    def _bury(self, failure: BotFailed) -> None:
        asked = self._asked_to_end
        last = BotExit(failure.what, asked, "" if asked else failure.last_lines)
        self._status = BotStatus(BotState.DEAD, datetime.now(UTC), last_exit=last)
        if not asked:
            self._deaths.put(failure)
