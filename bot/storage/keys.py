"""The secret key of the database, and the digests made with it.

A digest finds a customer or a text again without telling which it is: whoever reads it would have
to guess the key as well. The key is made with the tables and never changes, because opt-outs are
only digests.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from functools import cached_property

import sqlalchemy as sa

from bot.storage.database import Database, insert_new
from bot.storage.tables import salts
from bot.storage.tables import secrets as secrets_table
from bot.text import normalize
from genesys import Identity

_NAME = "digest key"  # as the migration that made it says
_SPACES = re.compile(r"\s+")
_QUOTES = str.maketrans("‘’‚‛“”„‟", "''''\"\"\"\"")  # phones and Macs write these by themselves


class Keys:
    """Makes digests of customers and texts; all processes on one database make the same ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _key(self) -> bytes:
        found = sa.select(secrets_table.c.content).where(secrets_table.c.name == _NAME)
        with self._database.connect() as connection:
            return bytes.fromhex(connection.execute(found).scalar_one())

    def customer_key(self, identity: Identity) -> str:
        """Return the digest of an address, in whatever case, by which its requests are found."""
        return self._digest(f"{identity.kind.value}:{identity.value.casefold()}")

    def customer_keys(self, identity: Identity, contact_ids: tuple[str, ...]) -> tuple[str, ...]:
        """Return the digests of an address and of the contacts that it belongs to."""
        contacts = (self._digest(f"contact:{contact_id}") for contact_id in contact_ids)
        return (self.customer_key(identity), *sorted(set(contacts)))

    def text_digest(self, text: str) -> str:
        """Return the digest of a message.

        Case, spaces, kinds of quotes and invisible characters make no difference.
        """
        words = _SPACES.sub(" ", normalize(text).translate(_QUOTES)).strip()
        return self._digest(f"text:{words.casefold()}")

    def subject(self, connection: sa.Connection, identity: Identity) -> str:
        """Return a customer's name in the audit log, which is meaningless once they're erased."""
        if subject := self.find_subject(connection, identity):
            return subject
        key = self.customer_key(identity)
        insert_new(connection, salts, {"customer_key": key, "salt": secrets.token_hex(16)})
        return self.find_subject(connection, identity)

    def find_subject(self, connection: sa.Connection, identity: Identity) -> str:
        """Return a customer's name in the audit log, or "" if they have none (any more)."""
        found = self.find_subjects(connection, [self.customer_key(identity)])
        return found[0] if found else ""

    def find_subjects(
        self, connection: sa.Connection, customer_keys: Collection[str]
    ) -> tuple[str, ...]:
        """Return the names in the audit log of customers, given the digests of their addresses."""
        rows = sa.select(salts).where(salts.c.customer_key.in_(customer_keys))
        found = connection.execute(rows.order_by(salts.c.customer_key))
        return tuple(self._digest(f"{row.salt}:{row.customer_key}") for row in found)

    def _digest(self, text: str) -> str:
        return hmac.digest(self._key, text.encode(errors="surrogatepass"), hashlib.sha256).hex()
