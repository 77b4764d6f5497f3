"""The bot (``python -m bot run``) as a process, in this release or an earlier one.

Its settings are complete: no ``.env``, token or proxy of this machine reaches it.
"""

from __future__ import annotations

import secrets
import sys
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.connections import Address
from benchmarks.process import (
    ROOT,
    WITHOUT_PROXY,
    Server,
    plain_environment,
)
from benchmarks.quick_genesys import DEPLOYMENT_ID
from sandbox.ports import LOOPBACK, find_free_port

SQLITE = "sqlite"  # stands for a new file in the bot's folder


@dataclass(frozen=True)
class Release:
    """A checkout of the bot, and what the tables call it."""

    name: str
    folder: Path


THIS = Release("the bot", ROOT)


class Bot(Server):
    """A running bot: where it listens, and the secret that signs Slack's requests to it."""

    def __init__(
        self, folder: Path, release: Release, settings: Mapping[str, str], *, leashed: bool
    ) -> None:
        self.address: Address = (LOOPBACK, int(settings["PORT"]))
        # The release before served /healthz on PORT.
        self._health_ports = (settings["OPERATOR_PORT"], settings["PORT"])
        self.secret = settings["SLACK_SIGNING_SECRET"]
        self.database_url = settings["PROACTIVE_DATABASE_URL"]
        super().__init__(
            (sys.executable, "-m", "bot", "run"),
            folder=folder,
            environment={**plain_environment(release.folder), **settings},
            name="bot",
            leashed=leashed,
        )

    def wait_until_ready(self) -> None:
        """Wait until /healthz says that all is well."""
        self.wait_until(self._is_healthy, "/healthz answers")

    def _is_healthy(self) -> bool:
        return any(map(_answers_healthz, self._health_ports))


def _answers_healthz(port: str) -> bool:
    try:
        with WITHOUT_PROXY.open(f"http://{LOOPBACK}:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def start_bot(
    folder: Path,
    *,
    slack_url: str,
    genesys_url: str,
    release: Release = THIS,
    database: str = SQLITE,
    leashed: bool = True,
    settings: Mapping[str, str] | None = None,
) -> Bot:
    """Start the bot without waiting for it.

    ``slack_url`` is the Web API's, ending with ``/api/``. ``settings`` replace those made here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if database == SQLITE:
        database = f"sqlite:///{folder.resolve() / 'proactive.sqlite'}"
    complete = {
        "SLACK_BOT_TOKEN": "xoxb-benchmark",
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
        "SLACK_APP_TOKEN": "",
        "SLACK_API_URL": slack_url,
        "GENESYS_CLOUD_CLIENT_ID": "benchmark",
        "GENESYS_CLOUD_CLIENT_SECRET": "benchmark",
        "GENESYS_CLOUD_DEPLOYMENT_ID": DEPLOYMENT_ID,
        "GENESYS_CLOUD_API_URL": genesys_url,
        "PROACTIVE_CALLS_PER_MINUTE": "100000",
        "PROACTIVE_DATABASE_URL": database,
        "PROACTIVE_RULES": str(write_rules(folder)),
        "HOST": LOOPBACK,
        "PORT": str(find_free_port()),
        "OPERATOR_PORT": str(find_free_port()),
        "LOG_LEVEL": "INFO",
        "PYTHON_DOTENV_DISABLED": "1",
        "HOME": str(folder.resolve()),  # where the Genesys SDK would look for its own settings
        **(settings or {}),
    }
    return Bot(folder, release, complete, leashed=leashed)


def write_rules(folder: Path, more: str = "") -> Path:
    """Write rules that are all in force, with limits that the load of no benchmark reaches."""
    most = 100_000
    rules = folder.resolve() / "rules.toml"
    rules.write_text(
        f"[limits]\nsame_text_hours = 0\nper_customer = 1000\nper_agent = {most}\n"
        f"lookups = {most}\n{more}"
    )
    return rules
