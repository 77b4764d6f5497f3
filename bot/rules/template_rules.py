"""The section of the rules file about templates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, field_validator

from bot.rules.rule_sections import Section
from bot.rules.rule_values import ITEMS, Switch, one_of
from bot.text import NAME_LENGTH, sendable, visible

LONGEST_TEXT = 2_000
MOST_PLACEHOLDERS = 20  # a form has room for a hundred blocks in all
PLACEHOLDER = re.compile(r"\{\{([^{}\n]{1,100})\}\}")


class TemplateSource(StrEnum):
    """Where templates come from."""

    OFF = "off"
    GENESYS = "genesys"
    FILE = "file"


def key_of(name: str) -> str:
    """Return what tells placeholders apart: neither case nor spaces."""
    return " ".join(name.split()).casefold()


def slug(name: str) -> str:
    """Return a template's name as it's typed after "#"."""
    return "-".join(visible(name).casefold().replace("-", " ").split())


def placeholder_names(text: str) -> dict[str, str]:
    """Return the placeholders of a text in their order, each by its key as it's first written."""
    found: dict[str, str] = {}
    for match in PLACEHOLDER.finditer(text):
        if key_of(match[1]):
            found.setdefault(key_of(match[1]), " ".join(match[1].split()))
    return found


def _read_text(value: object) -> str:
    if not isinstance(value, str) or not visible(value).strip():
        raise ValueError("must be a text in quotation marks that isn't empty.")
    return sendable(value)


def _check_name(name: str) -> str:
    if len(name) > NAME_LENGTH or "\n" in name or not slug(name):
        raise ValueError(f"must be one line of at most {NAME_LENGTH} characters.")
    return name


def _check_text(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ValueError(f"must have at most {LONGEST_TEXT:,} characters.")
    if len(placeholder_names(text)) > MOST_PLACEHOLDERS:
        raise ValueError(f"has too many placeholders: leave at most {MOST_PLACEHOLDERS}.")
    return text


def _read_defaults(value: object) -> tuple[tuple[str, str], ...]:
    """Take the text for each placeholder, so that agents needn't type it."""
    if value == ():
        return ()
    is_table = isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    if not isinstance(value, dict) or not is_table:
        raise ValueError('must have a text for each placeholder, such as { day = "tomorrow" }.')
    return tuple((key_of(name), sendable(one)) for name, one in value.items())


_Text = Annotated[str, BeforeValidator(_read_text)]


class TemplateText(Section):
    """A text that agents choose from."""

    name: Annotated[_Text, AfterValidator(_check_name)] = Field(
        description="What agents search for, or type after #."
    )
    text: Annotated[_Text, AfterValidator(_check_text)] = Field(
        description="The text, with placeholders such as {{order}}."
    )
    defaults: Annotated[
        tuple[tuple[str, str], ...],
        BeforeValidator(_read_defaults, json_schema_input_type=dict[str, str]),
    ] = Field(default=(), description="What stands in the fields of placeholders at first.")


class TemplateRules(Section):
    """The texts that agents choose from. With an empty list in the file, there are none."""

    source: Annotated[
        TemplateSource,
        one_of(TemplateSource.OFF, TemplateSource.GENESYS, TemplateSource.FILE),
    ] = Field(
        default=TemplateSource.FILE,
        description='Where templates come from: "off", "genesys" (Response Management) or "file".',
    )
    editable: Switch = Field(
        default=True, description="Whether agents may change the text of a template."
    )
    list: Annotated[tuple[TemplateText, ...], ITEMS] = Field(
        default=(), description="The templates, if they come from this file."
    )

    @property
    def are_on(self) -> bool:
        """Return whether agents have any to choose from."""
        return self.source is TemplateSource.GENESYS or (
            self.source is TemplateSource.FILE and bool(self.list)
        )

    @field_validator("list")
    @classmethod
    def _names_differ(cls, templates: tuple[TemplateText, ...]) -> tuple[TemplateText, ...]:
        for number, twice in _repeated(templates):
            raise ValueError(f"has two templates with one name: items {number} and {twice}.")
        return templates


def _repeated(templates: tuple[TemplateText, ...]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of templates that nobody could tell apart."""
    seen: dict[str, int] = {}
    for number, one in enumerate(templates, 1):
        earlier = seen.setdefault(slug(one.name), number)
        if earlier != number:
            yield earlier, number
