"""The details query: its body, and reading it page by page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import GenesysCloud, Priority
from genesys.details import Window, id_groups, query_by_id, read_details, windows_between

END = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def test_conversations_are_queried_by_id_newest_first() -> None:
    def matches(conversation_id: str) -> dict[str, str]:
        return {
            "type": "dimension",
            "dimension": "conversationId",
            "operator": "matches",
            "value": conversation_id,
        }

    assert query_by_id(Window(END - DAY, END), ["c1", "c2"]) == {
        "interval": "2026-11-21T12:00:00.000Z/2026-11-22T12:00:00.000Z",
        "order": "desc",
        "orderBy": "conversationStart",
        "conversationFilters": [{"type": "or", "predicates": [matches("c1"), matches("c2")]}],
    }


@pytest.mark.parametrize(
    ("count", "sizes"), [(0, []), (1, [1]), (50, [50]), (51, [50, 1]), (100, [50, 50])]
)
def test_ids_are_split_into_groups_of_fifty(count: int, sizes: list[int]) -> None:
    ids = [f"id-{number}" for number in range(count)]
    groups = list(id_groups(ids))
    assert [len(group) for group in groups] == sizes
    assert [one for group in groups for one in group] == ids


@pytest.mark.parametrize("days", [0, -1])
def test_no_time_has_no_windows(days: int) -> None:
    assert list(windows_between(END, END + days * DAY, window_days=31)) == []


def test_the_oldest_window_may_be_shorter() -> None:
    assert list(windows_between(END - 5 * DAY, END, window_days=2)) == [
        Window(END - 2 * DAY, END),
        Window(END - 4 * DAY, END - 2 * DAY),
        Window(END - 5 * DAY, END - 4 * DAY),
    ]


@pytest.mark.parametrize(
    ("pages", "total", "asked"),
    [
        ([0], 0, 1),
        ([99], 99, 1),
        ([100], 100, 1),
        ([100, 1], 101, 2),
        ([100, 100], 200, 2),
        ([100, 0], None, 2),  # without a total, a full page may not be the last
        ([100, 100, 5], None, 3),
    ],
)
def test_pages_are_read_until_one_is_the_last(
    raw: Any, connect: Callable[..., GenesysCloud], pages: list[int], total: int | None, asked: int
) -> None:
    answers = iter(pages)

    def answer(_: Any) -> Any:
        told = {} if total is None else {"totalHits": total}
        return raw.reply({"conversations": [{}] * next(answers), **told})

    raw.api = answer
    read = list(read_details(connect(raw.url), {"order": "desc"}, priority=Priority.BACKGROUND))
    assert [len(page["conversations"]) for page in read] == pages
    assert [one.json for one in raw.requests("/api/v2/analytics/conversations/details/query")] == [
        {"order": "desc", "paging": {"pageSize": 100, "pageNumber": number}}
        for number in range(1, asked + 1)
    ]


def test_a_page_is_read_only_when_it_is_wanted(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    raw.api = lambda _: raw.reply({"conversations": [{}] * 100})
    pages = read_details(connect(raw.url), {}, priority=Priority.BACKGROUND)
    assert raw.asked == []
    next(pages)
    next(pages)
    assert len(raw.requests("details/query")) == 2
