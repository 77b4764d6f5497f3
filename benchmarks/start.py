"""Item 3: from the start of the process to the first ack, and to the first message at Genesys.

A slash command and a submission knock from the first moment on, and wait where the door is open
before the bot is ready. "Warm" is a restart: bytecode and database are there. "Cold" is a first
start: no database, and no bytecode of the bot's or of what is installed, while Python's own
library, which every Python brings with it, has its. The files themselves are in the machine's
memory in both cases. Genesys answers at once, so that the bot's own time shows.
"""

from __future__ import annotations

import shutil
import socket
import sysconfig
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bare_engine import BareEngine
from benchmarks.bot import Bot, a_bot
from benchmarks.load import commands, sign
from benchmarks.process import LOAD_CORES, LOOPBACK, ROOT, on_cores
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Goal, Report, alternate
from benchmarks.submissions import new_numbers, submission

PATIENCE = 60.0
_WHO = ("bot", "bare app and engine")
_GOALS = {  # seconds to the first ack, and to the first message
    "warm": (1.2, 2.0),
    "cold": (4.0, 6.0),
}
_TITLES = {"warm": "with warm bytecode", "cold": "on a first start without bytecode"}


def measure(smoke: bool, rounds: int) -> Report:
    """Start the bot and the baseline in turn, warm and cold."""
    with _Stage(smoke) as stage:
        found = alternate(
            {
                f"{who}, {how}": lambda who=who, how=how: stage.start(who, how)  # type: ignore[misc]
                for how in (("warm",) if smoke else ("warm", "cold"))
                for who in _WHO
            },
            rounds if smoke else 3 * rounds,
        )
    rows = tuple(
        (name, str(seconds["ack"]), str(seconds.get("message", "–")), str(seconds["cpu"]))
        for name, seconds in found.items()
    )
    goals = []
    for how, limits in _GOALS.items():
        seconds = found.get(f"bot, {how}", {})
        for what, said, limit in zip(("ack", "message"), ("ack", "delivery"), limits, strict=True):
            if what in seconds:
                sentence = f"process start to first {said} {_TITLES[how]} < {limit} s"
                middle = seconds[what].median
                goals.append(Goal(sentence, f"{middle:.2f} s", middle < limit))
    return Report(
        "Start",
        ("start of", "to the first ack, s", "to the first message at Genesys, s", "CPU, s"),
        rows,
        tuple(goals),
    )


class _Stage:
    """The stand-ins, and bytecode folders in the states that a start may find them in."""

    def __init__(self, smoke: bool) -> None:
        self._smoke = smoke
        self._closing = ExitStack()

    def __enter__(self) -> _Stage:
        enter = self._closing.enter_context
        enter(on_cores(LOAD_CORES))
        self._folder = Path(enter(tempfile.TemporaryDirectory(prefix="proactive-benchmark-")))
        self._slack = enter(QuickSlack())
        self._genesys = enter(QuickGenesys(self._folder))
        self._warm, self._fresh = self._folder / "warm", self._folder / "fresh"
        if self._smoke:  # then everything is as it happens to be
            return self
        for who in _WHO:
            self._run(who, self._warm, self._folder / who, presses=False)
        shutil.copytree(self._warm, self._fresh)
        for installed in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(ROOT)):
            shutil.rmtree(self._fresh / installed.lstrip("/"), ignore_errors=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def start(self, who: str, how: str) -> Mapping[str, float]:
        """Start once and return the seconds that it took."""
        with tempfile.TemporaryDirectory(dir=self._folder) as name:
            data, bytecode = Path(name) / "data", Path(name) / "bytecode"
            if self._smoke:
                return self._run(who, None, data, presses=who == "bot")
            if how == "warm":
                shutil.copytree(self._folder / who, data)  # the database of an earlier life
                return self._run(who, self._warm, data, presses=who == "bot")
            shutil.copytree(self._fresh, bytecode)
            return self._run(who, bytecode, data, presses=who == "bot")

    def _run(
        self, who: str, bytecode: Path | None, folder: Path, *, presses: bool
    ) -> Mapping[str, float]:
        folder.mkdir(exist_ok=True)
        environment = {"PYTHONPYCACHEPREFIX": str(bytecode)} if bytecode else {}
        server: Bot | BareEngine
        if who == "bot":
            server = a_bot(
                folder,
                slack_url=self._slack.url,
                genesys_url=self._genesys.url,
                leashed=False,
                environment=environment,
                PROACTIVE_UNDO_SECONDS="0",
            )
        else:
            server = BareEngine(folder, leashed=False, environment=environment)
        with server:
            found = self._knock(server, presses=presses)
            return {**found, "cpu": server.cpu_seconds()}

    def _knock(self, server: Bot | BareEngine, *, presses: bool) -> dict[str, float]:
        """Post a command, and perhaps a submission; return the seconds since the start."""
        sent_before = len(self._genesys.sent())
        (command,) = commands(server.signing_secret, 1)
        (number,) = new_numbers(1)
        (pressed,) = sign(server.signing_secret, [submission(number)])
        address = (LOOPBACK, server.port)
        with _connect_early(server) as first, socket.create_connection(address) as second:
            first.sendall(command)
            if presses:
                second.sendall(pressed)
            _read_ack(first)
            found = {"ack": time.monotonic() - server.started_at}
            if presses:
                second.settimeout(PATIENCE)
                _read_ack(second)
                sent = server.wait_until(
                    lambda: self._genesys.sent(sent_before), "a message is sent", PATIENCE
                )
                found["message"] = sent[0][0] - server.started_at
            return found


def _connect_early(server: Bot | BareEngine) -> socket.socket:
    """Connect as soon as the port is open."""

    def connect() -> socket.socket | None:
        try:
            return socket.create_connection((LOOPBACK, server.port), timeout=PATIENCE)
        except ConnectionRefusedError:
            return None

    return server.wait_until(connect, "the port is open", PATIENCE)


def _read_ack(connection: socket.socket) -> None:
    head = connection.recv(65_536)
    assert head.startswith(b"HTTP/1.1 200 "), f"no ack: {head[:300]!r}"
