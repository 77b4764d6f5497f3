"""Reading JSON fields: absent means empty, and a wrong type is never passed on."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from genesys import UnexpectedAnswer
from genesys.shape import count, flag, identifier, moment, nested, nested_list, text, texts

Reader = Callable[[dict[str, Any], str], Any]


@pytest.mark.parametrize(
    ("read", "empty", "value"),
    [
        (text, "", "a"),
        (flag, False, True),
        (count, 0, 7),
        (nested, {}, {"a": 1}),
        (nested_list, [], [{"a": 1}, {}]),
        (texts, [], ["a", ""]),
        (moment, None, "2026-11-22T12:00:00Z"),
    ],
)
def test_an_absent_field_reads_as_the_empty_value(read: Reader, empty: Any, value: Any) -> None:
    assert read({}, "x") == read({"x": None}, "x") == empty
    assert type(read({}, "x")) is type(empty)
    if read is not moment:
        assert read({"x": value}, "x") == value


@pytest.mark.parametrize(
    ("read", "wrong", "expectation"),
    [
        (text, 7, "of type str"),
        (flag, "yes", "of type bool"),
        (count, "7", "of type int"),
        (nested, [], "of type dict"),
        (nested_list, {}, "of type list"),
        (nested_list, [{}, "a"], "a list of objects"),
        (texts, "a", "of type list"),
        (texts, ["a", 1], "a list of strings"),
        (moment, 5, "of type str"),
        (moment, "yesterday", "an ISO 8601 time"),
        (identifier, 7, "of type str"),
        (identifier, "", "present"),
        (identifier, None, "present"),
    ],
)
def test_a_field_of_the_wrong_type_is_unexpected(
    read: Reader, wrong: Any, expectation: str
) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        read({"x": wrong}, "x")
    detail = f"In Genesys Cloud's answer, x should be {expectation}."
    assert caught.value.hint == f"{detail} {UnexpectedAnswer.hint}"
    assert str(caught.value) == str(UnexpectedAnswer()), "agents read no field names"


@pytest.mark.parametrize(
    "written",
    [
        "2026-11-22T12:00:00Z",
        "2026-11-22T14:00:00+02:00",
        "2026-11-22T12:00:00",
        "20261122T120000Z",
    ],
)
def test_a_time_is_read_in_utc(written: str) -> None:
    read = moment({"x": written}, "x")
    assert read == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert read.tzinfo is UTC


def test_an_identifier_is_read() -> None:
    assert identifier({"x": "abc"}, "x") == "abc"
