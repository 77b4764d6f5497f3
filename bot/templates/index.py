"""Finds templates while somebody types. In memory: a search takes milliseconds. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from bot.rules.template_rules import slug
from bot.templates.template import Template

_MARKS = re.compile("[\u0300-\u036f]")  # what's left of an accent
_CLOSEST = 3


def fold(text: str) -> str:
    """Return a text without what a search ignores: case and accents."""
    if not text.isascii():
        text = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return text.casefold()


class Index:
    """Some templates, which don't change."""

    def __init__(self, templates: Iterable[Template] = ()) -> None:
        self.templates = tuple(sorted(templates, key=lambda one: (fold(one.name), one.key)))
        self._folded = [(fold(one.name), fold(one.body)) for one in self.templates]
        self._by_key = {one.key: one for one in self.templates}
        self._by_slug: dict[str, list[Template]] = {}
        for one in self.templates:
            self._by_slug.setdefault(slug(one.name), []).append(one)

    def search(self, query: str, most: int) -> tuple[Template, ...]:
        """Return the templates with all words of a query, those with them in the name first."""
        words = fold(query).split()
        named, worded = [], []
        for template, (name, body) in zip(self.templates, self._folded, strict=True):
            if all(word in name for word in words):
                named.append(template)
                if len(named) >= most and not words:
                    break
            elif all(word in name or word in body for word in words):
                worded.append(template)
        first = words[0] if words else ""
        named.sort(key=lambda one: not fold(one.name).startswith(first))
        return tuple((named + worded)[:most])

    def find(self, key: str) -> Template | None:
        """Return the template with this id and version."""
        return self._by_key.get(key)

    def named(self, name: str) -> tuple[Template, ...]:
        """Return the templates with this name, whatever its case and with hyphens or spaces."""
        return tuple(self._by_slug.get(slug(name), ()))

    def closest(self, name: str) -> tuple[str, ...]:
        """Return a few names that somebody may have meant."""
        wanted = slug(name)
        begin = [one for one in self._by_slug if wanted and one.startswith(wanted)]
        slugs = [*begin[:_CLOSEST], *get_close_matches(wanted, self._by_slug, _CLOSEST)]
        found = dict.fromkeys(self._by_slug[one][0].name for one in slugs)
        return tuple(found)[:_CLOSEST]
