"""Opens the bot's database for a command, as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.storage.database import Database
from bot.storage.migrations import is_up_to_date
from bot.storage.open import UnusableDatabase, explained


@contextmanager
def open_existing(url: str) -> Iterator[Database]:
    """Open the bot's database as it is; raise UnusableDatabase. It's never created or upgraded."""
    address = sa.make_url(url)
    file = address.database or ""
    if address.get_backend_name() == "sqlite" and not Path(file).exists():
        raise UnusableDatabase(
            f"There's no database at {file}.", "Set PROACTIVE_DATABASE_URL to the bot's database."
        )
    with explained(url):
        database = Database(url)
    try:
        with explained(url):
            is_ready = is_up_to_date(database)
        if not is_ready:
            raise UnusableDatabase(
                "The database is of an earlier release.",
                "Start the bot once, which upgrades it, or set PROACTIVE_DATABASE_URL to another.",
            )
        yield database
    finally:
        database.close()
