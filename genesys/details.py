"""Analytics' details query: list conversations, window by window and page by page.

The query has no email dimension, so we filter by contact id. Its interval is at most 31 days, so
a longer time is split into windows, newest first. It lags behind by seconds to minutes. An
interval matches conversations that started on any day it touches, so two windows may return the
same conversation. history.py and traces.py interpret the answers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from genesys.client import GenesysCloud
from genesys.rate_limit import Priority
from genesys.shape import Json, count, nested_list

WEB_MESSAGING = "webmessaging"
CUSTOMER = ("customer", "external")  # participant purposes that mean the customer
_QUERY = "/api/v2/analytics/conversations/details/query"
PAGE = 100  # the largest size that every source agrees on
MOST_IDS = 50  # the most values that are known to work in one filter


@dataclass(frozen=True)
class Window:
    """A span of time; it includes its start but not its end."""

    start: datetime
    end: datetime

    @property
    def interval(self) -> str:
        """Format it as the query expects it: two UTC times with milliseconds."""
        return f"{_written(self.start)}/{_written(self.end)}"


def split_windows(now: datetime, *, history_days: int, window_days: int) -> Iterator[Window]:
    """Split the last `history_days` into windows of at most `window_days`, newest first."""
    end = now.astimezone(UTC)  # in other zones a day may have 25 hours
    return windows_between(end - timedelta(days=history_days), end, window_days=window_days)


def windows_between(start: datetime, end: datetime, *, window_days: int) -> Iterator[Window]:
    """Split the time between two UTC times into windows of at most `window_days`, newest first."""
    while end > start:
        since = max(start, end - timedelta(days=window_days))
        yield Window(since, end)
        end = since


def details_query(window: Window, contact_ids: Sequence[str], *, only_open: bool = False) -> Json:
    """Build the query for these contacts' web messaging, newest first, without paging."""
    query = _newest_first(window)
    query["segmentFilters"] = [
        {
            "type": "and",
            "predicates": [
                _matches("mediaType", "message"),
                _matches("messageType", WEB_MESSAGING),
            ],
            "clauses": [_any_of("externalContactId", contact_ids)],
        }
    ]
    if only_open:
        ended = {"type": "dimension", "dimension": "conversationEnd", "operator": "notExists"}
        query["conversationFilters"] = [{"type": "and", "predicates": [ended]}]
    return query


def query_by_id(window: Window, conversation_ids: Sequence[str]) -> Json:
    """Build the query for these conversations, newest first, without paging."""
    query = _newest_first(window)
    query["conversationFilters"] = [_any_of("conversationId", conversation_ids)]
    return query


def id_groups(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split ids into groups that fit into one filter; a merge set has at most 52."""
    for first in range(0, len(ids), MOST_IDS):
        yield ids[first : first + MOST_IDS]


def read_details(cloud: GenesysCloud, query: Json, *, priority: Priority) -> Iterator[Json]:
    """Read the answer page by page, each page only when the caller wants it.

    Needs analytics:conversationDetail:view. Raises GenesysError.
    """
    number, more = 1, True
    while more:
        asked = {**query, "paging": {"pageSize": PAGE, "pageNumber": number}}
        answer = cloud.call("POST", _QUERY, body=asked, priority=priority)
        yield answer
        full = len(nested_list(answer, "conversations")) == PAGE
        more = full and count(answer, "totalHits") != number * PAGE
        number += 1


def _newest_first(window: Window) -> Json:
    return {"interval": window.interval, "order": "desc", "orderBy": "conversationStart"}


def _any_of(dimension: str, values: Sequence[str]) -> Json:
    return {"type": "or", "predicates": [_matches(dimension, one) for one in values]}


def _matches(dimension: str, value: str) -> Json:
    return {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}


def _written(time: datetime) -> str:
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"
