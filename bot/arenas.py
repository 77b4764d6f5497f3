"""How many arenas the C library's allocator may have.

Promises: what one thread has freed serves the others. By default glibc gives up to eight arenas
for each core to a process's threads, and each keeps for itself what it once needed. Does not:
anything where the C library is another.
"""

from __future__ import annotations

import ctypes

MOST = 2
_M_ARENA_MAX = -8  # in glibc's malloc.h


def limit_arenas() -> None:
    """Set the limit; call it before threads start: an arena that is there stays."""
    if set_option := getattr(ctypes.CDLL(None), "mallopt", None):
        set_option(_M_ARENA_MAX, MOST)
