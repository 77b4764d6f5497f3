"""An address is read however a person writes it, or refused with what to do instead."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.address import BadAddress, Fit, judge, read_identity
from genesys import Identity, IdentityKind

ANY_TEXT = st.text(st.characters())  # surrogates, controls and direction marks included
PIECES = st.lists(
    st.sampled_from(
        [
            *("jane", "@", "example", ".com", "<", "|", ">", "&amp;"),
            *("+44", "20 7946", "0018", "(0)", " ", "\u00a0", "\u200b", "“", "’", ".", "\x00"),
            *("00", "tel:", "mailto:", "Tel.: ", "(mobile)", "‑"),
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
        "jane＠example.com",
        "jane@example.com)",
        # with a name, a label or a scheme
        "Jane Doe <jane@example.com>",
        '"Doe, Jane" <jane@example.com>;',
        "Dr. Jane van der Doe <jane@example.com>",
        "Jane Doe < jane@example.com >",
        "jane@example.com <jane@example.com>",
        "jane@example.com<mailto:Jane@example.com>".replace("Jane", "jane"),
        "'jane@example.com' <jane@example.com>",
        "Jane @ Acme <jane@example.com>",
        "mailto:jane@example.com",
        "MAILTO:jane@example.com?subject=Your%20order",
        "mailto:jane%40example.com",
        "<mailto:jane@example.com>",
        "Jane Doe <mailto:jane@example.com>",
        "E-mail: jane@example.com",
        "Email:mailto:jane@example.com",
        "Correo : jane@example.com",
        "mailto://jane@example.com",
        "Jane Doe (jane@example.com)",
        "- jane@example.com",
        "• jane@example.com |",
        "✉ jane@example.com",
        "(📧jane@example.com)",
        "Jane Doe: jane@example.com",
        "Jane Doe, e-mail: jane@example.com",
        "Email jane@example.com",
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
        "+44\u201020\u20137946\u22120018",
        "(+44) 20 7946 0018",
        "(+44 20 7946 0018)",
        "+ 44 20 7946 0018",
        "0044 20 7946 0018",
        "00 44 (0)20 7946 0018",
        "(0044) 20 7946 0018",
        "+44 20 7946 0018 ext. 5",
        "+44 20 7946 0018;ext=5",
        "+44 20 7946 0018 x5",
        "+44 20 7946 0018 (work)",
        "+44 20 7946 0018 work",
        "(work, in the mornings) +44 20 7946 0018",
        "Jane Doe <+44 20 7946 0018>",
        "tel:+442079460018",
        "tel://+442079460018",
        "tel:+44-20-7946-0018",
        "Tel.: +44 20 7946 0018",
        "☎️ +44 20 7946 0018",
        "→ +44 20 7946 0018",
        "Tel +44 20 7946 0018",
        "Jane Doe, Tel. +44 20 7946 0018",
        "+44 20 7946 0018 #5",
        "+44 20 7946 0018 (urgent)",
        "Phone number: +44 20 7946 0018",
        "<tel:+442079460018>",
        "٠٠٤٤ ٢٠ ٧٩٤٦ ٠٠١٨".replace("٠٠٤٤", "+٤٤"),
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
    if not typed.startswith("00"):
        with pytest.raises(BadAddress, match=r"Start the number with \+ and the country code"):
            read_identity(typed, None)


@pytest.mark.parametrize("country", [None, "GB", "US", "JP"])
def test_00_before_a_country_code_means_plus_wherever_the_default_country_is(
    country: str | None,
) -> None:
    assert read_identity("0044 20 7946 0018", country).value == "+442079460018"
    with pytest.raises(BadAddress, match=r"Check the digits and the country code\."):
        read_identity("0044 20 7946 00", country)


@pytest.mark.parametrize(
    ("typed", "country", "e164"),
    [
        ("+1 764 234 5678", None, "+17642345678"),  # an area code that's in use but in no list
        ("764 234 5678", "US", "+17642345678"),
        ("+52 1 55 1234 5678", None, "+5215512345678"),  # as Mexico's mobiles were written
        ("+5215512345678", "MX", "+5215512345678"),
        ("+44 7911 123456 (mobile)", None, "+447911123456"),
        ("+44 20 0000 0000", None, "+442000000000"),
    ],
)
def test_whether_a_possible_number_exists_is_for_genesys_cloud_to_say(
    typed: str, country: str | None, e164: str
) -> None:
    assert read_identity(typed, country) == Identity(IdentityKind.PHONE, e164)


@pytest.mark.parametrize(
    "typed",
    [
        "jane@example.com bob@example.com",
        "jane@example.com, bob@example.com",
        "jane@example.com; Bob <bob@example.com>",
        "jane@example.com +44 20 7946 0018",
        "bob@example.com <jane@example.com>",
        "mailto:jane@example.com,bob@example.com",
        "jane@example.com and bob@example.com",
        "+44 20 7946 0018 / +1 415 555 0132",
        "+44 20 7946 0018 / 020 7946 0019",
        "020 7946 0018, 020 7946 0019",
        "020 7946 0018 or 0207 946 0019",
        "jane@example.com, Tel. +44 20 7946 0018",
    ],
)
def test_of_several_addresses_the_agent_must_choose(typed: str) -> None:
    with pytest.raises(BadAddress, match=r"more than one\. Enter one"):
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
    assert re.search(r"\b(Enter|Try|Check|Start|isn't a complete)\b", sentence)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter an email or phone number."),
        (
            "Jane Doe",
            "That isn't an email or phone number. Try one like jane@example.com or "
            "+44 20 7946 0018.",
        ),
        (
            "1234",
            "That isn't an email or phone number. Try one like jane@example.com or "
            "+44 20 7946 0018.",
        ),
        (
            "jane@example",
            '"jane@example" isn\'t a complete email address.',
        ),
        (
            "020 7946 0018",
            "Start the number with + and the country code, like +44 20 7946 0018.",
        ),
        (
            "+999 20 7946 0018",
            "That country code doesn't exist. Start the number with + and the code, like "
            "+44 20 7946 0018.",
        ),
        ("²²²²²²²", "I can't read this phone number. Enter it like +44 20 7946 0018."),
        (
            "12345",
            "Start the number with + and the country code, like +44 20 7946 0018.",
        ),
        (
            "+44 20 7946 00",
            "That can't be a phone number. Check the digits and the country code.",
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
    ("text", "country", "fit"),
    [
        ("jane@example.com", None, Fit.VALID),
        ("Jane <jane@example.com>", None, Fit.VALID),
        ("jane@example", None, Fit.NONE),
        ("jane@example.com Hello", None, Fit.NONE),
        ("+44 20 7946 0018", None, Fit.VALID),
        ("+44 20 7946 0018 (mobile)", None, Fit.VALID),
        ("+44 20 7946 0018 mobile", None, Fit.NONE),
        ("+1 764 234 5678", None, Fit.POSSIBLE),
        ("+52 1 55 1234 5678", None, Fit.LONG),
        ("764 234 5678", "US", Fit.POSSIBLE),
        ("123456", "DE", Fit.NONE),  # a possible number, but anything may begin with six digits
        ("1234", None, Fit.NONE),
        ("Hello", None, Fit.NONE),
    ],
)
def test_a_text_is_judged_by_how_well_it_fits_as_an_address_alone(
    text: str, country: str | None, fit: Fit
) -> None:
    assert judge(text, country) is fit


def test_a_bare_address_has_no_name_and_only_a_known_label() -> None:
    assert judge("jane@example.com", None, bare=True) is Fit.VALID
    assert judge("Jane <jane@example.com>", None, bare=True) is Fit.NONE
    assert judge("Tel.: +44 20 7946 0018", None, bare=True) is Fit.VALID
    assert judge("Reminder: +44 20 7946 0018", None, bare=True) is Fit.NONE
