"""A program as a process of its own that can be watched from outside.

Promises: it runs on the cores it was given, with the environment it was given and nothing of this
one, and ends with this program on Linux; what it holds (memory, files, threads) is read from /proc
without asking it. Does not: know what the program is (``bot`` does), or work where there is no
/proc.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

ROOT = Path(__file__).resolve().parents[1]
LOOPBACK = "127.0.0.1"
STOP_SECONDS = 15.0
_LEASH = ROOT / "sandbox" / "exit_with_parent.py"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1_000_000
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH")  # what any program here needs

T = TypeVar("T")


def _share_cores() -> tuple[frozenset[int], frozenset[int]]:
    """Return the core of the server, and those of the load; on one core both get it."""
    allowed = sorted(os.sched_getaffinity(0))
    return frozenset(allowed[:1]), frozenset(allowed[1:] or allowed)


SERVER_CORES, LOAD_CORES = _share_cores()


@contextlib.contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Run this thread, and the threads and processes it starts meanwhile, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def plain_environment(**more: str) -> dict[str, str]:
    """Return an environment in which Python finds this repository, and nobody's settings."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **more}


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that is free now."""
    with socket.create_server((LOOPBACK, 0)) as probe:
        return int(probe.getsockname()[1])


def wait_for(look: Callable[[], T | None], what: str, patience: float, every: float = 0.005) -> T:
    """Wait until ``look`` returns something true, and return it; AssertionError when it does not.

    It is for the preparations of a measurement: ``every`` seconds are its grain.
    """
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience:.0f} s in vain: {what}")
        time.sleep(every)
    return found


class Server:
    """One run of a program. Its output goes to ``NAME.log`` in ``folder``, its working folder.

    On Linux it ends when the thread that made this object does. ``leashed=False`` leaves out the
    small program (some 20 ms) that arranges for this, where the start itself is measured.
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
        self.log = folder / f"{name}.log"
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid())] if leashed else []
        with self.log.open("ab") as output, on_cores(cores):
            self.started_at = time.monotonic()
            self._process = subprocess.Popen(
                [*leash, *command],
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

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def wait_until(
        self, look: Callable[[], T | None], what: str, patience: float = 60.0, every: float = 0.005
    ) -> T:
        """Wait for something about the program; AssertionError with its log when it ends."""

        def look_while_it_runs() -> T | None:
            self.check()
            return look()

        try:
            return wait_for(look_while_it_runs, what, patience, every)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.last_lines()}") from None

    def check(self) -> None:
        """Raise AssertionError, with its last lines, when the program has ended."""
        status = self._process.poll()
        assert status is None, f"it ended with status {status}:\n{self.last_lines()}"

    def last_lines(self, count: int = 15) -> str:
        """Return what the program said last."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-count:])

    def stop(self) -> None:
        """Ask the program to end, and end it when it does not; may be called again."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End the program at once."""
        self._process.kill()
        self._process.wait()

    def cpu_seconds(self) -> float:
        """Return how much processor time it has used, in user and in system mode."""
        stat = self._proc("stat").read_text()
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / _TICKS

    def resident_mb(self) -> float:
        """Return its resident memory in MB (millions of bytes)."""
        return int(self._proc("statm").read_text().split()[1]) * _PAGE_MB

    def open_files(self) -> int:
        """Return how many files and sockets it has open."""
        return sum(1 for _ in self._proc("fd").iterdir())

    def connections(self) -> int:
        """Return how many of its open files are sockets."""
        count = 0
        for one in self._proc("fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += str(one.readlink()).startswith("socket:")
        return count

    def threads(self) -> int:
        """Return how many threads it has."""
        return sum(1 for _ in self._proc("task").iterdir())

    def _proc(self, name: str) -> Path:
        return Path("/proc") / str(self.pid) / name
