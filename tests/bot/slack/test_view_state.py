"""What Slack delivers of a view is read in one place, and nothing that it sends raises."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.view_state import (
    find_field,
    list_block_ids,
    list_blocks,
    list_fields,
    list_input_ids,
    read_metadata,
    read_option,
    read_text,
    read_time,
    read_version,
    text_at,
)

AT = 1_800_000_000
EVIDENCE = {"type": "rich_text", "block_id": "evidence"}
CUSTOMER = {"type": "input", "block_id": "customer"}
VIEW = {"blocks": [CUSTOMER, EVIDENCE, {"type": "input", "block_id": "message:1"}]}
NOTHING: list[Any] = [{}, {"state": None}, {"state": {"values": []}}, {"state": {"values": {}}}]
BROKEN = [{"values": {"a": one}} for one in (None, [], "x", {}, {"a": None}, {"a": "x"})]
EMPTY = [*NOTHING, *({"state": state} for state in BROKEN)]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["a", "block_id", "type", "value", "selected_option", "selected_date_time"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(["state", "blocks", "private_metadata", "hash", "id", "type"])
VALUES = st.fixed_dictionaries({"state": st.fixed_dictionaries({"values": JSON})})
FIELD = st.fixed_dictionaries({"a": st.fixed_dictionaries({"a": JSON})})
FIELDS = st.fixed_dictionaries({"state": st.fixed_dictionaries({"values": FIELD})})


def _holding(field: object) -> dict[str, Any]:
    """Return a view with one field."""
    return {"state": {"values": {"a": {"a": field}}}}


@pytest.mark.parametrize(
    ("found", "path", "text"),
    [
        ({"a": {"b": "x"}}, ("a", "b"), "x"),
        ({"a": ["x", "y"]}, ("a", 1), "y"),
        ({"a": ["x"]}, ("a", 1), ""),
        ({"a": ["x"]}, ("a", "b"), ""),
        ({"a": "x"}, ("a", 0), ""),
        ({"a": 5}, ("a",), ""),
        (None, ("a",), ""),
        ("x", (), "x"),
    ],
)
def test_a_text_is_found_at_its_path(found: object, path: tuple[str | int, ...], text: str) -> None:
    assert text_at(found, *path) == text


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"value": "Hello"}, "Hello"),
        ({"value": ""}, ""),
        ({"value": None}, ""),
        ({"value": 5}, ""),
        ({"selected_option": {"value": "x"}}, ""),
    ],
)
def test_what_somebody_typed_is_read(field: object, text: str) -> None:
    assert read_text(_holding(field), "a", "a") == text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"selected_option": {"value": "write"}}, "write"),
        ({"selected_option": None}, ""),
        ({"selected_option": {}}, ""),
        ({"selected_option": {"value": 5}}, ""),
        ({"value": "write"}, ""),
    ],
)
def test_what_somebody_chose_is_read(field: object, value: str) -> None:
    assert read_option(_holding(field), "a", "a") == value


@pytest.mark.parametrize(
    ("field", "time"),
    [
        ({"selected_date_time": AT}, datetime.fromtimestamp(AT, UTC)),
        ({"selected_date_time": 0}, datetime(1970, 1, 1, tzinfo=UTC)),
        ({"selected_date_time": None}, None),
        ({"selected_date_time": str(AT)}, None),
        ({"selected_date_time": 10**12}, None),
        ({"selected_date_time": 2**56}, None),  # an OSError, between the others
        ({"selected_date_time": 10**30}, None),
        ({"selected_date_time": -(10**30)}, None),
        ({"value": AT}, None),
    ],
)
def test_a_time_is_read_if_there_is_such_a_time(field: object, time: datetime | None) -> None:
    assert read_time(_holding(field), "a", "a") == time


@pytest.mark.parametrize("view", EMPTY)
def test_a_field_that_is_not_there_is_empty(view: dict[str, Any]) -> None:
    assert read_text(view, "a", "a") == ""
    assert read_option(view, "a", "a") == ""
    assert read_time(view, "a", "a") is None


@pytest.mark.parametrize("view", NOTHING)
def test_a_view_without_state_has_no_fields(view: dict[str, Any]) -> None:
    assert list_fields(view) == []
    assert find_field(view, "a") == "a"


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        (["message"], "message"),
        (["customer", "message:1f"], "message:1f"),
        (["message", "message:1f"], "message:1f"),
        (["messages:1f"], "message"),
        ([], "message"),
    ],
)
def test_a_field_is_found_by_its_name_whatever_follows_a_colon(
    fields: list[str], found: str
) -> None:
    view = {"state": {"values": {block_id: {} for block_id in fields}}}
    assert list_fields(view) == fields
    assert find_field(view, "message") == found


def test_blocks_are_listed_from_top_to_bottom() -> None:
    assert list_blocks(VIEW) == VIEW["blocks"]
    assert list_blocks(VIEW, "rich_text") == [EVIDENCE]
    assert list_block_ids(VIEW) == ["customer", "evidence", "message:1"]
    assert list_input_ids(VIEW) == ["customer", "message:1"]


@pytest.mark.parametrize(
    ("blocks", "ids"),
    [
        (None, []),
        ("x", []),
        ({"block_id": "customer"}, []),
        ([None, "x", CUSTOMER, ["y"]], ["customer"]),
        ([{"type": "input"}], [""]),
        ([{"type": "input", "block_id": 5}], [""]),
    ],
)
def test_what_is_not_a_block_is_left_out(blocks: object, ids: list[str]) -> None:
    assert list_block_ids({"blocks": blocks}) == ids
    assert list_input_ids({"blocks": blocks}) == ids


@pytest.mark.parametrize(
    ("view", "metadata", "version"),
    [
        ({"private_metadata": "[]", "hash": "1.a"}, "[]", "1.a"),
        ({"private_metadata": None, "hash": None}, "", ""),
        ({"private_metadata": 5, "hash": []}, "", ""),
        ({}, "", ""),
    ],
)
def test_metadata_and_version_are_texts(view: dict[str, Any], metadata: str, version: str) -> None:
    assert read_metadata(view) == metadata
    assert read_version(view) == version


@given(st.dictionaries(NAMES, JSON, max_size=4) | VALUES | FIELDS)
def test_any_view_can_be_read(view: dict[str, Any]) -> None:
    texts = (read_text(view, "a", "a"), read_option(view, "a", "a"), find_field(view, "a"))
    listed = (*list_fields(view), *list_block_ids(view), *list_input_ids(view))
    about = (read_metadata(view), read_version(view))
    assert all(isinstance(one, str) for one in (*texts, *listed, *about))
    assert all(isinstance(one, dict) for one in list_blocks(view))
    assert isinstance(read_time(view, "a", "a"), datetime | None)
