"""What a message shouldn't contain: tokens and keys, payment card numbers, and links. Pure.

It says which kind was found and never what, so that it can be shown and stored.
"""

from __future__ import annotations

import re
import unicodedata

from bot.language import N_
from bot.text import normalize

# Each pattern begins with something that ordinary text doesn't have.
_SECRETS = {
    N_("a Slack token"): (
        r"\bxox[abcdeprs](?:\.xox[bp])?-(?=[\w-]{0,40}\d)[\w-]{10,}|\bxapp-\d-[\w-]{10,}"
    ),
    N_("a Slack webhook address"): (
        r"\bhooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/[\w/]{20,}"
    ),
    N_("an AWS access key"): r"\b(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z2-7]{16}\b",
    N_("a GitHub token"): r"\bgh[oprsu]_[A-Za-z0-9]{36,}|\bgithub_pat_\w{50,}",
    N_("a sign-in token"): (
        r"\beyJ[\w-]{14,}\.eyJ?[\w-]{14,}"
        r"|(?i:\bbearer)\s+(?=\S{0,80}\d)[\w.~+/-]{20,}"
        r"|(?i:\bauthorization):?\s+(?i:basic)\s+[A-Za-z0-9+/=]{16,}"
    ),
    N_("a client secret"): (
        r"(?i:\bclient[ _-]?secret|\bapi[ _-]?key|\baccess[ _-]?token)['\"]?(?:\s+is)?\s{0,3}[:=]?"
        r"\s{0,3}['\"]?(?=[\w+/~.-]{0,80}\d)(?=[\w+/~.-]{0,80}[A-Za-z])[\w+/~.-]{20,}"
    ),
    N_("a private key"): r"\bBEGIN (?:[A-Z0-9]{2,10} ){0,3}PRIVATE KEY\b",
}
_SECRET = {kind: re.compile(pattern) for kind, pattern in _SECRETS.items()}

_SIGN = "[ .-]{1,2}"
_CARD = re.compile(
    r"(?<![\w+])(?<!\d[.,])(?=(?P<number>"
    rf"\d{{13,19}}|\d{{4}}(?:{_SIGN}\d{{4}}){{3}}(?:{_SIGN}\d{{3}})?|\d{{4}}{_SIGN}\d{{6}}{_SIGN}\d{{4,5}}"
    r")(?!\w|[.,]\d))"
)
# Two opening braces, as in "{{name}}". Nobody writes them to a customer, and where they're left, a
# template wasn't filled in.
_PLACEHOLDER = re.compile(r"\{\s{0,9}\{")
_ISSUERS = {
    "Visa": (r"4", (13, 16, 19)),
    "Mastercard": (r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720", (16,)),
    "American Express": (r"3[47]", (15,)),
    "Diners Club": (r"30[0-59]|3[689]", (14,)),
    "Discover": (r"6011|64[4-9]|65", (16, 19)),
    "JCB": (r"352[89]|35[3-8]", (16, 19)),
    "UnionPay": (r"62", (16, 17, 18, 19)),
    "Maestro": (r"50(?:18|20|38)|5893|6304|6759|676[1-3]", (13, 14, 15, 16, 17, 18, 19)),
    "Mir": (r"220[0-4]", (16, 17, 18, 19)),
}


def find_secrets(text: str) -> tuple[str, ...]:
    """Return which kinds of tokens and keys are in a text, such as "a Slack token"."""
    searched = _fold(text)
    return tuple(kind for kind, pattern in _SECRET.items() if pattern.search(searched))


def find_cards(text: str) -> tuple[str, ...]:
    """Return whose card numbers a text seems to have, such as "Visa".

    One in ten numbers with the right beginning and length passes by chance.
    """
    found = (_issuer(re.sub(r"\D", "", card["number"])) for card in _CARD.finditer(_fold(text)))
    return tuple(dict.fromkeys(issuer for issuer in found if issuer))


def has_placeholder(text: str) -> bool:
    """Return whether a text has anything like a placeholder that isn't filled in."""
    return bool(_PLACEHOLDER.search(normalize(text)))


def _issuer(digits: str) -> str:
    """Return who issues cards with such a number, or "" if nobody does."""
    if not _passes_luhn(digits):
        return ""
    return next(
        (
            name
            for name, (beginning, lengths) in _ISSUERS.items()
            if len(digits) in lengths and re.match(beginning, digits)
        ),
        "",
    )


def _passes_luhn(digits: str) -> bool:
    """Check the last digit of a card number (ISO/IEC 7812-1)."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _fold(text: str) -> str:
    """Return a text with plain spaces, dashes and digits."""
    return "".join(map(_fold_one, normalize(text)))


def _fold_one(char: str) -> str:
    if char == "−" or unicodedata.category(char) == "Pd":  # a minus is a mathematical symbol
        return "-"
    return str(unicodedata.decimal(char, char))
