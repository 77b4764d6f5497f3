"""The newest messages to a customer, whoever sent them."""

from __future__ import annotations

from bot.request import Request
from bot.state import SENT, UNSENT, State
from bot.storage.database import Database
from bot.storage.facts import Earlier, read_newest
from bot.storage.keys import Keys

MOST = 3
_SHOWN = SENT | UNSENT | {State.FAILED}  # the others never were on their way


class CustomerHistory:
    """Reads them in one query. Erased messages no longer belong to a customer."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def newest(self, request: Request) -> tuple[Earlier, ...]:
        """Return the newest other messages to a request's customer, the newest first."""
        keys = self._keys.customer_keys(request.identity, request.contact_ids)
        with self._database.connect() as connection:
            return read_newest(connection, keys, request.request_id, _SHOWN, MOST)
