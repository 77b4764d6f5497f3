"""Filling in a template: each placeholder once, nothing evaluated, everything else as it is."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.content import has_placeholder
from bot.rules.template_rules import TemplateSource, key_of, placeholder_names
from bot.templates.template import Placeholder, Template, fill

NAMES = st.sampled_from(["order", "ORDER", " Order ", "day", "größe", "a b", "__class__", "0"])
TEXTS = st.text(st.characters(exclude_characters="{}", exclude_categories=["Cs"]), max_size=20)
VALUES = st.dictionaries(
    NAMES.map(key_of), st.one_of(TEXTS, st.just("{{order}}"), st.just("{0.__class__}"))
)


@given(st.lists(st.tuples(TEXTS, NAMES)), TEXTS, VALUES)
def test_each_placeholder_is_replaced_once_and_nothing_else_changes(
    parts: list[tuple[str, str]], end: str, values: Mapping[str, str]
) -> None:
    text = "".join(f"{before}{{{{{name}}}}}" for before, name in parts) + end
    expected = "".join(
        before + values.get(key_of(name), f"{{{{{name}}}}}") for before, name in parts
    )
    assert fill(text, values) == expected + end


@given(st.text(), VALUES)
def test_any_text_can_be_filled_in(text: str, values: Mapping[str, str]) -> None:
    assert set(placeholder_names(fill(text, {}))) == set(placeholder_names(text))
    fill(text, values)


@given(st.text(st.characters(exclude_characters="{｛﹛"), max_size=50))
def test_a_text_without_braces_has_no_placeholder(text: str) -> None:
    assert not has_placeholder(text)
    assert not placeholder_names(text)


@given(TEXTS, TEXTS, TEXTS)
def test_whatever_is_left_in_two_braces_is_found(before: str, name: str, after: str) -> None:
    assert has_placeholder(f"{before}{{{{{name}}}}}{after}")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{order}}", "1"),
        ("{{ ORDER }}", "1"),
        ("{{\tOrder}}", "1"),
        ("{{{order}}}", "{1}"),
        ("{{order}}{{order}}", "11"),
        ("{{order", "{{order"),
        ("{{}}", "{{}}"),
        ("{{or\nder}}", "{{or\nder}}"),
        ("{order}", "{order}"),
        ("{{other}}", "{{other}}"),
        ("{{order.real}}", "{{order.real}}"),
    ],
)
def test_how_a_placeholder_is_written(text: str, filled: str) -> None:
    assert fill(text, {"order": "1"}) == filled


@pytest.mark.parametrize("text", ["{{", "a {{b", "{ {x}}", "{\u200b{x}}", "｛｛x｝｝", "{\n{x}}"])
def test_anything_like_a_placeholder_counts_as_one(text: str) -> None:
    assert has_placeholder(text)


@pytest.mark.parametrize("text", ["", "{x}", "}}", '{"a": {"b": 1}}', ":-{ :-}"])
def test_single_braces_are_only_text(text: str) -> None:
    assert not has_placeholder(text)


def test_a_long_text_is_read_quickly() -> None:
    for text in ("{{" * 50_000, "{{" + " " * 100_000, "{{a" * 30_000):
        has_placeholder(text)
        assert fill(text, {"a": "1"}) == text


def test_a_template_knows_the_placeholders_of_a_changed_text() -> None:
    order = Placeholder("order", "Order", "The number", "7")
    template = Template(TemplateSource.FILE, "id", "v", "Late", "{{Order}}", (order,))
    assert template.placeholders_in("{{new}} {{ORDER}}") == (Placeholder("new", "new"), order)
    assert Placeholder("new", "new").is_required
    assert template.key == "id:v"
    assert template.reference == "file:id:v"


def test_no_repr_shows_a_text() -> None:
    order = Placeholder("order", "order", "canary", "canary")
    assert "canary" not in f"{order!r}"
    template = Template(TemplateSource.FILE, "t", "1", "canary", "canary", (order,))
    assert "order" not in f"{template!r}" and "canary" not in f"{template!r}"
