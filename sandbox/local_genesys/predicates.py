"""The filters of a details query: their shapes, and whether a conversation meets them.

A filter combines predicates and one level of clauses with `and` or `or`. A conversation filter
tests the conversation. A segment filter is met if one segment meets all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sandbox.local_genesys.dimensions import (
    CONVERSATION_ANSWERED,
    CONVERSATION_DIMENSIONS,
    SEGMENT_ANSWERED,
    SEGMENT_DIMENSIONS,
)
from sandbox.local_genesys.errors import bad_request, not_supported_here
from sandbox.local_genesys.shapes import Anything, ListOf, Record, Text

# Genesys Cloud matches these by ranges; here a query may only ask whether they exist.
_EXISTENCE_ONLY: Final = frozenset({"conversationEnd", "conversationStart", "segmentEnd"})

_OPERATORS = Text(choices=frozenset({"matches", "exists", "notExists"}))
_KINDS = Text(choices=frozenset({"dimension", "property", "metric"}))
_BOOLEANS = Text(choices=frozenset({"and", "or"}))


def _filter_shape(predicate: Record) -> Record:
    clause = Record(
        {"type": _BOOLEANS, "predicates": ListOf(predicate)},
        required=frozenset({"type", "predicates"}),
    )
    return Record(
        {"type": _BOOLEANS, "clauses": ListOf(clause), "predicates": ListOf(predicate)},
        required=frozenset({"type"}),
    )


CONVERSATION_FILTER: Final = _filter_shape(
    Record(
        {
            "type": _KINDS,
            "dimension": Text(choices=CONVERSATION_DIMENSIONS),
            "metric": Text(),
            "operator": _OPERATORS,
            "value": Text(),
            "range": Anything(),
        }
    )
)
SEGMENT_FILTER: Final = _filter_shape(
    Record(
        {
            "type": _KINDS,
            "dimension": Text(choices=SEGMENT_DIMENSIONS),
            "propertyType": Text(
                choices=frozenset({"bool", "integer", "real", "date", "string", "uuid"})
            ),
            "property": Text(),
            "metric": Text(choices=frozenset({"tSegmentDuration"})),
            "operator": _OPERATORS,
            "value": Text(),
            "range": Anything(),
        }
    )
)

Row = Mapping[str, str | None]
Test = Callable[[Row], bool]


def conversation_test(filters: Iterable[dict[str, Any]]) -> Test:
    """Build the test of a conversation's own dimensions; all filters must be met."""
    tests = [_filter_test(each, CONVERSATION_ANSWERED) for each in filters]
    return lambda row: all(test(row) for test in tests)


def segment_test(filters: Iterable[dict[str, Any]]) -> Callable[[list[Row]], bool]:
    """Build the test of a conversation's segments; each filter must be met by some segment."""
    tests = [_filter_test(each, SEGMENT_ANSWERED) for each in filters]
    return lambda rows: all(any(test(row) for row in rows) for test in tests)


def contacts_named(filters: Iterable[dict[str, Any]]) -> set[str] | None:
    """Return the contact ids that the filters allow, or None for any.

    This saves testing every conversation; the full test still follows.
    """
    for each in filters:
        nodes = [each, *(each.get("clauses") or [])] if each["type"] == "and" else []
        for node in nodes:
            asked = node.get("predicates") or []
            alternatives = asked if node["type"] == "or" or len(asked) == 1 else []
            if alternatives and all(_names_a_contact(one) for one in alternatives):
                return {one["value"] for one in alternatives}
    return None


def _names_a_contact(predicate: dict[str, Any]) -> bool:
    is_match = (predicate.get("operator") or "matches") == "matches"
    return is_match and predicate.get("dimension") == "externalContactId"


def _filter_test(node: dict[str, Any], answered: frozenset[str]) -> Test:
    parts = [_predicate_test(each, answered) for each in node.get("predicates") or []]
    parts += [_filter_test(clause, answered) for clause in node.get("clauses") or []]
    if not parts:
        raise bad_request("A filter needs at least one predicate or clause.", "predicates")
    if node["type"] == "and":
        return lambda row: all(part(row) for part in parts)
    return lambda row: any(part(row) for part in parts)


def _predicate_test(predicate: dict[str, Any], answered: frozenset[str]) -> Test:
    given = {name: value for name, value in predicate.items() if value is not None}
    for unsupported in ("metric", "property", "propertyType", "range"):
        if unsupported in given:
            raise not_supported_here(f"predicates with '{unsupported}'")
    dimension = given.get("dimension")
    if dimension is None or given.get("type", "dimension") != "dimension":
        raise bad_request("A predicate needs a dimension, a metric or a property.", "dimension")
    operator, value = given.get("operator", "matches"), given.get("value")
    if operator == "matches" and value is None:
        raise bad_request("A predicate that matches needs a value.", "value")
    if dimension not in answered:
        raise not_supported_here(f"the dimension '{dimension}'")
    if operator == "matches" and dimension in _EXISTENCE_ONLY:
        raise not_supported_here(f"matching the dimension '{dimension}' with a value")
    if operator == "exists":
        return lambda row: row.get(dimension) is not None
    if operator == "notExists":
        return lambda row: row.get(dimension) is None
    return lambda row: row.get(dimension) == value
