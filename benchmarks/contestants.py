"""The programs that are measured beside the bot at the edge to Slack, and how they take turns.

Promises: each is a process of its own on the server's core, with the same secret and the same
Slack; while one is measured the others stand still. Does not: install Node's packages (``npm ci``
in ``baselines/node`` does): without them the Node app is left out.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bot import Bot
from benchmarks.lines import Address
from benchmarks.process import LOOPBACK, Server, find_free_port, plain_environment
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Figure

BOT, BARE, NODE, RAW = "the bot", "(a) bare AsyncApp", "(b) @slack/bolt, Node", "(c) raw ASGI"
NODE_FOLDER = Path(__file__).with_name("baselines") / "node"
NO_NODE = (
    "(b) @slack/bolt was left out and its goals were not measured: it needs Node 20, "
    "and `npm ci` in benchmarks/baselines/node."
)
_SECRET = "a-signing-secret-of-the-benchmarks"
_COMMANDS: dict[str, tuple[str, ...]] = {
    BARE: (sys.executable, "-m", "benchmarks.baselines.bare_bolt"),
    NODE: (shutil.which("node") or "", str(NODE_FOLDER / "server.js")),
    RAW: (sys.executable, "-m", "benchmarks.baselines.raw_asgi"),
}
_SOCKET_COMMANDS = {
    **_COMMANDS,
    BARE: (sys.executable, "-m", "benchmarks.baselines.bare_socket"),
}


@dataclass(frozen=True)
class Contestant:
    """A server that takes Slack's requests."""

    server: Server
    address: Address
    secret: str

    def wait_until_ready(self) -> None:
        """Wait until it takes requests."""
        if isinstance(self.server, Bot):
            self.server.wait_until_ready()
        else:
            self.server.wait_until(lambda: _listens(self.address), "it listens")


def has_node() -> bool:
    """Tell whether the app on Node can be started."""
    packages = NODE_FOLDER / "node_modules" / "@slack" / "bolt"
    return shutil.which("node") is not None and packages.is_dir()


def names(*wanted: str) -> list[str]:
    """Return the wanted ones that can be measured here."""
    return [name for name in wanted if name != NODE or has_node()]


def a_baseline(
    name: str,
    folder: Path,
    slack_url: str,
    *,
    socket_mode: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Contestant:
    """Start one of the programs that are not the bot, and return at once.

    ``environment`` is what else it sees.
    """
    port = find_free_port()
    settings = {
        "PORT": str(port),
        "SLACK_BOT_TOKEN": "xoxb-benchmark",
        "SLACK_SIGNING_SECRET": _SECRET,
        "SLACK_API_URL": slack_url,
        "SLACK_APP_TOKEN": "xapp-benchmark" if socket_mode else "",
        "HOME": str(folder),
        "NODE_ENV": "production",
        **(environment or {}),
    }
    command = (_SOCKET_COMMANDS if socket_mode else _COMMANDS)[name]
    slug = "".join(filter(str.isalnum, name))
    server = Server(command, folder=folder, environment=plain_environment(**settings), name=slug)
    return Contestant(server, (LOOPBACK, port), _SECRET)


def of_bot(bot: Bot) -> Contestant:
    """Let a started bot take part."""
    return Contestant(bot, (LOOPBACK, bot.port), bot.signing_secret)


def _listens(address: Address) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=5):
        return True
    return False


def stand_still(contestants: Collection[Contestant], slack: QuickSlack) -> None:
    """Wait until all are ready, then let none run until ``alone`` wakes it.

    Should this program be killed, the quick Slack wakes them, so that they can end, too.
    """
    for one in contestants:
        one.wait_until_ready()
    slack.wake_at_the_end([one.server.pid for one in contestants])
    for one in contestants:
        os.kill(one.server.pid, signal.SIGSTOP)


@contextlib.contextmanager
def alone(one: Contestant) -> Iterator[None]:
    """Let this one run while the block does."""
    one.server.check()
    os.kill(one.server.pid, signal.SIGCONT)
    try:
        yield
    finally:
        os.kill(one.server.pid, signal.SIGSTOP)


def ratio(ours: Figure, theirs: Figure) -> Figure:
    """Divide round by round, because the rounds differ more than the contestants do."""
    return Figure(tuple(a / b for a, b in zip(ours.rounds, theirs.rounds, strict=True)))


def at_most(figures: Sequence[Figure], limit: float) -> bool:
    """Tell whether every figure's median keeps to a limit."""
    return all(figure.median <= limit for figure in figures)
