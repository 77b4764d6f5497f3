"""The small forms that ask for a reason."""

import json

from bot.cards.blocks import literal
from bot.slack.reason_form import METADATA_LENGTH, REASON, build_reason_form, write_metadata


def test_whoever_opens_it_can_type_the_reason_at_once() -> None:
    view = build_reason_form("x", "Title", "Do it", [literal("Who")], "Why?", "")
    [field] = [block["element"] for block in view["blocks"] if block.get("block_id") == REASON]
    assert field["focus_on_load"] is True


def test_a_title_is_cut_only_if_slack_takes_no_more() -> None:
    for title, shown in (("x" * 24, "x" * 24), ("x" * 25, "x" * 23 + "…")):
        view = build_reason_form("x", title, "Do it", [literal("Who")], "Why?", "")
        assert view["title"]["text"] == shown


def test_metadata_ends_with_the_first_text_for_which_there_is_no_room() -> None:
    long = "x" * METADATA_LENGTH
    assert json.loads(write_metadata(("form",), ("one", "two"))) == ["form", "one", "two"]
    assert json.loads(write_metadata(("form",), ("one", long, "two"))) == ["form", "one"]
