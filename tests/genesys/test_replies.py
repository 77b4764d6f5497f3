"""What a customer replied: their first words after the message, and nobody else's."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import GenesysCloud, read_reply

SENT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Connect = Callable[..., GenesysCloud]


def _message(message_id: str, minutes: float, status: str = "received") -> dict[str, Any]:
    return {
        "messageId": message_id,
        "messageTime": (SENT + minutes * MINUTE).isoformat(),
        "messageStatus": status,
    }


def _party(purpose: str, *messages: dict[str, Any]) -> dict[str, Any]:
    return {"purpose": purpose, "messages": list(messages)}


@pytest.fixture
def ask(raw: Any, connect: Connect) -> Callable[..., str]:
    """Read a reply in a conversation of these parties; each message's text is its id."""

    def read(*parties: dict[str, Any], with_text: bool = True, direction: str = "inbound") -> str:
        def answer(asked: Any) -> Any:
            if asked.path.endswith("/details"):
                message_id = asked.path.split("/")[-2]
                words = {"direction": direction, "normalizedMessage": {"text": message_id}}
                return raw.reply(words)
            return raw.reply({"id": "own", "participants": list(parties)})

        raw.api = answer
        return read_reply(connect(raw.url), "own", since=SENT, with_text=with_text).said

    return read


@pytest.mark.parametrize(
    ("parties", "said"),
    [
        ([_party("customer", _message("a", 1))], "a"),
        ([_party("external", _message("a", 1))], "a"),
        ([_party("customer", _message("b", 2), _message("a", 1), _message("c", 3))], "a"),
        ([_party("customer", _message("b", 2)), _party("customer", _message("a", 1))], "a"),
        ([_party("customer", _message("old", -1), _message("a", 1))], "a"),
        ([_party("customer", _message("same", 0))], ""),
        ([_party("customer", _message("queued", 1, "queued"), _message("a", 2))], "a"),
        ([_party("agent", _message("agent", 1))], ""),
        ([_party("agent", _message("agent", 1)), _party("customer", _message("a", 2))], "a"),
        ([_party("customer", {"messageId": "timeless", "messageStatus": "received"})], ""),
        ([_party("customer")], ""),
        ([], ""),
    ],
)
def test_a_reply_is_the_first_that_the_customer_wrote_after_the_message(
    ask: Callable[..., str], parties: list[dict[str, Any]], said: str
) -> None:
    assert ask(*parties) == said


def test_what_went_to_the_customer_is_no_reply(ask: Callable[..., str]) -> None:
    assert ask(_party("customer", _message("a", 1)), direction="outbound") == ""


def test_words_that_nobody_may_see_are_not_read(ask: Callable[..., str], raw: Any) -> None:
    assert ask(_party("customer", _message("a", 1)), with_text=False) == ""
    assert not raw.requests("/details")


def test_words_that_genesys_does_not_give_out_leave_the_rest(raw: Any, connect: Connect) -> None:
    def answer(asked: Any) -> Any:
        if asked.path.endswith("/details"):
            return raw.reply({}, 403)
        return raw.reply({"participants": [_party("customer", _message("a", 1))]})

    raw.api = answer
    assert read_reply(connect(raw.url), "own", since=SENT, with_text=True).said == ""
