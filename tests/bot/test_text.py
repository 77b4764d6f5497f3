"""Names that can't trick the reader, days in words, and texts that are clipped visibly."""

import re
import unicodedata
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import (
    ago,
    clean,
    clip,
    clip_units,
    explain,
    hours_ago,
    how_long,
    say_days_ago,
    sendable,
    show_name,
    split,
    visible,
)
from genesys import Conflict, GenesysError

ANY_TEXT = st.text(st.characters())  # surrogates, controls and direction marks included


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  jane ", "jane"),
        ("a\u00a0b\u202fc\u3000d", "a b c d"),
        ("a\u200bb\u202ec\x00d", "abcd"),
        ("a\tb\nc", "a\tb\nc"),
        ("\u200b \u00a0", ""),
    ],
)
def test_a_cleaned_text_has_plain_spaces_and_nothing_invisible(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(ANY_TEXT)
def test_cleaning_leaves_no_invisible_character(text: str) -> None:
    kept = clean(text)
    assert clean(kept) == kept == kept.strip()
    for char in kept:
        category = unicodedata.category(char)
        assert category not in ("Cf", "Cc") or char in "\t\n"
        assert category != "Zs" or char == " "


@given(ANY_TEXT)
def test_a_visible_text_cannot_mislead_its_reader(text: str) -> None:
    shown = visible(text)
    assert visible(shown) == shown
    hidden, allowed = {"Cc", "Cf", "Cs"}, "\t\n\u200c\u200d"
    assert [c for c in text if unicodedata.category(c) not in hidden or c in allowed] == list(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a\u202eb", "ab"), ("a\x07b", "ab"), ("a\ud800b", "ab"), ("a\u200db\tc", "a\u200db\tc")],
)
def test_misleading_characters_are_not_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_emoji_families_stay_visible() -> None:
    assert visible("👩‍👩‍👧‍👦 𝔘") == "👩‍👩‍👧‍👦 𝔘"


@pytest.mark.parametrize(
    ("text", "sent"),
    [("a\x00b\x07c\x1bd\x7fe", "abcde"), ("a\tb\nc\x0bd\x0ce", "a\tb\ncde"), ("\ud800x", "x")],
)
def test_control_characters_are_not_sent(text: str, sent: str) -> None:
    assert sendable(text) == sent


@given(ANY_TEXT)
def test_a_sendable_text_loses_only_control_characters(text: str) -> None:
    kept = sendable(text)
    assert sendable(kept) == kept
    kept.encode()  # no half of a surrogate pair
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", kept)
    assert all(unicodedata.category(char) in ("Cc", "Cs") for char in text if char not in kept)


@pytest.mark.parametrize(
    ("text", "length", "clipped"),
    [("abcd", 4, "abcd"), ("abcde", 4, "abc…"), ("ab cde", 4, "ab…"), ("ab", 1, "…"), ("", 3, "")],
)
def test_a_clipped_text_ends_in_an_ellipsis(text: str, length: int, clipped: str) -> None:
    assert clip(text, length) == clipped


@given(text=st.text(st.characters(), max_size=50), length=st.integers(1, 60))
def test_a_clipped_text_fits(text: str, length: int) -> None:
    cut = clip(text, length)
    assert len(cut) <= length
    assert cut == text if len(text) <= length else cut.endswith("…")


@pytest.mark.parametrize(
    ("text", "clipped"),
    [
        ("", ""),
        ("abcdef", "abcdef"),
        ("abcdefg", "abcde…"),
        ("😀😀😀", "😀😀😀"),  # two units each
        ("😀😀😀😀", "😀😀…"),
        ("😀" * 80, "😀😀…"),
    ],
)
def test_a_text_is_clipped_to_six_utf_16_units(text: str, clipped: str) -> None:
    assert clip_units(text, 6) == clipped


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", []), ("abc", ["abc"]), ("abcd", ["abc", "d"]), ("abcdef", ["abc", "def"])],
)
def test_a_text_is_split_into_parts_that_are_all_of_it(text: str, parts: list[str]) -> None:
    assert split(text, 3) == parts


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "today"), (0, "today"), (1, "yesterday"), (2, "2 days ago"), (80, "80 days ago")],
)
def test_days_are_said_in_words(days: int, words: str) -> None:
    assert say_days_ago(days) == words


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        *[(0, "less than an hour"), (0.99, "less than an hour"), (1, "1 hour"), (1.9, "1 hour")],
        *[(2, "2 hours"), (47.9, "47 hours"), (48, "2 days"), (71.9, "2 days"), (72, "3 days")],
    ],
)
def test_a_length_of_time_is_said_in_words(hours: float, words: str) -> None:
    time = timedelta(hours=hours)
    assert (how_long(time), hours_ago(time)) == (words, f"{words} ago")


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        *[(-1, "just now"), (0.9, "just now"), (1, "1 minute ago"), (59, "59 minutes ago")],
        *[(60, "1 hour ago"), (179, "2 hours ago"), (2880, "2 days ago")],
    ],
)
def test_it_is_said_in_words_how_long_ago_something_was(minutes: float, words: str) -> None:
    assert ago(timedelta(minutes=minutes)) == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Jane Doe", "Jane Doe"),
        (" Jane \u00a0 Doe\n", "Jane Doe"),
        ("\u202eenaJ", "enaJ"),
        ("x" * 80, "x" * 80),
        ("x" * 81, "x" * 79 + "…"),
        ("", "A customer without a name"),
        ("  ", "A customer without a name"),
        ("\u200b\u202e", "A customer without a name"),
        ("\n", "A customer without a name"),
    ],
)
def test_a_name_is_shown_on_one_short_line_or_said_to_be_missing(name: str, shown: str) -> None:
    assert show_name(name) == shown


@given(st.text(st.characters(), max_size=200))
def test_a_shown_name_has_nothing_invisible(name: str) -> None:
    shown = show_name(name)
    assert 1 <= len(shown) <= 80
    assert len(shown.splitlines()) == 1
    assert not [char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Conflict("Busy.", "Wait."), "Busy. Wait."),
        (Conflict("Busy.", "Wait.", code="a.b"), "Busy. Wait. (Genesys Cloud: code a.b)"),
        (
            Conflict("Busy.", "Wait.", correlation_id="123"),
            "Busy. Wait. (Genesys Cloud: reference 123)",
        ),
        (
            Conflict("Busy.", "Wait.", code="a.b", correlation_id="123"),
            "Busy. Wait. (Genesys Cloud: code a.b, reference 123)",
        ),
    ],
)
def test_an_explained_error_has_the_code_and_the_reference(error: GenesysError, words: str) -> None:
    assert explain(error) == words
