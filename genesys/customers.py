"""Find the customer behind an email address or phone number, with their web messaging history.

Usually this takes two calls: the identifier lookup, which is exact and covers contacts of every
type, and one details query. If the caller already knows the contact, only the query is needed. If
the lookup finds nobody, reverse white pages searches the contacts' own fields. That may find
several people, and then a person has to choose.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from genesys.candidates import (
    ContactType,
    Several,
    add_latest_chats,
    full_name,
    merge_set,
    to_several,
)
from genesys.client import GenesysCloud
from genesys.details import split_windows
from genesys.errors import NotFound
from genesys.history import Conversation, best, search_history
from genesys.identity import Identity, IdentityKind
from genesys.rate_limit import Priority
from genesys.shape import Json, nested_list, text

_CONTACTS = "/api/v2/externalcontacts"


class MatchedBy(StrEnum):
    """How the contact was found."""

    IDENTIFIER = "identifier lookup"
    CONTACT_DETAILS = "reverse white pages"


@dataclass(frozen=True)
class Customer:
    """One contact and their latest web messaging conversations.

    `contact_ids` is the whole merge set, the canonical contact first. `send_to_id` is the id in
    the latest conversation: history stays under the ids of merged contacts, and Genesys doesn't
    document whether it maps a canonical id to their sessions. `latest` prefers a conversation on
    our deployment; None means no web messaging within the days that were searched.
    """

    contact_id: str
    send_to_id: str
    name: str = field(repr=False)
    contact_type: ContactType
    identity: Identity
    matched_by: MatchedBy
    contact_ids: tuple[str, ...]
    latest: Conversation | None
    open: Conversation | None


@dataclass(frozen=True)
class NoContact:
    """Genesys has no contact with this address or number."""

    identity: Identity


Found = Customer | NoContact | Several


def find_customer(
    cloud: GenesysCloud,
    identity: Identity,
    *,
    deployment_id: str,
    history_days: int = 90,
    window_days: int = 31,
    now: datetime,
    chosen_contact_id: str | None = None,
    known: Customer | None = None,
    priority: Priority = Priority.INTERACTIVE,
) -> Found:
    """Find the customer and their web messaging history with as few calls as possible.

    `chosen_contact_id` is the candidate that a person picked. `known` is the customer that an
    earlier call found for this identity; then only the history is read again, unless it's gone.
    `now` is aware. Needs externalContacts:contact:view and analytics:conversationDetail:view.
    Raises GenesysError.
    """

    def with_history(customer: Customer) -> Customer:
        windows = split_windows(now, history_days=history_days, window_days=window_days)
        conversations = search_history(
            cloud,
            customer.contact_ids,
            windows,
            deployment_id=deployment_id,
            priority=priority,
        )
        latest = best(conversations, deployment_id)
        return replace(
            customer,
            send_to_id=(latest and latest.contact_id) or customer.contact_id,
            latest=latest,
            open=best([one for one in conversations if one.is_open], deployment_id),
        )

    if known is not None:
        still = with_history(known)
        if still.latest is not None:
            return still
    found = _identify(cloud, identity, chosen_contact_id, priority)
    if isinstance(found, Several):
        return add_latest_chats(
            cloud,
            found,
            now=now,
            window_days=min(window_days, history_days),
            deployment_id=deployment_id,
            priority=priority,
        )
    return with_history(found) if isinstance(found, Customer) else found


def _identify(
    cloud: GenesysCloud, identity: Identity, chosen_contact_id: str | None, priority: Priority
) -> Found:
    """Find the contact, without any history."""
    matched_by, contacts = _find_contacts(cloud, identity, chosen_contact_id, priority)
    if not contacts:
        return NoContact(identity)
    if len(contacts) > 1:
        return to_several(contacts, identity)
    [contact] = contacts
    contact_ids = merge_set(contact)
    return Customer(
        contact_id=contact_ids[0],
        send_to_id=contact_ids[0],
        name=full_name(contact),
        contact_type=ContactType(text(contact, "type")),
        identity=identity,
        matched_by=matched_by,
        contact_ids=contact_ids,
        latest=None,
        open=None,
    )


def _find_contacts(
    cloud: GenesysCloud, identity: Identity, chosen_contact_id: str | None, priority: Priority
) -> tuple[MatchedBy, list[Json]]:
    """Find the possible contacts: the chosen one, else by identifier, else by contact details."""
    if chosen_contact_id is not None:
        path = f"{_CONTACTS}/contacts/{quote(chosen_contact_id, safe='')}"
        return MatchedBy.CONTACT_DETAILS, _one_or_none(cloud, "GET", path, None, priority)
    for value in _spellings(identity):
        body = {"type": identity.kind.value, "value": value}
        found = _one_or_none(
            cloud, "POST", f"{_CONTACTS}/identifierlookup/contacts", body, priority
        )
        if found:
            return MatchedBy.IDENTIFIER, found
    return MatchedBy.CONTACT_DETAILS, _search_details(cloud, identity, priority)


def _one_or_none(
    cloud: GenesysCloud, method: str, path: str, body: Json | None, priority: Priority
) -> list[Json]:
    """Read one contact; Genesys answers 404 if there is none."""
    try:
        return [cloud.call(method, path, body=body, priority=priority)]
    except NotFound:
        return []


def _search_details(cloud: GenesysCloud, identity: Identity, priority: Priority) -> list[Json]:
    """Search the contacts' own fields; several contacts may have the same address.

    Genesys returns at most 25, and only curated ones. Records of one merge set count as one.
    """
    answer = cloud.call(
        "GET",
        f"{_CONTACTS}/reversewhitepageslookup",
        query={"lookupVal": _spellings(identity)[0], "expand": "contacts.externalOrganization"},
        priority=priority,
    )
    by_person: dict[str, Json] = {}
    for contact in nested_list(answer, "contacts"):
        by_person.setdefault(merge_set(contact)[0], contact)
    return list(by_person.values())


def _spellings(identity: Identity) -> tuple[str, ...]:
    """List how the identifier may be stored: an email address in lower case, then as typed.

    Genesys doesn't document whether the lookup is case-sensitive.
    """
    if identity.kind is IdentityKind.PHONE:
        return (identity.value,)
    return tuple(dict.fromkeys((identity.value.lower(), identity.value)))
