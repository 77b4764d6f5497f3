"""A process that takes a slot of the database in its argument, prints its name and keeps it."""

# ruff: noqa: T201 -- its output is its answer

from __future__ import annotations

import sys

from bot.slot import take_slot
from bot.storage.tables import open_database

if __name__ == "__main__":
    slot = take_slot(sys.argv[1], open_database(sys.argv[1]))
    print(slot.name, flush=True)
    sys.stdin.read()
