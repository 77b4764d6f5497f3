from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.local_slack import ASSUMPTIONS
from sandbox.local_slack.blocks import Surface, check_blocks
from sandbox.local_slack.stored_blocks import complete_blocks
from sandbox.local_slack.views import check_view
from sandbox.local_slack.wire_text import compose, escape


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(name: str, **more: Any) -> dict[str, Any]:
    return {"text": plain(name), "value": name, **more}


def asked(element: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input", "label": plain("L"), "element": element}


def rich(*nodes: dict[str, Any]) -> dict[str, Any]:
    section = {"type": "rich_text_section", "elements": list(nodes)}
    return {"type": "rich_text", "elements": [section]}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def chart(kind: str = "bar", **more: Any) -> dict[str, Any]:
    points = [{"label": "a", "value": 1}, {"label": "b", "value": 2.5}]
    by_axes = {"series": [{"name": "s", "data": points}], "axis_config": {"categories": ["a", "b"]}}
    drawn = {"segments": points} if kind == "pie" else by_axes
    return {"type": "data_visualization", "title": "T", "chart": {"type": kind, **drawn, **more}}


WORDS = (
    *("series", "axis_config", "categories", "data", "name", "segments"),
    *("type", "text", "options", "option_groups", "initial_option", "initial_options", "element"),
    *("elements", "block_id", "action_id", "section", "plain_text", "mrkdwn", "value", "label"),
    *("min_length", "max_length", "initial_value", "fields", "accessory", "focus_on_load"),
)
CONFIRM = {"title": plain("Sure?"), "text": mrkdwn("x"), "confirm": plain("Y"), "deny": plain("N")}
GOOD = [
    {"type": "section", "text": mrkdwn("x" * 3000), "accessory": button()},
    {"type": "section", "fields": [plain("a"), mrkdwn("b")]},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    {"type": "context", "elements": [mrkdwn("x"), plain("y")]},
    {"type": "image", "image_url": "https://example.com/a.png", "alt_text": "a"},
    actions(button(action_id="a", style="danger", confirm=CONFIRM), button(action_id="b")),
    asked({"type": "plain_text_input", "multiline": True, "max_length": 2000}),
    asked({"type": "email_text_input", "placeholder": plain("p")}),
    asked({"type": "radio_buttons", "options": [option("a")], "initial_option": option("a")}),
    asked({"type": "static_select", "options": [option("a")]}),
    asked({"type": "datetimepicker", "initial_date_time": 1_700_000_000}),
    rich({"type": "text", "text": "<!here>", "style": {"bold": True}}),
    rich({"type": "user", "user_id": "U1"}, {"type": "link", "url": "https://example.com"}),
]
BAD: list[tuple[dict[str, Any], str]] = [
    ({"type": "section"}, ""),
    ({"type": "section", "text": mrkdwn("x" * 3001)}, "/text/text"),
    ({"type": "section", "text": mrkdwn("")}, "/text/text"),
    ({"type": "section", "text": "x"}, "/text"),
    ({"type": "section", "text": {**mrkdwn("x"), "emoji": True}}, "/text/emoji"),
    ({"type": "section", "text": mrkdwn("x"), "txet": 1}, "/txet"),
    ({"type": "section", "fields": [plain("x")] * 11}, "/fields"),
    ({"type": "section", "fields": [plain("x" * 2001)]}, "/fields/0/text"),
    ({"type": "header", "text": mrkdwn("x")}, "/text/type"),
    ({"type": "header", "text": plain("x" * 151)}, "/text/text"),
    ({"type": "banner"}, "/type"),
    ({"type": "divider", "block_id": "x" * 256}, "/block_id"),
    ({"type": "context", "elements": [mrkdwn("x")] * 11}, "/elements"),
    ({"type": "context", "elements": [button()]}, "/elements/0/type"),
    ({"type": "image", "alt_text": "a"}, ""),
    (actions(), "/elements"),
    (actions(*[button()] * 26), "/elements"),
    (actions(button(action_id="a"), button(action_id="a")), ""),
    (actions(button(text=plain("x" * 76))), "/elements/0/text/text"),
    (actions(button(text=mrkdwn("x"))), "/elements/0/text/type"),
    (actions(button(style="default")), "/elements/0/style"),
    (
        actions(button(confirm={**CONFIRM, "title": plain("x" * 101)})),
        "/elements/0/confirm/title/text",
    ),
    (actions(button(visible_to_user_ids=["U1"])), "/elements/0/visible_to_user_ids"),
    (asked({"type": "phone_text_input"}), "/element/type"),
    (asked({"type": "button", "text": plain("x")}), "/element/type"),
    (asked({"type": "plain_text_input", "max_length": 3001}), "/element/max_length"),
    (asked({"type": "plain_text_input", "multiline": "yes"}), "/element/multiline"),
    (asked({"type": "plain_text_input", "min_length": 9, "max_length": 5}), "/element/min_length"),
    (
        asked({"type": "plain_text_input", "max_length": 2, "initial_value": "abc"}),
        "/element/initial_value",
    ),
    (asked({"type": "radio_buttons", "options": []}), "/element/options"),
    (asked({"type": "radio_buttons", "options": [option("a")] * 11}), "/element/options"),
    (asked({"type": "radio_buttons", "options": [option("x" * 76)]}), "/element/options/0/value"),
    (
        asked({"type": "radio_buttons", "options": [option("a")], "initial_option": option("b")}),
        "/element",
    ),
    (asked({"type": "static_select"}), "/element"),
    (
        asked({"type": "static_select", "options": [{"text": mrkdwn("a"), "value": "a"}]}),
        "/element/options/0/text/type",
    ),
    (rich({"type": "text", "text": ""}), "/elements/0/elements/0/text"),
    (rich({"type": "mention"}), "/elements/0/elements/0/type"),
    (rich({"type": "broadcast", "range": "all"}), "/elements/0/elements/0/range"),
    ({"type": "task_card", "task_id": "1", "title": "t", "status": "completed"}, "/status"),
    ({"type": "alert", "text": mrkdwn("only in modals")}, ""),
    ({**chart(), "title": "x" * 51}, "/title"),
    (chart("radar"), "/chart/type"),
    (chart("pie", segments=[{"label": "a", "value": 1}] * 7), "/chart/segments"),
    (chart("pie", segments=[{"label": "x" * 21, "value": 1}]), "/chart/segments/0/label"),
    (chart("line", series=[]), "/chart/series"),
    (chart("area", series=chart()["chart"]["series"] * 2), "/chart/series"),
    (chart(axis_config={"categories": ["a"]}), "/chart/series/0/data"),
    (chart(axis_config={"categories": ["a", "b"], "title": "t"}), "/chart/axis_config/title"),
]


def faults(*blocks: Any, surface: Surface = Surface.MESSAGE) -> Iterator[str]:
    return (fault.pointer for fault in check_blocks(list(blocks), surface, "/blocks"))


@pytest.mark.parametrize("block", GOOD, ids=lambda block: block["type"])
def test_valid_blocks_pass(block) -> None:
    assert list(faults(block)) == [] and list(faults(block, surface=Surface.MODAL)) == []


@pytest.mark.parametrize(("block", "pointer"), BAD, ids=lambda value: str(value)[:40])
def test_each_fault_is_reported_with_its_place(block, pointer) -> None:
    assert f"/blocks/0{pointer}" in list(faults(block))


@pytest.mark.parametrize("kind", ["pie", "bar", "area", "line"])
def test_a_message_may_have_two_charts(kind) -> None:
    assert list(faults(chart(kind), chart(kind))) == []
    assert list(faults(*[chart(kind)] * 3)) == ["/blocks"]
    assert list(faults(chart(kind), surface=Surface.MODAL)) == ["/blocks/0"]


def test_rules_across_blocks_are_checked() -> None:
    twin = {"type": "divider", "block_id": "a"}
    assert list(faults(twin, twin)) == ["/blocks"]
    assert list(faults(*[{"type": "divider"}] * 51)) == ["/blocks"]
    assert list(faults(*[{"type": "divider"}] * 100, surface=Surface.MODAL)) == []
    focus = {"type": "plain_text_input", "focus_on_load": True}
    assert list(faults(asked(focus), asked(focus), surface=Surface.MODAL)) == ["/blocks"]
    assert list(faults("not a block")) == ["/blocks/0"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner),
        max_leaves=12,
    )
)
def test_the_validator_accepts_any_json_without_an_exception(anything) -> None:
    list(check_blocks([anything], Surface.MESSAGE, ""))
    for kind in ("radio_buttons", "static_select", "plain_text_input"):
        element = {**anything, "type": kind} if isinstance(anything, dict) else anything
        list(check_view({"type": "modal", "blocks": [asked(element)]}))
    for kind in ("pie", "bar"):
        drawn = {**anything, "type": kind} if isinstance(anything, dict) else anything
        for block in (
            chart(kind, series=anything, axis_config=anything),
            {**chart(), "chart": drawn},
        ):
            list(check_blocks([block], Surface.MESSAGE, ""))
    for kind in ("actions", "card", "carousel"):
        block = {"type": kind, "elements": anything, "actions": anything, "block_id": anything}
        list(check_blocks([block], Surface.MESSAGE, ""))


def test_stored_blocks_have_ids_and_defaults() -> None:
    (block,) = complete_blocks([actions(button(), button(action_id="mine"))])
    assert block["block_id"]
    first, second = block["elements"]
    assert first["action_id"] and second["action_id"] == "mine"
    assert first["text"] == {"type": "plain_text", "text": "Go", "emoji": True}


def test_wire_text_escapes_three_characters_and_links_addresses() -> None:
    assert escape('<a> & "b"') == '&lt;a&gt; &amp; "b"'
    assert compose("Write jane@example.com, please") == (
        "Write <mailto:jane@example.com|jane@example.com>, please"
    )
    assert compose("*bold* @here") == "*bold* @here"


def test_every_assumption_is_complete() -> None:
    subjects = [assumption.subject for assumption in ASSUMPTIONS]
    assert len(set(subjects)) == len(subjects) > 10
    assert all(row.stand_in.endswith(".") and row.reason.endswith(".") for row in ASSUMPTIONS)
