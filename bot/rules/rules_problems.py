"""Puts mistakes in a rules file into words."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel

from bot.rules.rules_toml import Path

_LONGEST_NAME = 80  # of an unknown key, when it's shown
_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def explain_syntax(error: Exception, text: str) -> tuple[int, str]:
    """Return the line and a sentence for a file that isn't TOML."""
    if isinstance(error, RecursionError):
        return 1, "The brackets of this file are nested too deeply: no setting needs that."
    message = str(error)
    at = _AT.search(message)
    what = message[: at.start()] if at else message
    if at and at[1]:
        return int(at[1]), f"This isn't TOML at column {at[2]}: {what}."
    last = text.rstrip().count("\n") + 1
    return last if at else 1, f"This isn't TOML: {what}."


def explain(model: type[BaseModel], path: Path, kind: str, message: str) -> str:
    """Put one of pydantic's errors into a sentence."""
    name = _name(path)
    match kind:
        case "extra_forbidden":
            return f"{name} isn't a setting: {_suggest(model, path)}"
        case "missing":
            return f"{name} is missing: add it."
        case "model_type" | "model_attributes_type" if not isinstance(path[-1], str):
            return f"{name} must be a section: write [[{_name(path[:-1])}]] in a line above it."
        case "model_type" | "model_attributes_type":
            return f"{name} must be a section: write [{name}] in a line, and its settings below."
        case "value_error":  # our own sentence
            return f"{name} {message.removeprefix('Value error, ')}"
    return f"{name}: {message}."


def _name(path: Path) -> str:
    """Name a setting: "access.guests", or "item 2 of access.users"."""
    keys = ".".join(part for part in path if isinstance(part, str))
    keys = "".join(filter(str.isprintable, keys))[:_LONGEST_NAME]
    numbers = [part + 1 for part in path if isinstance(part, int)]
    return f"item {numbers[-1]} of {keys}" if numbers else keys


def _suggest(model: type[BaseModel], path: Path) -> str:
    """Say what an unknown key may have been meant as."""
    names = [part for part in path[:-1] if isinstance(part, str)]
    key, section = str(path[-1])[:_LONGEST_NAME], ".".join(names)
    sections = _sections(model)
    known = sections.get(section, [])
    if section and key in sections:
        return f"write [{key}] in a line of its own."
    places = [place for place, names in sections.items() if key in names and place != section]
    if places:
        above = f"below [{places[0]}]" if places[0] else "at the top, before the first section"
        return f"{key} belongs {above}."
    near = get_close_matches(key.lower(), known, 1)
    if near:
        return f"did you mean {near[0]}?"
    return f"remove it, or use one of: {', '.join(known)}."


def _sections(model: type[BaseModel]) -> dict[str, list[str]]:
    """Return the names of the settings in each section; "" is the top of the file."""
    sections = {"": list(model.model_fields)}
    for name, field in model.model_fields.items():
        for one in (field.annotation, *get_args(field.annotation)):
            if isinstance(one, type) and issubclass(one, BaseModel):
                inner = _sections(one)
                sections |= {".".join(filter(None, (name, key))): inner[key] for key in inner}
    return sections
