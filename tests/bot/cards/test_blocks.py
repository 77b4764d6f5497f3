"""The smallest pieces of Block Kit."""

from bot.cards.blocks import literal, plain


def test_plain_text_turns_no_colons_into_emoji() -> None:
    assert plain(":wave:") == {"type": "plain_text", "text": ":wave:", "emoji": False}


def test_a_literal_has_a_style_only_if_one_is_wanted() -> None:
    assert literal("a") == {"type": "text", "text": "a"}
    assert literal("a", bold=True) == {"type": "text", "text": "a", "style": {"bold": True}}
    assert literal("a", italic=True) == {"type": "text", "text": "a", "style": {"italic": True}}
