"""Runs the bot in a process of its own, with only the sandbox's settings.

The bot never sees this machine's real tokens, proxies or `.env`. It stops when this program does;
on Linux even when this program is killed, elsewhere you must then stop the bot by hand.
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
EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.py")
START_SECONDS = 60.0
STOP_SECONDS = 10.0
_FOREIGN = ("SLACK_", "GENESYS_", "PROACTIVE_", "DBOS_")
_FOREIGN_NAMES = frozenset(
    {
        *("HOST", "PORT", "OPERATOR_HOST", "OPERATOR_PORT", "LOG_LEVEL"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BotFailed(Exception):
    """The bot failed. The text says how, followed by the bot's last lines, if there are any."""

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
        command, cwd=folder, env=build_environment({}), capture_output=True, text=True, check=False
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
    """One run of the bot, which works in `folder` and writes its output to `bot.log` there.

    `keep_log` appends to the log of an earlier run. On Linux the bot stops when the thread that
    created this object ends.
    """

    def __init__(
        self, settings: Mapping[str, str], folder: Path, *, keep_log: bool = False
    ) -> None:
        self.log = folder / "bot.log"
        self._health = f"http://{settings['OPERATOR_HOST']}:{settings['OPERATOR_PORT']}/healthz"
        with self.log.open("ab" if keep_log else "wb") as output:
            self._process = subprocess.Popen(
                [*_exit_with_us(), *BOT, "run"],
                cwd=folder,
                env=build_environment(settings),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C reaches every process of a session; only `stop` should stop the bot.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The bot's process id."""
        return self._process.pid

    def wait_until_ready(self, patience: float = START_SECONDS) -> None:
        """Wait until the bot's /healthz answers. Raises BotFailed if it ends or never answers."""
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
        """Wait until the bot ends, then raise BotFailed, which says how it ended."""
        self._process.wait()
        raise self._ended()

    def check(self) -> None:
        """Raise BotFailed if the bot is no longer running."""
        if self._process.poll() is not None:
            raise self._ended()

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask the bot to stop, and kill it if it hasn't after `grace` seconds."""
        if self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def kill(self) -> None:
        """Kill the bot, as `kill -9` does; do nothing if it has ended."""
        self._process.kill()
        self._process.wait()

    def _ended(self) -> BotFailed:
        status = self._process.returncode
        how = f"exit status {status}" if status >= 0 else f"killed by signal {-status}"
        return BotFailed(f"The bot stopped ({how}).", self._tail())

    def _tail(self) -> str:
        return _last_lines(self.log.read_text(encoding="utf-8", errors="replace"))


def _exit_with_us() -> list[str]:
    """Return the prefix that makes a command end with this process; it exists on Linux only."""
    if sys.platform != "linux":
        return []
    return [sys.executable, "-I", "-S", str(EXIT_WITH_PARENT), str(os.getpid())]


def build_environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Build the bot's environment: ours without the settings it might read, then `settings`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.upper().startswith(_FOREIGN) and name.upper() not in _FOREIGN_NAMES
    }
    # The bot package is next to this one, in a checkout and when installed.
    beside = str(Path(__file__).resolve().parents[1])
    paths = [beside, *filter(None, [kept.get("PYTHONPATH")])]
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONSAFEPATH": "1",  # never import a file from the data folder
        "PYTHONUNBUFFERED": "1",
        "PYTHON_DOTENV_DISABLED": "1",
        **settings,
    }


def _last_lines(text: str, count: int = 15) -> str:
    lines = text.strip().splitlines()[-count:]
    return "\n".join(f"  {line}" for line in lines) or "  (no output)"
