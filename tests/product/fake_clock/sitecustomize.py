"""Gives this process its own wall clock: the machine's, plus the seconds that a file holds.

Python imports a module of this name before all others, so with this folder first in PYTHONPATH all
modules of the bot and of DBOS use this clock. The monotonic clock stays as it is, as it does when
somebody sets a machine's clock. Without CLOCK_FILE, this module does nothing.
"""

import datetime
import os
import time
from pathlib import Path
from typing import Any

_real_time, _real_datetime = time.time, datetime.datetime
_file = Path(os.environ.get("CLOCK_FILE", ""))


def _now() -> float:
    return _real_time() + float(_file.read_text())


class _AcceptsRealInstances(type):
    """C code still creates instances of the real class; count them as instances of ours, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _real_datetime)


class _Datetime(_real_datetime, metaclass=_AcceptsRealInstances):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _real_datetime.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _real_datetime.fromtimestamp(_now(), datetime.UTC).replace(tzinfo=None)


if _file.is_file():
    time.time = _now
    time.time_ns = lambda: int(_now() * 1_000_000_000)
    datetime.datetime = _Datetime  # type: ignore[misc]
