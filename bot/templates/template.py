"""A template and its placeholders, and how they're filled in. Pure.

Nothing is evaluated, and a text is read once: a value that looks like a placeholder stays text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.rules.template_rules import PLACEHOLDER, TemplateSource, key_of, placeholder_names

# The names of Genesys Cloud for what we know ourselves.
CUSTOMER_NAME = key_of("CUSTOMER_NAME")
AGENT_NAMES = (key_of("AGENT_NAME"), key_of("AGENT_ALIAS"))
BUILT_IN = (CUSTOMER_NAME, *AGENT_NAMES)


@dataclass(frozen=True)
class Placeholder:
    """A part of a text that somebody fills in. ``key`` tells it apart, whatever its case."""

    key: str
    name: str
    description: str = field(default="", repr=False)
    default: str = field(default="", repr=False)
    is_required: bool = True


@dataclass(frozen=True)
class Template:
    """A text to choose; another ``version`` of it has another text."""

    source: TemplateSource
    template_id: str
    version: str
    name: str = field(repr=False)
    body: str = field(repr=False)
    placeholders: tuple[Placeholder, ...] = field(default=(), repr=False)

    @property
    def key(self) -> str:
        """Return what a form names it by: its id and version."""
        return f"{self.template_id}:{self.version}"

    @property
    def reference(self) -> str:
        """Return what the audit log names it by."""
        return f"{self.source.value}:{self.key}"

    def placeholders_in(self, text: str) -> tuple[Placeholder, ...]:
        """Return the placeholders of this template's text, perhaps changed by the agent."""
        known = {one.key: one for one in self.placeholders}
        return tuple(
            known.get(key, Placeholder(key, name)) for key, name in placeholder_names(text).items()
        )


def fill(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of the placeholders whose keys they have; leave the others."""

    def replace(match: re.Match[str]) -> str:
        return values.get(key_of(match[1]), match[0])

    return PLACEHOLDER.sub(replace, text)
