"""Starts bots quickly: loads the bot's modules once, then forks for each bot.

Loading them takes longer than the rest of a start, and these tests kill hundreds of bots. Each bot
is its own process, and begins where `python -m bot run` does once its modules are loaded.
``python -m tests.crash.fork_server`` reads settings as JSON lines and answers with process ids.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from sandbox.bot_process import STOP_SECONDS, build_environment

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
_SET_PARENT_DEATH_SIGNAL = 1
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BotEnded(Exception):
    """The bot ended although nobody stopped it. Read its log."""


class Bot:
    """One run of the bot."""

    def __init__(self, pid: int, health: str) -> None:
        self.pid = pid
        self._health = health

    def is_alive(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def is_ready(self) -> bool:
        try:
            with _WITHOUT_PROXY.open(self._health, timeout=2):
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self.is_ready():
            if not self.is_alive() or time.monotonic() > deadline:
                raise BotEnded
            time.sleep(0.02)

    def kill(self) -> None:
        self._end(signal.SIGKILL, START_SECONDS)

    def stop(self) -> bool:
        """Ask the bot to stop, kill it if it doesn't in time, and return whether it did."""
        in_time = self._end(signal.SIGTERM, STOP_SECONDS)
        if not in_time:
            self.kill()
        return in_time

    def _end(self, how: signal.Signals, patience: float) -> bool:
        deadline = time.monotonic() + patience
        if self.is_alive():
            os.kill(self.pid, how)
        while self.is_alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)
        return True


class ForkServer:
    """The parent process of the bots; they end when it ends."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.fork_server"],
            cwd=ROOT,
            env=build_environment({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def start_bot(self, settings: Mapping[str, str], folder: Path) -> Bot:
        """Start a bot in its folder, where it appends to bot.log."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([dict(settings), str(folder)]) + "\n")
        self._process.stdin.flush()
        pid = int(self._process.stdout.readline())
        return Bot(pid, f"http://{settings['OPERATOR_HOST']}:{settings['OPERATOR_PORT']}/healthz")

    def close(self) -> None:
        self._process.communicate(timeout=START_SECONDS)


def _serve() -> None:
    from tests.crash import crash_points

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that dead bots don't stay as zombies
    for line in sys.stdin:
        settings, folder = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _detach(settings, folder)
            sys.exit(crash_points.run_bot())
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _detach(settings: dict[str, str], folder: str) -> None:
    """Set up what a separately started process would have: session, folder, environment, output."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    os.setsid()
    os.chdir(folder)
    os.environ.update(settings)
    log = os.open("bot.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)


if __name__ == "__main__":
    _serve()
