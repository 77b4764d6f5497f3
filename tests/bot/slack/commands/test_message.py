"""Whatever a message consists of, what it says can be read, in the order in which people see it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.address_search import find_address
from bot.slack.commands.message import read_parts

JANE = "jane@example.com"
LINK = f"<mailto:{JANE}|{JANE}>"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "url", "elements", "value", "blocks"]), inner
        )
    ),
    max_leaves=10,
)


def find(message: dict[str, Any]) -> str:
    found = [find_address(part, None) for part in read_parts(message)]
    return next(filter(None, found), "")


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def rich(*elements: dict[str, Any]) -> list[dict[str, Any]]:
    section = {"type": "rich_text_section", "elements": list(elements)}
    return [{"type": "rich_text", "block_id": "b", "elements": [section]}]


BLOCKS: dict[str, list[dict[str, Any]]] = {
    "section": [{"type": "section", "text": mrkdwn(f"*From* {LINK}")}],
    "fields": [{"type": "section", "fields": [mrkdwn("*E-mail*"), mrkdwn(LINK)]}],
    "header": [{"type": "header", "text": {"type": "plain_text", "text": JANE}}],
    "context": [{"type": "context", "elements": [mrkdwn(f"Ticket 7 by {LINK}")]}],
    "button": [
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "action_id": "a",
                    "text": {"type": "plain_text", "text": "Answer"},
                    "url": f"mailto:{JANE}?subject=Re%3A%20order",
                }
            ],
        }
    ],
    "rich text": rich({"type": "text", "text": f"From {JANE} today"}),
    "rich link": rich(
        {"type": "text", "text": "From:"}, {"type": "link", "url": f"mailto:{JANE}", "text": "Jane"}
    ),
    "in pieces": rich(
        {"type": "text", "text": "jane@", "style": {"bold": True}},
        {"type": "link", "url": "http://example.com", "text": "example.com"},
    ),
    "bare link": rich({"type": "link", "url": f"https://crm.example.com/?who={JANE}"}),
    "list": [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_list",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": one}]}
                        for one in ("Order 4711", JANE)
                    ],
                }
            ],
        }
    ],
    "table": [{"type": "table", "rows": [[{"type": "raw_text", "text": JANE}]]}],
    "a kind that Slack adds later": [{"type": "novelty", "body": {"lines": [JANE]}}],
}


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
def test_an_address_in_a_block_is_found(blocks: list[dict[str, Any]]) -> None:
    assert find({"text": "", "blocks": blocks}) == JANE


@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
def test_an_address_in_a_forwarded_message_is_found(blocks: list[dict[str, Any]]) -> None:
    inner = {"team": "T1", "channel": "C1", "ts": "1.0", "message": {"blocks": blocks}}
    shared = {
        "is_share": True,
        "text": "",
        "message_blocks": [inner],
        "from_url": "https://x.example",
    }
    assert find({"text": "", "attachments": [shared]}) == JANE


@pytest.mark.parametrize(
    "attachment",
    [
        {"text": f"By {LINK}"},
        {"pretext": LINK},
        {"title": "Jane", "title_link": f"mailto:{JANE}"},
        {"fields": [{"title": "Customer", "value": LINK, "short": True}]},
        {"fallback": f"New ticket by {JANE}"},
        {"author_name": JANE},
    ],
)
def test_an_address_in_an_attachment_is_found(attachment: dict[str, Any]) -> None:
    assert find({"text": "", "attachments": [{"id": 1, "color": "36a64f", **attachment}]}) == JANE


def test_the_sender_of_an_email_in_a_channel_is_found() -> None:
    email = {"id": "F1", "mode": "email", "from": [{"address": JANE, "name": "Jane"}]}
    assert find({"text": "", "files": [email]}) == JANE


def test_what_people_see_first_comes_first() -> None:
    message = {
        "files": [{"title": "four@example.com"}],
        "attachments": [{"text": "three@example.com"}],
        "blocks": [{"type": "section", "text": mrkdwn("two@example.com")}],
        "text": "+44 20 7946 0018",
    }
    assert [find_address(part, None) for part in read_parts(message)] == [
        "+442079460018",
        "two@example.com",
        "three@example.com",
        "four@example.com",
    ]


def test_ids_times_profiles_and_values_of_buttons_are_not_what_a_message_says() -> None:
    hidden = "+442079460018"
    button = {"type": "button", "action_id": hidden, "value": hidden, "text": mrkdwn("Open")}
    message = {
        "text": "",
        "ts": hidden,
        "client_msg_id": hidden,
        "user": hidden,
        "username": JANE,
        "user_profile": {"email": JANE},
        "bot_profile": {"name": JANE},
        "metadata": {"event_type": "x", "event_payload": {"who": JANE}},
        "blocks": [{"type": "actions", "block_id": hidden, "elements": [button]}],
        "attachments": [{"ts": hidden, "image_url": f"https://example.com/{JANE}"}],
    }
    assert find(message) == ""


@given(st.dictionaries(st.sampled_from(["text", "blocks", "attachments", "x"]), JSON))
def test_any_message_can_be_read(message: dict[str, Any]) -> None:
    assert all(isinstance(part, str) for part in read_parts(message))


def test_a_message_that_is_nested_without_end_can_be_read() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    assert list(read_parts({"blocks": nested})) == ["", "", "", ""]
