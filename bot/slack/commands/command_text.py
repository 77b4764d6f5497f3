"""Splits what follows the slash command into customer and message. Pure."""

from __future__ import annotations

import re

from bot.rules.address_search import address_length, find_ends
from bot.slack.markup import unescape, unlink, unlink_words
from bot.text import sendable

_HELP = "help"
_MOST_WRONG_WORDS = 2
# Only words of alphabets that put spaces between them: elsewhere one may be a whole message.
_ONE_WORD = re.compile(r"-{0,2}[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ-]{0,29}")


def tidy(text: str) -> str:
    """Return what follows the command without what Slack or a paste has added around it."""
    return sendable(text).replace("\u00a0", " ").strip()


def split_command(text: str, default_country: str | None) -> tuple[str, str]:
    """Split a command's text into customer and message, of which either may be empty.

    The customer is the email address or phone number at the start, with the name or label before
    it. If there is none, the whole text is the message.
    """
    text = tidy(text)
    length = address_length(_read(text), default_country)
    ends = find_ends(text) if length else ()
    end = next((end for end in ends if len(_read(text[:end])) >= length), 0)
    customer = " ".join(_read(text[:end]).split())  # the field has one line
    return customer, unescape(unlink_words(text[end:])).strip()


def is_subcommand(text: str, default_country: str | None) -> bool:
    """Return whether a text is one word, perhaps with an address after it, as in "status jane@b.c".

    Nobody means that as a message to a customer.
    """
    word, _, rest = " ".join(_read(sendable(text)).split()).partition(" ")
    if not _ONE_WORD.fullmatch(word):
        return False
    if word.lower() == _HELP and is_slip(rest, most=1):
        return True
    if "@" not in rest and not any(map(str.isdigit, rest)):
        return not rest
    is_address = address_length(rest, default_country) == len(rest)
    return is_address and not address_length(f"{word} {rest}", default_country)  # or it's a name


def is_slip(rest: str, most: int = _MOST_WRONG_WORDS) -> bool:
    """Return whether what follows a command's word has a word or two, and no address.

    That's a mistake. More is probably a message that begins with the same word, as in "Status of
    your order".
    """
    has_address = "@" in rest or any(map(str.isdigit, rest))
    return not has_address and 0 < len(rest.split()) <= most


def _read(text: str) -> str:
    return unescape(unlink(text))
