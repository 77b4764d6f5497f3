"""Whom an address was found to belong to a short while ago, so that it need not be asked again.

A contact's history and state are never taken from here: see `known` of find_customer. What is
taken is that the address is this contact's, so only exact answers are kept, few and not for long.
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
    """Remembers at most so many customers for at most so many seconds; thread-safe."""

    def __init__(
        self, *, seconds: float, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[Identity, str], _Known] = {}  # the longest unused first

    def get(self, identity: Identity, chosen_contact_id: str | None = None) -> Customer | None:
        """Return the customer of this address, or of the contact that was chosen for it."""
        with self._lock:
            known = self._known.get((identity, chosen_contact_id or ""))
        return known.customer if known and self._clock() < known.until else None

    def add(self, customer: Customer, chosen_contact_id: str | None = None) -> None:
        """Remember a customer that was just looked up.

        One found by contact details is left out, unless a person chose it, and so is one without
        web messaging, because nobody will write there. To be told of a known one again, after
        only its history was read, does not prolong anything.
        """
        if not customer.latest:
            return
        if not chosen_contact_id and customer.matched_by is not MatchedBy.IDENTIFIER:
            return
        question, now = (customer.identity, chosen_contact_id or ""), self._clock()
        with self._lock:
            before = self._known.pop(question, None)
            repeated = before and now < before.until
            until = before.until if before and repeated else now + self._seconds
            self._known[question] = _Known(customer, until)
            while len(self._known) > self._most:
                del self._known[next(iter(self._known))]

    def forget(self, contact_ids: Iterable[str]) -> None:
        """Forget the customers that have one of these contact ids."""
        forgotten = frozenset(contact_ids)
        with self._lock:
            self._known = {
                question: known
                for question, known in self._known.items()
                if forgotten.isdisjoint(known.customer.contact_ids)
            }
