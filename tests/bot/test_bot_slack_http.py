"""How the HTTP edge reads what Slack sends, also what trips other parsers."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.http import parse

FORM = b"application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAME = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda name: name != "payload")


@given(st.dictionaries(NAME, TEXT, min_size=1, max_size=8))
def test_every_form_field_arrives_as_it_was_typed(fields: dict[str, str]) -> None:
    assert parse(urlencode(fields).encode(), FORM) == fields


@given(st.text("ab=&+%;0 é\x00", max_size=40))
def test_a_crooked_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    fields = dict(parse_qsl(text, keep_blank_values=True))
    assert parse(text.encode(), FORM) == fields


def test_a_command_with_the_word_payload_in_it_is_read() -> None:
    fields = {"command": "/proactive", "text": "jane@example.com your payload= has arrived"}
    assert parse(urlencode(fields).encode(), FORM) == fields


def test_an_interaction_is_read_out_of_its_payload() -> None:
    payload = {"type": "view_submission", "view": {"id": "V1"}}
    assert parse(urlencode({"payload": json.dumps(payload)}).encode(), FORM) == payload


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"payload=[1]", FORM), (b"payload=%7B", FORM), (b"[]", b"application/json"), (b"", b"")],
)
def test_what_is_neither_form_nor_object_is_refused(body: bytes, kind: bytes) -> None:
    with pytest.raises(ValueError):
        parse(body, kind)
