"""Tokens, card numbers and links are found in a text, and ordinary text isn't taken for them."""

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.content import find_cards, find_secrets
from bot.rules.links import find_links, unlisted_hosts

HARMLESS = [
    "Hi Anna, your parcel arrives on Tuesday between 10:30 and 12.45.",
    "Order 2026112600012345 costs $1,234.56 (EUR 999.99).",
    "Call +49 151 12345678 or 0800 123 4567. Our IBAN: DE89 3704 0044 0532 0130 00",
    "xoxo-your-friends-at-the-shop, AKIA is a word, ghp_ as well, e.g. this one.",
    "The bearer of this voucher gets 10 %. Basic questions: ask us. Your API key is on its way.",
    "Your client secret is confidential. Please type BEGIN to start; it's not a private key.",
    "日本語です。次の文です。Спасибо.Как дела?",
]
KEY = "A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0"
SECRETS = [
    ("a Slack token", "xoxb-123456789012-1234567890123-" + "a" * 24),
    ("a Slack token", "xoxe.xoxp-1-" + KEY),
    ("a Slack token", "token:xoxp-123456789012-123456789012-" + KEY),
    ("a Slack token", "xapp-1-A0123456789-1234567890123-" + "0f" * 32),
    ("a Slack token", "xo\u200bxb-123456789012-123456789012"),
    ("a Slack webhook address", "https://hooks.slack.com/services/T0123/B0123/" + KEY),
    ("an AWS access key", "key AKIAIOSFODNN7EXAMPLE."),
    ("an AWS access key", "ASIAIOSFODNN7EXAMPLE"),
    ("a GitHub token", "ghp_" + KEY[:36]),
    ("a GitHub token", "github_pat_" + KEY * 2),
    ("a sign-in token", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-_"),
    ("a sign-in token", "Authorization: Bearer " + KEY),
    ("a sign-in token", "authorization: basic " + KEY),
    ("a client secret", "client_secret=" + KEY),
    ("a client secret", "The client secret is " + KEY),
    ("a client secret", '"api_key": "' + KEY),
    ("a private key", "-----BEGIN PRIVATE KEY-----"),
    ("a private key", "—-BEGIN RSA PRIVATE KEY—-"),
    ("a private key", "-----BEGIN OPENSSH PRIVATE KEY-----"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert (find_secrets(text), find_cards(text), find_links(text)) == ((), (), ())


@pytest.mark.parametrize(("kind", "secret"), SECRETS)
def test_tokens_and_keys_are_found_wherever_they_are(kind: str, secret: str) -> None:
    for text in (secret, f"Please use {secret} for it", f"({secret})", f"It is:\n{secret}\n"):
        assert find_secrets(text) == (kind,)


def test_every_kind_is_named_once() -> None:
    assert find_secrets(f"{SECRETS[0][1]} {SECRETS[0][1]} {SECRETS[6][1]}") == (
        "a Slack token",
        "an AWS access key",
    )


@pytest.mark.parametrize(
    ("number", "issuer"),
    [
        ("4111111111111111", "Visa"),
        ("4222222222222", "Visa"),
        ("4111 1111 1111 1111", "Visa"),
        ("4111-1111-1111-1111", "Visa"),
        ("4111–1111–1111–1111", "Visa"),
        ("4111\u00a01111\u202f1111 1111", "Visa"),
        ("4111.1111.1111.1111", "Visa"),
        ("４１１１１１１１１１１１１１１１", "Visa"),
        ("5555555555554444", "Mastercard"),
        ("2221000000000009", "Mastercard"),
        ("2720990000000007", "Mastercard"),
        ("378282246310005", "American Express"),
        ("3782 822463 10005", "American Express"),
        ("3056 930902 5904", "Diners Club"),
        ("6011111111111117", "Discover"),
        ("3530111333300000", "JCB"),
        ("6200000000000005", "UnionPay"),
        ("6759649826438453", "Maestro"),
        ("2200000000000004", "Mir"),
    ],
)
def test_card_numbers_are_found_bare_and_in_groups(number: str, issuer: str) -> None:
    for text in (number, f"card:{number}.", f"({number})", f"No {number}, 12/27", f"7 {number}"):
        assert find_cards(text) == (issuer,)


# https://en.wikipedia.org/wiki/Payment_card_number#Issuer_identification_number_(IIN)
@pytest.mark.parametrize(
    ("issuer", "beginning", "lengths"),
    [
        ("Visa", "4", {13, 16, 19}),
        ("Mastercard", "51", {16}),
        ("American Express", "34", {15}),
        ("Diners Club", "36", {14}),
        ("Discover", "65", {16, 19}),
        ("JCB", "3528", {16, 19}),
        ("UnionPay", "62", {16, 17, 18, 19}),
        ("Maestro", "5018", {13, 14, 15, 16, 17, 18, 19}),
        ("Mir", "2204", {16, 17, 18, 19}),
    ],
)
def test_card_numbers_of_each_length_are_found(
    issuer: str, beginning: str, lengths: set[int]
) -> None:
    for length in range(12, 21):
        digits = f"{beginning}{'0' * (length - len(beginning) - 1)}"
        found = {one for last in range(10) for one in find_cards(f"{digits}{last}")}
        assert found == ({issuer} if length in lengths else set()), length


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # another last digit
        "0000000000000000",  # nobody's
        "411111111111111",  # too short
        "41111111111111111",  # too long
        "x4111111111111111",
        "4111111111111111x",
        "+4111111111111111",
        "0.4111111111111111",
        "4111111111111111.5",
        "41 11 11 11 11 11 11 11",
        "4111   1111   1111   1111",
        "2720999999999999",
        "1764140400000",  # a time in milliseconds
    ],
)
def test_other_numbers_are_not_taken_for_cards(text: str) -> None:
    assert find_cards(text) == ()


@given(st.text(string.digits, min_size=12, max_size=18))
def test_a_number_with_a_wrong_last_digit_is_never_a_card(digits: str) -> None:
    assert sum(bool(find_cards(f"{digits}{last}")) for last in range(10)) <= 1


@pytest.mark.parametrize(
    ("text", "hosts"),
    [
        ("see example.com.", ["example.com"]),
        ("Visit WWW.Example.COM/path?to=a.example#b now", ["www.example.com"]),
        ("https://example.com.:443/", ["example.com"]),
        ("(https://example.com), **https://b.example**", ["example.com", "b.example"]),
        ("<https://example.com|click>", ["example.com"]),
        ("and/example.com", ["example.com"]),
        ("shop.app test.zip node.js", ["shop.app", "test.zip", "node.js"]),
        ("example.com:8080", ["example.com"]),
        ("https:example.com", ["example.com"]),
        ("//example.com/x", ["example.com"]),
        ("http:\\\\example.com\\x", ["example.com"]),
        ("ftp://files.example", ["files.example"]),
        ("slack://channel?id=C1", ["channel"]),
        ("http://localhost/", ["localhost"]),
        # who is before the @ isn't the host
        ("https://good.example@evil.example/", ["evil.example"]),
        ("https://user:pw@Evil.example:8080/x", ["evil.example"]),
        ("user:pw@evil.example", ["evil.example"]),
        ("https://good.example,b@evil.example", ["evil.example"]),
        ("https://evil.example\\@good.example", ["evil.example"]),
        ("https://good.example,https://evil.example", ["good.example", "evil.example"]),
        ("https://good.example?u=https://evil.example", ["good.example", "evil.example"]),
        # written so that nothing makes a link of it
        ("evil[.]example", ["evil.example"]),
        ("evil [dot] example", ["evil.example"]),
        ("hxxps://evil(.)example/x", ["evil.example"]),
        ("https[:]//evil.example", ["evil.example"]),
        ("ex\u00adam\u200bple.com", ["example.com"]),
        ("https://evil%2eexample/", ["evil.example"]),
        # other scripts
        ("ｅｘａｍｐｌｅ．ｃｏｍ", ["example.com"]),
        ("https://ex\u115fample.com/", ["example.com"]),  # a filler that browsers leave out
        ("example。com", ["example.com"]),
        ("bücher.example", ["xn--bcher-kva.example"]),
        ("https://pаypal.com", ["xn--pypal-4ve.com"]),
        ("аррӏе.com", ["xn--80ak6aa92e.com"]),
        ("xn--80ak6aa92e.com", ["xn--80ak6aa92e.com"]),
        ("президент.рф", ["xn--d1abbgf6aiiy.xn--p1ai"]),
        # numbers
        ("http://192.0.2.1/x", ["192.0.2.1"]),
        ("192.0.2.1", ["192.0.2.1"]),
        ("http://[2001:DB8::1]:80/", ["2001:db8::1"]),
        ("http://3221225985/", ["3221225985"]),
        ("999.0.2.1", []),
        # code
        ("javascript:alert(1)", ["javascript:"]),
        ("data:text/html,hello", ["data:"]),
        ("data: see below. Note: JavaScript: yes", []),
        # neither is a link
        ("jane@example.com, jane.doe@mail.example. mailto:jane@example.com?", []),
        ("jane@example.com/x", ["example.com"]),
        ("invoice.pdf and photo.jpeg", []),
        ("https://example.com/invoice.pdf", ["example.com"]),
        ("www.invoice.pdf", ["www.invoice.pdf"]),
        ("See you tomorrow.We look forward to it", []),
        ("Pay at evil.Shop today", ["evil.shop"]),
        ("Pay at Evil.Zip today", ["evil.zip"]),
        ("See you tomorrow.It will be fine", ["tomorrow.it"]),
        ("Example.Com", ["example.com"]),
        ("1.2.3, 12.11.2026, $5.99, z.B. a.m.", []),
    ],
)
def test_the_hosts_of_links_are_found(text: str, hosts: list[str]) -> None:
    assert list(find_links(text)) == hosts


@pytest.mark.parametrize(
    ("host", "is_listed"),
    [
        ("example.com", True),
        ("shop.example.com", True),
        ("EXAMPLE.com.", True),
        ("notexample.com", False),
        ("example.com.evil.example", False),
        ("example.co", False),
        ("https://example.com%2f.evil.example/", False),
        ("https://evil.example%2f.example.com/", False),
        ("https://evil.example%40x.example.com/", False),
        ("bücher.example", True),
        ("https://ех.example.com", True),  # a subdomain in another script is still theirs
        ("еxample.com", False),
        ("192.0.2.1", False),
    ],
)
def test_a_link_is_listed_only_with_its_domain_or_one_above_it(host: str, is_listed: bool) -> None:
    domains = ("example.com", "xn--bcher-kva.example")
    assert (not unlisted_hosts(f"See {host} now", domains)) is is_listed


def test_what_is_found_is_never_repeated() -> None:
    for kind, secret in SECRETS:
        assert secret not in "".join(find_secrets(secret))
        assert kind in find_secrets(secret)
    assert not any(char.isdigit() for char in "".join(find_cards("4111111111111111")))


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    find_secrets(text)
    find_cards(text)
    assert all(find_links(text))


@given(
    st.lists(
        st.sampled_from(
            ["a", ".", "@", "http://", ":", "/", "[.]", "1", "eyJ", "xoxb-", "4111", " ", "-", "。"]
        ),
        max_size=40,
    ).map("".join)
)
def test_any_pieces_of_links_can_be_searched(text: str) -> None:
    find_secrets(text)
    find_cards(text)
    assert all(find_links(text))


def test_random_words_are_rarely_taken_for_secrets() -> None:
    alphabet = string.ascii_letters + string.digits
    choose = random.Random(4711).choice
    words = [
        "".join(choose(alphabet) for _ in range(length))
        for length in range(5, 60)
        for _ in range(20)
    ]
    assert find_secrets(" ".join(words)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111\ufe0f 1111\u034f 1111",
        "٤١١١ ١١١١ ١١١١ ١١١١",
        "4111‐1111–1111−1111",
        "４１１１ １１１１ １１１１ １１１１",
    ],
)
def test_a_card_number_is_found_however_it_is_typed(text: str) -> None:
    assert find_cards(text) == ("Visa",)
