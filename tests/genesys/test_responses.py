"""The texts in Response Management: which can be offered, and how they're read."""

from typing import Any

import pytest

from genesys import GenesysCloud, MissingPermission, UnexpectedAnswer, read_responses, responses
from genesys.responses import PAGE_SIZE


def _text(content: str, content_type: str = "text/plain", kind: str = "body") -> dict[str, str]:
    return {"content": content, "contentType": content_type, "type": kind}


def _served(raw: Any, responses: list[dict[str, Any]]) -> None:
    """Serve one library with these responses."""

    def answer(asked: Any) -> Any:
        found = [{"id": "l"}] if "libraries" in asked.path else responses
        return raw.reply({"entities": found, "pageCount": 1})

    raw.api = answer


def test_only_plain_texts_for_a_chat_are_read(local: Any, cloud: GenesysCloud) -> None:
    found = {one.name: one for one in read_responses(cloud)}
    assert set(found) == {
        *("Delayed", "Ready for collection", "Refund on its way"),
        *("Café vouchers", "Thank you"),
    }
    delayed = found["Delayed"]
    assert (delayed.version, delayed.text[:24]) == ("3", "Hello {{CUSTOMER_NAME}},")
    assert [(one.name, one.default, one.is_required) for one in delayed.substitutions] == [
        ("ORDER", "", True),
        ("DAY", "tomorrow", True),
    ]
    refund = found["Refund on its way"].substitutions
    assert [one.is_required for one in refund] == [True, False]
    [hours] = found["Ready for collection"].substitutions
    assert hours.is_required  # the schema requires nothing, so everything is needed


def test_five_thousand_texts_are_read_a_hundred_at_a_time(local: Any, cloud: GenesysCloud) -> None:
    local.set(calls_per_minute=100_000)  # else the session slows down to the usual limit
    local.ask("POST", "/control/genesys/responses", {"count": 5_000})
    found = read_responses(cloud)
    assert len(found) == 5_005
    assert len({one.response_id for one in found}) == 5_005
    assert len(local.calls("responsemanagement")) <= 60


def test_a_text_in_two_libraries_is_read_once(raw: Any, connect: Any) -> None:
    def answer(asked: Any) -> Any:
        libraries = [{"id": "l"}, {"id": "m"}]
        shown = {"id": "r", "name": "Late", "version": 2, "texts": [_text("Sorry")]}
        return raw.reply({"entities": libraries if "libraries" in asked.path else [shown]})

    raw.api = answer
    [found] = read_responses(connect(raw.url))
    assert (found.response_id, found.version, found.text) == ("r", "2", "Sorry")


@pytest.mark.parametrize(
    "response",
    [
        {"texts": [_text("<p>Hi</p>", "text/html")]},
        {"texts": [_text("About your order", kind="subject")]},
        {"texts": [_text(" \n ")]},
        {"texts": []},
        {"texts": [_text("Hi")], "interactionType": "email"},
        {"texts": [_text("Hi")], "interactionType": "twitter"},
        {"texts": [_text("Hi")], "responseType": "CampaignSmsTemplate"},
        {"texts": [_text("Hi")], "responseType": "AppleInvitation"},
    ],
)
def test_anything_else_is_left_out(response: dict[str, Any], raw: Any, connect: Any) -> None:
    _served(raw, [{"id": "r", "name": "Late", **response}])
    assert read_responses(connect(raw.url)) == ()


def test_the_plain_text_is_taken_where_there_is_an_html_one_too(raw: Any, connect: Any) -> None:
    texts = [_text("<p>Hi</p>", "text/html"), _text("Hi")]
    _served(raw, [{"id": "r", "interactionType": "chat", "texts": texts}])
    assert [one.text for one in read_responses(connect(raw.url))] == ["Hi"]


def test_pages_are_read_until_a_short_one_if_nobody_counts_them(raw: Any, connect: Any) -> None:
    def answer(asked: Any) -> Any:
        if "libraries" in asked.path:
            return raw.reply({"entities": [{"id": "l"}]})
        page = 2 if "pageNumber=2" in asked.path else 1
        numbers = range(100) if page == 1 else range(100, 103)
        return raw.reply(
            {"entities": [{"id": str(number), "texts": [_text("Hi")]} for number in numbers]}
        )

    raw.api = answer
    assert len(read_responses(connect(raw.url))) == 103


def test_a_list_without_an_end_is_read_for_so_many_pages(
    raw: Any, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(responses, "MOST_PAGES", 3)
    full = [{"id": str(number)} for number in range(PAGE_SIZE)]

    def answer(asked: Any) -> Any:
        found = [{"id": "l"}] if "libraries" in asked.path else full
        return raw.reply({"entities": found, "pageCount": 1 if len(found) == 1 else 99})

    raw.api = answer
    read_responses(connect(raw.url))
    assert len(raw.requests("/responses?")) == 3


@pytest.mark.parametrize("permission", ["responses:library:view", "responses:response:view"])
def test_a_missing_permission_is_an_error(permission: str, local: Any, cloud: GenesysCloud) -> None:
    local.set(missing_permissions=[permission])
    with pytest.raises(MissingPermission):
        read_responses(cloud)


def test_an_answer_of_another_shape_is_an_error(raw: Any, connect: Any) -> None:
    _served(raw, [{"id": "r", "texts": "Hi"}])
    with pytest.raises(UnexpectedAnswer):
        read_responses(connect(raw.url))


def test_no_text_is_in_a_repr(local: Any, cloud: GenesysCloud) -> None:
    assert "order" not in repr(read_responses(cloud)).casefold()
