"""Which contact an address belongs to is remembered only if it's certain, and not for long."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from genesys import (
    ContactType,
    Conversation,
    Customer,
    Identity,
    IdentityKind,
    KnownCustomers,
    MatchedBy,
)
from tests.clock import Clock

CHAT = Conversation("v", datetime(2026, 11, 20, tzinfo=UTC), None, "d", True, "c0")
JANE = Identity(IdentityKind.EMAIL, "jane@example.com")


def _customer(identity: Identity = JANE, contact_ids: tuple[str, ...] = ("c0", "c1")) -> Customer:
    return Customer(
        contact_id=contact_ids[0],
        send_to_id=contact_ids[0],
        name="Jane Doe",
        contact_type=ContactType.CURATED,
        identity=identity,
        matched_by=MatchedBy.IDENTIFIER,
        contact_ids=contact_ids,
        latest=CHAT,
        open=None,
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> KnownCustomers:
    return KnownCustomers(seconds=300.0, most=3, clock=clock)


def test_a_customer_is_known_for_a_while_and_use_does_not_extend_it(
    known: KnownCustomers, clock: Clock
) -> None:
    known.add(_customer())
    clock.now += 200
    assert known.get(JANE) == _customer()
    known.add(_customer())  # its history was read again
    clock.now += 99
    assert known.get(JANE)
    clock.now += 1
    assert known.get(JANE) is None
    known.add(_customer())
    assert known.get(JANE)


def test_only_an_exact_match_with_web_messaging_or_a_choice_is_remembered(
    known: KnownCustomers,
) -> None:
    by_details = replace(_customer(), matched_by=MatchedBy.CONTACT_DETAILS)
    known.add(replace(_customer(), latest=None))
    known.add(by_details)
    assert known.get(JANE) is None
    known.add(by_details, "c0")
    assert known.get(JANE) is None
    assert known.get(JANE, "c0") == by_details


def test_a_contact_is_forgotten_under_each_of_its_addresses(known: KnownCustomers) -> None:
    phone = Identity(IdentityKind.PHONE, "+442079460018")
    other = Identity(IdentityKind.EMAIL, "sam@example.com")
    for customer in (_customer(), _customer(phone), _customer(other, ("c9",))):
        known.add(customer)
    known.forget(["c1"])
    assert (known.get(JANE), known.get(phone)) == (None, None)
    assert known.get(other)


def test_the_least_recently_added_of_too_many_is_forgotten(known: KnownCustomers) -> None:
    people = [Identity(IdentityKind.EMAIL, f"p{number}@example.com") for number in range(4)]
    for person in [*people[:3], people[0], people[3]]:
        known.add(_customer(person))
    assert [bool(known.get(person)) for person in people] == [True, False, True, True]
