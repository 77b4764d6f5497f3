"""A name for this process that no other live process has.

Promises: the engine's executor id is free to take only when its last owner is dead, so that a
process picks up what its slot left behind and never what a live one is doing. The lock is the
operating system's, on a file beside the database: it ends with the process, however that dies.
"""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

SLOTS = 64


class Slot:
    """One locked slot; keep it for as long as the process works."""

    def __init__(self, name: str, lock: IO[bytes]) -> None:
        self.name = name
        self._lock = lock

    def release(self) -> None:
        """Let another process have the slot."""
        self._lock.close()


def take_slot(database_file: Path) -> Slot:
    """Take the first free slot beside a database file; raise OSError when it is unusable."""
    for number in range(SLOTS):
        lock = Path(f"{database_file}.w{number}.lock").open("ab")  # noqa: SIM115 -- the lock lives as long
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return Slot(f"w{number}", lock)
    raise OSError(f"all {SLOTS} slots beside {database_file} are taken")
