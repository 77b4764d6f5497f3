"""Open the database, and say what to do if it can't be used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

from bot.storage.database import Database, create_file
from bot.storage.migrations import NewerDatabase, migrate

_FIX_FILE = (
    "Let the bot's user write to the file and its folder, or set PROACTIVE_DATABASE_URL to another."
)
_FIX_SERVER = (
    "Check PROACTIVE_DATABASE_URL, that the server runs, and that the user may write there."
)


class UnusableDatabase(Exception):
    """The database can't be used; ``what`` says why, and ``fix`` what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(f"{what} {fix}")
        self.what = what
        self.fix = fix


def open_database(url: str, data_folder: Path | None) -> Database:
    """Open and upgrade the database; raise UnusableDatabase.

    ``data_folder`` is the bot's own; other folders keep the permissions that their owner chose.
    """
    with explained(url):
        address = sa.make_url(url)
        if address.get_backend_name() == "sqlite":
            file = Path(address.database or "")
            create_file(file, is_in_own_folder=file.parent == data_folder)
        with ExitStack() as closing:
            database = Database(url)
            closing.callback(database.close)
            migrate(database)
            closing.pop_all()
        return database


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn whatever goes wrong with this database into UnusableDatabase."""
    address = sa.make_url(url)
    is_file = address.get_backend_name() == "sqlite"
    place = (address.database if is_file else address.host) or "the server"
    try:
        yield
    except NewerDatabase:
        what = f"{place}: a newer release has upgraded this database."
        raise UnusableDatabase(what, "Start that release, or use another database.") from None
    except (OSError, sa.exc.SQLAlchemyError) as error:
        what = f"{place} can't be used as a database ({_kind(error)})."
        raise UnusableDatabase(what, _FIX_FILE if is_file else _FIX_SERVER) from None


def _kind(error: OSError | sa.exc.SQLAlchemyError) -> str:
    """Say what went wrong without an error's text, which may quote the password."""
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    return type(cause or error).__name__
