"""An address is read in every form in which Slack may deliver it, or refused with a remedy."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.address import (
    BadAddress,
    clean,
    find_address,
    read_identity,
    sendable,
    unescape,
    unlink,
    unlink_words,
    visible,
)
from genesys import Identity, IdentityKind

ANY_TEXT = st.text(st.characters())  # surrogates, controls and direction marks included
PIECES = st.lists(
    st.sampled_from(
        [
            *("jane", "@", "example", ".com", "<mailto:", "<tel:", "<http://", "|", ">", "&amp;"),
            *("+44", "20 7946", "0018", "(0)", " ", "\u00a0", "\u200b", "“", "’", ".", "\x00"),
            *("ext. 5", ";phone-context=", "\ud800", "xn--", "[127.0.0.1]", '"', "٠", "²"),
        ]
    ),
    max_size=12,
).map("".join)
COUNTRIES = st.sampled_from([None, "GB", "US", "DE"])


@pytest.mark.parametrize(
    "delivered",
    [
        "jane@example.com",
        "  jane@example.com\n",
        "<mailto:jane@example.com|jane@example.com>",
        "<mailto:jane@example.com>",
        "<jane@example.com>",
        "jane@<http://example.com|example.com>",
        "jane@<https://example.com|example.com>",
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
def test_an_email_is_read_in_every_form_that_slack_delivers(delivered: str) -> None:
    assert read_identity(delivered, None) == Identity(IdentityKind.EMAIL, "jane@example.com")


@pytest.mark.parametrize("wrong", ["&lt;jane@example.com&gt;", "tom&amp;jane@example.com"])
def test_an_escaped_email_is_read_once_unescaped(wrong: str) -> None:
    assert read_identity(unescape(wrong), None).value.endswith("jane@example.com")


@pytest.mark.parametrize("country", [None, "GB", "US"])
@pytest.mark.parametrize(
    "delivered",
    [
        "+442079460018",
        "+44 20 7946 0018",
        "+44 (0)20 7946 0018",
        "+44-20-7946-0018",
        "+44.20.7946.0018",
        "+44/20/7946/0018",
        "<tel:+442079460018|+44 20 7946 0018>",
        "<tel:+442079460018>",
        "+44\u00a020\u00a07946\u00a00018",
        "+44\u201120\u20117946\u20110018",
        "\u202a+442079460018\u202c",
        "＋44 20 7946 0018",
        "“+44 20 7946 0018”.",
        "+44 20 7946 0018,",
    ],
)
def test_a_phone_number_with_its_country_is_read_whatever_the_default(
    delivered: str, country: str | None
) -> None:
    assert read_identity(delivered, country) == Identity(IdentityKind.PHONE, "+442079460018")


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
def test_a_phone_number_without_a_country_is_read_as_the_default_country_s(
    typed: str, country: str, e164: str
) -> None:
    assert read_identity(typed, country).value == e164
    with pytest.raises(BadAddress, match=r"no country code .* Type it with \+ and the code"):
        read_identity(typed, None)


@pytest.mark.parametrize(
    "delivered",
    ["<mailto:jane@example.com|Jane Doe>", "<tel:+442079460018|020 7946 0018>"],
)
def test_a_labelled_link_is_read_by_its_target(delivered: str) -> None:
    assert read_identity(delivered, None).value in ("jane@example.com", "+442079460018")


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
    ("typed", "fragment"),
    [
        ("", "Type the customer's e-mail address or phone number."),
        ("Jane Doe", "Type one such as jane@example.com or +44 20 7946 0018."),
        ("jane@example", "This e-mail address cannot be right"),
        ("020 7946 0018", "Type it with + and the code"),
        ("²²²²²²²", "Type it such as +44 20 7946 0018."),
        ("+44 20 7946 00", "Check the digits and the country code."),
    ],
)
def test_each_kind_of_mistake_has_its_own_sentence(typed: str, fragment: str) -> None:
    with pytest.raises(BadAddress) as refusal:
        read_identity(typed, None)
    assert fragment in str(refusal.value)


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


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(ANY_TEXT | st.text("&<>;amplgt", max_size=20))
def test_unescaping_undoes_slack_s_escaping_exactly_once(text: str) -> None:
    assert unescape(_escape(text)) == text
    assert unescape(_escape(_escape(text))) == _escape(text)


@pytest.mark.parametrize(
    ("delivered", "address"),
    [
        ("", ""),
        ("no address here", ""),
        ("Please tell <mailto:jane@example.com|jane@example.com> now", "jane@example.com"),
        ("jane@example.com, bob@example.com", "jane@example.com"),
        ("(jane@example.com)", "jane@example.com"),
        ("_jane@example.com_ and *bob*", "jane@example.com"),
        ("from “jane@example.com”.", "jane@example.com"),
        ("x &lt;jane@example.com&gt; y", "jane@example.com"),
        ("call <tel:+442079460018|+44 20 7946 0018> please", "+442079460018"),
        ("call +44 20 7946 0018.", "+442079460018"),
        ("call +44\u00a020\u00a07946\u00a00018", "+442079460018"),
        ("+44 20 7946 0018 or jane@example.com", "jane@example.com"),
        ("not@valid, jane@example.com", "jane@example.com"),
        ("order 20261122 0001, +44 20 7946 0018", "+442079460018"),
        ("ticket 4711", ""),
        ("2026-11-22 12:00", ""),
        ("\u200bjane@example.com\u202e", "jane@example.com"),
    ],
)
def test_a_message_s_first_address_is_found(delivered: str, address: str) -> None:
    assert find_address(delivered, None) == address


@pytest.mark.parametrize(
    ("delivered", "country", "address"),
    [
        ("<mailto:jane@example.com|Jane Doe> waits", None, "jane@example.com"),
        ("E-mail:<mailto:jane@example.com|jane@example.com>", None, "jane@example.com"),
        ("<mailto:jane@example.com|jane@example.com>'s order", None, "jane@example.com"),
        ("020 7946 0018\n020 7946 0019", "GB", "+442079460018"),
        ("+44 20 7946 0018 12 parcels", None, "+442079460018"),
    ],
)
def test_an_address_is_found_whatever_stands_around_it(
    delivered: str, country: str | None, address: str
) -> None:
    assert find_address(delivered, country) == address


@given(message=ANY_TEXT | PIECES, country=COUNTRIES)
def test_what_is_found_in_a_message_is_an_address_or_nothing(
    message: str, country: str | None
) -> None:
    found = find_address(message, country)
    assert found == "" or read_identity(found, country).value == found


@pytest.mark.parametrize(
    ("delivered", "seen"),
    [
        ("<http://example.com|example.com>", "example.com"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("<tel:+442079460018|020 7946 0018>", "+442079460018"),  # which says more
        ("<https://example.com>", "example.com"),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_a_link_becomes_what_a_person_sees(delivered: str, seen: str) -> None:
    assert unlink(delivered) == seen


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        ("see <https://example.com/a?b=1&c=2|example.com>.", "see https://example.com/a?b=1&c=2."),
        ("see <http://example.com>", "see http://example.com"),
        ("mail <mailto:a@example.com|a@example.com>", "mail a@example.com"),
        ("call <tel:+442079460018|020 7946 0018>", "call 020 7946 0018"),
        ("<@U0ADA> <!channel> <#C0|x> <3", "<@U0ADA> <!channel> <#C0|x> <3"),
    ],
)
def test_a_customer_gets_web_addresses_in_full(delivered: str, words: str) -> None:
    assert unlink_words(delivered) == words


@given(ANY_TEXT)
def test_a_sendable_text_loses_only_control_characters(text: str) -> None:
    kept = sendable(text)
    assert sendable(kept) == kept
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", kept)
    kept.encode()  # no half of a surrogate pair
    lost = [sign for sign in text if sign not in kept]
    assert all(unicodedata.category(sign) in ("Cc", "Cs") for sign in lost)
    assert "\n" not in text or "\n" in kept


@given(ANY_TEXT)
def test_a_visible_text_cannot_mislead_the_eye(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    hidden = {"Cc", "Cf", "Cs"}
    allowed = "\t\n\u200c\u200d"
    assert all(unicodedata.category(sign) not in hidden or sign in allowed for sign in shown)
    assert [s for s in text if unicodedata.category(s) not in hidden or s in allowed] == list(shown)


def test_emoji_families_stay_visible() -> None:
    assert visible("👩‍👩‍👧‍👦 𝔘") == "👩‍👩‍👧‍👦 𝔘"


@given(ANY_TEXT)
def test_a_clean_text_has_plain_spaces_and_nothing_invisible(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept == kept.strip()
    for sign in kept:
        category = unicodedata.category(sign)
        assert category not in ("Cf", "Cc") or sign in "\t\n"
        assert category != "Zs" or sign == " "
