"""An address is read however a person writes it, or refused with what to do instead."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.address import BadAddress, address_length, find_address, read_identity
from genesys import Identity, IdentityKind

ANY_TEXT = st.text(st.characters())  # surrogates, controls and direction marks included
PIECES = st.lists(
    st.sampled_from(
        [
            *("jane", "@", "example", ".com", "<", "|", ">", "&amp;"),
            *("+44", "20 7946", "0018", "(0)", " ", "\u00a0", "\u200b", "“", "’", ".", "\x00"),
            *("ext. 5", ";phone-context=", "\ud800", "xn--", "[127.0.0.1]", '"', "٠", "²"),
        ]
    ),
    max_size=12,
).map("".join)
COUNTRIES = st.sampled_from([None, "GB", "US", "DE"])


@pytest.mark.parametrize(
    "typed",
    [
        "jane@example.com",
        "  jane@example.com\n",
        "<jane@example.com>",
        "“jane@example.com”",
        "‘jane@example.com’",
        '"jane@example.com"',
        "`jane@example.com`",
        "*jane@example.com*",
        "\u00a0jane@example.com\u00a0",
        "\u202fjane@example.com\u3000",
        "\u200bjane@exam\u200bple.com\ufeff",
        "\u202ajane@example.com\u202c",
        "jane@example.com.",
        "jane@example.com,",
        "jane@example.com;",
        "jane@example.com:",
        "jane@example.com!",
        "(jane@example.com)",
        "jane@EXAMPLE.com",
        "jane@example.com\x00",
    ],
)
def test_an_email_is_read_whatever_surrounds_it(typed: str) -> None:
    assert read_identity(typed, None) == Identity(IdentityKind.EMAIL, "jane@example.com")


@pytest.mark.parametrize("country", [None, "GB", "US"])
@pytest.mark.parametrize(
    "typed",
    [
        "+442079460018",
        "+44 20 7946 0018",
        "+44 (0)20 7946 0018",
        "+44-20-7946-0018",
        "+44.20.7946.0018",
        "+44/20/7946/0018",
        "+44\u00a020\u00a07946\u00a00018",
        "+44\u201120\u20117946\u20110018",
        "\u202a+442079460018\u202c",
        "＋44 20 7946 0018",
        "“+44 20 7946 0018”.",
        "+44 20 7946 0018,",
    ],
)
def test_a_phone_number_with_a_country_code_ignores_the_default_country(
    typed: str, country: str | None
) -> None:
    assert read_identity(typed, country) == Identity(IdentityKind.PHONE, "+442079460018")


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("020 7946 0018", "GB", "+442079460018"),
        ("(020) 7946 0018", "GB", "+442079460018"),
        ("0044 20 7946 0018", "GB", "+442079460018"),
        ("(415) 555-0132", "US", "+14155550132"),
        ("030 123456", "DE", "+4930123456"),
    ],
)
def test_a_phone_number_without_a_country_code_belongs_to_the_default_country(
    typed: str, country: str, e164: str
) -> None:
    assert read_identity(typed, country).value == e164
    with pytest.raises(BadAddress, match=r"no country code .* Type it with \+ and the code"):
        read_identity(typed, None)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " \u00a0\u200b",
        "<>",
        "...",
        "Jane Doe",
        "1234",
        "jane@",
        "@example.com",
        "jane@example",
        "jane doe@example.com",
        "jane@example.com bob@example.com",
        "a" * 400 + "@example.com",
        "jane@[127.0.0.1]",
        "020 7946 0018",
        "+999 20 7946 0018",
        "+44 20 7946 00",
        "+44 20 7946 0018 0018 0018",
        "+44",
        "12345",
        "²²²²²²²",
    ],
)
def test_every_refusal_says_what_to_do(typed: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        read_identity(typed, None)
    sentence = str(refusal.value)
    assert sentence.endswith(".")
    assert re.search(r"\b(Type|Check|[Ss]hould|[Mm]ust|Use)\b", sentence)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Type the customer's e-mail address or phone number."),
        (
            "Jane Doe",
            "This is neither an e-mail address nor a phone number. "
            "Type one such as jane@example.com or +44 20 7946 0018.",
        ),
        (
            "1234",
            "This is neither an e-mail address nor a phone number. "
            "Type one such as jane@example.com or +44 20 7946 0018.",
        ),
        (
            "jane@example",
            "This e-mail address cannot be right: The part after the @-sign is not valid. "
            "It should have a period. Type one such as jane@example.com.",
        ),
        (
            "020 7946 0018",
            "This phone number has no country code that exists. "
            "Type it with + and the code, such as +44 20 7946 0018.",
        ),
        ("²²²²²²²", "This phone number cannot be read. Type it such as +44 20 7946 0018."),
        (
            "12345",
            "This phone number has no country code that exists. "
            "Type it with + and the code, such as +44 20 7946 0018.",
        ),
        (
            "+44 20 7946 00",
            "No phone number looks like this one. Check the digits and the country code.",
        ),
    ],
)
def test_each_kind_of_mistake_has_its_own_sentence(typed: str, sentence: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        read_identity(typed, None)
    assert str(refusal.value) == sentence


@given(typed=ANY_TEXT | PIECES, country=COUNTRIES)
def test_whatever_is_typed_is_an_identity_or_a_sentence(typed: str, country: str | None) -> None:
    try:
        identity = read_identity(typed, country)
    except BadAddress as refusal:
        assert str(refusal)
        return
    if identity.kind is IdentityKind.PHONE:
        assert re.fullmatch(r"\+[1-9][0-9]{1,14}", identity.value)
    else:
        assert re.fullmatch(r"[^\s@<>|]+@[^\s@<>|]+", identity.value)
    assert read_identity(identity.value, country) == identity


@pytest.mark.parametrize(
    ("text", "country", "address"),
    [
        ("", None, ""),
        ("no address here", None, ""),
        ("jane@example.com, bob@example.com", None, "jane@example.com"),
        ("(jane@example.com)", None, "jane@example.com"),
        ("_jane@example.com_ and *bob*", None, "jane@example.com"),
        ("from “jane@example.com”.", None, "jane@example.com"),
        ("x <jane@example.com> y", None, "jane@example.com"),
        ("E-mail:jane@example.com", None, "jane@example.com"),
        ("jane@example.com's order", None, "jane@example.com"),
        ("jane@example.com’s order", None, "jane@example.com"),
        ("o'brien@example.com", None, "o'brien@example.com"),
        ("\u200bjane@example.com\u202e", None, "jane@example.com"),
        ("not@valid, jane@example.com", None, "jane@example.com"),
        ("call +44 20 7946 0018.", None, "+442079460018"),
        ("call +44\u00a020\u00a07946\u00a00018", None, "+442079460018"),
        ("+44 20 7946 0018 or jane@example.com", None, "jane@example.com"),
        ("order 20261122 0001, +44 20 7946 0018", None, "+442079460018"),
        ("+44 20 7946 0018 12 parcels", None, "+442079460018"),
        ("020 7946 0018\n020 7946 0019", "GB", "+442079460018"),
        ("020 7946 0018", None, ""),
        ("ticket 4711", None, ""),
        ("2026-11-22 12:00", None, ""),
        ("AB+442079460018", None, ""),
    ],
)
def test_the_first_email_in_a_text_is_found_else_the_first_phone_number(
    text: str, country: str | None, address: str
) -> None:
    assert find_address(text, country) == address


@given(text=ANY_TEXT | PIECES, country=COUNTRIES)
def test_what_is_found_in_a_text_is_an_address_or_nothing(text: str, country: str | None) -> None:
    found = find_address(text, country)
    assert found == "" or read_identity(found, country).value == found


@pytest.mark.parametrize(
    ("text", "country", "address"),
    [
        ("", None, ""),
        ("Hello jane@example.com", None, ""),
        ("@example.com hi", None, ""),
        ("jane@example.com hi", None, "jane@example.com"),
        ("jane@example hi", None, "jane@example"),
        ("\u200bjane@example.com hi", None, "\u200bjane@example.com"),
        ("jane@example.com\nhi", None, "jane@example.com"),
        ("+44 20 7946 0018 2 parcels", None, "+44 20 7946 0018"),
        ("+44 20 7946 0018, 2 parcels", None, "+44 20 7946 0018,"),
        ("+44 20 7946 0019999 hi", None, "+44 20 7946 0019999"),
        ("(020) 7946 0018 hi", "GB", "(020) 7946 0018"),
        ("020 7946 0018 2 parcels", None, "020 7946 0018 2"),
        ("123 456 hi", None, ""),
        ("123 4567 hi", None, "123 4567"),
        ("12:30 suits us", None, ""),
    ],
)
def test_an_address_at_the_start_of_a_text_ends_where_the_message_begins(
    text: str, country: str | None, address: str
) -> None:
    assert text[: address_length(text, country)] == address
