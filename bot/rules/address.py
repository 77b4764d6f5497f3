"""Reads an email address or a phone number that a person typed or pasted.

Whether a number is in use is for Genesys Cloud to say; only one that can't exist is refused here.
email-validator checks the syntax of an email address without asking DNS; phonenumbers turns a phone
number into E.164. Slack's own markup is undone before (``slack/markup.py``).
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from enum import IntEnum
from itertools import dropwhile
from urllib.parse import unquote

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from phonenumbers import NumberParseException, ValidationResult

from bot.language import N_, _
from bot.text import clean, clip, visible
from genesys import Identity, IdentityKind

LONGEST_ADDRESS = 320  # characters, with a name before it
SCHEME = r"(?:mailto|tel|sms|callto) ?:(?://)?\s*"  # before an address
LABEL = r"(?:(?:tele)?phone|tel|mobile|mob|cell|handy|ph|[tmp]|e-?mail|mail)(?:\.?\s*:\s*|\.?\s+)"
NUMBER = r"[+(]{0,3} ?\d[\d().\-/~ \t]*"  # the signs of a phone number
_LEAST_DIGITS = 5  # fewer are not a phone number anywhere
_CLEARLY_PHONE_DIGITS = 7
_MOST_DIGITS = 15  # of E.164, with the country code
_MOST_NAME_WORDS = 5
_SHOWN_LENGTH = 60  # of an address that can't be right

_SIGNS = str.maketrans(
    dict.fromkeys("“”„", '"')
    | dict.fromkeys("‘’‚", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe63\uff0d", "-")
    | {"\uff0b": "+", "\uff20": "@", "\uff08": "(", "\uff09": ")"}
)
_AROUND = " \t\n\"'`[]{}<>,;:.!?*_~|•·-"
_MAILBOXES = (
    re.compile(r"(?P<name>[^<>\n]*)<(?P<address>[^<>]+)>?"),
    re.compile(r"(?P<name>[^()\n]*)\((?P<address>[^()\s]+@[^()\s]+)\)"),
)
_KNOWN_LABEL = re.compile(rf"^(?:{SCHEME}|{LABEL})(?=[+(\d]|[^\s@]+@)", re.IGNORECASE)
_WORD = r"[^\W\d_][\w'-]{0,19}\.?"
_NAME = rf"{_WORD}(?: {_WORD}){{0,4}} ?[:,](?!//)\s*"
_LABEL = re.compile(
    rf"(?:(?!{SCHEME})(?:"
    rf"{_NAME}(?:{LABEL})?(?=\(?(?:\+|00)|[^\s@]+@[^\s@])"
    rf"|{LABEL}(?=[+(\d]|[^\s@]+@)"
    rf"|{_WORD} ?:(?!//)\s*"
    rf"))?(?P<scheme>{SCHEME})?",
    re.IGNORECASE,
)
# What may as well begin a message, as in "0018 x 2 boxes", is an extension only in the field.
_EXTENSION = r"(?:(?:;ext=|[ ,;]*(?:ext(?:ension|n)?|x|#)[.:]? ?)\d{1,7})?"
_SURE_EXTENSION = r"(?:(?:;ext=|[ ,;]*ext(?:ension|n)?[.:]? ?|(?<=\d)[x#])\d{1,7})?"
_SURE_NOTE = r"(?: ?\((?:mobile?|cell|work|home|office|private|landline|main|direct)\))?"
_PHONE = re.compile(rf"(?P<number>{NUMBER}){_SURE_EXTENSION}{_SURE_NOTE}", re.IGNORECASE)
_PHONE_AMONG_WORDS = re.compile(rf"[^\d+@]*(?P<number>{NUMBER}){_EXTENSION}[^\d@]*", re.IGNORECASE)
_PARTING = re.compile(r"[,|&]|;(?!ext)| / |\b(?:and|or)\b", re.IGNORECASE)  # two numbers

_NOTHING = N_("Enter an email or phone number.")
_SEVERAL = N_(
    "That's more than one. Enter one email or phone number: a message goes to one customer."
)
_NEITHER = N_(
    "That isn't an email or phone number. Try one like jane@example.com or +44 20 7946 0018."
)
_UNREADABLE = N_("I can't read this phone number. Enter it like +44 20 7946 0018.")
_NO_COUNTRY_CODE = N_("Start the number with + and the country code, like +44 20 7946 0018.")
_UNKNOWN_COUNTRY_CODE = N_(
    "That country code doesn't exist. Start the number with + and the code, like +44 20 7946 0018."
)
_IMPOSSIBLE = N_("That can't be a phone number. Check the digits and the country code.")


class BadAddress(ValueError):
    """That isn't an email address or a phone number; the text tells the agent what to do."""


class Fit(IntEnum):
    """How well a text fits as an address."""

    NONE = 0
    LONG = 1  # a number longer than its country's are, as Mexico's old ones are stored
    POSSIBLE = 2
    VALID = 3


def read_identity(typed: str, default_country: str | None) -> Identity:
    """Read one email address or phone number, also with a name or a label before it.

    Raises BadAddress. ``default_country``: two letters, for phone numbers without a country code.
    """
    text = unwrap(tidy(typed))
    if not text:
        raise BadAddress(_(_NOTHING))
    if "@" in text:
        return _read_email(text)
    if count_digits(text) < _LEAST_DIGITS:
        raise BadAddress(_(_NEITHER))
    parts = _PARTING.split(text)
    if text.count("+") > 1 or sum(map(is_clearly_phone, parts)) > 1:
        raise BadAddress(_(_SEVERAL))
    if len(text) > LONGEST_ADDRESS:
        raise BadAddress(_(_UNREADABLE))
    number = _PHONE.fullmatch(text) or _PHONE_AMONG_WORDS.fullmatch(text)
    if not number:
        raise BadAddress(_(_UNREADABLE))
    return _read_phone(number["number"], default_country)[0]


def judge(text: str, default_country: str | None, *, bare: bool = False) -> Fit:
    """Say how well a text fits as an address with nothing else around it but a name or a label.

    ``bare``: with nothing but a label such as ``Tel.``.
    """
    try:
        address = _KNOWN_LABEL.sub("", tidy(text), 1) if bare else unwrap(tidy(text))
        if "@" in address:
            if re.search(r"\s", address):  # which the validator takes longer to say
                return Fit.NONE
            _read_email(address)
            return Fit.VALID
        number = _PHONE.fullmatch(address)
        if not number or count_digits(address) < _LEAST_DIGITS:
            return Fit.NONE
        fit = _read_phone(number["number"], default_country)[1]
    except BadAddress:
        return Fit.NONE
    is_clear = "+" in address or address.startswith("00") or is_clearly_phone(number["number"])
    return fit if fit is Fit.VALID or is_clear else Fit.NONE


def tidy(text: str) -> str:
    """Undo what word processors, phones and messengers do to an address."""
    plain = clean(text).translate(_SIGNS).rstrip(_AROUND)
    return "".join(dropwhile(lambda char: char in _AROUND or _is_picture(char), plain))


def _is_picture(char: str) -> bool:
    """Return whether a character is an emoji, an arrow or such; "№ 12345" is no phone number."""
    return unicodedata.category(char) in ("So", "Sm", "Sk", "Mn") and char not in "+№"


def count_digits(text: str) -> int:
    """Count the digits of any script."""
    return sum(char.isdigit() for char in text)


def is_clearly_phone(text: str) -> bool:
    """Return whether a text has so many digits that they're a phone number, even if a wrong one."""
    return count_digits(text) >= _CLEARLY_PHONE_DIGITS


def unwrap(text: str) -> str:
    """Return the address without the name before it, without ``mailto:`` and without ``Tel.:``.

    Raises BadAddress if the name is another address.
    """
    mailbox = _MAILBOXES[0].fullmatch(text) or _MAILBOXES[1].fullmatch(text)
    if mailbox and len(mailbox["name"].split()) <= _MOST_NAME_WORDS:
        text = unwrap(tidy(mailbox["address"]))
        name = tidy(mailbox["name"])
        if re.search(r"\S@\S", name) and unwrap(name).lower() != text.lower():
            raise BadAddress(_(_SEVERAL))
    label = _LABEL.match(text)
    if label is None or not label[0]:
        return text
    address = text[label.end() :]
    return tidy(unquote(address.partition("?")[0])) if label["scheme"] else address


def _read_email(text: str) -> Identity:
    text = tidy(text.strip("()" + _AROUND))
    words = re.split(r"[\s,;]+", text)
    others = [word for word in words if "@" not in word]
    if len(words) - len(others) > 1 or is_clearly_phone(" ".join(others)):
        raise BadAddress(_(_SEVERAL))
    try:
        valid = validate_email(text, check_deliverability=False, allow_domain_literal=False)
    except EmailNotValidError:
        shown = clip(visible(text), _SHOWN_LENGTH)
        said = _('"{shown}" isn\'t a complete email address.').format(shown=shown)
        raise BadAddress(said) from None
    return Identity(IdentityKind.EMAIL, valid.normalized)


def _read_phone(text: str, country: str | None) -> tuple[Identity, Fit]:
    """Read a number as the default country writes it, or with 00 for + as most countries do."""
    digits = text.lstrip("( ")
    if not digits.startswith("00"):
        return _read_number(text, country)
    with suppress(BadAddress):
        identity, fit = _read_number(text, country)
        if fit is Fit.VALID:
            return identity, fit
    return _read_number("+" + digits[2:], None)


def _read_number(text: str, country: str | None) -> tuple[Identity, Fit]:
    has_code = "+" in text
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            raise BadAddress(_(_UNKNOWN_COUNTRY_CODE if has_code else _NO_COUNTRY_CODE)) from None
        is_number = error.error_type != NumberParseException.NOT_A_NUMBER
        raise BadAddress(_(_IMPOSSIBLE if is_number else _UNREADABLE)) from None
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        return Identity(IdentityKind.PHONE, e164), Fit.VALID
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.IS_POSSIBLE:
        return Identity(IdentityKind.PHONE, e164), Fit.POSSIBLE
    digits = phonenumbers.normalize_digits_only(text)
    if reason == ValidationResult.TOO_LONG and has_code and len(digits) <= _MOST_DIGITS:
        return Identity(IdentityKind.PHONE, f"+{digits}"), Fit.LONG  # as typed, so as stored
    raise BadAddress(_(_IMPOSSIBLE))
