"""Find everything about one customer, by whatever address or contact it was stored.

``erasure.py`` erases what was found.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from bot.storage.audit import Action, Entry, append
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.tables import request_customers, requests, salts
from genesys import Identity, IdentityKind


@dataclass(frozen=True)
class Traces:
    """The requests of a customer that aren't erased, and the digests that lead to them."""

    request_ids: tuple[str, ...]
    customer_keys: frozenset[str]


class CustomerErasure:
    """What erasing a customer needs besides erasing each request; safe while the bot works."""

    def __init__(self, database: Database, keys: Keys) -> None:
        self._database = database
        self._keys = keys

    def find(self, identity: Identity) -> Traces:
        """Find a customer's requests: of this address, of its contacts, of their addresses."""
        identities, contacts = {identity}, set[str]()
        found: dict[str, sa.Row[tuple[str, str, str, str, list[str]]]] = {}
        with self._database.connect() as connection:
            while True:
                rows = connection.execute(self._of(identities, contacts)).all()
                if not {row.request_id for row in rows} - found.keys():
                    break
                for row in rows:
                    found[row.request_id] = row
                    identities.add(Identity(IdentityKind(row.identity_kind), row.identity_value))
                    contacts |= {row.contact_id, *row.contact_ids} - {""}
        return Traces(tuple(sorted(found)), self._digests(identities, contacts))

    def destroy_salts(self, customer_keys: Iterable[str]) -> int:
        """Destroy a customer's salts: what the audit log says about them loses its subject."""
        destroyed = sa.delete(salts).where(salts.c.customer_key.in_(set(customer_keys)))
        with self._database.transaction() as connection:
            count = connection.execute(destroyed).rowcount
            if count:
                append(connection, Entry(Action.ERASED, detail={"salts": count}))
        return count

    def _of(
        self, identities: set[Identity], contacts: set[str]
    ) -> sa.Select[tuple[str, str, str, str, list[str]]]:
        """Select by digests, and by what releases before them have stored."""
        by_digest = sa.select(request_customers.c.request_id).where(
            request_customers.c.customer_key.in_(self._digests(identities, contacts))
        )
        return sa.select(
            *(requests.c.request_id, requests.c.identity_kind, requests.c.identity_value),
            *(requests.c.contact_id, requests.c.contact_ids),
        ).where(
            requests.c.erased_at.is_(None),
            sa.or_(
                requests.c.request_id.in_(by_digest),
                sa.func.lower(requests.c.identity_value).in_(
                    {identity.value.lower() for identity in identities}
                ),
                requests.c.contact_id.in_(contacts),
            ),
        )

    def _digests(self, identities: Iterable[Identity], contacts: Iterable[str]) -> frozenset[str]:
        of_contacts = tuple(contacts)
        return frozenset(
            key
            for identity in identities
            for key in self._keys.customer_keys(identity, of_contacts)
        )
