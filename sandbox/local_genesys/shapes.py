"""Checks request bodies and query strings against the shapes that endpoints declare.

`check` raises ApiError 400 for the first mistake: an unknown or missing field, a wrong type, a
value that isn't in an enumeration, or a text that is too long. Null counts as absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.local_genesys.errors import bad_request, invalid_value


@dataclass(frozen=True)
class Text:
    """A string, which may have to be one of `choices` or have a maximum length."""

    choices: frozenset[str] = frozenset()
    longest: int | None = None


@dataclass(frozen=True)
class Whole:
    """An integer within bounds."""

    least: int = 0
    most: int = 2**31 - 1


@dataclass(frozen=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True)
class Anything:
    """Any value; the endpoint refuses the field if it's set, because it doesn't support it."""


@dataclass(frozen=True)
class ListOf:
    """An array of one shape."""

    item: Shape


@dataclass(frozen=True)
class Record:
    """An object with these fields and no others."""

    fields: Mapping[str, Shape] = field(hash=False)
    required: frozenset[str] = frozenset()


Shape = Text | Whole | Flag | Anything | ListOf | Record


def check(shape: Shape, value: object, place: str = "body") -> None:
    """Raise ApiError unless the value has the shape; `place` names the value in the message."""
    match shape:
        case Record():
            _check_record(shape, value, place)
        case ListOf():
            _check_list(shape, value, place)
        case Text():
            _check_text(shape, value, place)
        case Whole():
            _check_whole(shape, value, place)
        case Flag():
            if not isinstance(value, bool):
                raise bad_request(f"{place} must be a boolean.", place)
        case Anything():
            pass


def _check_record(shape: Record, value: object, place: str) -> None:
    if not isinstance(value, dict):
        raise bad_request(f"{place} must be a JSON object.", place)
    for name in value:
        if name not in shape.fields:
            raise bad_request(f'Unrecognized field "{name}" in {place}.', str(name))
    for name in sorted(shape.required):
        if value.get(name) is None:
            raise bad_request(f'Required field "{name}" is missing in {place}.', name)
    for name, inner in value.items():
        if inner is not None:
            check(shape.fields[name], inner, name if place == "body" else f"{place}.{name}")


def _check_list(shape: ListOf, value: object, place: str) -> None:
    if not isinstance(value, list):
        raise bad_request(f"{place} must be an array.", place)
    for index, element in enumerate(value):
        check(shape.item, element, f"{place}[{index}]")


def _check_whole(shape: Whole, value: object, place: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise bad_request(f"{place} must be an integer.", place)
    if not shape.least <= value <= shape.most:
        raise invalid_value(place, value, "Integer", f"{shape.least} to {shape.most}")


def _check_text(shape: Text, value: object, place: str) -> None:
    if not isinstance(value, str):
        raise bad_request(f"{place} must be a string.", place)
    if shape.choices and value not in shape.choices:
        raise invalid_value(place, value, "Enum", ", ".join(sorted(shape.choices)))
    if shape.longest is not None and len(value) > shape.longest:
        raise bad_request(f"{place} must have at most {shape.longest} characters.", place)


def check_query(query: Mapping[str, str], allowed: Mapping[str, frozenset[str] | None]) -> None:
    """Raise ApiError for an unknown query parameter or a wrong value.

    `allowed` maps each name to the values that its comma-separated list may have, or to None if
    any value is allowed.
    """
    for name, value in query.items():
        if name not in allowed:
            raise bad_request(f'Unrecognized query parameter "{name}".', name)
        choices = allowed[name]
        if choices is None:
            continue
        for part in value.split(","):
            if part not in choices:
                raise invalid_value(name, part, "Enum", ", ".join(sorted(choices)))


def without_nulls(body: dict[str, Any]) -> dict[str, Any]:
    """Drop the top-level fields that are null, because null counts as absent."""
    return {name: value for name, value in body.items() if value is not None}
