"""Tables of Block Kit's composition objects and elements, with their limits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .rich_text import RICH_TEXT
from .shapes import (
    BlockFault,
    Rule,
    as_list,
    at_least_one,
    boolean,
    by_type,
    every,
    exactly_one,
    items,
    one_of,
    shape,
    string,
    whole,
)

EARLIEST_MOMENT, LATEST_MOMENT = 10**9, 10**10 - 1  # seconds with ten digits

_KIND = string()
_COLOUR = one_of("primary", "danger")


def plain_text(most: int) -> Rule:
    """Require a plain_text object of 1 to `most` characters."""
    return by_type(
        {"plain_text": shape({"type": _KIND, "text": string(1, most)}, {"emoji": boolean})}
    )


def mrkdwn_text(most: int) -> Rule:
    """Require a mrkdwn object of 1 to `most` characters."""
    return by_type(
        {"mrkdwn": shape({"type": _KIND, "text": string(1, most)}, {"verbatim": boolean})}
    )


def any_text(most: int) -> Rule:
    """Require a text object of either kind."""
    return by_type({"plain_text": plain_text(most), "mrkdwn": mrkdwn_text(most)})


IMAGE: Rule = every(
    shape(
        {"type": _KIND, "alt_text": string(1, 2000)},
        {
            "image_url": string(1, 3000),
            "slack_file": shape({}, {"id": string(1), "url": string(1)}),
        },
    ),
    exactly_one("image_url", "slack_file"),
)

_CONFIRM = shape(
    {"text": any_text(300)},
    {
        "title": plain_text(100),
        "confirm": plain_text(30),
        "deny": plain_text(30),
        "style": _COLOUR,
    },
)
_OPTION_FIELDS = {"description": plain_text(75), "url": string(1, 3000)}
PLAIN_OPTION: Rule = shape({"text": plain_text(75), "value": string(1, 75)}, _OPTION_FIELDS)
_OPTION = shape({"text": any_text(75), "value": string(1, 75)}, _OPTION_FIELDS)
OPTION_GROUP: Rule = shape({"label": plain_text(75), "options": items(PLAIN_OPTION, 1, 100)})
_DISPATCH = shape(
    {},
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 1, 2)},
)
_FILTER = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public"), 1),
        "exclude_bot_users": boolean,
        "exclude_external_shared_channels": boolean,
    },
)

_ANY = {"action_id": string(1, 255)}
_ASKS = {**_ANY, "confirm": _CONFIRM}
_FOCUS = {"focus_on_load": boolean}
_PICKS = {**_ASKS, **_FOCUS, "placeholder": plain_text(150)}
_TYPES = {
    **_ANY,
    **_FOCUS,
    "placeholder": plain_text(150),
    "dispatch_action_config": _DISPATCH,
}
_MANY = {"max_selected_items": whole(1, None)}
_HERE = {"default_to_current_conversation": boolean, "filter": _FILTER}
_REPLIES = {"response_url_enabled": boolean}


def _element(required: dict[str, Rule], optional: dict[str, Rule]) -> Rule:
    return shape({"type": _KIND, **required}, optional)


def _initial_is_offered(value: Any, pointer: str) -> Iterator[BlockFault]:
    chosen = as_list(value.get("initial_options")) or [value.get("initial_option")]
    offered = as_list(value.get("options"))
    for group in as_list(value.get("option_groups")):
        offered = offered + (as_list(group.get("options")) if isinstance(group, dict) else [])
    if any(option is not None and option not in offered for option in chosen):
        yield BlockFault(pointer, "the initial option must be one of the options")


def _lengths_agree(value: Any, pointer: str) -> Iterator[BlockFault]:
    least, most = value.get("min_length", 0), value.get("max_length", 3000)
    initial = value.get("initial_value", "")
    if not (isinstance(least, int) and isinstance(most, int) and isinstance(initial, str)):
        return
    if least > most:
        yield BlockFault(f"{pointer}/min_length", "must not be more than max_length")
    if len(initial) > most:
        yield BlockFault(f"{pointer}/initial_value", f"must be less than {most + 1} characters")


def _static_select(optional: dict[str, Rule]) -> Rule:
    lists = {
        "options": items(PLAIN_OPTION, 1, 100),
        "option_groups": items(OPTION_GROUP, 1, 100),
    }
    return every(
        _element({}, {**_PICKS, **lists, **optional}),
        exactly_one("options", "option_groups"),
        _initial_is_offered,
    )


_CHOICES = {"options": items(_OPTION, 1, 10)}
_QUERY = {"min_query_length": whole(0, None)}

BUTTON: Rule = _element(
    {"text": plain_text(75)},
    {
        **_ASKS,
        "value": string(0, 2000),
        "url": string(1, 3000),
        "style": _COLOUR,
        "accessibility_label": string(1, 75),
    },
)

PICKERS: dict[str, Rule] = {
    "channels_select": _element({}, {**_PICKS, **_REPLIES, "initial_channel": string()}),
    "checkboxes": every(
        _element(_CHOICES, {**_ASKS, **_FOCUS, "initial_options": items(_OPTION, 1)}),
        _initial_is_offered,
    ),
    "conversations_select": _element(
        {}, {**_PICKS, **_HERE, **_REPLIES, "initial_conversation": string()}
    ),
    "datepicker": _element({}, {**_PICKS, "initial_date": string(10, 10)}),
    "external_select": _element({}, {**_PICKS, **_QUERY, "initial_option": PLAIN_OPTION}),
    "multi_channels_select": _element({}, {**_PICKS, **_MANY, "initial_channels": items(_KIND)}),
    "multi_conversations_select": _element(
        {}, {**_PICKS, **_MANY, **_HERE, "initial_conversations": items(_KIND)}
    ),
    "multi_external_select": _element(
        {}, {**_PICKS, **_MANY, **_QUERY, "initial_options": items(PLAIN_OPTION)}
    ),
    "multi_static_select": _static_select({**_MANY, "initial_options": items(PLAIN_OPTION)}),
    "multi_users_select": _element({}, {**_PICKS, **_MANY, "initial_users": items(_KIND)}),
    "radio_buttons": every(
        _element(_CHOICES, {**_ASKS, **_FOCUS, "initial_option": _OPTION}),
        _initial_is_offered,
    ),
    "static_select": _static_select({"initial_option": PLAIN_OPTION}),
    "timepicker": _element({}, {**_PICKS, "initial_time": string(5, 5), "timezone": string(1)}),
    "users_select": _element({}, {**_PICKS, "initial_user": string()}),
}

_DATE_TIME = _element(
    {}, {**_ASKS, **_FOCUS, "initial_date_time": whole(EARLIEST_MOMENT, LATEST_MOMENT)}
)
_RICH_INPUT = _element({}, {**_TYPES, "initial_value": RICH_TEXT, "min_lines": whole(1, 32)})

BUTTONS: dict[str, Rule] = {
    "button": BUTTON,
    "overflow": _element({"options": items(PLAIN_OPTION, 1, 5)}, _ASKS),
    "workflow_button": _element(
        {
            "text": plain_text(75),
            "workflow": shape({"trigger": shape({"url": string(1)})}),
        },
        {**_ASKS, "style": _COLOUR, "accessibility_label": string(1, 75)},
    ),
}

ACCESSORIES: dict[str, Rule] = {**BUTTONS, **PICKERS, "image": IMAGE}
ACTIONS: dict[str, Rule] = {
    **BUTTONS,
    **PICKERS,
    "datetimepicker": _DATE_TIME,
    "rich_text_input": _RICH_INPUT,
}
INPUTS: dict[str, Rule] = {
    **PICKERS,
    "datetimepicker": _DATE_TIME,
    "rich_text_input": _RICH_INPUT,
    "plain_text_input": every(
        _element(
            {},
            {
                **_TYPES,
                "initial_value": string(0, 3000),
                "multiline": boolean,
                "min_length": whole(0, 3000),
                "max_length": whole(1, 3000),
            },
        ),
        _lengths_agree,
    ),
    "email_text_input": _element({}, {**_TYPES, "initial_value": string()}),
    "url_text_input": _element({}, {**_TYPES, "initial_value": string()}),
    "number_input": _element(
        {"is_decimal_allowed": boolean},
        {**_TYPES, "initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "file_input": _element(
        {}, {**_ANY, "filetypes": items(string(1), 1), "max_files": whole(1, 10)}
    ),
}

_VERDICT = shape({"text": plain_text(75), "value": string(1, 2000)}, {"accessibility_label": _KIND})
CONTEXT_ACTIONS: dict[str, Rule] = {
    "feedback_buttons": _element({"positive_button": _VERDICT, "negative_button": _VERDICT}, _ANY),
    "icon_button": _element(
        {"icon": string(1), "text": plain_text(75)},
        {
            **_ASKS,
            "value": string(0, 2000),
            "accessibility_label": string(1, 75),
            "visible_to_user_ids": items(string(1)),
        },
    ),
}
TEXT_OR_FIELDS: Rule = at_least_one("text", "fields")
