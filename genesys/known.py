"""Remember for a short while which contact an address belongs to, to save the lookup.

Only the link between address and contact is reused; find_customer always reads the history again
(see its `known`). So only exact answers are remembered.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from genesys.customers import Customer, MatchedBy
from genesys.identity import Identity


@dataclass(frozen=True)
class _Known:
    customer: Customer
    until: float


class KnownCustomers:
    """Remembers up to `most` customers for `seconds` each; thread-safe."""

    def __init__(
        self, *, seconds: float, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[Identity, str], _Known] = {}  # the least recently added first

    def get(self, identity: Identity, chosen_contact_id: str | None = None) -> Customer | None:
        """Return the customer with this address, or the contact that was chosen for it."""
        with self._lock:
            known = self._known.get((identity, chosen_contact_id or ""))
        return known.customer if known and self._clock() < known.until else None

    def add(self, customer: Customer, chosen_contact_id: str | None = None) -> None:
        """Remember a customer that was just looked up.

        Ignores one without web messaging, because nobody can message them, and one that was found
        by contact details, unless a person chose it. Adding a known customer again doesn't make
        it last longer, because only the history was read again.
        """
        if not customer.latest:
            return
        if not chosen_contact_id and customer.matched_by is not MatchedBy.IDENTIFIER:
            return
        key, now = (customer.identity, chosen_contact_id or ""), self._clock()
        with self._lock:
            before = self._known.pop(key, None)
            until = before.until if before and now < before.until else now + self._seconds
            self._known[key] = _Known(customer, until)
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]

    def forget(self, contact_ids: Iterable[str]) -> None:
        """Forget the customers that have one of these contact ids."""
        forgotten = frozenset(contact_ids)
        with self._lock:
            self._known = {
                key: known
                for key, known in self._known.items()
                if forgotten.isdisjoint(known.customer.contact_ids)
            }
