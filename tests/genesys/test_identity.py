"""An address shows only enough to recognise it."""

from genesys import Identity, IdentityKind


def test_an_address_shows_its_first_letter_and_domain_only() -> None:
    jane = Identity(IdentityKind.EMAIL, "jane.doe@example.com")
    assert jane.masked == "j•••@example.com"
    assert repr(jane) == "Identity(j•••@example.com)"


def test_a_number_shows_its_country_and_last_digits_only() -> None:
    jane = Identity(IdentityKind.PHONE, "+442079460018")
    assert jane.masked == "+44•••••0018"
    assert "207946" not in repr(jane)
