"""The smallest pieces of Block Kit."""

import pytest
from slack_sdk.models.blocks import HeaderBlock

from bot.cards.blocks import fill, literal, plain, to_json
from bot.cards.errors import SlackRefused


def test_plain_text_turns_no_colons_into_emoji() -> None:
    shown = {"type": "plain_text", "text": ":wave:", "emoji": False}
    assert to_json(plain(":wave:")) == shown


def test_a_literal_has_a_style_only_if_one_is_wanted() -> None:
    shown = {"type": "text", "text": "a"}
    assert to_json(literal("a")) == shown
    assert to_json(literal("a", bold=True)) == {**shown, "style": {"bold": True}}
    assert to_json(literal("a", italic=True)) == {**shown, "style": {"italic": True}}


def test_the_places_of_a_sentence_are_filled_with_words_and_with_pieces_of_rich_text() -> None:
    name, more = literal("Jane", bold=True), [literal("a"), literal("b", italic=True)]
    nodes = fill("{who} from {place}: {more}.", who=name, place="{more}", more=more)
    assert [node.to_dict() for node in nodes] == [
        {"type": "text", "text": "Jane", "style": {"bold": True}},
        {"type": "text", "text": " from {more}: "},
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "style": {"italic": True}},
        {"type": "text", "text": "."},
    ]
    assert fill("{who}", who=name) == [name]
    assert fill("{who}", who="") == []


def test_what_the_sdk_would_not_send_is_refused_as_slack_refuses_it() -> None:
    with pytest.raises(SlackRefused) as caught:
        to_json(HeaderBlock(text=plain("canary" * 100)))
    assert caught.value.code == "invalid_blocks"
    assert "canary" not in f"{caught.value} {caught.value.details}"
