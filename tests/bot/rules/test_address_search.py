"""An address is found where a message names one, and ends where the message of a command begins."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.address import read_identity
from bot.rules.address_search import address_length, find_address, find_leading_address

from .test_address import ANY_TEXT, COUNTRIES, PIECES


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
        ("call +44‑20‑7946‑0018", None, "+442079460018"),
        ("call +1 764 234 5678 today", None, "+17642345678"),
        ("call +52 1 55 1234 5678 today", None, "+5215512345678"),
        ("call 764 234 5678 today", "US", ""),  # may be anything
        ("call 0044 20 7946 0018", None, "+442079460018"),
        ("<mailto:jane@example.com>", None, "jane@example.com"),
        ("tel:+442079460018", None, "+442079460018"),
        ("https://crm.example.com/?email=jane@example.com&id=20", None, "jane@example.com"),
        ("see https://example.com/@jane", None, ""),
        ("a" * 65 + "@example.com", None, ""),
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
        # pasted
        ("+44\u201120\u20117946\u20110018 hi", None, "+44\u201120\u20117946\u20110018"),
        ("+44\u201120\u20117946\u201100 hi", None, "+44\u201120\u20117946\u201100"),
        ("\u202a+44 20 7946 0018\u202c hi", None, "\u202a+44 20 7946 0018\u202c"),
        ("+44 20 – 7946 – 0018 hi", None, "+44 20 – 7946 – 0018"),
        ("0044 20 7946 0018 hi", None, "0044 20 7946 0018"),
        ("tel:+44-20-7946-0018 hi", None, "tel:+44-20-7946-0018"),
        ("tel:+44-20-7946-00 hi", None, "tel:+44-20-7946-00"),
        ("Tel.: +44 20 7946 0018 hi", None, "Tel.: +44 20 7946 0018"),
        ("+44 7911 123456 (mobile) hi", None, "+44 7911 123456 (mobile)"),
        ("+44 20 7946 0018 ext. 5 hi", None, "+44 20 7946 0018 ext. 5"),
        ("+44 20 7946 0018 (two parcels) hi", None, "+44 20 7946 0018"),
        ("+1 764 234 5678 2 parcels", None, "+1 764 234 5678"),
        ("764 234 5678 2 parcels", "US", "764 234 5678"),
        ("+52 1 55 1234 5678 2 parcels", None, "+52 1 55 1234 5678"),
        ("12345 parcels", "DE", ""),
        ("Jane Doe <jane@example.com> hi", None, "Jane Doe <jane@example.com>"),
        ('"Doe, Jane" <jane@example.com>, hi', None, '"Doe, Jane" <jane@example.com>,'),
        ("<jane@example.com> hi", None, "<jane@example.com>"),
        ("Jane <+44 20 7946 0018> hi", None, "Jane <+44 20 7946 0018>"),
        ("Jane Doe <jane@example> hi", None, "Jane Doe <jane@example>"),
        ("Jane Doe <+44 20 7946 00> hi", None, "Jane Doe <+44 20 7946 00>"),
        ("mailto:jane@example.com hi", None, "mailto:jane@example.com"),
        ("jane@example.com<mailto:jane@example.com> hi", None, None),
        ("jane@example.com :) hi", None, "jane@example.com"),
        # another address is not the message of the first
        ("jane@example.com bob@example.com hi", None, "jane@example.com bob@example.com"),
        ("jane@example.com\n+44 20 7946 0018\nhi", None, "jane@example.com\n+44 20 7946 0018"),
        ("+44 20 7946 0018, +1 415 555 0132 hi", None, "+44 20 7946 0018, +1 415 555 0132"),
        ("jane@example.com and bob@example.com hi", None, "jane@example.com and bob@example.com"),
        ("jane@example.com and hi", None, "jane@example.com"),
        ("Jane Doe (jane@example.com) hi", None, "Jane Doe (jane@example.com)"),
        ("Jane Doe (jane@example) hi", None, "Jane Doe (jane@example)"),
        ("• jane@example.com - hi", None, "• jane@example.com"),
        ("tel://+442079460018 hi", None, "tel://+442079460018"),
        ("Order (12345678) is ready", None, ""),
        ("jane@example.com 20261122 is its number", None, "jane@example.com"),
        ("jane@example.com ask <bob@example.com>", None, "jane@example.com"),
        ("jane@example.com, ask <bob@example.com> hi", None, None),
        ("Jane Doe <jane@example.com>; Bob Roe <bob@example.com> hi", None, None),
        ("jane@example.com tel: +44 20 7946 0018 hi", None, None),
        ("jane@example.com, Tel. +44 20 7946 0018 hi", None, None),
        ("020 7946 0018, 020 7946 0019 hi", "GB", None),
        ("+44 20 7946 0018 / 020 7946 0019 hi", "GB", None),
        ("jane@example.com 020 7946 0018 hi", "GB", None),
        ("+44 20 7946 0018, 1234567 hi", "DE", "+44 20 7946 0018,"),
        # in several lines
        ("+44 20 7946\n0018 hi", None, "+44 20 7946\n0018"),
        ("+44 20 7946 0018\n2 parcels", None, "+44 20 7946 0018"),
        # wrong
        ("Tel +44 20 7946 00 hi", None, "Tel +44 20 7946 00"),
        ("E-mail: jane@example hi", None, "E-mail: jane@example"),
        ("tel:020 7946 0018 hi", None, "tel:020 7946 0018"),
        ("Tel. 020 7946 0018 hi", None, "Tel. 020 7946 0018"),
        # a message only
        ("№ 12345678 is ready", None, ""),
        ("12345678-abcd is ready", None, ""),
        ("Hello, 415 555 0132 is our number", "US", ""),
        ("One two three four five six <jane@example.com> hi", None, ""),
        ("https://example.com/@jane is new", None, ""),
        ("Look: <https://jane@example.com/> is new", None, ""),
        ("<@U0ADA> said hi", None, ""),
        ("1 < 2 and a@b > c", None, ""),
        ("Update: it's ready", None, ""),
        ("a" * 330 + "@example.com hi", None, ""),  # the field couldn't hold it
    ],
)
def test_an_address_at_the_start_of_a_text_ends_where_the_message_begins(
    text: str, country: str | None, address: str | None
) -> None:
    address = text.removesuffix(" hi") if address is None else address
    assert text[: address_length(text, country)] == address


@pytest.mark.parametrize(
    "message",
    [
        *("#4711 has shipped", "x 2 boxes", "x2 boxes", "(urgent) please call us", "# 7 is yours"),
        *("(two) boxes", "X 5", "2 parcels"),
    ],
)
def test_no_beginning_of_a_message_is_taken_for_the_end_of_a_number(message: str) -> None:
    for number in ("+44 20 7946 0018", "+44 20 7946 0018,", "+442079460018"):
        text = f"{number} {message}"
        assert text[: address_length(text, None)] == number


@pytest.mark.parametrize("glued", [",your", ":Your", ".Your", ";Your", "!Your", "—your", "Your"])
@pytest.mark.parametrize("number", ["+442079460018", "0044 20 7946 0018", "Tel. +44 20 7946 0018"])
def test_a_number_ends_where_letters_begin(number: str, glued: str) -> None:
    text = f"{number}{glued} order is ready"
    assert text[address_length(text, None) :].lower() == "your order is ready"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Jane Doe jane@example.com Your order", "jane@example.com"),
        ("Jane Doe +44 20 7946 0018 Your order", "+442079460018"),
        ("to jane@example.com Your order", "jane@example.com"),
        ("Your order is ready", ""),
        ("", ""),
        ("Your order is ready. If you have any more questions, write to a@b.example", ""),
    ],
)
def test_an_address_among_the_first_words_of_a_message_is_found(text: str, found: str) -> None:
    assert find_leading_address(text, None) == found


SPACES = st.sampled_from([" ", "-", ".", "/", "", "\u00a0", "\u2011", " \u2013 ", "\u200b "])
NUMBERS = st.builds(
    lambda code, space: space.join((code, "20", "7946", "0018")),
    st.sampled_from(["+44", "0044", "(+44)", "+44 (0)", "\u202a+44", "\uff0b44"]),
    SPACES,
)
EMAILS = st.sampled_from(["jane@example.com", "jane\uff20example.com", "jane@EXAMPLE.com"])
AROUND = st.sampled_from(
    [
        "{}",
        "<{}>",
        "Jane Doe <{}>",
        '"Doe, Jane" <{}>',
        "Tel.: {}",
        "E-mail: {}",
        "“{}”",
        "({})",
        "• {}",
        "📞 {}",
        "☎️{}",
        "→ {}",
        "Tel {}",
        "Mobile {}",
        "Jane Doe: {}",
        "Jane Doe, {}",
        "Jane Doe, Tel. {}",
    ]
)


@given(address=NUMBERS | EMAILS, around=AROUND, mark=st.sampled_from(["", ",", ";", "."]))
def test_however_an_address_is_pasted_nothing_of_it_is_left_in_the_message(
    address: str, around: str, mark: str
) -> None:
    pasted = around.format(address) + mark
    text = f"{pasted} Your order is ready"
    assert text[: address_length(text, None)] == pasted
    assert read_identity(pasted, None).value in ("jane@example.com", "+442079460018")


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 20_000,
        "+44 20 7946 00 " * 2_000,
        "a" * 40_000,
        "a@b " * 10_000,
        "<" * 40_000,
        "<a@" * 10_000,
        "a: " * 10_000,
        "(" * 40_000,
        "tel:" * 10_000,
    ],
)
def test_no_text_takes_long_to_search(text: str) -> None:
    began = time.process_time()
    find_address(text, "GB")
    address_length(text, "GB")
    assert time.process_time() - began < 1.0
