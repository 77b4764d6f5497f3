"""Finds an address in a text: at the start of a command, or anywhere in a message.

The command and the form's field share one parser (``address``): the customer that follows a command
is the longest prefix of the text that the field would take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, takewhile

from bot.rules.address import (
    LABEL,
    LONGEST_ADDRESS,
    NUMBER,
    SCHEME,
    BadAddress,
    Fit,
    is_clearly_phone,
    judge,
    read_identity,
    tidy,
    unwrap,
)
from bot.text import clean

_MOST_WORDS = 14  # of a name and an address, however it's spaced
_NEAR_START = 12  # words
_MOST_TEXT, _MOST_FOUND, _LONGEST_NUMBER = 20_000, 50, 48  # so that no text takes long to search
_WORD = re.compile(r"(?:<[^<>\n]*>|\S)+")  # brackets hold words together
_GLUED = re.compile(r"(?<=[\d)>])[,;:.!?…–—-]*(?=[^\W\d_])")  # as in +442079460018,your order
_LOCAL = r"[^\s<>|\"“”()\[\],;:@/?&=#%]"  # what may be before an email address's @, in a text
_EMAIL = re.compile(rf"(?<!{_LOCAL}){_LOCAL}{{1,64}}@[^\s<>|\"“”()\[\],;:'’/?&=#%]{{1,255}}")
_PHONE_START = re.compile(r"(?<![\w+(.@/-])[+(]{0,2}\d")
_DIGITS = re.compile(rf"(?:{SCHEME}|{LABEL})?{NUMBER}", re.IGNORECASE)
_INTERNATIONAL = re.compile(r"\+|\b00")
_BETWEEN = re.compile(r"^(?:[\s,;|/&]|(?:and|or)\s)+")  # two addresses
_SEPARATOR = re.compile(r"[,;|/&]|and|or")
_IN_BRACKETS = re.compile(
    r"(?:[^\s<>()]+[ \t]+){0,5}[^\s<>()]*"  # a name
    rf"(?:<\s*(?P<number>(?:\w+:)?{NUMBER})\s*>"
    r"|<\s*(?!\w+://)[^<>\s]+@[^<>\s]*\s*>|\((?!\w+://)[^()\s]+@[^()\s]*\))[,;:.]?"
)


def find_address(text: str, default_country: str | None) -> str:
    """Return the first email address in a text, else its first phone number, else "".

    A number that can't be shown to be valid counts only with its +: a text is full of digits.
    """
    text = clean(text[:_MOST_TEXT])
    for email in islice(_EMAIL.finditer(text), _MOST_FOUND):
        try:
            return read_identity(email[0], None).value
        except BadAddress:
            continue
    for start in islice(_PHONE_START.finditer(text), _MOST_FOUND):
        rest = text[start.start() : start.start() + _LONGEST_NUMBER]
        fit, end = _find_best(rest, default_country, bare=True)
        if fit is Fit.VALID or (fit and "+" in start[0]):
            return read_identity(rest[:end], default_country).value
    return ""


def find_leading_address(text: str, default_country: str | None) -> str:
    """Return the first address among the first words of a text; "" if there's none."""
    words = list(islice(_WORD.finditer(text[: 2 * LONGEST_ADDRESS]), _NEAR_START))
    return find_address(text[: words[-1].end()], default_country) if words else ""


def address_length(text: str, default_country: str | None) -> int:
    """Return how many characters at the start of a text are an address; 0 if none are.

    What is clearly meant as one counts even if it's wrong, and so does another one after it: the
    form says so, and neither goes to a customer as part of the message.
    """
    text = text[: 2 * LONGEST_ADDRESS]  # what is longer isn't an address
    fit, end = _find_best(text, default_country)
    if not fit:  # perhaps it goes on in the next line
        fit, end = _find_best(text.replace("\n", " "), default_country)
        end = end if fit is Fit.VALID else _wrong_address_length(text)
    more = end
    while more:
        more = _next_address_length(text, end, default_country)
        end += more
    return end if end <= LONGEST_ADDRESS else 0


def _next_address_length(text: str, end: int, country: str | None) -> int:
    """Return how many characters after an address's end another one takes; 0 if none follows.

    It may have a name, or no country code, only if a sign or a word parts the two.
    """
    start = len(text) - len(_BETWEEN.sub("", text[end:]))
    is_parted = bool(_SEPARATOR.search(text, end - 1, start))
    has_country = is_parted or text[start : start + 2].lstrip("(").startswith("0")
    fit, length = _find_best(text[start:], country if has_country else None, bare=not is_parted)
    is_sure = fit is Fit.VALID or "+" in text[start : start + length]
    return start + length - end if fit and is_sure else 0


def _find_best(text: str, country: str | None, *, bare: bool = False) -> tuple[Fit, int]:
    """Find the beginning of a text that fits best as an address, and of these the longest.

    A message that starts with digits may follow the groups of a phone number, so of several that
    are too long for their country, the shortest is the number.
    """
    fits = [(judge(text[:end], country, bare=bare), end) for end in _ends(text)]
    best = max((fit for fit, _ in fits), default=Fit.NONE)
    choose = min if best is Fit.LONG else max
    return best, choose((end for fit, end in fits if best and fit is best), default=0)


def _ends(text: str) -> Iterator[int]:
    """Yield where an address at the start of a text may end: after any word that isn't a sign."""
    yield from takewhile(LONGEST_ADDRESS.__ge__, islice(find_ends(text), _MOST_WORDS))


def find_ends(text: str) -> Iterator[int]:
    """Yield where an address may end: after a word, or in one where a number's digits end."""
    for word in _WORD.finditer(text):
        for glued in _GLUED.finditer(word[0]) if "@" not in word[0] else ():
            before = word[0][: glued.start()]
            is_international = _INTERNATIONAL.search(text, 0, word.start() + glued.start())
            is_sure = is_international or glued[0].startswith((",", ";", ":"))
            if is_sure and before.count("<") == before.count(">"):
                yield word.start() + glued.end()
        if any(map(str.isalnum, word[0])):
            yield word.end()


def _wrong_address_length(text: str) -> int:
    """Return how many characters at the start of a text are meant as an address, but are wrong."""
    bracketed = _IN_BRACKETS.match(text)
    if bracketed and (bracketed["number"] is None or is_clearly_phone(bracketed["number"])):
        return bracketed.end()
    word = _WORD.match(text)
    if word and "@" in tidy(word[0])[1:] and "://" not in word[0]:
        return word.end()
    return max((end for end in _ends(text) if _is_meant(tidy(text[:end]))), default=0)


def _is_meant(text: str) -> bool:
    """Return whether a text is meant as an address: many digits, or a name with an @ or + after."""
    try:
        address = unwrap(text)
    except BadAddress:
        return False
    if _DIGITS.fullmatch(text) or ("+" in address and _DIGITS.fullmatch(address)):
        return is_clearly_phone(address)
    return address != text and bool(re.fullmatch(r"(?!\S*://)[^\s@]+@[^\s@]*", address))
