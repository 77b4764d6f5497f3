"""Who is meant: from an e-mail address or phone number to one customer, with the evidence.

Two calls in the usual case: the identifier lookup, which is exact and knows contacts of every
type, and one details query; only the query for a customer that the caller still knows. Only when
the lookup knows nobody are the contacts' own fields searched (reverse white pages), which may
name several people; then a person has to choose. Whether a message may go out is not decided here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from genesys.budget import Priority
from genesys.client import GenesysCloud
from genesys.details import split_windows
from genesys.errors import NotFound
from genesys.history import Conversation, best, search_history
from genesys.identity import Identity, IdentityKind
from genesys.shape import Json, identifier, nested, nested_list, text

_CONTACTS = "/api/v2/externalcontacts"
_EMAILS = ("workEmail", "personalEmail", "otherEmail")
_PHONES = ("workPhone", "cellPhone", "homePhone", "otherPhone")


class ContactType(StrEnum):
    """ExternalContact.type; UNKNOWN for a value that is newer than this list."""

    CURATED = "Curated"
    IDENTIFIED = "Identified"
    EPHEMERAL = "Ephemeral"
    UNKNOWN = "Unknown"

    @classmethod
    def _missing_(cls, _value: object) -> "ContactType":
        return cls.UNKNOWN


class MatchedBy(StrEnum):
    """How the contact was found."""

    IDENTIFIER = "identifier lookup"
    CONTACT_DETAILS = "reverse white pages"


@dataclass(frozen=True)
class Customer:
    """One contact, and what is known of its web messaging.

    `contact_ids` is the whole merge set, the canonical contact first. `send_to_id` is the id
    that the latest conversation carries: history stays under the ids of merged contacts, and
    whether Genesys maps a canonical id to their sessions is not documented. `latest` is on our
    deployment if any is; None means no web messaging within the days asked for.
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
    """Genesys knows no contact with this address or number."""

    identity: Identity


@dataclass(frozen=True)
class Candidate:
    """One of several contacts; `hint` helps to tell them apart, personal data masked."""

    contact_id: str
    name: str = field(repr=False)
    contact_type: ContactType
    hint: str


@dataclass(frozen=True)
class Several:
    """More than one contact has this address or number."""

    identity: Identity
    candidates: tuple[Candidate, ...]


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
    """Find the customer and its web messaging history, asking no more than the answer needs.

    `chosen_contact_id` is the one that a person picked of several. `known` is whom an earlier
    call found for this identity: only the history is asked for again, of its whole merge set,
    unless there is none any more; then everything is. `now` is aware. Needs
    externalContacts:contact:view and analytics:conversationDetail:view. Raises GenesysError.
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
    return with_history(found) if isinstance(found, Customer) else found


def _identify(
    cloud: GenesysCloud, identity: Identity, chosen_contact_id: str | None, priority: Priority
) -> Found:
    """Find who it is, without any history yet."""
    matched_by, contacts = _find_contacts(cloud, identity, chosen_contact_id, priority)
    if not contacts:
        return NoContact(identity)
    if len(contacts) > 1:
        return Several(identity, tuple(_candidate(one, identity) for one in contacts))
    contact = contacts[0]
    contact_ids = _merge_set(contact)
    return Customer(
        contact_id=contact_ids[0],
        send_to_id=contact_ids[0],
        name=_name(contact),
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
    """Find the contacts that may be meant: the chosen one, else by identifier, else by details."""
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
    """Read one contact; 404 is how Genesys says that there is none."""
    try:
        return [cloud.call(method, path, body=body, priority=priority)]
    except NotFound:
        return []


def _search_details(cloud: GenesysCloud, identity: Identity, priority: Priority) -> list[Json]:
    """Search the contacts' own fields, where several may have the same address.

    At most 25 come back, and only curated ones. Records of one merge set count as one.
    """
    answer = cloud.call(
        "GET",
        f"{_CONTACTS}/reversewhitepageslookup",
        query={"lookupVal": _spellings(identity)[0], "expand": "contacts.externalOrganization"},
        priority=priority,
    )
    by_person: dict[str, Json] = {}
    for contact in nested_list(answer, "contacts"):
        by_person.setdefault(_merge_set(contact)[0], contact)
    return list(by_person.values())


def _spellings(identity: Identity) -> tuple[str, ...]:
    """List how the identifier may be stored: an address in lower case first, then as typed.

    Whether the lookup minds the case of an address is not documented.
    """
    if identity.kind is IdentityKind.PHONE:
        return (identity.value,)
    return tuple(dict.fromkeys((identity.value.lower(), identity.value)))


def _merge_set(contact: Json) -> tuple[str, ...]:
    """List all ids of the person: the canonical contact's first, each once.

    canonicalContact and mergeSet are absent from a contact that was never merged.
    """
    own = identifier(contact, "id")
    canonical = text(nested(contact, "canonicalContact"), "id") or own
    merged = [identifier(one, "id") for one in nested_list(contact, "mergeSet")]
    return tuple(dict.fromkeys((canonical, *merged, own)))


def _name(contact: Json) -> str:
    return f"{text(contact, 'firstName')} {text(contact, 'lastName')}".strip()


def _candidate(contact: Json, identity: Identity) -> Candidate:
    return Candidate(
        contact_id=_merge_set(contact)[0],
        name=_name(contact),
        contact_type=ContactType(text(contact, "type")),
        hint=_hint(contact, identity),
    )


def _hint(contact: Json, identity: Identity) -> str:
    """Tell the contact apart: by its organisation, else by another address of its own."""
    organisation = text(nested(contact, "externalOrganization"), "name")
    others = (one.masked for one in _addresses(contact) if one.value != identity.value)
    return organisation or next(others, "")


def _addresses(contact: Json) -> Iterator[Identity]:
    emails = (text(contact, name) for name in _EMAILS)
    phones = (text(nested(contact, name), "e164") for name in _PHONES)
    yield from (Identity(IdentityKind.EMAIL, value) for value in emails if value)
    yield from (Identity(IdentityKind.PHONE, value) for value in phones if value)
