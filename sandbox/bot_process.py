"""Runs the bot beside the sandbox, as its own process, with only the sandbox's settings.

Promises: the bot never sees this machine's real tokens, proxies or `.env`; it is ended with this
program; what it says goes to a file, of which the last lines are shown when it fails. It knows
the bot only as a command.
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

import yaml

BOT = (sys.executable, "-m", "bot")
START_SECONDS = 60.0
STOP_SECONDS = 10.0
_FOREIGN = ("SLACK_", "GENESYS_", "PROACTIVE_", "DBOS_")
_FOREIGN_NAMES = frozenset({"HOST", "PORT", "LOG_LEVEL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"})
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BotFailed(Exception):
    """The bot did not do its part. The text says what happened, with its last lines."""


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
            f"The bot could not print its manifest (exit status {done.returncode}).\n"
            + _last_lines(done.stderr)
        )
    manifest = yaml.safe_load(done.stdout)
    if not isinstance(manifest, dict):
        raise BotFailed("The bot printed a manifest that is not a YAML mapping.")
    return manifest


class BotProcess:
    """The running bot. Its output goes to `bot.log` in `folder`, which is also its folder."""

    def __init__(self, settings: Mapping[str, str], folder: Path) -> None:
        self.log = folder / "bot.log"
        self._health = f"http://{settings['HOST']}:{settings['PORT']}/healthz"
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [*BOT, "run"],
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
            f"The bot did not answer at {self._health} within {patience:.0f} seconds. "
            f"Its last lines:\n{self._tail()}"
        )

    def wait_until_ended(self, seconds: float) -> None:
        """Wait so long for the bot to end, which it should not. Raises BotFailed when it did."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        self.check()

    def check(self) -> None:
        """Raise BotFailed when the bot is no longer running."""
        status = self._process.poll()
        if status is None:
            return
        how = f"exit status {status}" if status >= 0 else f"killed by signal {-status}"
        raise BotFailed(f"The bot stopped ({how}). Its last lines:\n{self._tail()}")

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

    def _tail(self) -> str:
        return _last_lines(self.log.read_text(encoding="utf-8", errors="replace"))


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
