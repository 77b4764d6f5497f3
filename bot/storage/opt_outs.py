"""Customers whom nobody may message.

Only digests of their addresses and contacts are stored, and a masked address for people to read, so
an opt-out survives when everything else about the customer is erased.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from bot.job import deliver, publish
from bot.storage.audit import Action, Entry, append
from bot.storage.database import Database, insert_new
from bot.storage.facts import ByWhom, lock_customer, read_opt_out
from bot.storage.keys import Keys
from bot.storage.requests import Enqueue
from bot.storage.tables import STILL_UNSENT, opt_out_keys, opt_outs, request_customers, requests
from genesys import Identity

MOST_DRAWN_AGAIN = 20  # cards of one customer


@dataclass(frozen=True)
class OptOut:
    """A customer, with all contacts that the address belongs to, and who wants what, and why."""

    identity: Identity
    contact_ids: tuple[str, ...]
    by: ByWhom
    team_id: str


class OptOuts:
    """Reads and writes the do-not-contact list; each method is one short transaction."""

    def __init__(self, database: Database, enqueue: Enqueue, keys: Keys) -> None:
        """Add jobs by ``enqueue``, which does it inside our transaction."""
        self._database = database
        self._enqueue = enqueue
        self._keys = keys

    def find(self, identity: Identity, contact_ids: tuple[str, ...] = ()) -> ByWhom | None:
        """Return who opted this customer out, if somebody did."""
        with self._database.connect() as connection:
            return read_opt_out(connection, self._keys.customer_keys(identity, contact_ids))

    def add(self, opt_out: OptOut) -> int:
        """Opt a customer out; return how many requests wait that will now be refused."""
        keys, by = self._customer_keys(opt_out), opt_out.by
        row = {
            **{"masked": opt_out.identity.masked, "at": by.at.timestamp()},
            **{"user_id": by.user_id, "user_name": by.user_name, "reason": by.reason},
        }
        insert = sa.insert(opt_outs).values(row).returning(opt_outs.c.opt_out_id)
        with self._database.transaction(is_urgent=True) as connection:
            lock_customer(connection, keys)
            new_id = connection.execute(insert).scalar_one()
            opt_out_id = _join(connection, keys, new_id)
            self._add_keys(connection, opt_out_id, keys)
            waiting = self._refuse_waiting(connection, keys)
            append(connection, self._entry(connection, Action.OPTED_OUT, opt_out))
        return waiting

    def extend(self, identity: Identity, contact_ids: tuple[str, ...]) -> int:
        """Note all contacts of a customer who is on the list by one of their addresses.

        Return how many requests wait that will now be refused.
        """
        return self.extend_to(self._keys.customer_keys(identity, contact_ids))

    def extend_to(self, keys: tuple[str, ...]) -> int:
        """Do the same with the digests of a customer's addresses and contacts."""
        with self._database.transaction() as connection:
            lock_customer(connection, keys)
            opt_out_id = _join(connection, keys)
            if not opt_out_id:
                return 0
            added = self._add_keys(connection, opt_out_id, keys)
            told = _find_unsent(connection, tuple(set(keys) - set(added)))
            return self._refuse_waiting(connection, added, told)

    def draw_again(self, identity: Identity, contact_ids: tuple[str, ...] = ()) -> None:
        """Have a customer's newest cards drawn again: what they offer has changed."""
        keys = self._keys.customer_keys(identity, contact_ids)
        theirs = sa.select(request_customers.c.request_id).where(
            request_customers.c.customer_key.in_(keys)
        )
        newest = (
            sa.select(requests.c.request_id)
            .where(requests.c.request_id.in_(theirs), requests.c.card_ts != "")
            .order_by(requests.c.created_at.desc())
            .limit(MOST_DRAWN_AGAIN)
        )
        with self._database.transaction() as connection:
            ids = connection.execute(newest).scalars().all()
            shown = requests.c.request_id.in_(ids)
            connection.execute(sa.update(requests).where(shown).values(card_state=""))
            for request_id in ids:
                self._enqueue(connection, publish(request_id))

    def remove(self, opt_out: OptOut) -> bool:
        """Let a customer be messaged again; False if they weren't on the list."""
        keys = self._customer_keys(opt_out)
        with self._database.transaction(is_urgent=True) as connection:
            lock_customer(connection, keys)
            opt_out_id = _join(connection, keys)
            if not opt_out_id:
                return False
            for table in (opt_out_keys, opt_outs):
                connection.execute(sa.delete(table).where(table.c.opt_out_id == opt_out_id))
            append(connection, self._entry(connection, Action.OPTED_IN, opt_out))
        return True

    def _customer_keys(self, opt_out: OptOut) -> tuple[str, ...]:
        return self._keys.customer_keys(opt_out.identity, opt_out.contact_ids)

    def _add_keys(
        self, connection: sa.Connection, opt_out_id: int, keys: tuple[str, ...]
    ) -> tuple[str, ...]:
        """Note the digests of a customer; return those that are new."""
        return tuple(
            key
            for key in keys
            if insert_new(connection, opt_out_keys, {"customer_key": key, "opt_out_id": opt_out_id})
        )

    def _refuse_waiting(
        self, connection: sa.Connection, keys: tuple[str, ...], told: Collection[str] = ()
    ) -> int:
        """Enqueue jobs that refuse the customer's unsent requests; return how many.

        ``told``: ids of those that were told before.
        """
        waiting = [one for one in _find_unsent(connection, keys) if one not in told]
        for request_id in waiting:
            self._enqueue(connection, deliver(request_id))
        return len(waiting)

    def _entry(self, connection: sa.Connection, action: Action, opt_out: OptOut) -> Entry:
        return Entry(
            action,
            opt_out.by.user_id,
            opt_out.team_id,
            subject=self._keys.subject(connection, opt_out.identity),
            detail={"reason": self._keys.text_digest(opt_out.by.reason)},
        )


def _join(connection: sa.Connection, keys: tuple[str, ...], *new_ids: int) -> int:
    """Make one opt-out of all that are about this customer; return the oldest one's id, or 0."""
    of_customer = sa.select(opt_out_keys.c.opt_out_id).where(opt_out_keys.c.customer_key.in_(keys))
    found: set[int] = {*connection.execute(of_customer).scalars(), *new_ids}
    if not found:
        return 0
    oldest, *others = sorted(found)
    if others:
        move = sa.update(opt_out_keys).where(opt_out_keys.c.opt_out_id.in_(others))
        connection.execute(move.values(opt_out_id=oldest))
        connection.execute(sa.delete(opt_outs).where(opt_outs.c.opt_out_id.in_(others)))
    return oldest


def _find_unsent(connection: sa.Connection, customer_keys: tuple[str, ...]) -> list[str]:
    """Return the ids of the customer's requests that may still be sent."""
    of_customer = sa.select(request_customers.c.request_id).where(
        request_customers.c.customer_key.in_(customer_keys)
    )
    found = sa.select(requests.c.request_id).where(
        requests.c.request_id.in_(of_customer), STILL_UNSENT
    )
    return list(connection.execute(found).scalars())
