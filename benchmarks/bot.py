"""The real bot (``python -m bot run``) as a process to be measured.

Promises: its settings are complete and its own; no ``.env``, token or proxy of this machine
reaches it, and its database and log lie in the folder it is given. Does not: start the stand-ins
that it talks to.
"""

from __future__ import annotations

import secrets
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from benchmarks.process import LOOPBACK, SERVER_CORES, Server, find_free_port, plain_environment

COMMAND = (sys.executable, "-m", "bot", "run")
DEPLOYMENT_ID = "0d3e7bb6-9a2c-4c1e-8f0a-6f2d5c7b9e01"  # the faithful stand-in has another
_WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Bot(Server):
    """A running bot: its address, and the secret with which Slack's requests are signed."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str],
        *,
        cores: frozenset[int],
        leashed: bool,
        environment: Mapping[str, str],
    ) -> None:
        self.port = int(settings["PORT"])
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.signing_secret = settings["SLACK_SIGNING_SECRET"]
        self.database_url = settings["PROACTIVE_DATABASE_URL"]
        super().__init__(
            COMMAND,
            folder=folder,
            environment={**plain_environment(), **environment, **settings},
            cores=cores,
            name="bot",
            leashed=leashed,
        )

    def wait_until_ready(self, patience: float = 60.0) -> None:
        """Wait until the bot says that it is alive; AssertionError when it ends or stays silent."""
        self.wait_until(self.answers, f"{self.url}/healthz answers", patience)

    def answers(self) -> bool:
        """Tell whether /healthz says that all is well."""
        try:
            with _WITHOUT_PROXY.open(f"{self.url}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def a_bot(
    folder: Path,
    *,
    slack_url: str,
    genesys_url: str,
    database: str = "sqlite",
    socket_mode: bool = False,
    cores: frozenset[int] = SERVER_CORES,
    leashed: bool = True,
    environment: Mapping[str, str] | None = None,
    more: Mapping[str, str] | None = None,
    **settings: str,
) -> Bot:
    """Start the bot and return at once (``wait_until_ready`` waits).

    ``slack_url`` is the Web API's, ending with ``/api/``. ``database`` is "sqlite", for a new file
    in ``folder``, or an address. ``settings``, and ``more``, are further or other settings by
    their names in the environment (the stand-ins of the sandbox check the tokens); ``environment``
    is for what is no setting of the bot, such as PYTHONPYCACHEPREFIX.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if database == "sqlite":
        database = f"sqlite:///{folder.resolve() / 'proactive.sqlite'}"
    complete = {
        "SLACK_BOT_TOKEN": "xoxb-benchmark",
        "SLACK_SIGNING_SECRET": secrets.token_hex(16),
        "SLACK_APP_TOKEN": "xapp-benchmark" if socket_mode else "",
        "SLACK_API_URL": slack_url,
        "GENESYS_CLOUD_CLIENT_ID": "benchmark",
        "GENESYS_CLOUD_CLIENT_SECRET": "benchmark",
        "GENESYS_CLOUD_DEPLOYMENT_ID": DEPLOYMENT_ID,
        "GENESYS_CLOUD_API_URL": genesys_url,
        "PROACTIVE_DATABASE_URL": database,
        "HOST": LOOPBACK,
        "PORT": str(find_free_port()),
        "LOG_LEVEL": "INFO",
        "PYTHON_DOTENV_DISABLED": "1",
        "HOME": str(folder.resolve()),  # where the Genesys SDK would look for its own settings
        **settings,
        **(more or {}),
    }
    return Bot(folder, complete, cores=cores, leashed=leashed, environment=dict(environment or {}))
