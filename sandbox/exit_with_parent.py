"""Runs a program that ends with its parent: ``exit_with_parent.py PARENT-PID PROGRAM WORDS…``.

Linux sends SIGTERM to the program when the thread that started it ends, even after ``kill -9``
(prctl(2), PR_SET_PDEATHSIG). The setting survives `execv`, so the program keeps this process id.
`bot_process` runs this file; nothing imports it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def main() -> None:
    """Ask for the signal and become the program; exit if the parent has already ended."""
    parent, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != int(parent):
        sys.exit(1)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
