"""The forms behind a card's buttons: what they show, and where somebody begins to type."""

from collections.abc import Callable, Iterator
from typing import Any

from bot.request import Request
from bot.slack.buttons.approval_view import build_decline
from bot.slack.buttons.edit_view import build_edit
from bot.slack.forms.form_input import MESSAGE

from ...conftest import PLACE

Build = Callable[..., Request]


def bold(found: Any) -> Iterator[str]:
    """Yield the bold texts of a view."""
    if isinstance(found, list):
        for one in found:
            yield from bold(one)
    elif isinstance(found, dict):
        if found.get("type") == "text" and (found.get("style") or {}).get("bold"):
            yield found["text"]
        for one in found.values():
            yield from bold(one)


def test_an_edit_begins_in_a_large_field_with_the_whole_text(a_request: Build) -> None:
    view = build_edit(a_request(customer_name="Jane Doe"), PLACE)
    assert list(bold(view)) == ["Jane Doe (j•••@example.com)"]
    [message] = [block for block in view["blocks"] if block["block_id"] == MESSAGE]
    assert message["optional"] is False
    field = message["element"]
    assert (field["multiline"], field["focus_on_load"]) == (True, True)
    assert field["initial_value"] == "Your order is ready"


def test_whoever_declines_a_message_sees_to_whom_it_would_have_gone(a_request: Build) -> None:
    assert list(bold(build_decline(a_request(), PLACE))) == ["j•••@example.com"]
