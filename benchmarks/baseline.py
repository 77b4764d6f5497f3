"""The programs that the bot is compared with, as processes (``baselines``)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from benchmarks.connections import Address
from benchmarks.process import Server, plain_environment
from sandbox.ports import LOOPBACK, find_free_port

ASYNC_APP, NODE = "a default AsyncApp", "@slack/bolt on Node"
_NODE_FOLDER = Path(__file__).with_name("baselines") / "node"
NO_NODE = (
    f"{NODE} was left out, and its targets weren't judged: it needs Node 20, and `npm ci` in "
    "benchmarks/baselines/node."
)
_COMMANDS: dict[str, tuple[str, ...]] = {
    ASYNC_APP: (sys.executable, "-m", "benchmarks.baselines.async_app"),
    NODE: (shutil.which("node") or "", str(_NODE_FOLDER / "server.js")),
}


def has_node() -> bool:
    """Return whether the app on Node can be started."""
    packages = _NODE_FOLDER / "node_modules" / "@slack" / "bolt"
    return shutil.which("node") is not None and packages.is_dir()


class Baseline(Server):
    """One of the programs, where it listens, and the secret that signs its requests.

    ``database_url`` makes the AsyncApp launch DBOS.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        slack_url: str,
        *,
        database_url: str = "",
        leashed: bool = True,
    ) -> None:
        """Start it."""
        port = find_free_port()
        self.address: Address = (LOOPBACK, port)
        self.secret = "a-signing-secret-of-the-benchmarks"
        settings = {
            "PORT": str(port),
            "SLACK_BOT_TOKEN": "xoxb-benchmark",
            "SLACK_SIGNING_SECRET": self.secret,
            "SLACK_API_URL": slack_url,
            "HOME": str(folder),
            "NODE_ENV": "production",
        }
        if database_url:
            settings["DATABASE_URL"] = database_url
        super().__init__(
            _COMMANDS[name],
            folder=folder,
            environment={**plain_environment(), **settings},
            name="baseline",
            leashed=leashed,
        )

    def wait_until_ready(self) -> None:
        """Wait until it listens."""
        self.wait_until(lambda: self.listens(self.address[1]), "it listens")

    def stop(self) -> None:
        """Kill it: DBOS's threads would keep it for long, and there's nothing to keep."""
        self.kill()
