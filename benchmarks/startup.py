"""How soon after its start the bot acknowledges a command and sends a message.

It's a restart: the bytecode and the database are there. A slash command and a press of Send knock
from the first moment on, and wait in the port's queue until somebody answers. Genesys and Slack
answer at once. Beside it stands a bare AsyncApp that launches DBOS.
"""

from __future__ import annotations

import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.baseline import ASYNC_APP, Baseline
from benchmarks.bot import THIS, Bot, Release, start_bot
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Found, Goal, Report, alternate, table
from benchmarks.slack_requests import commands, new_presses, submissions
from benchmarks.stage import PATIENCE, Run
from benchmarks.stand_in import Json
from benchmarks.targets import STARTUP_ACK, STARTUP_DELIVERY

ROUNDS = 7
_BARE = f"{ASYNC_APP} with DBOS"
_ACK, _DELIVERY = "first ack, s", "first message at Genesys, s"


def measure(run: Run) -> Report:
    """Start everything once to prepare it, then in turn."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        slack = closing.enter_context(QuickSlack(folder))
        genesys = closing.enter_context(QuickGenesys(folder))
        starts: dict[str, Callable[[], Mapping[str, float]]] = {}
        for number, release in enumerate(run.releases):
            with run.stage(release) as stage:
                bots = _Bots(release, folder / str(number), slack, genesys, stage.form())
            starts[release.name] = bots.start
        (folder / "bare").mkdir()
        starts[_BARE] = partial(_start_bare, folder / "bare", slack)
        if not run.smoke:
            alternate(starts, 1)  # leaves the bytecode and the databases
        found = alternate(starts, run.rounds(ROUNDS))
    return Report(
        "Startup",
        ("program", _ACK, _DELIVERY),
        table(found, (_ACK, _DELIVERY)),
        tuple(_judge(found)),
        ("From the start of the process.",),
    )


def _judge(found: Found) -> Iterator[Goal]:
    ours = found[THIS.name]
    yield STARTUP_ACK.judge(ours[_ACK].over(found[_BARE][_ACK]))
    yield STARTUP_DELIVERY.judge(ours[_DELIVERY])


class _Bots:
    """Starts one release again and again, on one database."""

    def __init__(
        self,
        release: Release,
        folder: Path,
        slack: QuickSlack,
        genesys: QuickGenesys,
        form: Json,
    ) -> None:
        self._release = release
        self._folder = folder
        self._slack = slack
        self._genesys = genesys
        self._form = form

    def _start(self) -> Bot:
        return start_bot(
            self._folder,
            slack_url=self._slack.url,
            genesys_url=self._genesys.url,
            release=self._release,
            leashed=False,
            settings={"PROACTIVE_UNDO_SECONDS": "0"},
        )

    def start(self) -> Mapping[str, float]:
        """Start it and return the seconds until its first ack and its first message."""
        sent = self._genesys.count_sent()
        with self._start() as bot:
            (command,) = commands(bot.secret, 1)
            (pressed,) = submissions(bot.secret, self._form, new_presses(1))
            with _connect(bot) as first, _connect(bot) as second:
                first.sendall(command)
                second.sendall(pressed)
                acked_at = _read_ack(first)
                _read_ack(second)
                bot.wait_until(lambda: self._genesys.count_sent() > sent, "a message is sent")
            (sent_at, _) = self._genesys.sent(sent)[0]
            return {_ACK: acked_at - bot.started_at, _DELIVERY: sent_at - bot.started_at}


def _start_bare(folder: Path, slack: QuickSlack) -> Mapping[str, float]:
    database_url = f"sqlite:///{folder / 'dbos.sqlite'}"
    with Baseline(ASYNC_APP, folder, slack.url, database_url=database_url, leashed=False) as server:
        (command,) = commands(server.secret, 1)
        with _connect(server) as connection:
            connection.sendall(command)
            return {_ACK: _read_ack(connection) - server.started_at}


def _connect(server: Bot | Baseline) -> socket.socket:
    """Connect as soon as the port is open."""

    def connect() -> socket.socket | None:
        try:
            return socket.create_connection(server.address, timeout=PATIENCE)
        except ConnectionRefusedError:
            return None

    return server.wait_until(connect, "the port is open", every=0.005)


def _read_ack(connection: socket.socket) -> float:
    """Wait for an ack; return when it came."""
    head = connection.recv(65_536)
    assert head.startswith(b"HTTP/1.1 200 "), f"no ack: {head[:300]!r}"
    return time.monotonic()
