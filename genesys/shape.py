"""Read fields of plain JSON with their types checked.

Genesys leaves out fields that are null or empty, so an absent field reads as the empty value. A
field of the wrong type raises UnexpectedAnswer.
"""

from datetime import UTC, datetime
from typing import Any, TypeVar

from genesys.errors import UnexpectedAnswer

Json = dict[str, Any]
T = TypeVar("T")


def text(source: Json, name: str) -> str:
    """Read a string; "" when absent."""
    return _typed(source, name, str, "")


def flag(source: Json, name: str) -> bool:
    """Read a boolean; False when absent."""
    return _typed(source, name, bool, False)


def count(source: Json, name: str) -> int:
    """Read a whole number; 0 when absent."""
    return _typed(source, name, int, 0)


def nested(source: Json, name: str) -> Json:
    """Read an object; {} when absent."""
    return _typed(source, name, dict, {})


def nested_list(source: Json, name: str) -> list[Json]:
    """Read a list of objects; [] when absent."""
    items = _typed(source, name, list, [])
    if not all(isinstance(item, dict) for item in items):
        raise _unexpected(name, "a list of objects")
    return items


def texts(source: Json, name: str) -> list[str]:
    """Read a list of strings; [] when absent."""
    items = _typed(source, name, list, [])
    if not all(isinstance(item, str) for item in items):
        raise _unexpected(name, "a list of strings")
    return items


def moment(source: Json, name: str) -> datetime | None:
    """Read an ISO 8601 time as an aware UTC datetime; None when absent."""
    written = text(source, name)
    if not written:
        return None
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        raise _unexpected(name, "an ISO 8601 time") from None
    if read.tzinfo is UTC:  # true for nearly all of the thousands of times in a page
        return read
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def identifier(source: Json, name: str) -> str:
    """Read a string that must not be absent or empty."""
    found = text(source, name)
    if not found:
        raise _unexpected(name, "present")
    return found


def _typed(source: Json, name: str, kind: type[T], empty: T) -> T:
    value = source.get(name)
    if value is None:
        return empty
    if not isinstance(value, kind):
        raise _unexpected(name, f"of type {kind.__name__}")
    return value


def _unexpected(name: str, expectation: str) -> UnexpectedAnswer:
    return UnexpectedAnswer.because(f"In Genesys Cloud's answer, {name} should be {expectation}.")
