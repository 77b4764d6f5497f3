"""The conversation details query of analytics, which may lag behind what has happened."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.analytics_view import (
    conversation_as_json,
    segment_rows,
    show_pushes,
)
from sandbox.local_genesys.errors import ApiError, bad_request, not_supported_here
from sandbox.local_genesys.predicates import (
    CONVERSATION_FILTER,
    SEGMENT_FILTER,
    Row,
    contacts_named,
    conversation_test,
    segment_test,
)
from sandbox.local_genesys.records import Conversation
from sandbox.local_genesys.shapes import Anything, ListOf, Record, Text, Whole
from sandbox.local_genesys.state import World

QUERY: Final = Record(
    {
        "conversationFilters": ListOf(CONVERSATION_FILTER),
        "segmentFilters": ListOf(SEGMENT_FILTER),
        "evaluationFilters": ListOf(Anything()),
        "surveyFilters": ListOf(Anything()),
        "resolutionFilters": ListOf(Anything()),
        "order": Text(choices=frozenset({"asc", "desc", "unordered"})),
        "orderBy": Text(
            choices=frozenset(
                {"conversationStart", "conversationEnd", "segmentStart", "segmentEnd"}
            )
        ),
        "interval": Text(),
        "aggregations": ListOf(Anything()),
        "paging": Record(
            {"pageSize": Whole(1, assumptions.LARGEST_PAGE), "pageNumber": Whole(1)},
            required=frozenset({"pageSize", "pageNumber"}),
        ),
    },
    required=frozenset({"interval"}),
)
_UNSUPPORTED: Final = ("evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations")
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)


def query_details(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Answer a details query whose shape was checked. Raises ApiError 400 for other mistakes."""
    for name in _UNSUPPORTED:
        if body.get(name):
            raise not_supported_here(name)
    first, last = _days_touched(body["interval"])
    meets = conversation_test(body.get("conversationFilters") or [])
    meets_segments = segment_test(body.get("segmentFilters") or [])
    horizon = world.clock() - timedelta(seconds=world.settings.analytics_delay_seconds)
    found = []
    for conversation in _candidates(world, body.get("segmentFilters") or []):
        in_days = first <= conversation.started_at.astimezone(UTC).date() <= last
        if not in_days or conversation.started_at > horizon:
            continue
        shown = conversation_as_json(conversation, horizon)
        if world.settings.pushes_reach_phones:
            show_pushes(shown)
        if meets(_conversation_row(shown)) and meets_segments(segment_rows(world, shown)):
            found.append(shown)
    return _page(_in_order(found, body), body.get("paging") or {})


def _candidates(world: World, filters: list[dict[str, Any]]) -> list[Conversation]:
    """List the conversations to test: all, or those of the contacts that the filters name."""
    named = contacts_named(filters)
    if named is None:
        return list(world.conversations.values())
    return [one for contact_id in named for one in world.conversations_of(contact_id)]


def _days_touched(interval: str) -> tuple[date, date]:
    ends = interval.split("/")
    if len(ends) != 2:
        raise _bad_interval("An interval is two ISO-8601 times with a slash between them.")
    start, end = (_parse_moment(text) for text in ends)
    if end <= start:
        raise _bad_interval("The interval must end after it starts.")
    if end - start > timedelta(days=assumptions.LONGEST_INTERVAL_DAYS):
        days = assumptions.LONGEST_INTERVAL_DAYS
        raise _bad_interval(f"The interval may be at most {days} days long.")
    return start.date(), (end - timedelta(microseconds=1)).date()


def _parse_moment(text: str) -> datetime:
    if not _MOMENT.fullmatch(text):
        raise _invalid_date()
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid_date() from None


def _invalid_date() -> ApiError:
    return ApiError(
        400,
        "invalid.date",
        "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ",
        field_name="interval",
    )


def _bad_interval(message: str) -> ApiError:
    return bad_request(message, "interval")


def _conversation_row(shown: dict[str, Any]) -> Row:
    row: dict[str, str | None] = {
        name: shown.get(name)
        for name in (
            "conversationId",
            "conversationStart",
            "conversationEnd",
            "conversationInitiator",
            "originatingDirection",
        )
    }
    row["customerParticipation"] = str(shown["customerParticipation"]).lower()
    return row


def _in_order(found: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    order = body.get("order") or "asc"
    if order == "unordered":
        return found
    order_by = body.get("orderBy") or "conversationStart"
    return sorted(found, key=lambda shown: _sort_key(shown, order_by), reverse=order == "desc")


def _sort_key(shown: dict[str, Any], order_by: str) -> tuple[str, str]:
    # ISO times in UTC and in one format sort as texts. A missing end sorts last.
    still_open = "~"
    if order_by in {"conversationStart", "conversationEnd"}:
        moment = shown.get(order_by, still_open)
    else:
        segments = [
            segment
            for participant in shown["participants"]
            for session in participant["sessions"]
            for segment in session["segments"]
        ]
        moments = [segment.get(order_by, still_open) for segment in segments]
        moment = min(moments) if order_by == "segmentStart" else max(moments)
    return moment, shown["conversationId"]


def _page(found: list[dict[str, Any]], paging: dict[str, int]) -> dict[str, Any]:
    size = paging.get("pageSize", 25)
    begin = (paging.get("pageNumber", 1) - 1) * size
    answer: dict[str, Any] = {"totalHits": len(found)}
    if found[begin : begin + size]:
        answer["conversations"] = found[begin : begin + size]
    return answer
