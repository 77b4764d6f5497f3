"""Runs a program as a process of its own and watches it from outside. Needs Linux.

The process gets the environment it's given and nothing of this one, and it ends with this program.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from sandbox.ports import LOOPBACK

ROOT = Path(__file__).resolve().parents[1]
STOP_SECONDS = 15.0
WITHOUT_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_EXIT_WITH_PARENT = ROOT / "sandbox" / "exit_with_parent.py"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")  # what any program here needs

T = TypeVar("T")


def _share_cores() -> tuple[frozenset[int], frozenset[int]]:
    """Return the server's core and the load's cores; a single core is shared."""
    allowed = sorted(os.sched_getaffinity(0))
    return frozenset(allowed[:1]), frozenset(allowed[1:] or allowed)


SERVER_CORES, LOAD_CORES = _share_cores()


@contextlib.contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Keep this thread, and what it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def plain_environment(code: Path = ROOT) -> dict[str, str]:
    """Return an environment in which Python finds the code in a folder, and nobody's settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(code), "PYTHONUNBUFFERED": "1"}


def wait_for(look: Callable[[], T | None], what: str, patience: float, every: float = 0.02) -> T:
    """Wait until ``look`` returns something true, and return it; else raise AssertionError."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {patience:.0f} s: {what}"
        time.sleep(every)
    return found


class Server:
    """One run of a program, with its output in ``NAME.log`` in ``folder``, its working folder.

    It ends when the thread that made this object does. ``leashed=False`` leaves out the small
    program (about 20 ms) that arranges for this: for measuring the start itself.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        folder: Path,
        environment: Mapping[str, str],
        cores: frozenset[int] = SERVER_CORES,
        name: str = "server",
        leashed: bool = True,
    ) -> None:
        self._log = folder / f"{name}.log"
        leash = [sys.executable, "-I", "-S", str(_EXIT_WITH_PARENT), str(os.getpid())]
        with self._log.open("ab") as output, on_cores(cores):
            self.started_at = time.monotonic()
            self._process = subprocess.Popen(
                [*(leash if leashed else []), *command],
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def wait_until(
        self, look: Callable[[], T | None], what: str, patience: float = 60.0, every: float = 0.02
    ) -> T:
        """Wait for something as ``wait_for`` does, but fail early if the program ends."""

        def look_while_it_runs() -> T | None:
            self.check()
            return look()

        return wait_for(look_while_it_runs, what, patience, every)

    def check(self) -> None:
        """Raise AssertionError, with the program's last lines, if it has ended."""
        status = self._process.poll()
        if status is not None:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
            raise AssertionError(f"it ended with status {status}:\n" + "\n".join(lines[-15:]))

    def listens(self, port: int) -> bool:
        """Return whether somebody listens on a port."""
        with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=5):
            return True
        return False

    def stop(self) -> None:
        """Ask the program to end, and kill it if it doesn't; may be called again."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """Kill the program."""
        self._process.kill()
        self._process.wait()

    def cpu_seconds(self) -> float:
        """Return how much processor time the program has used, in user and in system mode."""
        user, system = self._proc("stat").rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def resident_mb(self) -> float:
        """Return the program's resident memory in millions of bytes."""
        return int(self._proc("statm").split()[1]) * _PAGE_MB

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()
