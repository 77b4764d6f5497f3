"""Becomes another program that ends with its parent: ``leash.py PARENT-PID PROGRAM WORDS…``.

On Linux the kernel then sends SIGTERM to the program when the parent's thread that started it
ends, even by ``kill -9``. The mark survives `execv`, so the process id stays the same and
nothing stands between. Started by `bot_process` as a file, not imported.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Put on the leash and become the program; end at once when the parent is gone already."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
