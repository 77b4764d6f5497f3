"""Names that cannot trick the eye, days in words, texts cut with a sign that they were."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import clip, plural_days, show_name


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "today"), (0, "today"), (1, "yesterday"), (2, "2 days ago"), (80, "80 days ago")],
)
def test_days_are_said_in_words(days: int, words: str) -> None:
    assert plural_days(days) == words


@given(text=st.text(st.characters(), max_size=50), length=st.integers(1, 60))
def test_a_clipped_text_fits_and_shows_that_it_was_clipped(text: str, length: int) -> None:
    cut = clip(text, length)
    assert len(cut) <= length
    assert cut == text if len(text) <= length else cut.endswith("…")


@given(st.text(st.characters(), max_size=200))
def test_a_name_is_one_short_line_without_anything_invisible(name: str) -> None:
    shown = show_name(name)
    assert 1 <= len(shown) <= 80
    assert len(shown.splitlines()) == 1
    assert not [sign for sign in shown if unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")]


@pytest.mark.parametrize("name", ["", "  ", "\u200b\u202e", "\n"])
def test_a_missing_name_is_said(name: str) -> None:
    assert show_name(name) == "A customer without a name"
