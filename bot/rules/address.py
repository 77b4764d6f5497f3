"""Reads an email address or a phone number that a person typed.

email-validator checks the syntax of an email address without asking DNS; phonenumbers turns a phone
number into E.164. Slack's own markup is undone before (``slack/markup.py``).
"""

from __future__ import annotations

import re

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from bot.text import clean
from genesys import Identity, IdentityKind

_CURLY_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})
_AROUND = " \t\n\"'`()[]{}<>,;:.!?*_~"
_EMAIL = re.compile(r"[^\s<>|\"“”()\[\],;:]+@[^\s<>|\"“”()\[\],;:'’]+")
_DIGIT_GROUP = re.compile(r"[+(]?[\d][\d().\-/]*[,;:]?")
_PHONE_START = re.compile(r"(?<![\w+(.@/-])[+(]?\d")
_LEAST_DIGITS = 5  # fewer are not a phone number anywhere
_CLEARLY_PHONE_DIGITS = 7  # so many at the start of a text are one, even if they're wrong


class BadAddress(ValueError):
    """That isn't an email address or a phone number; the text tells the agent what to do."""


def read_identity(typed: str, default_country: str | None) -> Identity:
    """Read one email address or phone number.

    Raises BadAddress. ``default_country``: two letters, for phone numbers without a country code.
    """
    text = clean(typed).translate(_CURLY_QUOTES).strip(_AROUND)
    if not text:
        raise BadAddress("Type the customer's e-mail address or phone number.")
    if "@" in text:
        return _read_email(text)
    if _count_digits(text) >= _LEAST_DIGITS:
        return _read_phone(text, default_country)
    raise BadAddress(
        "This is neither an e-mail address nor a phone number. "
        "Type one such as jane@example.com or +44 20 7946 0018."
    )


def find_address(text: str, default_country: str | None) -> str:
    """Return the first email address in a text, else its first phone number, else ""."""
    text = clean(text)
    for email in _EMAIL.finditer(text):
        found = _read(email[0], default_country)
        if found:
            return found
    for start in _PHONE_START.finditer(text):
        rest = text[start.start() :]
        found = _read(rest[: _phone_length(rest, default_country)], default_country)
        if found:
            return found
    return ""


def address_length(text: str, default_country: str | None) -> int:
    """Return how many characters at the start of a text are an address; 0 if none are."""
    first_word = re.match(r"\S*", text)
    if first_word and "@" in clean(first_word[0])[1:]:
        return first_word.end()
    return _phone_length(text, default_country)


def _phone_length(text: str, default_country: str | None) -> int:
    """Return how many characters at the start of a text are a phone number; 0 if none are.

    A message that starts with digits may follow the groups of a number, so the longest run that is
    a valid number counts. A long run that isn't valid counts too: the form then says what's wrong.
    """
    end = longest = 0
    for word in re.finditer(r"\S+", text):
        if not _DIGIT_GROUP.fullmatch(clean(word[0])):
            break
        end = word.end()
        if _read(text[:end], default_country):
            longest = end
        if word[0][-1] in ",;:":
            break
    return longest or (end if _count_digits(text[:end]) >= _CLEARLY_PHONE_DIGITS else 0)


def _read(text: str, default_country: str | None) -> str:
    try:
        return read_identity(text, default_country).value
    except BadAddress:
        return ""


def _count_digits(text: str) -> int:
    return sum(char.isdigit() for char in text)


def _read_email(text: str) -> Identity:
    try:
        valid = validate_email(text, check_deliverability=False, allow_domain_literal=False)
    except EmailNotValidError as error:
        reason = str(error).removesuffix(".")
        raise BadAddress(
            f"This e-mail address cannot be right: {reason}. Type one such as jane@example.com."
        ) from None
    return Identity(IdentityKind.EMAIL, valid.normalized)


def _read_phone(text: str, default_country: str | None) -> Identity:
    try:
        number = phonenumbers.parse(text, default_country)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
            raise BadAddress(
                "This phone number has no country code that exists. "
                "Type it with + and the code, such as +44 20 7946 0018."
            ) from None
        raise BadAddress(
            "This phone number cannot be read. Type it such as +44 20 7946 0018."
        ) from None
    if not phonenumbers.is_valid_number(number):
        raise BadAddress(
            "No phone number looks like this one. Check the digits and the country code."
        )
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Identity(IdentityKind.PHONE, e164)
