"""Gives this process a wall clock of its own: the machine's, and the seconds that a file holds.

Python reads a module of this name before all others, so with this folder first in PYTHONPATH every
module of the bot and of its engine finds this clock. The monotonic one goes on as it is: so it does
when somebody sets the clock of a machine. Inert without CLOCK_FILE.
"""

import datetime
import os
import time
from pathlib import Path
from typing import Any

_true_time, _true_datetime = time.time, datetime.datetime
_file = Path(os.environ.get("CLOCK_FILE", ""))


def _now() -> float:
    return _true_time() + float(_file.read_text())


class _LikeTheTrueOne(type):
    """What C code makes is of the true class, and is an instance of this one, too."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _true_datetime)


class _Datetime(_true_datetime, metaclass=_LikeTheTrueOne):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _true_datetime.fromtimestamp(_now(), tz)

    @classmethod
    def utcnow(cls) -> Any:
        return _true_datetime.fromtimestamp(_now(), datetime.UTC).replace(tzinfo=None)


if _file.is_file():
    time.time = _now
    time.time_ns = lambda: int(_now() * 1_000_000_000)
    datetime.datetime = _Datetime  # type: ignore[misc]
