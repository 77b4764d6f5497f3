"""Say what agents read, in the language of this installation.

Each sentence stands in English where it's used, and is marked: ``_`` says it, ``ngettext`` says how
many of something there are, and ``N_`` marks one in a table, which ``_`` says when it's shown.
`make catalogue` collects them all in bot/locale/proactive.pot, from which translators work.
https://docs.python.org/3/library/gettext.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from gettext import NullTranslations
from pathlib import Path
from string import Formatter

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.messages.mofile import read_mo
from babel.support import Format, Translations

ENGLISH = "en"
DOMAIN = "proactive"
LOCALE_FOLDER = Path(__file__).parent / "locale"


@dataclass
class _Spoken:
    """The language of this process."""

    sentences: NullTranslations
    figures: Format


_spoken = _Spoken(NullTranslations(), Format(ENGLISH))


def find_languages(folder: Path = LOCALE_FOLDER) -> tuple[str, ...]:
    """Return English and the languages that have a compiled catalogue."""
    found = folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return (ENGLISH, *sorted(file.parts[-3] for file in found))


def find_problems(language: str, folder: Path = LOCALE_FOLDER) -> list[str]:
    """Return what would fail while somebody waits: translations with placeholders of their own."""
    if language == ENGLISH:
        return []
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        return [f"bot/locale/{language} isn't named like a language, such as de or pt_BR."]
    try:
        with (folder / language / "LC_MESSAGES" / f"{DOMAIN}.mo").open("rb") as file:
            read = [(_parts(one.id), _parts(one.string or "")) for one in read_mo(file) if one.id]
    except (OSError, struct.error, UnicodeError):
        return [f"bot/locale/{language} has no whole catalogue: run `pybabel compile` again."]
    return [
        f'the {language} translation of "{english[0]}" has a placeholder that the English sentence '
        "lacks."
        for english, said in read
        if not set().union(*map(_find_placeholders, said)) <= _find_placeholders(english[-1])
    ]


def _parts(sentence: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    """Return a sentence, or its singular and its plurals."""
    return (sentence,) if isinstance(sentence, str) else tuple(sentence)


def _find_placeholders(sentence: str) -> set[str]:
    """Return the placeholders in a sentence: the ``{names}``, and what else is in the braces.

    That's the sentence itself if its braces are wrong.
    """
    try:
        parsed = list(Formatter().parse(sentence))
    except ValueError:
        return {sentence}
    return {f"{name}!{how}:{spec}" for _text, name, spec, how in parsed if name is not None}


def speak(language: str, folder: Path = LOCALE_FOLDER) -> None:
    """Say everything in this language from now on; what its catalogue lacks stays English."""
    _spoken.sentences = Translations.load(folder, [language], DOMAIN)
    _spoken.figures = Format(Locale.parse(language))
    say_number(0)  # loads what Babel knows of it, now rather than while somebody waits


def _(sentence: str) -> str:
    """Say a sentence; its ``{names}`` stay for ``str.format``."""
    return _spoken.sentences.gettext(sentence) if sentence else ""


def ngettext(one: str, many: str, count: int) -> str:
    """Say a sentence about ``count`` things, whose ``{count}`` stays for ``str.format``."""
    return _spoken.sentences.ngettext(one, many, count)


def N_(sentence: str) -> str:  # noqa: N802 (gettext's own name)
    """Mark a sentence that is said later."""
    return sentence


def say_number(count: int) -> str:
    """Write a number with separators: "12,345"."""
    return _spoken.figures.number(count)


def say_day(day: date) -> str:
    """Write a date: "Nov 26, 2026"."""
    return _spoken.figures.date(day, "medium")


def say_weekday(day: date) -> str:
    """Write a date of these days, without its year: "Thu, Nov 26"."""
    return format_skeleton("MMMEd", day, locale=_spoken.figures.locale)


def say_moment(at: datetime) -> str:
    """Write a time as clocks there show it: "Fri, Nov 27 at 8:00 AM"."""
    clock = _spoken.figures.time(at, "short").replace("\u202f", " ")
    return _("{day} at {time}").format(day=say_weekday(at), time=clock)


def say_tenths(number: float) -> str:
    """Write a number with one decimal: "2.0"."""
    return _spoken.figures.decimal(round(number, 1), "0.0")


def say_list(things: Iterable[str]) -> str:
    """Join things with commas."""
    return _(", ").join(things)
