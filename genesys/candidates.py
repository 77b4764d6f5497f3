"""The contacts that share an address: what tells them apart, and when each last chatted."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from genesys.client import GenesysCloud
from genesys.details import MOST_IDS, split_windows
from genesys.errors import GenesysError
from genesys.history import read_newest
from genesys.identity import Identity, IdentityKind
from genesys.rate_limit import Priority
from genesys.shape import Json, identifier, nested, nested_list, text

_log = logging.getLogger(__name__)

_EMAILS = ("workEmail", "personalEmail", "otherEmail")
_PHONES = ("workPhone", "cellPhone", "homePhone", "otherPhone")


class ContactType(StrEnum):
    """ExternalContact.type; UNKNOWN for a value that isn't listed here."""

    CURATED = "Curated"
    IDENTIFIED = "Identified"
    EPHEMERAL = "Ephemeral"
    UNKNOWN = "Unknown"

    @classmethod
    def _missing_(cls, _value: object) -> "ContactType":
        return cls.UNKNOWN


@dataclass(frozen=True)
class Candidate:
    """One of several contacts; `hint` helps to tell them apart, with personal data masked.

    `contact_ids` is the whole merge set. `chatted`: how many days ago they last chatted; None if
    that's unknown, or not within the days that were searched.
    """

    contact_id: str
    name: str = field(repr=False)
    contact_type: ContactType
    hint: str
    contact_ids: tuple[str, ...] = ()
    chatted: int | None = None


@dataclass(frozen=True)
class Several:
    """More than one contact has this address or number.

    `searched_days`: a candidate with an unknown `chatted` hasn't chatted in these; 0 if nobody
    knows.
    """

    identity: Identity
    candidates: tuple[Candidate, ...]
    searched_days: int = 0


def to_several(contacts: Sequence[Json], identity: Identity) -> Several:
    """Turn several contacts into what a person chooses from."""
    return Several(identity, tuple(_candidate(one, identity) for one in contacts))


def add_latest_chats(
    cloud: GenesysCloud,
    several: Several,
    *,
    now: datetime,
    window_days: int,
    deployment_id: str,
    priority: Priority,
) -> Several:
    """Add when each candidate last chatted, by one call about all of them.

    If it fails, that isn't known, and a person can choose without it.
    """
    contact_ids = [id_ for one in several.candidates for id_ in one.contact_ids][:MOST_IDS]
    [window] = split_windows(now, history_days=window_days, window_days=window_days)
    try:
        newest, is_all = read_newest(
            cloud, window, contact_ids, deployment_id=deployment_id, priority=priority
        )
    except GenesysError as fault:
        _log.info("can't read when the candidates last chatted (%r)", fault)
        return several
    is_all = is_all and len(contact_ids) < MOST_IDS
    return replace(
        several,
        candidates=tuple(_with_chat(one, newest, now) for one in several.candidates),
        searched_days=window_days if is_all else 0,
    )


def _with_chat(candidate: Candidate, newest: dict[str, datetime], now: datetime) -> Candidate:
    times = [newest[id_] for id_ in candidate.contact_ids if id_ in newest]
    days = (now.date() - max(times).date()).days if times else None
    return replace(candidate, chatted=days)


def merge_set(contact: Json) -> tuple[str, ...]:
    """List all ids of the person, each once, the canonical contact's first.

    A contact that was never merged has no canonicalContact and no mergeSet.
    """
    own = identifier(contact, "id")
    canonical = text(nested(contact, "canonicalContact"), "id") or own
    merged = [identifier(one, "id") for one in nested_list(contact, "mergeSet")]
    return tuple(dict.fromkeys((canonical, *merged, own)))


def full_name(contact: Json) -> str:
    """Return a contact's first and last name."""
    return f"{text(contact, 'firstName')} {text(contact, 'lastName')}".strip()


def _candidate(contact: Json, identity: Identity) -> Candidate:
    contact_ids = merge_set(contact)
    return Candidate(
        contact_id=contact_ids[0],
        name=full_name(contact),
        contact_type=ContactType(text(contact, "type")),
        hint=_hint(contact, identity),
        contact_ids=contact_ids,
    )


def _hint(contact: Json, identity: Identity) -> str:
    """Describe the contact by its organisation, else by another address of theirs."""
    organisation = text(nested(contact, "externalOrganization"), "name")
    others = (one.masked for one in _addresses(contact) if one.value != identity.value)
    return organisation or next(others, "")


def _addresses(contact: Json) -> Iterator[Identity]:
    emails = (text(contact, name) for name in _EMAILS)
    phones = (text(nested(contact, name), "e164") for name in _PHONES)
    yield from (Identity(IdentityKind.EMAIL, value) for value in emails if value)
    yield from (Identity(IdentityKind.PHONE, value) for value in phones if value)
