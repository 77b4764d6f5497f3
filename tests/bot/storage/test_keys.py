"""Digests find a customer and a text again, and tell nobody which they are."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.tables import salts, secrets
from genesys import Identity, IdentityKind

EMAIL, PHONE = IdentityKind.EMAIL, IdentityKind.PHONE
JANE = Identity(EMAIL, "jane@example.com")


@pytest.fixture
def opened(database_url: str, connect: Callable[[str], Database]) -> Iterator[Database]:
    yield connect(database_url)


def test_all_processes_on_one_database_make_the_same_digests(
    opened: Database, database_url: str, connect: Callable[[str], Database]
) -> None:
    here, there = Keys(opened), Keys(connect(database_url))
    assert here.customer_keys(JANE, ("c1",)) == there.customer_keys(JANE, ("c1",))
    assert here.text_digest("Hello") == there.text_digest("Hello")


def test_another_database_makes_other_digests(opened: Database) -> None:
    before = Keys(opened).customer_key(JANE)
    with opened.transaction() as connection:
        connection.execute(sa.update(secrets).values(content="00" * 32))
    assert Keys(opened).customer_key(JANE) != before


@pytest.mark.parametrize(
    "text", ["your order IS ready", "  Your order is ready\n", "Your  order\tis\u00a0ready"]
)
def test_case_and_spaces_make_no_other_text(database: Database, text: str) -> None:
    keys = Keys(database)
    assert keys.text_digest(text) == keys.text_digest("Your order is ready")


@pytest.mark.parametrize("text", ["Your order is ready!", "Yourorder is ready", ""])
def test_other_words_are_another_text(database: Database, text: str) -> None:
    keys = Keys(database)
    assert keys.text_digest(text) != keys.text_digest("Your order is ready")


def test_an_address_is_the_same_customer_in_whatever_case(database: Database) -> None:
    keys = Keys(database)
    assert keys.customer_key(Identity(EMAIL, "Jane@Example.COM")) == keys.customer_key(JANE)
    assert keys.customer_key(Identity(EMAIL, "jane+a@example.com")) != keys.customer_key(JANE)
    assert keys.customer_key(Identity(PHONE, "jane@example.com")) != keys.customer_key(JANE)


def test_contacts_have_one_order_and_no_repeats(database: Database) -> None:
    keys = Keys(database)
    one, two = keys.customer_keys(JANE, ("a", "b", "a")), keys.customer_keys(JANE, ("b", "a"))
    assert one == two
    assert len(one) == 3
    assert one[0] == keys.customer_key(JANE)


def test_no_digest_contains_what_it_was_made_of(database: Database) -> None:
    keys = Keys(database)
    for digest in (*keys.customer_keys(JANE, ("contact-1",)), keys.text_digest("jane")):
        assert len(digest) == 64
        assert int(digest, 16)


def test_a_customer_has_one_name_in_the_audit_log_until_their_salt_is_destroyed(
    opened: Database,
) -> None:
    keys = Keys(opened)
    with opened.transaction() as connection:
        assert keys.find_subject(connection, JANE) == ""
        name = keys.subject(connection, JANE)
        assert keys.subject(connection, Identity(EMAIL, "JANE@example.com")) == name
        assert keys.find_subject(connection, JANE) == name
        assert name != keys.customer_key(JANE)
        connection.execute(sa.delete(salts))
        assert keys.find_subject(connection, JANE) == ""
        assert keys.subject(connection, JANE) != name


@pytest.mark.parametrize(
    "typed",
    [
        "Grüße, it's ready",
        unicodedata.normalize("NFD", "Grüße, it's ready"),
        "Grüße, it’s ready",
        "  GRÜSSE,\tit's \n ready ",
        "Grüße, it's\u00a0ready\u200b",
        "\ufeffGr\u00adüße, it's ready\u2060",
        "Ｇrüße, it's ready\ufe0f",
    ],
)
def test_a_text_that_looks_the_same_is_the_same(opened: Database, typed: str) -> None:
    keys = Keys(opened)
    assert keys.text_digest(typed) == keys.text_digest("Grüße, it's ready")


@pytest.mark.parametrize("typed", ["Grüße, it's ready!", "Grusse, it's ready", "it's ready"])
def test_another_text_is_another_one(opened: Database, typed: str) -> None:
    keys = Keys(opened)
    assert keys.text_digest(typed) != keys.text_digest("Grüße, it's ready")
