"""What a person typed for a customer, turned into an Identity or a sentence that says why not.

Promises: an e-mail checked by email-validator without DNS, a phone number as E.164 by
phonenumbers. Does not: ask anybody whether the address is in use.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from genesys import Identity, IdentityKind

# Slack writes an address in a message as <mailto:a@b|a@b>, a number as <tel:+44…|…>, and a domain
# as <http://b|b>; commands may carry them too. https://docs.slack.dev/messaging/formatting-message-text
_SLACK_LINK = re.compile(r"<(mailto:|tel:|https?://)?([^<>|\s]*)(?:\|([^<>]*))?>")
_SMART = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‚": "'"})
_AROUND = " \t\n\"'`()[]{}<>,;:.!?*_~"
_EMAIL = re.compile(r"[^\s<>|\"“”()\[\],;]+@[^\s<>|\"“”()\[\],;]+")
_ADDRESS_LINK = re.compile(r"<(?:mailto:|tel:)([^<>|\s]+)(?:\|[^<>]*)?>")

_DIGITS = re.compile(r"[+(]?[\d][\d().\-/]*[,;:]?")
_NUMBER_START = re.compile(r"(?<![\w+(.@/-])[+(]?\d")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class BadAddress(ValueError):
    """That is not an e-mail address or a phone number. Type one such as jane@example.com."""


def unescape(text: str) -> str:
    """Undo Slack's escaping, exactly once: it escapes only ``&``, ``<`` and ``>``."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def clean(text: str) -> str:
    """Make no-break spaces plain and drop what nobody can see (zero-width, direction, null)."""
    kept = (
        " " if unicodedata.category(sign) == "Zs" else sign
        for sign in text
        if unicodedata.category(sign) not in ("Cf", "Cc") or sign in "\t\n"
    )
    return "".join(kept).strip()


def unlink(text: str) -> str:
    """Replace Slack's link forms by what a person sees in them."""

    def plain(found: re.Match[str]) -> str:
        is_address = found[1] in ("mailto:", "tel:")
        return found[2] if is_address else found[3] or found[2]

    return _SLACK_LINK.sub(plain, text)


def unlink_words(text: str) -> str:
    """Replace Slack's links in words for a customer, who needs a web address in full."""

    def plain(found: re.Match[str]) -> str:
        kind, target, label = found[1] or "", found[2], found[3]
        if not kind:
            return found[0]
        return kind + target if kind.startswith("http") else label or target

    return _SLACK_LINK.sub(plain, text)


def sendable(text: str) -> str:
    """Drop the control characters that no messenger shows and some databases refuse."""
    return _CONTROLS.sub("", text)


def read_identity(typed: str, default_country: str | None) -> Identity:
    """Read one e-mail address or phone number as typed or as Slack delivers it.

    Raises BadAddress, whose text is the sentence for the agent.
    """
    text = unlink(clean(typed)).translate(_SMART).strip(_AROUND)
    if not text:
        raise BadAddress("Type the customer's e-mail address or phone number.")
    if "@" in text:
        return _read_email(text)
    if sum(sign.isdigit() for sign in text) >= 5:
        return _read_phone(text, default_country)
    raise BadAddress(
        "This is neither an e-mail address nor a phone number. "
        "Type one such as jane@example.com or +44 20 7946 0018."
    )


def _read_email(text: str) -> Identity:
    try:
        valid = validate_email(text, check_deliverability=False, allow_domain_literal=False)
    except EmailNotValidError as error:
        raise BadAddress(
            f"This e-mail address cannot be right: {_plain(error)} "
            "Type one such as jane@example.com."
        ) from None
    return Identity(IdentityKind.EMAIL, valid.normalized)


def _plain(error: EmailNotValidError) -> str:
    sentence = str(error)
    return sentence if sentence.endswith(".") else f"{sentence}."


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
    if not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        raise BadAddress(
            "No phone number looks like this one. Check the digits and the country code."
        )
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Identity(IdentityKind.PHONE, e164)


def find_address(message: str, default_country: str | None) -> str:
    """Return the first e-mail or phone number in a Slack message's text, or "" when none is."""
    for link in _ADDRESS_LINK.finditer(message):
        found = _read(link[1], default_country)
        if found:
            return found
    text = unlink(unescape(unlink(clean(message))))  # once more: a link typed by hand is escaped
    for typed in _EMAIL.finditer(text):
        found = _read(typed[0], default_country)
        if found:
            return found
    for start in _NUMBER_START.finditer(text):
        rest = text[start.start() :]
        found = _read(rest[: phone_length(rest, default_country)], default_country)
        if found:
            return found
    return ""


def _read(text: str, default_country: str | None) -> str:
    try:
        return read_identity(text, default_country).value
    except BadAddress:
        return ""


def phone_length(text: str, default_country: str | None) -> int:
    """Return how many characters at the start of ``text`` are a phone number; 0 for none.

    Written in groups, a number may be followed by a message that starts with digits: the longest
    run that is a valid number counts, and the agent sees who it is before sending. A run that is
    long enough but wrong counts too, so that the modal can say what is wrong with it.
    """
    end = longest = 0
    for word in re.finditer(r"\S+", text):
        if not _DIGITS.fullmatch(clean(word[0])):
            break
        end = word.end()
        if _read(text[:end], default_country):
            longest = end
        if word[0][-1] in ",;:":
            break
    return longest or (end if sum(sign.isdigit() for sign in text[:end]) >= 7 else 0)


def visible(text: str) -> str:
    """Drop from a text what could mislead its reader in Slack: controls and direction marks.

    Joiners stay: emoji families and several scripts are written with them.
    """
    return "".join(
        sign
        for sign in text
        if sign in "\t\n\u200c\u200d" or unicodedata.category(sign) not in ("Cc", "Cf", "Cs")
    )
