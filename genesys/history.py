"""Read a contact's web messaging conversations, newest first, and no more than needed.

They show that the contact can be messaged: Genesys delivers into an earlier chat.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from genesys.client import GenesysCloud
from genesys.details import (
    CUSTOMER,
    PAGE,
    WEB_MESSAGING,
    Window,
    details_query,
    id_groups,
    read_details,
)
from genesys.errors import UnexpectedAnswer
from genesys.rate_limit import Priority
from genesys.shape import Json, flag, identifier, moment, nested_list, text


@dataclass(frozen=True)
class Conversation:
    """One web messaging conversation.

    `deployment_id` and `contact_id` come from the customer's session.
    """

    conversation_id: str
    started_at: datetime
    ended_at: datetime | None
    deployment_id: str | None
    customer_wrote: bool
    contact_id: str | None

    @property
    def is_open(self) -> bool:
        """Whether it's still open: Genesys gives only ended conversations an end."""
        return self.ended_at is None


def read_pages(
    cloud: GenesysCloud,
    window: Window,
    contact_ids: Sequence[str],
    *,
    deployment_id: str,
    only_open: bool = False,
    priority: Priority,
) -> Iterator[list[Conversation]]:
    """Read a window newest first, each page only when the caller wants it.

    `deployment_id` is ours, see `parse_page`. Needs analytics:conversationDetail:view. Raises
    GenesysError.
    """
    query = details_query(window, contact_ids, only_open=only_open)
    for answer in read_details(cloud, query, priority=priority):
        yield parse_page(answer, deployment_id)


def read_newest(
    cloud: GenesysCloud,
    window: Window,
    contact_ids: Sequence[str],
    *,
    deployment_id: str,
    priority: Priority,
) -> tuple[dict[str, datetime], bool]:
    """Read with one call when each contact last began a conversation, by the contact's id.

    False if there are more conversations than one call returns. Raises GenesysError.
    """
    pages = read_pages(cloud, window, contact_ids, deployment_id=deployment_id, priority=priority)
    page = next(pages, [])
    found: dict[str, datetime] = {}
    for one in page:
        if one.contact_id:
            found[one.contact_id] = max(found.get(one.contact_id, one.started_at), one.started_at)
    return found, len(page) < PAGE


def search_history(
    cloud: GenesysCloud,
    contact_ids: Sequence[str],
    windows: Iterable[Window],
    *,
    deployment_id: str,
    priority: Priority,
) -> list[Conversation]:
    """Read one window after another until one has a conversation on our deployment."""
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
    """Parse a page of the details query. Raises UnexpectedAnswer.

    A conversation that involves our own `deployment_id` counts as being on it.
    """
    return [_conversation(one, deployment_id) for one in nested_list(answer, "conversations")]


def best(conversations: Sequence[Conversation], deployment_id: str) -> Conversation | None:
    """Return the newest conversation on our deployment, else the newest of all."""

    def rank(one: Conversation) -> tuple[bool, datetime]:
        return one.deployment_id == deployment_id, one.started_at

    return max(conversations, key=rank, default=None)


def _conversation(read: Json, deployment_id: str) -> Conversation:
    started = moment(read, "conversationStart")
    if started is None:
        raise UnexpectedAnswer.because("A conversation has no start.")
    participants = nested_list(read, "participants")
    customers = [one for one in participants if text(one, "purpose") in CUSTOMER]
    return Conversation(
        conversation_id=identifier(read, "conversationId"),
        started_at=started,
        ended_at=moment(read, "conversationEnd"),
        deployment_id=_deployment_used(customers, deployment_id),
        customer_wrote=flag(read, "customerParticipation"),
        contact_id=next(filter(None, (text(one, "externalContactId") for one in customers)), None),
    )


def _deployment_used(customers: Sequence[Json], deployment_id: str) -> str | None:
    """Find the deployment: an inbound session's addressTo, an outbound session's addressFrom.

    No document confirms which end it is, so our own deployment counts at either end.
    """
    used: list[str] = []
    for customer in customers:
        for session in nested_list(customer, "sessions"):
            if text(session, "messageType").lower() == WEB_MESSAGING:
                ends = text(session, "addressTo"), text(session, "addressFrom")
                if deployment_id in ends:
                    return deployment_id
                used.append(ends[text(session, "direction") == "outbound"])
    return next(filter(None, used), None)


def _touches(conversations: Sequence[Conversation], deployment_id: str) -> bool:
    return any(one.deployment_id == deployment_id for one in conversations)
