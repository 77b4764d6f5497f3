"""Slack's escaping and links are undone exactly once, for an address and for a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.markup import read_message, unescape, unlink, unlink_words

ANY_TEXT = st.text(st.characters())


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@given(ANY_TEXT | st.text("&<>;amplgt", max_size=20))
def test_slacks_escaping_is_undone_exactly_once(text: str) -> None:
    assert unescape(escape(text)) == text
    assert unescape(escape(escape(text))) == escape(text)


@pytest.mark.parametrize(
    ("delivered", "seen"),
    [
        ("<http://example.com|example.com>", "example.com"),
        ("<https://example.com>", "example.com"),
        ("<mailto:a@example.com|a@example.com>", "a@example.com"),
        ("<mailto:a@example.com|Ann>", "a@example.com"),
        ("<tel:+442079460018|020 7946 0018>", "+442079460018"),  # which says more
        ("jane@<http://example.com|example.com>", "jane@example.com"),
        ("<@U0ADA|ada>", "ada"),
        # without a label, so perhaps typed by a person
        ("Ann <a@example.com>", "Ann <a@example.com>"),
        ("<mailto:a@example.com>", "<mailto:a@example.com>"),
        ("<@U0ADA>", "<@U0ADA>"),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_a_link_becomes_its_address_or_what_it_shows(delivered: str, seen: str) -> None:
    assert unlink(delivered) == seen


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        ("see <https://example.com/a?b=1&c=2|example.com>.", "see https://example.com/a?b=1&c=2."),
        ("see <http://example.com>", "see http://example.com"),
        ("mail <mailto:a@example.com|a@example.com>", "mail a@example.com"),
        ("mail <mailto:a@example.com>", "mail a@example.com"),
        ("call <tel:+442079460018|020 7946 0018>", "call 020 7946 0018"),
        ("<@U0ADA> <!channel> <#C0|x> <3", "<@U0ADA> <!channel> <#C0|x> <3"),
    ],
)
def test_a_customer_gets_web_addresses_in_full(delivered: str, words: str) -> None:
    assert unlink_words(delivered) == words


@pytest.mark.parametrize(
    ("delivered", "seen"),
    [
        ("Tell <mailto:jane@example.com|Jane>, please", "Tell jane@example.com, please"),
        ("call <tel:+442079460018|020 7946 0018>", "call +442079460018"),
        ("x &lt;jane@example.com&gt; y", "x <jane@example.com> y"),
        ("Tom &amp; Jerry &amp;lt;3", "Tom & Jerry &lt;3"),
    ],
)
def test_a_message_is_read_as_people_see_it(delivered: str, seen: str) -> None:
    assert read_message(delivered) == seen
