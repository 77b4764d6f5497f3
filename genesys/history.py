"""A contact's web messaging conversations, from the details query of analytics.

The query has no e-mail dimension, so it is filtered by contact ids; its interval is at most
31 days, so a longer time is asked for in windows, newest first; and it lags behind by seconds
to minutes. An interval matches conversations that started on a day it touches, so windows may
answer the same conversation twice: it is known by its id.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from genesys.budget import Priority
from genesys.client import GenesysCloud
from genesys.errors import UnexpectedAnswer
from genesys.shape import Json, count, flag, identifier, moment, nested_list, text

_QUERY = "/api/v2/analytics/conversations/details/query"
_PAGE = 100  # the most that every source agrees on
_IDS_PER_FILTER = 50  # the most values seen to work in one filter
_WEB_MESSAGING = "webmessaging"
_CUSTOMER = ("customer", "external")


@dataclass(frozen=True)
class Conversation:
    """One web messaging conversation.

    `deployment_id` and `contact_id` are those its customer's session carries.
    """

    conversation_id: str
    started_at: datetime
    ended_at: datetime | None
    deployment_id: str | None
    customer_wrote: bool
    contact_id: str | None

    @property
    def is_open(self) -> bool:
        """Whether it goes on: Genesys gives only ended conversations an end."""
        return self.ended_at is None


@dataclass(frozen=True)
class Window:
    """A span of time, its start included and its end not."""

    start: datetime
    end: datetime

    @property
    def interval(self) -> str:
        """Write it as the query wants it: two UTC times with milliseconds."""
        return f"{_written(self.start)}/{_written(self.end)}"


def split_windows(now: datetime, *, history_days: int, window_days: int) -> Iterator[Window]:
    """Cut the last `history_days` into windows of at most `window_days`, newest first."""
    end = now.astimezone(UTC)  # elsewhere a day may have 25 hours
    oldest = end - timedelta(days=history_days)
    while end > oldest:
        start = max(oldest, end - timedelta(days=window_days))
        yield Window(start, end)
        end = start


def details_query(
    window: Window, contact_ids: Sequence[str], *, page: int, only_open: bool = False
) -> Json:
    """Build the query for one page of these contacts' web messaging, newest first."""
    query: Json = {
        "interval": window.interval,
        "order": "desc",
        "orderBy": "conversationStart",
        "paging": {"pageSize": _PAGE, "pageNumber": page},
        "segmentFilters": [
            {
                "type": "and",
                "predicates": [
                    _matches("mediaType", "message"),
                    _matches("messageType", _WEB_MESSAGING),
                ],
                "clauses": [
                    {
                        "type": "or",
                        "predicates": [_matches("externalContactId", one) for one in contact_ids],
                    }
                ],
            }
        ],
    }
    if only_open:
        ended = {"type": "dimension", "dimension": "conversationEnd", "operator": "notExists"}
        query["conversationFilters"] = [{"type": "and", "predicates": [ended]}]
    return query


def id_groups(contact_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Cut contact ids into groups that fit into one filter; a merge set has at most 52."""
    for first in range(0, len(contact_ids), _IDS_PER_FILTER):
        yield contact_ids[first : first + _IDS_PER_FILTER]


def read_pages(
    cloud: GenesysCloud,
    window: Window,
    contact_ids: Sequence[str],
    *,
    deployment_id: str,
    only_open: bool = False,
    priority: Priority,
) -> Iterator[list[Conversation]]:
    """Read a window newest first, each page only when it is asked for.

    `deployment_id` is ours, see `parse_page`. Needs analytics:conversationDetail:view.
    """
    number, more = 1, True
    while more:
        query = details_query(window, contact_ids, page=number, only_open=only_open)
        answer = cloud.call("POST", _QUERY, body=query, priority=priority)
        page = parse_page(answer, deployment_id)
        yield page
        more = len(page) == _PAGE and count(answer, "totalHits") != number * _PAGE
        number += 1


def search_history(
    cloud: GenesysCloud,
    contact_ids: Sequence[str],
    windows: Iterable[Window],
    *,
    deployment_id: str,
    priority: Priority,
) -> list[Conversation]:
    """Read the windows in turn until one has a conversation on our deployment."""
    found: list[Conversation] = []
    for window in windows:
        for some_ids in id_groups(contact_ids):
            for page in read_pages(
                cloud, window, some_ids, deployment_id=deployment_id, priority=priority
            ):
                found += page
                if _touches(page, deployment_id):
                    break
        if _touches(found, deployment_id):
            break
    return found


def parse_page(answer: Json, deployment_id: str) -> list[Conversation]:
    """Read a page of the details query.

    A conversation that touches our own `deployment_id` counts as on it. Raises
    UnexpectedAnswer for what is not the contract's.
    """
    return [_conversation(one, deployment_id) for one in nested_list(answer, "conversations")]


def best(conversations: Sequence[Conversation], deployment_id: str) -> Conversation | None:
    """Choose the newest conversation on our deployment, else the newest of all."""

    def rank(one: Conversation) -> tuple[bool, datetime]:
        return one.deployment_id == deployment_id, one.started_at

    return max(conversations, key=rank, default=None)


def _conversation(read: Json, deployment_id: str) -> Conversation:
    started = moment(read, "conversationStart")
    if started is None:
        raise UnexpectedAnswer("Genesys Cloud reported a conversation without a start.")
    participants = nested_list(read, "participants")
    customers = [one for one in participants if text(one, "purpose") in _CUSTOMER]
    return Conversation(
        conversation_id=identifier(read, "conversationId"),
        started_at=started,
        ended_at=moment(read, "conversationEnd"),
        deployment_id=_deployment_used(customers, deployment_id),
        customer_wrote=flag(read, "customerParticipation"),
        contact_id=next(filter(None, (text(one, "externalContactId") for one in customers)), None),
    )


def _deployment_used(customers: Sequence[Json], deployment_id: str) -> str | None:
    """Find the deployment: an inbound session is addressed to it, an outbound one comes from it.

    Which end it is could not be confirmed, so our own deployment counts at either.
    """
    used: list[str] = []
    for customer in customers:
        for session in nested_list(customer, "sessions"):
            if text(session, "messageType").lower() == _WEB_MESSAGING:
                ends = text(session, "addressTo"), text(session, "addressFrom")
                if deployment_id in ends:
                    return deployment_id
                used.append(ends[text(session, "direction") == "outbound"])
    return next(filter(None, used), None)


def _touches(conversations: Sequence[Conversation], deployment_id: str) -> bool:
    return any(one.deployment_id == deployment_id for one in conversations)


def _matches(dimension: str, value: str) -> Json:
    return {"type": "dimension", "dimension": dimension, "operator": "matches", "value": value}


def _written(time: datetime) -> str:
    utc = time.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='milliseconds')}Z"
