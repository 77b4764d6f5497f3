"""A form's `state.values`, and what Slack's client refuses to submit.

A stateful element has one value field. If nobody has touched the element, the field has the
initial value or null (lists are empty). A submission never leaves a field out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .elements import EARLIEST_MOMENT, LATEST_MOMENT
from .stored_blocks import interactive_elements

Values = dict[str, dict[str, Any]]
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")
_WORDS = ("value", "initial_value")

# element type -> (field in state.values, field with the initial value)
_STATEFUL: dict[str, tuple[str, str]] = {
    "plain_text_input": _WORDS,
    "email_text_input": _WORDS,
    "url_text_input": _WORDS,
    "number_input": _WORDS,
    "rich_text_input": ("rich_text_value", "initial_value"),
    "radio_buttons": ("selected_option", "initial_option"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}
_OFFERED = frozenset({"radio_buttons", "static_select", "checkboxes", "multi_static_select"})
_WORD_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})


class FormError(ValueError):
    """A person can't fill in a form like this; the text says why."""


@dataclass(frozen=True)
class Field:
    """One stateful element and its block."""

    block: dict[str, Any]
    element: dict[str, Any]

    @property
    def name(self) -> str:
        """The name of the field in the state value."""
        return _STATEFUL[self.element["type"]][0]

    def initial(self) -> Any:
        """Return the value that the element starts with."""
        found = self.element.get(_STATEFUL[self.element["type"]][1])
        return [] if found is None and self.name.endswith("s") else found

    def read(self, given: Any) -> Any:
        """Read a value that a person could have entered. Raises FormError."""
        if not isinstance(given, dict) or self.name not in given:
            raise FormError(f"{self.element['type']} needs a value in the field {self.name}.")
        value = given[self.name]
        kind = self.element["type"]
        if kind in _WORD_INPUTS:
            if value is not None and not isinstance(value, str):
                raise FormError(f"{kind} takes text.")
            return value or None
        if kind == "datetimepicker" and not _is_moment(value):
            raise FormError("datetimepicker takes a time in whole seconds since 1970, or null.")
        if kind in _OFFERED and isinstance(value, list):
            return [self._offered(option) for option in value]
        return self._offered(value) if kind in _OFFERED and value is not None else value

    def _offered(self, option: Any) -> dict[str, Any]:
        groups = self.element.get("option_groups") or []
        options = [*(self.element.get("options") or [])]
        options += [option for group in groups for option in group["options"]]
        wanted = option.get("value") if isinstance(option, dict) else option
        for candidate in options:
            if candidate["value"] == wanted:
                return dict(candidate)
        raise FormError(f"{self.element['type']} does not offer this option.")


def _is_moment(value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value is None or (is_whole and EARLIEST_MOMENT <= value <= LATEST_MOMENT)


def is_stateful(element: dict[str, Any]) -> bool:
    """Return whether an element has a value in state.values (buttons have none)."""
    return element.get("type") in _STATEFUL


def list_fields(blocks: list[dict[str, Any]]) -> Iterator[Field]:
    """List the stateful elements in blocks."""
    for block in blocks:
        for element in interactive_elements(block):
            if is_stateful(element):
                yield Field(block, element)


def keep_values(blocks: list[dict[str, Any]], before: Values) -> Values:
    """Return the state of blocks: earlier values with the same ids, else the initial values."""
    values: Values = {}
    for item in list_fields(blocks):
        block_id, action_id = item.block["block_id"], item.element["action_id"]
        old = before.get(block_id, {}).get(action_id)
        kept = old if old is not None and old["type"] == item.element["type"] else None
        fresh = {"type": item.element["type"], item.name: item.initial()}
        values.setdefault(block_id, {})[action_id] = kept or fresh
    return values


def fill_in(blocks: list[dict[str, Any]], before: Values, given: Any) -> Values:
    """Return the state after a person filled in `given`: {block_id: {action_id: state value}}.

    Raises FormError if a field doesn't exist or can't have the value.
    """
    values = keep_values(blocks, before)
    fields = {(f.block["block_id"], f.element["action_id"]): f for f in list_fields(blocks)}
    if not isinstance(given, dict):
        raise FormError("values must be an object.")
    for block_id, actions in given.items():
        if not isinstance(actions, dict):
            raise FormError(f"values.{block_id} must be an object.")
        for action_id, value in actions.items():
            item = fields.get((block_id, action_id))
            if item is None:
                raise FormError(f"There is no input {block_id}/{action_id} in this view.")
            read = item.read(value)
            values[block_id][action_id] = {"type": item.element["type"], item.name: read}
    return values


def list_refusals(blocks: list[dict[str, Any]], values: Values) -> dict[str, str]:
    """List why Slack's client wouldn't submit the form: {block_id: sentence}."""
    refusals: dict[str, str] = {}
    for item in list_fields(blocks):
        if item.block.get("type") != "input":
            continue
        block_id = item.block["block_id"]
        value = values[block_id][item.element["action_id"]][item.name]
        problem = _refusal(item, value)
        if problem:
            refusals[block_id] = problem
    return refusals


def _refusal(item: Field, value: Any) -> str | None:
    if value in (None, "", []):
        return None if item.block.get("optional") else "Please complete this required field."
    kind, element = item.element["type"], item.element
    if kind == "email_text_input" and not _EMAIL.match(value):
        return "Please enter a valid email address."
    if kind == "plain_text_input":
        most, least = element.get("max_length", 3000), element.get("min_length", 0)
        if len(value) > most:
            return f"Please use {most} characters or fewer."
        if len(value) < least:
            return f"Please use at least {least} characters."
    return None
