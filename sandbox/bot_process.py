"""Runs the bot beside the sandbox, as its own process, with only the sandbox's settings.

Promises: the bot never sees this machine's real tokens, proxies or `.env`; what it says goes to a
file, of which the last lines are shown when it fails. It is ended with this program, on Linux even
when this program is killed (elsewhere such a bot must be ended by hand). It knows the bot only as
a command.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import yaml

BOT = (sys.executable, "-m", "bot")
LEASH = Path(__file__).with_name("leash.py")
START_SECONDS = 60.0
STOP_SECONDS = 10.0
_FOREIGN = ("SLACK_", "GENESYS_", "PROACTIVE_", "DBOS_")
_FOREIGN_NAMES = frozenset({"HOST", "PORT", "LOG_LEVEL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BotFailed(Exception):
    """The bot did not do its part. The text says what happened, with its last lines, if any."""

    def __init__(self, what: str, last_lines: str = "") -> None:
        self.what = what
        self.last_lines = last_lines
        super().__init__(f"{what} Its last lines:\n{last_lines}" if last_lines else what)


def read_manifest(bot_url: str, folder: Path) -> dict[str, object]:
    """Ask the bot for its Slack app manifest; an empty `bot_url` means Socket Mode.

    Raises BotFailed.
    """
    command = [*BOT, "manifest", *(["--url", bot_url] if bot_url else [])]
    done = subprocess.run(
        command, cwd=folder, env=_environment({}), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BotFailed(
            f"The bot could not print its manifest (exit status {done.returncode}).",
            _last_lines(done.stderr),
        )
    manifest = yaml.safe_load(done.stdout)
    if not isinstance(manifest, dict):
        raise BotFailed("The bot printed a manifest that is not a YAML mapping.")
    return manifest


class BotProcess:
    """One run of the bot. Its output goes to `bot.log` in `folder`, which is also its folder.

    `keep_log` adds to what an earlier run said. On Linux the bot ends when the thread that made
    this object does.
    """

    def __init__(
        self, settings: Mapping[str, str], folder: Path, *, keep_log: bool = False
    ) -> None:
        self.log = folder / "bot.log"
        self._health = f"http://{settings['HOST']}:{settings['PORT']}/healthz"
        with self.log.open("ab" if keep_log else "wb") as output:
            self._process = subprocess.Popen(
                [*_leash(), *BOT, "run"],
                cwd=folder,
                env=_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches a whole group of processes; the bot is told by `stop` alone.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The bot's process id."""
        return self._process.pid

    def wait_until_ready(self, patience: float = START_SECONDS) -> None:
        """Wait for the bot's /healthz. Raises BotFailed when it ends or stays silent."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            self.check()
            try:
                with _WITHOUT_PROXY.open(self._health, timeout=2):
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.1)
        raise BotFailed(
            f"The bot did not answer at {self._health} within {patience:.0f} seconds.",
            self._tail(),
        )

    def wait_until_ended(self) -> NoReturn:
        """Wait for the bot to end, however long. Raises BotFailed, which says how it did."""
        self._process.wait()
        raise self._ended()

    def check(self) -> None:
        """Raise BotFailed when the bot is no longer running."""
        if self._process.poll() is not None:
            raise self._ended()

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask the bot to end, and end it when it has not after `grace` seconds."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """End the bot at once, as `kill -9` does; nothing happens when it has ended."""
        self._process.kill()
        self._process.wait()

    def _ended(self) -> BotFailed:
        status = self._process.returncode
        how = f"exit status {status}" if status >= 0 else f"killed by signal {-status}"
        return BotFailed(f"The bot stopped ({how}).", self._tail())

    def _tail(self) -> str:
        return _last_lines(self.log.read_text(encoding="utf-8", errors="replace"))


def _leash() -> list[str]:
    """Give the words that tie a command to this process; none where there is no such leash."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(LEASH), str(os.getpid())]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Build the bot's environment: this one without foreign settings, then the sandbox's."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_FOREIGN) and name.upper() not in _FOREIGN_NAMES
    }
    # The bot lies beside this package, in a checkout as well as installed.
    beside = str(Path(__file__).resolve().parents[1])
    paths = [beside, *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",  # what lies in the data folder is not code
        "PYTHONUNBUFFERED": "1",
        "PYTHON_DOTENV_DISABLED": "1",
        **settings,
    }


def _last_lines(text: str, count: int = 15) -> str:
    lines = text.strip().splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines) or "  (it said nothing)"
