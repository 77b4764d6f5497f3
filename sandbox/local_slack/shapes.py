"""Rules for what JSON must look like, from which `elements`, `rich_text` and `blocks` build tables.

A rule yields a `BlockFault` with a JSON pointer for everything that Slack would refuse. It never
raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class BlockFault:
    """One thing that Slack would refuse, and where it is."""

    pointer: str
    problem: str

    def __str__(self) -> str:
        """Format the fault as in Slack's response_metadata.messages."""
        return f"[ERROR] {self.problem} [json-pointer:{self.pointer}]"


Rule = Callable[[Any, str], Iterator[BlockFault]]
Fields = Mapping[str, Rule]


def string(least: int = 0, most: int | None = None) -> Rule:
    """Require text of this many characters."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if not isinstance(value, str):
            yield BlockFault(pointer, f"expected a string, not {_kind(value)}")
        elif len(value) < least:
            yield BlockFault(pointer, f"must be more than {least - 1} characters")
        elif most is not None and len(value) > most:
            yield BlockFault(pointer, f"must be less than {most + 1} characters")

    return check


def boolean(value: Any, pointer: str) -> Iterator[BlockFault]:
    """Require true or false."""
    if not isinstance(value, bool):
        yield BlockFault(pointer, f"expected a boolean, not {_kind(value)}")


def number(value: Any, pointer: str) -> Iterator[BlockFault]:
    """Require a number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield BlockFault(pointer, f"expected a number, not {_kind(value)}")


def whole(least: int | None = None, most: int | None = None) -> Rule:
    """Require a whole number in this range."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield BlockFault(pointer, f"expected an integer, not {_kind(value)}")
        elif (least is not None and value < least) or (most is not None and value > most):
            yield BlockFault(pointer, f"must be from {least} to {most}")

    return check


def one_of(*allowed: str | int) -> Rule:
    """Require one of these values."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if isinstance(value, bool) or value not in allowed:
            yield BlockFault(pointer, f"must be one of {', '.join(map(str, allowed))}")

    return check


def items(rule: Rule, least: int = 0, most: int | None = None) -> Rule:
    """Require a list of this many items, and apply the rule to each."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if not isinstance(value, list):
            yield BlockFault(pointer, f"expected an array, not {_kind(value)}")
            return
        if len(value) < least:
            yield BlockFault(pointer, f"no fewer than {least} items allowed")
        if most is not None and len(value) > most:
            yield BlockFault(pointer, f"no more than {most} items allowed")
        for index, item in enumerate(value):
            yield from rule(item, f"{pointer}/{index}")

    return check


def shape(required: Fields, optional: Fields | None = None) -> Rule:
    """Require an object with these fields and no others."""
    known = {**required, **(optional or {})}

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if not isinstance(value, dict):
            yield BlockFault(pointer, f"expected an object, not {_kind(value)}")
            return
        for name in required:
            if name not in value:
                yield BlockFault(pointer, f"missing required field: {name}")
        for name, content in value.items():
            if name in known:
                yield from known[name](content, f"{pointer}/{name}")
            else:
                yield BlockFault(f"{pointer}/{name}", "no such field")

    return check


def by_type(table: Mapping[str, Rule]) -> Rule:
    """Require an object whose `type` is in the table, and apply the table's rule."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict):
            yield BlockFault(pointer, f"expected an object, not {_kind(value)}")
        elif not isinstance(kind, str) or kind not in table:
            yield BlockFault(f"{pointer}/type", f"unsupported type: {kind}")
        else:
            yield from table[kind](value, pointer)

    return check


def every(*rules: Rule) -> Rule:
    """Apply all the rules, the later ones only to objects."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        for number, rule in enumerate(rules):
            if number == 0 or isinstance(value, dict):
                yield from rule(value, pointer)

    return check


def at_least_one(*names: str) -> Rule:
    """Require at least one of these fields."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if not any(name in value for name in names):
            yield BlockFault(pointer, f"missing required field: {' or '.join(names)}")

    return check


def exactly_one(*names: str) -> Rule:
    """Require exactly one of these fields."""

    def check(value: Any, pointer: str) -> Iterator[BlockFault]:
        if sum(name in value for name in names) != 1:
            yield BlockFault(pointer, f"exactly one of {', '.join(names)} is required")

    return check


def as_list(value: Any) -> list[Any]:
    """Return a list unchanged, or an empty one for anything else, which other rules report."""
    return value if isinstance(value, list) else []


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", dict: "object", list: "array", str: "string"}
    return names.get(type(value), "number")
